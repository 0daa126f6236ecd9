#pragma once
#include <cmath>
#include <cstddef>
#include <string>

#include "hairline/losses/sobel.hpp"

namespace hairline::losses {

struct SobelMagnitudeOptions {
  double epsilon = 1e-6;  ///< added under the root
  SobelFilter filter = SobelFilter::normalised();
  Reduction reduction = Reduction::mean();

  static constexpr SobelMagnitudeOptions bgmv2() { return {}; }
};

/// |S(P) - S(A)| with S = sqrt(gx^2 + gy^2 + epsilon): Background Matting v2's gradient loss, which compares how steep
/// an alpha is, not in which direction (Lin et al., CVPR 2021; kornia's Sobel).
/// Shapes: both (H, W) or (H, W, C), weights (H, W).
/// Errors: shapes that differ, no pixels, NaN, an empty region, an epsilon that is not above 0.
template <class T = float>
Result<Loss<T>> sobel_magnitude(const Input& prediction, const Input& truth, const Weights& weights = {},
                                const SobelMagnitudeOptions& options = {}) {
  if (!(options.epsilon > 0) || !std::isfinite(options.epsilon))
    return Error{ErrorCode::invalid_argument,
                 "the Sobel magnitude's epsilon is " + std::to_string(options.epsilon) + ", wanted above 0"};
  const auto in = detail::read_pair(prediction, truth, weights);
  if (!in) return in.error();
  const Shape& shape = in->prediction.shape;
  const auto scale = detail::factor(options.reduction, detail::total(in->weights), shape.pixels(), shape.channels);
  if (!scale) return scale.error();
  detail::Planes gradient(shape);
  double sum = 0;
  for (int c = 0; c < shape.channels; ++c) {
    auto p = detail::sobel(in->prediction.plane(c), shape.height, shape.width, options.filter);
    const auto t = detail::sobel(in->truth.plane(c), shape.height, shape.width, options.filter);
    for (std::size_t i = 0; i < shape.pixels(); ++i) {
      const double magnitude = std::sqrt(p.x[i] * p.x[i] + p.y[i] * p.y[i] + options.epsilon);
      const double wanted = std::sqrt(t.x[i] * t.x[i] + t.y[i] * t.y[i] + options.epsilon);
      const detail::Term term = detail::absolute(magnitude - wanted);
      sum += in->weights[i] * term.value;
      const double slope = in->weights[i] * term.slope * *scale / magnitude;
      p.x[i] *= slope;
      p.y[i] *= slope;
    }
    detail::add_sobel_transposed(p, shape.height, shape.width, options.filter, gradient.plane(c));
  }
  return Loss<T>{sum * *scale, detail::stored<T>(gradient)};
}

}  // namespace hairline::losses

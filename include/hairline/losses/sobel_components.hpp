#pragma once
#include <cstddef>

#include "hairline/losses/sobel.hpp"

namespace hairline::losses {

struct SobelComponentsOptions {
  SobelFilter filter = SobelFilter::zero_padded();
  Reduction reduction = Reduction::mean();

  /// Whole picture. The program's alphas run from -1 to 1, which doubles the loss.
  static constexpr SobelComponentsOptions bgmv1() { return {SobelFilter::zero_padded(), Reduction::bgmv1()}; }
  /// FBA, the paper's formula; its operator is not stated, taken as Sobel's of unit slope with the border replicated.
  static constexpr SobelComponentsOptions fba() { return {SobelFilter::normalised(), Reduction::sum()}; }
  /// mmediting's training of FBA: mean over the unknown region.
  static constexpr SobelComponentsOptions fba_mmediting() {
    return {SobelFilter::zero_padded(), Reduction::mmediting()};
  }
};

/// |gx(P) - gx(A)| + |gy(P) - gy(A)|: the gradient loss of Background Matting v1 (Sengupta et al., CVPR 2020) and FBA,
/// which compares the direction too. Each component is reduced by itself.
/// Shapes: both (H, W) or (H, W, C), weights (H, W).  Errors: shapes that differ, no pixels, NaN, an empty region.
template <class T = float>
Result<Loss<T>> sobel_components(const Input& prediction, const Input& truth, const Weights& weights = {},
                                 const SobelComponentsOptions& options = {}) {
  auto in = detail::read_pair(prediction, truth, weights);
  if (!in) return in.error();
  const Shape& shape = in->prediction.shape;
  const auto scale = detail::factor(options.reduction, detail::total(in->weights), shape.pixels(), shape.channels);
  if (!scale) return scale.error();
  detail::Planes gradient(shape);
  double sum = 0;
  for (int c = 0; c < shape.channels; ++c) {
    // Not the filtered difference: where both pictures are equal, both slopes must round alike.
    auto p = detail::sobel(in->prediction.plane(c), shape.height, shape.width, options.filter);
    const auto t = detail::sobel(in->truth.plane(c), shape.height, shape.width, options.filter);
    for (std::size_t i = 0; i < shape.pixels(); ++i) {
      const detail::Term x = detail::absolute(p.x[i] - t.x[i]), y = detail::absolute(p.y[i] - t.y[i]);
      sum += in->weights[i] * (x.value + y.value);
      p.x[i] = in->weights[i] * x.slope * *scale;
      p.y[i] = in->weights[i] * y.slope * *scale;
    }
    detail::add_sobel_transposed(p, shape.height, shape.width, options.filter, gradient.plane(c));
  }
  return Loss<T>{sum * *scale, detail::stored<T>(gradient)};
}

}  // namespace hairline::losses

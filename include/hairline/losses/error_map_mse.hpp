#pragma once
#include <cmath>
#include <cstddef>

#include "hairline/losses/loss.hpp"

namespace hairline::losses {

/// Whether the alpha that the error map is about learns from it too.
struct ErrorMapMseOptions {
  bool alpha_learns = false;
  Reduction reduction = Reduction::mean();

  /// Background Matting v2's base stage: alpha is only looked at.
  static constexpr ErrorMapMseOptions bgmv2_base() { return {false, Reduction::mean()}; }
  /// Its joint stage, where the published program also sends the gradient into alpha.
  static constexpr ErrorMapMseOptions bgmv2_joint() { return {true, Reduction::mean()}; }
};

/// The loss and its derivatives; that of alpha is zero unless alpha learns.
template <class T = float>
struct ErrorMapLoss {
  double value = 0;
  Image<T> error;  ///< (H, W)
  Image<T> alpha;  ///< (H, W)
};

/// (E - |P - A|)^2: how well a predicted error map E tells where the predicted alpha P is wrong.
/// Shapes: all (H, W) of one size; a coarse map is resized up by the caller.
/// Errors: shapes that differ, no pixels, NaN, an empty region.  Lin et al., CVPR 2021.
template <class T = float>
Result<ErrorMapLoss<T>> error_map_mse(const Input& error, const Input& alpha, const Input& true_alpha,
                                      const Weights& weights = {}, const ErrorMapMseOptions& options = {}) {
  const auto in = detail::read_pair(alpha, true_alpha, weights);
  if (!in) return in.error();
  const Shape& shape = in->prediction.shape;
  const auto e = detail::read(error, "error map", &shape);
  if (!e) return e.error();
  const auto scale = detail::factor(options.reduction, detail::total(in->weights), shape.pixels(), shape.channels);
  if (!scale) return scale.error();
  detail::Planes to_error(shape), to_alpha(shape);
  double sum = 0;
  for (int c = 0; c < shape.channels; ++c)
    for (std::size_t i = 0; i < shape.pixels(); ++i) {
      const double wrong = in->prediction.plane(c)[i] - in->truth.plane(c)[i];
      const double d = e->plane(c)[i] - std::abs(wrong), slope = 2 * in->weights[i] * d * *scale;
      sum += in->weights[i] * d * d;
      to_error.plane(c)[i] = slope;
      if (options.alpha_learns) to_alpha.plane(c)[i] = -slope * detail::sign(wrong);
    }
  return ErrorMapLoss<T>{sum * *scale, detail::stored<T>(to_error), detail::stored<T>(to_alpha)};
}

}  // namespace hairline::losses

#pragma once
#include <cmath>
#include <string>

#include "hairline/losses/loss.hpp"

namespace hairline::losses {

/// The named ones are Deep Image Matting's: the paper's formula and its PyTorch port's stages.
struct CharbonnierOptions {
  double epsilon = 1e-6;
  Reduction reduction = Reduction::region_mean();
  /// Multiplies the difference instead of its penalty by the weight, so that a pixel of weight 0 still adds epsilon.
  bool weigh_difference = false;

  /// The paper: weight 1 in the unknown region; its reduction is not stated, taken as the region's mean.
  static constexpr CharbonnierOptions dim_paper() { return {}; }
  /// The port: region's sum / (pixels + 1).
  static constexpr CharbonnierOptions dim() { return {1e-6, Reduction::dim(), false}; }
  /// The port's stage 0, where every known pixel adds 1e-6 to the sum.
  static constexpr CharbonnierOptions dim_stage0() { return {1e-6, Reduction::dim(), true}; }
  /// mmediting's: the region's mean of each picture.
  static constexpr CharbonnierOptions dim_mmediting() { return {1e-6, Reduction::mmediting(), false}; }
};

/// sqrt((P - A)^2 + epsilon^2): Deep Image Matting's alpha prediction loss (Xu et al., CVPR 2017).
/// Shapes: both (H, W) or (H, W, C), weights (H, W).
/// Errors: shapes that differ, no pixels, NaN, an empty region, an epsilon below 0.
template <class T = float>
Result<Loss<T>> charbonnier(const Input& prediction, const Input& truth, const Weights& weights = {},
                            const CharbonnierOptions& options = {}) {
  if (!(options.epsilon >= 0) || !std::isfinite(options.epsilon))
    return Error{ErrorCode::invalid_argument,
                 "charbonnier's epsilon is " + std::to_string(options.epsilon) + ", wanted at least 0"};
  const auto in = detail::read_pair(prediction, truth, weights);
  if (!in) return in.error();
  const double epsilon = options.epsilon;
  if (options.weigh_difference)
    return detail::pointwise<T>(in->prediction, in->truth, in->weights, options.reduction, [=](double d, double w) {
      const detail::Term t = detail::charbonnier(w * d, epsilon);
      return detail::Term{t.value, w * t.slope};
    });
  return detail::pointwise<T>(in->prediction, in->truth, in->weights, options.reduction,
                              detail::weighted([=](double d) { return detail::charbonnier(d, epsilon); }));
}

}  // namespace hairline::losses

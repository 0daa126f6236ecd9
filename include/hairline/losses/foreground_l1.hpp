#pragma once
#include <cmath>
#include <cstddef>

#include "hairline/losses/loss.hpp"

namespace hairline::losses {

/// Where the true alpha says that there is a foreground, and how the differences are summed up.
struct ForegroundL1Options {
  double alpha_above = 0;  ///< pixels whose true alpha is above this count
  Reduction reduction = Reduction::mean();

  /// Alpha above 0; mean over all elements, the others counting as zeros.
  static constexpr ForegroundL1Options bgmv2() { return {}; }
  /// Alpha above 0.005 (a above -0.99 in the program, whose colours run from -1 to 1, which doubles the loss).
  static constexpr ForegroundL1Options bgmv1() { return {0.005, Reduction::bgmv1()}; }
  /// The self-supervised student's: the teacher's alpha above 0.01 (a above -0.98).
  static constexpr ForegroundL1Options bgmv1_student() { return {0.01, Reduction::bgmv1()}; }
  /// Context-Aware Matting's L1 colour loss: a sum where the true alpha is above 0.
  static constexpr ForegroundL1Options context_aware() { return {0, Reduction::sum()}; }
};

/// Absolute difference of the colours |F - F*| where the true alpha is above a threshold.
/// Shapes: foregrounds (H, W, C), true alpha and weights (H, W).
/// Errors: shapes that differ, no pixels, NaN, an empty region.
template <class T = float>
Result<Loss<T>> foreground_l1(const Input& prediction, const Input& truth, const Input& true_alpha,
                              const Weights& weights = {}, const ForegroundL1Options& options = {}) {
  auto in = detail::read_pair(prediction, truth, weights);
  if (!in) return in.error();
  const Shape plane{in->prediction.shape.height, in->prediction.shape.width, 1};
  const auto alpha = detail::read(true_alpha, "true alpha", &plane);
  if (!alpha) return alpha.error();
  for (std::size_t i = 0; i < plane.pixels(); ++i)
    if (!(alpha->values[i] > options.alpha_above)) in->weights[i] = 0;
  return detail::pointwise<T>(in->prediction, in->truth, in->weights, options.reduction,
                              detail::weighted(detail::absolute));
}

/// FBA's colour loss of one layer, foreground or background, without regard to alpha (Forte and Pitie, 2020): the
/// paper's formula is a sum over the whole picture, mmediting takes Reduction::mean().
template <class T = float>
Result<Loss<T>> colour_l1(const Input& prediction, const Input& truth, const Weights& weights = {},
                          const Reduction& reduction = Reduction::sum()) {
  const auto in = detail::read_pair(prediction, truth, weights);
  if (!in) return in.error();
  return detail::pointwise<T>(in->prediction, in->truth, in->weights, reduction, detail::weighted(detail::absolute));
}

}  // namespace hairline::losses

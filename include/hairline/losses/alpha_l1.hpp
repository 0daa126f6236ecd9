#pragma once
#include "hairline/losses/loss.hpp"

namespace hairline::losses {

/// How alpha_l1 is summed up; the named ones are the published programs'.
struct AlphaL1Options {
  Reduction reduction = Reduction::mean();

  static constexpr AlphaL1Options bgmv2() { return {Reduction::mean()}; }
  /// Over the unknown region.
  static constexpr AlphaL1Options gca() { return {Reduction::gca()}; }
  /// Whole picture. The program's alphas run from -1 to 1, which doubles the loss.
  static constexpr AlphaL1Options bgmv1() { return {Reduction::bgmv1()}; }
  /// The paper's formula; its region and reduction are not stated.
  static constexpr AlphaL1Options fba() { return {Reduction::sum()}; }
  /// mmediting's training of FBA: mean over the unknown region.
  static constexpr AlphaL1Options fba_mmediting() { return {Reduction::mmediting()}; }
};

/// Absolute difference |P - A|. Its derivative where they are equal is 0.
/// Shapes: both (H, W) or (H, W, C), weights (H, W).  Errors: shapes that differ, no pixels, NaN, an empty region.
template <class T = float>
Result<Loss<T>> alpha_l1(const Input& prediction, const Input& truth, const Weights& weights = {},
                         const AlphaL1Options& options = {}) {
  const auto in = detail::read_pair(prediction, truth, weights);
  if (!in) return in.error();
  return detail::pointwise<T>(in->prediction, in->truth, in->weights, options.reduction,
                              detail::weighted(detail::absolute));
}

}  // namespace hairline::losses

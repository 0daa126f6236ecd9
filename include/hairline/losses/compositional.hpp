#pragma once
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

#include "hairline/losses/loss.hpp"

namespace hairline::losses {

/// Which penalty a colour difference gets, and which foreground is composited.
struct CompositionalOptions {
  enum class Penalty { l1, charbonnier };
  Penalty penalty = Penalty::l1;
  double epsilon = 1e-6;  ///< of the Charbonnier penalty, in units of the colours
  Reduction reduction = Reduction::mean();
  /// Where alpha is above this, the picture itself stands for the foreground, which then gets no gradient.
  double picture_where_alpha_above = std::numeric_limits<double>::infinity();

  /// Deep Image Matting, the paper: its reduction is not stated, taken as the unknown region's mean.
  static constexpr CompositionalOptions dim_paper() {
    return {Penalty::charbonnier, 1e-6, Reduction::region_mean(), std::numeric_limits<double>::infinity()};
  }
  /// Its port, for colours in [0, 1]: there epsilon is 1e-6 of colours up to 255, and the sum over the region is
  /// divided by 255, by (pixels + 1) and by 3. The picture is the stored 8-bit composite.
  static constexpr CompositionalOptions dim() {
    return {Penalty::charbonnier, 1e-6 / 255, Reduction::dim(), std::numeric_limits<double>::infinity()};
  }
  /// Background Matting v1: the picture stands for the foreground where alpha is above 0.975 (a above 0.95), and the
  /// background is the clean one. The program's colours run from -1 to 1 (which doubles the loss), alpha does not.
  static constexpr CompositionalOptions bgmv1() { return {Penalty::l1, 1e-6, Reduction::bgmv1(), 0.975}; }
  /// FBA, the paper's formula, for both its compositional losses: predicted alpha with true colours, and true alpha
  /// with predicted colours.
  static constexpr CompositionalOptions fba() {
    return {Penalty::l1, 1e-6, Reduction::sum(), std::numeric_limits<double>::infinity()};
  }
  /// mmediting's training of FBA: mean over the unknown region.
  static constexpr CompositionalOptions fba_mmediting() {
    return {Penalty::l1, 1e-6, Reduction::mmediting(), std::numeric_limits<double>::infinity()};
  }
};

/// The loss and its derivatives with respect to everything that a network may predict.
template <class T = float>
struct CompositionalLoss {
  double value = 0;
  Image<T> alpha;       ///< (H, W)
  Image<T> foreground;  ///< (H, W, C)
  Image<T> background;  ///< (H, W, C)
};

/// Difference between a picture I and alpha * F + (1 - alpha) * B.
/// Shapes: alpha and weights (H, W), the others (H, W, C).
/// Errors: shapes that differ, no pixels, NaN, an empty region, an epsilon below 0.
template <class T = float>
Result<CompositionalLoss<T>> compositional(const Input& alpha, const Input& foreground, const Input& background,
                                           const Input& picture, const Weights& weights = {},
                                           const CompositionalOptions& options = {}) {
  using Penalty = CompositionalOptions::Penalty;
  if (!(options.epsilon >= 0) || !std::isfinite(options.epsilon))
    return Error{ErrorCode::invalid_argument,
                 "the compositional loss's epsilon is " + std::to_string(options.epsilon) + ", wanted at least 0"};
  const auto image = detail::read(picture, "picture");
  if (!image) return image.error();
  const Shape shape = image->shape, plane{shape.height, shape.width, 1};
  const auto a = detail::read(alpha, "alpha", &plane);
  if (!a) return a.error();
  const auto f = detail::read(foreground, "foreground", &shape);
  if (!f) return f.error();
  const auto b = detail::read(background, "background", &shape);
  if (!b) return b.error();
  const auto w = weights.read(shape);
  if (!w) return w.error();
  const auto scale = detail::factor(options.reduction, detail::total(*w), shape.pixels(), shape.channels);
  if (!scale) return scale.error();

  detail::Planes to_alpha(plane), to_foreground(shape), to_background(shape);
  double sum = 0;
  for (int c = 0; c < shape.channels; ++c)
    for (std::size_t i = 0; i < shape.pixels(); ++i) {
      const double opacity = a->values[i], back = b->plane(c)[i], seen = image->plane(c)[i];
      const bool replaced = opacity > options.picture_where_alpha_above;
      const double front = replaced ? seen : f->plane(c)[i];
      const double d = opacity * front + (1 - opacity) * back - seen;
      const detail::Term t =
          options.penalty == Penalty::l1 ? detail::absolute(d) : detail::charbonnier(d, options.epsilon);
      sum += (*w)[i] * t.value;
      const double slope = (*w)[i] * t.slope * *scale;
      to_alpha.values[i] += slope * (front - back);
      to_foreground.plane(c)[i] = replaced ? 0 : slope * opacity;
      to_background.plane(c)[i] = slope * (1 - opacity);
    }
  return CompositionalLoss<T>{sum * *scale, detail::stored<T>(to_alpha), detail::stored<T>(to_foreground),
                              detail::stored<T>(to_background)};
}

}  // namespace hairline::losses

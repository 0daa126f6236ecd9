#pragma once
#include <cmath>
#include <cstddef>

#include "hairline/losses/sobel.hpp"

namespace hairline::losses {

struct ExclusionOptions {
  SobelFilter filter = SobelFilter::normalised();
  /// Filters the sum of the channels, as mmediting does: slopes of opposite sign then cancel, so an edge between red
  /// and green of one brightness is not seen.
  bool sum_channels = false;
  Reduction reduction = Reduction::mean();

  /// FBA: per channel, on the predictions, as its author says; operator and reduction are not stated, taken as Sobel's
  /// of unit slope with the border replicated, and the paper's sum.
  static constexpr ExclusionOptions fba() { return {SobelFilter::normalised(), false, Reduction::sum()}; }
  /// mmediting's training of FBA: mean over the unknown region.
  static constexpr ExclusionOptions fba_mmediting() {
    return {SobelFilter::zero_padded(), true, Reduction::mmediting()};
  }
};

/// The loss and its derivatives with respect to both layers.
template <class T = float>
struct ExclusionLoss {
  double value = 0;
  Image<T> foreground, background;  ///< (H, W, C)
};

namespace detail {
inline Planes channel_sum(const Planes& planes) {
  Planes sum(Shape{planes.shape.height, planes.shape.width, 1});
  for (int c = 0; c < planes.shape.channels; ++c)
    for (std::size_t i = 0; i < sum.values.size(); ++i) sum.values[i] += planes.plane(c)[i];
  return sum;
}
/// The same derivative for every channel that was summed.
inline Planes spread(const Planes& one, const Shape& shape) {
  Planes all(shape);
  for (int c = 0; c < shape.channels; ++c)
    for (std::size_t i = 0; i < one.values.size(); ++i) all.plane(c)[i] = one.values[i];
  return all;
}
}  // namespace detail

/// (|Fx| + |Fy|) * (|Bx| + |By|) of predicted foreground and background: an edge of the picture belongs to one of them.
/// Shapes: both (H, W, C), weights (H, W).  Errors: shapes that differ, no pixels, NaN, an empty region.
/// Forte and Pitie, 2020 (after Zhang et al., CVPR 2018).
template <class T = float>
Result<ExclusionLoss<T>> exclusion(const Input& foreground, const Input& background, const Weights& weights = {},
                                   const ExclusionOptions& options = {}) {
  auto front = detail::read(foreground, "foreground");
  if (!front) return front.error();
  const Shape full = front->shape;
  auto back = detail::read(background, "background", &full);
  if (!back) return back.error();
  const auto w = weights.read(full);
  if (!w) return w.error();
  if (options.sum_channels) {
    *front = detail::channel_sum(*front);
    *back = detail::channel_sum(*back);
  }
  const Shape shape = front->shape;
  const auto scale = detail::factor(options.reduction, detail::total(*w), shape.pixels(), shape.channels);
  if (!scale) return scale.error();
  detail::Planes to_front(shape), to_back(shape);
  double sum = 0;
  for (int c = 0; c < shape.channels; ++c) {
    auto f = detail::sobel(front->plane(c), shape.height, shape.width, options.filter);
    auto b = detail::sobel(back->plane(c), shape.height, shape.width, options.filter);
    for (std::size_t i = 0; i < shape.pixels(); ++i) {
      const double steep_f = std::abs(f.x[i]) + std::abs(f.y[i]), steep_b = std::abs(b.x[i]) + std::abs(b.y[i]);
      const double factor = (*w)[i] * *scale;
      sum += (*w)[i] * steep_f * steep_b;
      f.x[i] = factor * steep_b * detail::sign(f.x[i]);
      f.y[i] = factor * steep_b * detail::sign(f.y[i]);
      b.x[i] = factor * steep_f * detail::sign(b.x[i]);
      b.y[i] = factor * steep_f * detail::sign(b.y[i]);
    }
    detail::add_sobel_transposed(f, shape.height, shape.width, options.filter, to_front.plane(c));
    detail::add_sobel_transposed(b, shape.height, shape.width, options.filter, to_back.plane(c));
  }
  if (options.sum_channels) {
    to_front = detail::spread(to_front, full);
    to_back = detail::spread(to_back, full);
  }
  return ExclusionLoss<T>{sum * *scale, detail::stored<T>(to_front), detail::stored<T>(to_back)};
}

}  // namespace hairline::losses

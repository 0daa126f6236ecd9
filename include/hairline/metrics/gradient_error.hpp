#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/metrics/region.hpp"

namespace hairline::metrics {

/// How the two maps are brought to a common range before the filter.
enum class GradientRange {
  min_max,  ///< each map is stretched by its own minimum and maximum (the standard)
  none,     ///< values as they are
};

/// Which derivative of a Gaussian of sigma 1.4 is taken, and what lies beyond the border.
enum class GradientFilter {
  standard,  ///< 9 taps, kernel of unit L2 norm, border replicated
  scipy,     ///< 13 taps, Gaussian of unit sum and its analytic derivative, border mirrored with the edge repeated
};

struct GradientOptions {
  GradientRange range = GradientRange::min_max;
  GradientFilter filter = GradientFilter::standard;
};

namespace detail {
/// The two factors of the separable filter; the derivative's sign is that of a correlation.
struct GradientTaps {
  int radius = 0;
  std::vector<double> smooth, derivative;  // 2 * radius + 1 each
  bool mirror = false;                     // else replicate

  /// Where a coordinate beyond the border comes from.
  int source(int i, int n) const {
    if (!mirror) return std::clamp(i, 0, n - 1);
    while (i < 0 || i >= n) i = i < 0 ? -1 - i : 2 * n - 1 - i;
    return i;
  }
};

inline GradientTaps gradient_taps(GradientFilter filter) {
  constexpr double sigma = 1.4, epsilon = 0.01;
  constexpr double sqrt_two_pi = 2.50662827463100050242;
  GradientTaps t;
  t.mirror = filter == GradientFilter::scipy;
  t.radius = t.mirror ? static_cast<int>(4 * sigma + 0.5)
                      : static_cast<int>(std::ceil(sigma * std::sqrt(-2 * std::log(sqrt_two_pi * sigma * epsilon))));
  double sum = 0, squares = 0, derivative_squares = 0;
  for (int k = -t.radius; k <= t.radius; ++k) {
    const double g = std::exp(-k * k / (2 * sigma * sigma));
    t.smooth.push_back(g);
    t.derivative.push_back(k * g / (sigma * sigma));
    sum += g;
    squares += g * g;
    derivative_squares += t.derivative.back() * t.derivative.back();
  }
  const double smooth_norm = t.mirror ? sum : std::sqrt(squares);
  const double derivative_norm = t.mirror ? sum : std::sqrt(derivative_squares);
  for (double& v : t.smooth) v /= smooth_norm;
  for (double& v : t.derivative) v /= derivative_norm;
  return t;
}

/// Gradient amplitudes of a map, row by row from the top, holding 2 * radius + 1 filtered rows and nothing more.
class GradientRows {
 public:
  GradientRows(const Input& map, const GradientTaps& taps, GradientRange range)
      : map_(map), taps_(taps), width_(static_cast<std::size_t>(map.width())) {
    padded_.resize(width_ + 2 * static_cast<std::size_t>(taps.radius));
    for (auto* ring : {&smooth_, &derivative_})
      ring->assign(static_cast<std::size_t>(2 * taps.radius + 1), std::vector<double>(width_));
    dx_.resize(width_);
    dy_.resize(width_);
    if (range == GradientRange::min_max) find_range();
  }

  /// @pre called for y = 0, 1, 2 ... in turn
  void row(int y, double* amplitude) {
    for (; filled_ < std::min(map_.height(), y + taps_.radius + 1); ++filled_) fill(filled_);
    std::fill(dx_.begin(), dx_.end(), 0.0);
    std::fill(dy_.begin(), dy_.end(), 0.0);
    for (int k = -taps_.radius; k <= taps_.radius; ++k) {
      const std::size_t slot = ring_slot(taps_.source(y + k, map_.height()));
      const double s = taps_.smooth[tap(k)], d = taps_.derivative[tap(k)];
      const double* across = derivative_[slot].data();
      const double* along = smooth_[slot].data();
      for (std::size_t x = 0; x < width_; ++x) {
        dx_[x] += s * across[x];
        dy_[x] += d * along[x];
      }
    }
    for (std::size_t x = 0; x < width_; ++x) amplitude[x] = std::sqrt(dx_[x] * dx_[x] + dy_[x] * dy_[x]);
  }

 private:
  std::size_t tap(int k) const { return static_cast<std::size_t>(k + taps_.radius); }
  std::size_t ring_slot(int y) const { return static_cast<std::size_t>(y % (2 * taps_.radius + 1)); }

  void find_range() {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (int y = 0; y < map_.height(); ++y) {
      map_.row(y, padded_.data());
      for (std::size_t x = 0; x < width_; ++x) {
        low = std::min(low, padded_[x]);
        high = std::max(high, padded_[x]);
      }
    }
    if (high > low) {  // a constant map has no gradient whatever its range
      offset_ = low;
      scale_ = 1 / (high - low);
    }
  }
  void fill(int y) {
    double* inner = padded_.data() + taps_.radius;
    map_.row(y, inner);
    for (std::size_t x = 0; x < width_; ++x) inner[x] = (inner[x] - offset_) * scale_;
    const int width = static_cast<int>(width_);
    for (int k = 1; k <= taps_.radius; ++k) {
      inner[-k] = inner[taps_.source(-k, width)];
      inner[width - 1 + k] = inner[taps_.source(width - 1 + k, width)];
    }
    auto& smooth = smooth_[ring_slot(y)];
    auto& derivative = derivative_[ring_slot(y)];
    std::fill(smooth.begin(), smooth.end(), 0.0);
    std::fill(derivative.begin(), derivative.end(), 0.0);
    for (int k = -taps_.radius; k <= taps_.radius; ++k) {
      const double s = taps_.smooth[tap(k)], d = taps_.derivative[tap(k)];
      const double* from = inner + k;
      for (std::size_t x = 0; x < width_; ++x) {
        smooth[x] += s * from[x];
        derivative[x] += d * from[x];
      }
    }
  }

  Input map_;
  const GradientTaps& taps_;
  std::size_t width_;
  double offset_ = 0, scale_ = 1;
  int filled_ = 0;
  std::vector<double> padded_, dx_, dy_;
  std::vector<std::vector<double>> smooth_, derivative_;  // rings of rows filtered along x
};
}  // namespace detail

/// The gradient amplitude of one map (H, W), as the gradient error compares them.  Errors: no pixels, NaN.
inline Result<Image<double>> gradient_amplitude(const Input& map, GradientOptions options = {}) {
  if (auto error = detail::refuse(map, "map")) return *error;
  const auto taps = detail::gradient_taps(options.filter);
  detail::GradientRows rows(map, taps, options.range);
  Image<double> out(Shape{map.height(), map.width(), 1});
  for (int y = 0; y < map.height(); ++y) rows.row(y, out.view().row(y));
  return out;
}

/// Squared difference of the gradient amplitudes at every pixel (H, W): what gradient_error sums, for looking at.
inline Result<Image<double>> gradient_error_map(const Input& prediction, const Input& truth,
                                                GradientOptions options = {}) {
  if (auto error = detail::refuse(prediction, truth, Region{})) return *error;
  const auto taps = detail::gradient_taps(options.filter);
  detail::GradientRows predicted(prediction, taps, options.range), wanted(truth, taps, options.range);
  Image<double> out(Shape{prediction.height(), prediction.width(), 1});
  std::vector<double> amplitude(static_cast<std::size_t>(prediction.width()));
  for (int y = 0; y < prediction.height(); ++y) {
    double* error = out.view().row(y);
    predicted.row(y, error);
    wanted.row(y, amplitude.data());
    for (std::size_t x = 0; x < amplitude.size(); ++x) error[x] = (error[x] - amplitude[x]) * (error[x] - amplitude[x]);
  }
  return out;
}

/// Gradient error over the region, divided by 1000: the unit of the published tables. 0 for an empty region.
/// The filter reaches 4 pixels beyond the region, so known areas must be pasted into the prediction beforehand.
/// Errors: sizes that differ, no pixels, NaN.  Cost: 72 multiply-adds per pixel.  Rhemann et al., CVPR 2009.
inline Result<double> gradient_error(const Input& prediction, const Input& truth, const Region& region = {},
                                     GradientOptions options = {}) {
  if (auto error = detail::refuse(prediction, truth, region)) return *error;
  const auto map = gradient_error_map(prediction, truth, options);
  if (!map) return map.error();
  return detail::region_sum(*map, *map, region, [](double e, double) { return e; }).total / 1000;
}

}  // namespace hairline::metrics

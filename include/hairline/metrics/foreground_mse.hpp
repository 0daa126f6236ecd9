#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hairline/metrics/region.hpp"

namespace hairline::metrics {

/// Which pixels a foreground's colour is judged on. Where the true alpha is 0 there is no foreground colour.
enum class ForegroundConvention {
  bgmv2,  ///< colours where the true alpha is 0 count as equal; mean over all pixels of the region, then of channels
  rvm,    ///< mean over the region's pixels whose true alpha is above 0, all channels together (whole frame published)
};

/// The convention's definition, for printing beside the number.
constexpr const char* unit(ForegroundConvention c) {
  return c == ForegroundConvention::bgmv2
             ? "foreground MSE (bgmv2): squared error where true alpha > 0, summed over the region, divided by the "
               "region's pixels, mean of channels; tables multiply by 1000"
             : "foreground MSE (rvm): mean squared error over pixels with true alpha > 0; tables multiply by 1000";
}

namespace detail {
struct ForegroundSum {
  double total = 0;
  std::size_t region = 0, present = 0;  // pixels in the region, and of those with alpha > 0
};
template <class F>
Result<ForegroundSum> foreground_sum(const Input& prediction, const Input& truth, const Input& alpha,
                                     const Region& region, F&& f) {
  if (auto e = refuse(prediction, truth, region)) return *e;
  if (auto e = refuse(alpha, "true alpha", &prediction.shape())) return *e;
  if (prediction.shape().channels != truth.shape().channels)
    return Error{ErrorCode::invalid_argument, "the true foreground has " + std::to_string(truth.shape().channels) +
                                                  " channels, wanted " + std::to_string(prediction.shape().channels) +
                                                  " as in the prediction"};
  const auto width = static_cast<std::size_t>(prediction.width());
  std::vector<double> p(width), t(width), a(width), scratch(width);
  std::vector<std::uint8_t> inside(width);
  ForegroundSum sum;
  for (int y = 0; y < prediction.height(); ++y) {
    region.row(y, scratch, inside);
    alpha.row(y, a.data());
    for (std::size_t x = 0; x < width; ++x) {
      sum.region += inside[x];
      inside[x] = inside[x] && a[x] > 0;
      sum.present += inside[x];
    }
    for (int c = 0; c < prediction.shape().channels; ++c) {
      prediction.row(y, p.data(), c);
      truth.row(y, t.data(), c);
      double line = 0;
      for (std::size_t x = 0; x < width; ++x)
        if (inside[x]) line += f(p[x] - t[x]);
      sum.total += line;
    }
  }
  return sum;
}
inline Result<double> foreground_mean(const Result<ForegroundSum>& sum, ForegroundConvention convention, int channels) {
  if (!sum) return sum.error();
  const std::size_t pixels = convention == ForegroundConvention::bgmv2 ? sum->region : sum->present;
  if (pixels == 0) return empty_region();
  return sum->total / (static_cast<double>(pixels) * channels);
}
}  // namespace detail

/// Mean squared error of a foreground's colour, raw (tables multiply by 1000).
/// Shapes: foregrounds (H, W, C), true alpha (H, W).
/// Errors: sizes or channels that differ, no pixels, NaN, no pixel to judge.
inline Result<double> foreground_mse(const Input& prediction, const Input& truth, const Input& true_alpha,
                                     const Region& region = {},
                                     ForegroundConvention convention = ForegroundConvention::bgmv2) {
  return detail::foreground_mean(
      detail::foreground_sum(prediction, truth, true_alpha, region, [](double d) { return d * d; }), convention,
      prediction.shape().channels);
}

/// Mean absolute error of a foreground's colour, raw (tables multiply by 1000); else as foreground_mse.
inline Result<double> foreground_mad(const Input& prediction, const Input& truth, const Input& true_alpha,
                                     const Region& region = {},
                                     ForegroundConvention convention = ForegroundConvention::rvm) {
  return detail::foreground_mean(
      detail::foreground_sum(prediction, truth, true_alpha, region, [](double d) { return std::abs(d); }), convention,
      prediction.shape().channels);
}

}  // namespace hairline::metrics

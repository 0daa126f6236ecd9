#pragma once
#include <cmath>

#include "hairline/metrics/region.hpp"

namespace hairline::metrics {

/// Mean of absolute differences over the region, raw (video tables multiply by 1000).
/// Errors: sizes that differ, no pixels, NaN, an empty region.
inline Result<double> mad(const Input& prediction, const Input& truth, const Region& region = {}) {
  if (auto error = detail::refuse(prediction, truth, region)) return *error;
  const auto sum = detail::region_sum(prediction, truth, region, [](double p, double a) { return std::abs(p - a); });
  if (sum.pixels == 0) return detail::empty_region();
  return sum.total / static_cast<double>(sum.pixels);
}

}  // namespace hairline::metrics

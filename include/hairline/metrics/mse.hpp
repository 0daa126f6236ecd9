#pragma once
#include "hairline/metrics/region.hpp"

namespace hairline::metrics {

/// Mean of squared differences over the region, raw (0.0091; tables that print 9.1 multiply by 1000).
/// Errors: sizes that differ, no pixels, NaN, an empty region.  Rhemann et al., CVPR 2009.
inline Result<double> mse(const Input& prediction, const Input& truth, const Region& region = {}) {
  if (auto error = detail::refuse(prediction, truth, region)) return *error;
  const auto sum = detail::region_sum(prediction, truth, region, [](double p, double a) { return (p - a) * (p - a); });
  if (sum.pixels == 0) return detail::empty_region();
  return sum.total / static_cast<double>(sum.pixels);
}

}  // namespace hairline::metrics

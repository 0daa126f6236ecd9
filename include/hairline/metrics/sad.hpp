#pragma once
#include <cmath>

#include "hairline/metrics/region.hpp"

namespace hairline::metrics {

/// Sum of absolute differences over the region, divided by 1000: the unit of the published tables. 0 for an empty
/// region. Values as they are: round to 8 bits first (or use evaluate) for numbers to compare with published ones.
/// Errors: sizes that differ, no pixels, NaN.  Rhemann et al., CVPR 2009.
inline Result<double> sad(const Input& prediction, const Input& truth, const Region& region = {}) {
  if (auto error = detail::refuse(prediction, truth, region)) return *error;
  return detail::region_sum(prediction, truth, region, [](double p, double a) { return std::abs(p - a); }).total / 1000;
}

}  // namespace hairline::metrics

#pragma once
#include <cmath>
#include <concepts>

namespace hairline {

/// sRGB code value to linear light, the exact piecewise curve of IEC 61966-2-1 (not a plain power). 0 and 1 stay;
/// values below 0 continue the straight part, above 1 the power.
template <std::floating_point T>
T srgb_to_linear(T v) {
  return v <= T(0.04045) ? v / T(12.92) : std::pow((v + T(0.055)) / T(1.055), T(2.4));
}

/// Linear light to sRGB code value; the inverse of srgb_to_linear up to rounding.
template <std::floating_point T>
T linear_to_srgb(T v) {
  return v <= T(0.0031308) ? v * T(12.92) : T(1.055) * std::pow(v, T(1) / T(2.4)) - T(0.055);
}

}  // namespace hairline

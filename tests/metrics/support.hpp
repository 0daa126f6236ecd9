#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "hairline/core/image.hpp"

namespace hairline::metrics_test {

/// The synthetic case of docs/metrics.md: a ramp with an island of 230, disturbed, and pasted in the known areas.
struct Case {
  Image<std::uint8_t> prediction, truth, trimap;
};

inline Case synthetic() {
  const Shape shape{12, 16, 1};
  Case c{Image<std::uint8_t>(shape), Image<std::uint8_t>(shape), Image<std::uint8_t>(shape)};
  for (int y = 0; y < 12; ++y)
    for (int x = 0; x < 16; ++x) {
      const double ramp = std::clamp((x - 3) / 10.0, 0.0, 1.0);
      int a = static_cast<int>(std::floor(255 * ramp + 0.5));
      if (y >= 4 && y <= 6 && x >= 3 && x <= 4) a = 230;
      const int t = x < 2 ? 0 : x > 13 ? 255 : 128;
      int p = std::clamp(a + (7 * x + 13 * y) % 31 - 15, 0, 255);
      if (t != 128) p = t;
      c.prediction(y, x) = static_cast<std::uint8_t>(p);
      c.truth(y, x) = static_cast<std::uint8_t>(a);
      c.trimap(y, x) = static_cast<std::uint8_t>(t);
    }
  return c;
}

}  // namespace hairline::metrics_test

#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "hairline/core/image.hpp"

namespace hairline {

/// A structuring element: one run of pixels per row, [begin, end) relative to the pixel it is centred on. The first run
/// belongs to row -anchor.
struct Element {
  struct Run {
    int begin = 0, end = 0;
  };
  std::vector<Run> rows;
  int anchor = 0;
};

/// The elliptical element of `size` x `size` as OpenCV draws it and as the published training code uses it: 3 is a
/// cross, even sizes reach one pixel farther up and left than down and right.  @pre size >= 1
inline Element ellipse(int size) {
  Element e;
  e.anchor = size / 2;
  for (int i = 0; i < size; ++i) {
    const int radius = size / 2, dy = i - radius;
    // Halves do not occur: radius^2 - dy^2 is a whole number, so its root is whole or irrational.
    const int dx =
        radius == 0 ? 0 : static_cast<int>(std::lround(std::sqrt(static_cast<double>(radius * radius - dy * dy))));
    e.rows.push_back({std::max(radius - dx, 0) - radius, std::min(radius + dx + 1, size) - radius});
  }
  return e;
}

namespace detail {
inline Image<std::uint8_t> dilated_once(const Image<std::uint8_t>& set, const Element& element) {
  const int height = set.height(), width = set.width();
  Image<std::int32_t> before(Shape{height, width + 1, 1});  // pixels of the set left of a column
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) before(y, x + 1) = before(y, x) + (set(y, x) != 0);
  Image<std::uint8_t> out(set.shape());
  for (int y = 0; y < height; ++y)
    for (std::size_t i = 0; i < element.rows.size(); ++i) {
      const int from = y + static_cast<int>(i) - element.anchor;
      const auto [begin, end] = element.rows[i];
      if (from < 0 || from >= height || before(from, width) == 0) continue;
      for (int x = 0; x < width; ++x)
        out(y, x) |= before(from, std::clamp(x + end, 0, width)) > before(from, std::clamp(x + begin, 0, width));
    }
  return out;
}
}  // namespace detail

/// A set of pixels dilated by an element, `iterations` times. What lies beyond the border adds nothing.
/// @param set 0 is outside, anything else inside; the result has 0 and 1.  Cost: pixels * rows of the element.
inline Image<std::uint8_t> dilated(Image<std::uint8_t> set, const Element& element, int iterations = 1) {
  for (auto& v : set) v = v != 0;
  for (int i = 0; i < iterations; ++i) set = detail::dilated_once(set, element);
  return set;
}

/// A set of pixels eroded by an element, `iterations` times. What lies beyond the border takes nothing away.
inline Image<std::uint8_t> eroded(Image<std::uint8_t> set, const Element& element, int iterations = 1) {
  for (auto& v : set) v = v == 0;
  set = dilated(std::move(set), element, iterations);
  for (auto& v : set) v = v == 0;
  return set;
}

}  // namespace hairline

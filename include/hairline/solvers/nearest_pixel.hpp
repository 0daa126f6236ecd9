#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"

namespace hairline {

/// For every pixel the index y * width + x of the set pixel nearest to it (its own index where set), Euclidean and
/// exact; -1 everywhere if nothing is set. Of equally near ones always the same, whatever the number of threads.
/// @param set (H, W), anything but 0 is set   Cost: O(pixels).  After Felzenszwalb & Huttenlocher 2012.
inline Image<int> nearest_pixel(const Image<std::uint8_t>& set, ThreadPool& pool) {
  const int height = set.height(), width = set.width();
  constexpr int none = -1;
  Image<int> row_of(Shape{height, width, 1}, none);  // of each pixel: the nearest set row of its column
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) row_of(y, x) = set(y, x) ? y : y > 0 ? row_of(y - 1, x) : none;
  for (int y = height - 2; y >= 0; --y)
    for (int x = 0; x < width; ++x) {
      const int below = row_of(y + 1, x), above = row_of(y, x);
      if (below != none && below > y && (above == none || below - y < y - above)) row_of(y, x) = below;
    }
  Image<int> nearest(Shape{height, width, 1}, none);
  pool.parallel_for(0, height, 16, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    // Lower envelope of the parabolas (x - column)^2 + (distance in the column)^2; each is least from `from` on.
    std::vector<int> column(static_cast<std::size_t>(width));
    std::vector<double> from(static_cast<std::size_t>(width));
    for (auto y = static_cast<int>(begin); y < end; ++y) {
      std::size_t count = 0;
      const auto height_of = [&](int x) {
        const double d = y - row_of(y, x);
        return d * d;
      };
      for (int x = 0; x < width; ++x) {
        if (row_of(y, x) == none) continue;
        double start = -std::numeric_limits<double>::infinity();
        while (count > 0) {
          const double before = column[count - 1];
          start = (height_of(x) + static_cast<double>(x) * x - height_of(column[count - 1]) - before * before) /
                  (2 * (x - before));
          if (start > from[count - 1]) break;
          --count;
          start = -std::numeric_limits<double>::infinity();
        }
        column[count] = x;
        from[count++] = start;
      }
      for (int x = 0, k = 0; x < width && count > 0; ++x) {
        while (static_cast<std::size_t>(k) + 1 < count && from[static_cast<std::size_t>(k) + 1] < x) ++k;
        const int c = column[static_cast<std::size_t>(k)];
        nearest(y, x) = row_of(y, c) * width + c;
      }
    }
  });
  return nearest;
}

}  // namespace hairline

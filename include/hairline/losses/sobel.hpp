#pragma once
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "hairline/losses/loss.hpp"

namespace hairline::losses {

/// Sobel's derivatives as the losses take them: what lies beyond the border, and the scale of [-1 0 1; -2 0 2; -1 0 1].
struct SobelFilter {
  enum class Border { zero, replicate };
  Border border = Border::replicate;
  double scale = 1.0 / 8;  ///< 1/8 makes a ramp of 1 per pixel have slope 1

  /// kornia's, in Background Matting v2.
  static constexpr SobelFilter normalised() { return {Border::replicate, 1.0 / 8}; }
  /// Background Matting v1 and mmediting: a step along the border appears where the picture ends.
  static constexpr SobelFilter zero_padded() { return {Border::zero, 1}; }
};

namespace detail {
/// Derivatives along x and y of one plane.
struct Slopes {
  std::vector<double> x, y;
};

/// Calls f(from, to, weight for x, weight for y): every product of the filter, for the filter and its transpose alike.
template <class F>
void each_sobel_tap(int height, int width, const SobelFilter& filter, F&& f) {
  static constexpr double smooth[3] = {1, 2, 1}, slope[3] = {-1, 0, 1};
  const auto index = [width](int y, int x) {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  };
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx) {
          const int fy = std::clamp(y + dy, 0, height - 1), fx = std::clamp(x + dx, 0, width - 1);
          if (filter.border == SobelFilter::Border::zero && (fy != y + dy || fx != x + dx)) continue;
          f(index(fy, fx), index(y, x), filter.scale * smooth[dy + 1] * slope[dx + 1],
            filter.scale * slope[dy + 1] * smooth[dx + 1]);
        }
}

inline Slopes sobel(const double* plane, int height, int width, const SobelFilter& filter) {
  const std::size_t n = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  Slopes s{std::vector<double>(n), std::vector<double>(n)};
  each_sobel_tap(height, width, filter, [&](std::size_t from, std::size_t to, double wx, double wy) {
    s.x[to] += wx * plane[from];
    s.y[to] += wy * plane[from];
  });
  return s;
}

/// Adds the transpose of the filter: derivatives with respect to slopes become those with respect to the plane.
inline void add_sobel_transposed(const Slopes& s, int height, int width, const SobelFilter& filter, double* plane) {
  each_sobel_tap(height, width, filter, [&](std::size_t from, std::size_t to, double wx, double wy) {
    plane[from] += wx * s.x[to] + wy * s.y[to];
  });
}
}  // namespace detail

}  // namespace hairline::losses

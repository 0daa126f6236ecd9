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

inline std::size_t sobel_index(int y, int x, int width) {
  return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
}

/// Differences first, so that flat colours have slopes of exactly 0, and derivatives of 0 there.
inline Slopes sobel(const double* plane, int height, int width, const SobelFilter& filter) {
  const std::size_t n = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  Slopes s{std::vector<double>(n), std::vector<double>(n)};
  const bool zero = filter.border == SobelFilter::Border::zero;
  const auto at = [&](int y, int x) {
    const int fy = std::clamp(y, 0, height - 1), fx = std::clamp(x, 0, width - 1);
    return zero && (fy != y || fx != x) ? 0.0 : plane[sobel_index(fy, fx, width)];
  };
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const auto across = [&](int dy) { return at(y + dy, x + 1) - at(y + dy, x - 1); };
      const auto down = [&](int dx) { return at(y + 1, x + dx) - at(y - 1, x + dx); };
      s.x[sobel_index(y, x, width)] = filter.scale * (across(-1) + 2 * across(0) + across(1));
      s.y[sobel_index(y, x, width)] = filter.scale * (down(-1) + 2 * down(0) + down(1));
    }
  return s;
}

/// Adds the transpose of the filter: derivatives with respect to slopes become those with respect to the plane.
inline void add_sobel_transposed(const Slopes& s, int height, int width, const SobelFilter& filter, double* plane) {
  static constexpr double smooth[3] = {1, 2, 1}, slope[3] = {-1, 0, 1};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const double gx = filter.scale * s.x[sobel_index(y, x, width)];
      const double gy = filter.scale * s.y[sobel_index(y, x, width)];
      for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx) {
          const int fy = std::clamp(y + dy, 0, height - 1), fx = std::clamp(x + dx, 0, width - 1);
          if (filter.border == SobelFilter::Border::zero && (fy != y + dy || fx != x + dx)) continue;
          plane[sobel_index(fy, fx, width)] +=
              gx * smooth[dy + 1] * slope[dx + 1] + gy * slope[dy + 1] * smooth[dx + 1];
        }
    }
}
}  // namespace detail

}  // namespace hairline::losses

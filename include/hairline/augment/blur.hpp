#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "hairline/core/view.hpp"

namespace hairline::augment {

namespace detail {
// One line of `n` pixels, `stride` floats apart, `channels` side by side; the ends are repeated outwards.
inline void box_line(float* data, int n, std::ptrdiff_t stride, int channels, float radius, std::vector<float>& copy) {
  const int whole = static_cast<int>(radius);
  const float part = radius - static_cast<float>(whole), scale = 1 / (2 * radius + 1);
  const auto c_count = static_cast<std::size_t>(channels);
  copy.resize(static_cast<std::size_t>(n + 2 * whole + 2) * c_count);
  for (int i = 0; i < n + 2 * whole + 2; ++i) {
    const float* from = data + std::clamp(i - whole - 1, 0, n - 1) * stride;
    std::copy(from, from + channels, &copy[static_cast<std::size_t>(i) * c_count]);
  }
  for (int c = 0; c < channels; ++c) {
    const auto at = [&](int i) { return copy[static_cast<std::size_t>(i + whole + 1) * c_count + static_cast<std::size_t>(c)]; };
    float sum = 0;
    for (int i = -whole; i <= whole; ++i) sum += at(i);
    for (int i = 0; i < n; ++i) {
      data[i * stride + c] = scale * (sum + part * (at(i - whole - 1) + at(i + whole + 1)));
      if (i + 1 < n) sum += at(i + whole + 1) - at(i - whole);
    }
  }
}
}  // namespace detail

/// Box blur in place, along x and then y; radius in pixels, fractions weigh the outermost ones less; borders are
/// repeated. Rows and channels must be dense (interleaved). Cost: linear in the pixels, whatever the radius.
inline void box_blur(View<float> picture, float radius_x, float radius_y) {
  if (picture.empty()) return;
  std::vector<float> copy;
  const auto limit = [](float r, int n) { return std::min(r, static_cast<float>(n)); };
  if (radius_x > 0)
    for (int y = 0; y < picture.height(); ++y)
      detail::box_line(picture.row(y), picture.width(), picture.strides().x, picture.channels(), limit(radius_x, picture.width()), copy);
  if (radius_y > 0)
    for (int x = 0; x < picture.width(); ++x)
      detail::box_line(&picture(0, x), picture.height(), picture.strides().y, picture.channels(), limit(radius_y, picture.height()), copy);
}

/// Gaussian blur by three boxes of the same variance (within 3 % of a Gaussian's values from sigma 0.6 on).
/// Kovesi, Fast almost-Gaussian filtering, DICTA 2010.
inline void gaussian_blur(View<float> picture, float sigma) {
  if (!(sigma > 0)) return;
  // A box of radius r (fractional) has the variance ((2r + 1)^2 - 1) / 12, near enough for fractions.
  const float radius = 0.5f * (std::sqrt(4 * sigma * sigma + 1) - 1);
  for (int i = 0; i < 3; ++i) box_blur(picture, radius, radius);
}

}  // namespace hairline::augment

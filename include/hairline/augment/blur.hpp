#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "hairline/core/view.hpp"

namespace hairline::augment {

namespace detail {
struct Box {
  int whole;          // pixels to either side that count fully
  float part, scale;  // weight of the next ones; of everything
  explicit Box(float radius)
      : whole(static_cast<int>(radius)), part(radius - static_cast<float>(whole)), scale(1 / (2 * radius + 1)) {}
};

template <int C>
void box_row(float* row, int n, const Box& box, std::vector<float>& copy) {
  const int margin = box.whole + 1;
  copy.resize(static_cast<std::size_t>(n + 2 * margin) * C);
  float* const start = copy.data() + margin * C;
  std::copy(row, row + static_cast<std::ptrdiff_t>(n) * C, start);
  for (int i = 1; i <= margin; ++i)
    for (int c = 0; c < C; ++c) {
      start[-i * C + c] = row[c];
      start[(n - 1 + i) * C + c] = row[(n - 1) * C + c];
    }
  float sum[C] = {};
  for (int i = -box.whole; i <= box.whole; ++i)
    for (int c = 0; c < C; ++c) sum[c] += start[i * C + c];
  const int last = box.whole * C, next = margin * C;
  for (int i = 0; i < n; ++i) {
    const float* p = start + i * C;
    for (int c = 0; c < C; ++c) {
      row[i * C + c] = box.scale * (sum[c] + box.part * (p[c - next] + p[c + next]));
      sum[c] += p[c + next] - p[c - last];
    }
  }
}

inline void box_rows(View<float> picture, const Box& box) {
  std::vector<float> copy;
  for (int y = 0; y < picture.height(); ++y) switch (picture.channels()) {
      case 1:
        box_row<1>(picture.row(y), picture.width(), box, copy);
        break;
      case 3:
        box_row<3>(picture.row(y), picture.width(), box, copy);
        break;
      default:
        box_row<4>(picture.row(y), picture.width(), box, copy);
        break;
    }
}

// Whole rows at a time, so that memory is read in order.
inline void box_columns(View<float> picture, const Box& box) {
  const int h = picture.height();
  const auto n = static_cast<std::size_t>(picture.width()) * static_cast<std::size_t>(picture.channels());
  std::vector<float> copy(n * static_cast<std::size_t>(h)), sum(n, 0.0f);
  for (int y = 0; y < h; ++y) std::copy(picture.row(y), picture.row(y) + n, &copy[n * static_cast<std::size_t>(y)]);
  const auto at = [&](int y) { return &copy[n * static_cast<std::size_t>(std::clamp(y, 0, h - 1))]; };
  for (int y = -box.whole; y <= box.whole; ++y) {
    const float* row = at(y);
    for (std::size_t i = 0; i < n; ++i) sum[i] += row[i];
  }
  for (int y = 0; y < h; ++y) {
    float* out = picture.row(y);
    const float *above = at(y - box.whole - 1), *below = at(y + box.whole + 1), *leaving = at(y - box.whole);
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = box.scale * (sum[i] + box.part * (above[i] + below[i]));
      sum[i] += below[i] - leaving[i];
    }
  }
}
}  // namespace detail

/// Box blur in place, along x and then y; radius in pixels, fractions weigh the outermost ones less; borders are
/// repeated. Cost: linear in the pixels, whatever the radius.
/// @param picture (H, W, C), C 1, 3 or 4, interleaved without gaps
inline void box_blur(View<float> picture, float radius_x, float radius_y) {
  if (picture.empty()) return;
  if (radius_x > 0) detail::box_rows(picture, detail::Box(std::min(radius_x, static_cast<float>(picture.width()))));
  if (radius_y > 0) detail::box_columns(picture, detail::Box(std::min(radius_y, static_cast<float>(picture.height()))));
}

/// Gaussian blur by three boxes that have its variance together.  Kovesi, Fast almost-Gaussian filtering, DICTA 2010.
inline void gaussian_blur(View<float> picture, float sigma) {
  if (!(sigma > 0)) return;
  // The widest box of whole radius w that is not too wide, and as much of the next two pixels as is missing:
  // variance = (sum of 2 i^2 up to w + 2 p (w + 1)^2) / (2 w + 1 + 2 p).
  const float wanted = sigma * sigma / 3;
  const float w = std::floor(0.5f * (std::sqrt(12 * wanted + 1) - 1));
  const float sum = w * (w + 1) * (2 * w + 1) / 3, next = w + 1;
  const float part = (wanted * (2 * w + 1) - sum) / (2 * next * next - 2 * wanted);
  for (int i = 0; i < 3; ++i) box_blur(picture, w + part, w + part);
}

}  // namespace hairline::augment

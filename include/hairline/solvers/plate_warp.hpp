#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/solvers/plate_filters.hpp"

namespace hairline {

/// How a plate is brought to its picture: plate value at (y, x) of the picture = gain * plate(warp(y, x)) + offset.
struct PlateAlignment {
  std::array<double, 2> shift{};  ///< (y, x): the plate is read this many pixels further down and right, at the centre
  std::array<double, 9> warp{1, 0, 0, 0, 1, 0, 0, 0, 1};  ///< picture pixel (x, y, 1) to plate pixel, row-major
  std::array<double, 3> gain{1, 1, 1};                    ///< per channel
  std::array<double, 3> offset{};                         ///< per channel, of full scale
  double inliers = 0;                                     ///< share of the pixels that follow the fit

  /// True if it leaves a plate as it is.
  bool is_identity() const {
    const PlateAlignment none;
    return warp == none.warp && gain == none.gain && offset == none.offset;
  }
};

namespace detail {

/// Catmull-Rom weights of the four neighbours at fraction t, and their derivatives by t.
using CubicWeights = std::array<float, 8>;
inline CubicWeights cubic_weights(float t) {
  const float t2 = t * t, t3 = t2 * t;
  return {-0.5f * t3 + t2 - 0.5f * t, 1.5f * t3 - 2.5f * t2 + 1, -1.5f * t3 + 2 * t2 + 0.5f * t, 0.5f * (t3 - t2),
          -1.5f * t2 + 2 * t - 0.5f,  4.5f * t2 - 5 * t,         -4.5f * t2 + 4 * t + 0.5f,      1.5f * t2 - t};
}

/// Value and slopes of a picture between its pixels (Catmull-Rom, replicated border).
struct Sample {
  std::array<float, 3> value{}, by_y{}, by_x{};
};

/// @param iy, ix the pixel up and left of the place    @param wy, wx of the place's distance from it
inline Sample sample_cubic(const Image<float>& in, int iy, int ix, const CubicWeights& wy, const CubicWeights& wx) {
  std::array<std::ptrdiff_t, 4> column;
  for (int i = 0; i < 4; ++i)
    column[static_cast<std::size_t>(i)] = 3 * static_cast<std::ptrdiff_t>(std::clamp(ix - 1 + i, 0, in.width() - 1));
  Sample s;
  for (std::size_t j = 0; j < 4; ++j) {
    const float* row = &in(std::clamp(iy - 1 + static_cast<int>(j), 0, in.height() - 1), 0);
    std::array<float, 3> value{}, slope{};
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t c = 0; c < 3; ++c) {
        value[c] += wx[i] * row[column[i] + static_cast<std::ptrdiff_t>(c)];
        slope[c] += wx[i + 4] * row[column[i] + static_cast<std::ptrdiff_t>(c)];
      }
    for (std::size_t c = 0; c < 3; ++c) {
      s.value[c] += wy[j] * value[c];
      s.by_y[c] += wy[j + 4] * value[c];
      s.by_x[c] += wy[j] * slope[c];
    }
  }
  return s;
}
inline Sample sample_cubic(const Image<float>& in, double y, double x) {
  const double cy = std::clamp(y, 0.0, static_cast<double>(in.height() - 1));
  const double cx = std::clamp(x, 0.0, static_cast<double>(in.width() - 1));
  const int iy = static_cast<int>(cy), ix = static_cast<int>(cx);
  return sample_cubic(in, iy, ix, cubic_weights(static_cast<float>(cy - iy)),
                      cubic_weights(static_cast<float>(cx - ix)));
}

/// Where a warp sends a pixel: {y, x}.
inline std::array<double, 2> warped(const std::array<double, 9>& m, double y, double x) {
  const double z = m[6] * x + m[7] * y + m[8];
  return {(m[3] * x + m[4] * y + m[5]) / z, (m[0] * x + m[1] * y + m[2]) / z};
}

/// True if a warp only shifts, by m[5] down and m[2] to the right.
inline bool is_shift(const std::array<double, 9>& m) {
  return m[0] == 1 && m[1] == 0 && m[3] == 0 && m[4] == 1 && m[6] == 0 && m[7] == 0 && m[8] == 1;
}

/// The warp of a picture `factor` times as large: its pixel centres lie at factor * (x + 1/2) - 1/2.
inline std::array<double, 9> enlarged(const std::array<double, 9>& m, double factor) {
  if (is_shift(m)) return {1, 0, factor * m[2], 0, 1, factor * m[5], 0, 0, 1};
  const double c = (factor - 1) / 2;
  std::array<double, 9> to{};  // m, for places in the larger picture
  for (std::size_t r = 0; r < 9; r += 3) {
    to[r] = m[r] / factor;
    to[r + 1] = m[r + 1] / factor;
    to[r + 2] = m[r + 2] - c * (to[r] + to[r + 1]);
  }
  std::array<double, 9> out{};
  for (std::size_t k = 0; k < 3; ++k) {
    out[k] = (factor * to[k] + c * to[6 + k]);
    out[3 + k] = (factor * to[3 + k] + c * to[6 + k]);
    out[6 + k] = to[6 + k];
  }
  for (double& v : out) v /= to[8];
  return out;
}

}  // namespace detail

/// The plate as the picture's camera would have seen it; `inside` says where the plate had something to give.
struct AlignedPlate {
  Image<float> plate;          // (H, W, 3)
  Image<std::uint8_t> inside;  // (H, W)
};

namespace detail {
/// A shift of whole and part pixels, away from the border: what sample_cubic gives, a row at a time, times gain plus
/// offset. `line` is 3 * in.width() values to work in.
/// @pre rows iy - 1 to iy + 2 and, for columns begin to end, to_x - 1 to to_x + 2 further on are inside
inline void shift_row(const Image<float>& in, int iy, int to_x, const CubicWeights& wy, const CubicWeights& wx,
                      const PlateAlignment& a, int begin, int end, float* line, float* out) {
  const int first = 3 * (begin + to_x - 1), last = 3 * (end + to_x + 2);
  const float *r0 = &in(iy - 1, 0), *r1 = &in(iy, 0), *r2 = &in(iy + 1, 0), *r3 = &in(iy + 2, 0);
  for (int k = first; k < last; ++k) line[k] = wy[0] * r0[k] + wy[1] * r1[k] + wy[2] * r2[k] + wy[3] * r3[k];
  std::array<float, 12> gain, offset;  // of four pixels, so that the loop below has no pattern of three
  for (std::size_t k = 0; k < 12; ++k) {
    gain[k] = static_cast<float>(a.gain[k % 3]);
    offset[k] = static_cast<float>(a.offset[k % 3]);
  }
  const float* from = line + 3 * (to_x - 1);
  int k = 3 * begin;
  const auto value = [&](int at) {
    return wx[0] * from[at] + wx[1] * from[at + 3] + wx[2] * from[at + 6] + wx[3] * from[at + 9];
  };
  for (; k + 12 <= 3 * end; k += 12)
    for (int i = 0; i < 12; ++i)
      out[k + i] = gain[static_cast<std::size_t>(i)] * value(k + i) + offset[static_cast<std::size_t>(i)];
  for (; k < 3 * end; ++k)
    out[k] = gain[static_cast<std::size_t>(k % 3)] * value(k) + offset[static_cast<std::size_t>(k % 3)];
}
}  // namespace detail

/// Applies an alignment. A shift within 0.06 px of whole pixels is taken as whole, which keeps the plate's sharpness.
inline AlignedPlate apply_alignment(const Image<float>& plate, const PlateAlignment& a, ThreadPool& pool) {
  const int h = plate.height(), w = plate.width();
  AlignedPlate out{Image<float>(plate.shape()), Image<std::uint8_t>(Shape{h, w, 1})};
  const bool shifted = detail::is_shift(a.warp);
  std::array<double, 2> shift{a.warp[5], a.warp[2]};
  if (shifted)
    for (double& v : shift)
      if (std::abs(v - std::round(v)) < 0.06) v = std::round(v);
  const std::array<int, 2> whole{static_cast<int>(std::floor(shift[0])), static_cast<int>(std::floor(shift[1]))};
  const auto wy = detail::cubic_weights(static_cast<float>(shift[0] - whole[0])),
             wx = detail::cubic_weights(static_cast<float>(shift[1] - whole[1]));
  const int left = std::clamp(1 - whole[1], 0, w), right = std::clamp(w - 2 - whole[1], left, w);
  const auto sample = [&](int y, int x) {
    auto q = detail::warped(a.warp, y, x);
    if (shifted) q = {y + shift[0], x + shift[1]};
    out.inside(y, x) = q[0] >= -0.5 && q[1] >= -0.5 && q[0] <= h - 0.5 && q[1] <= w - 0.5;
    const detail::Sample s = detail::sample_cubic(plate, q[0], q[1]);
    for (std::size_t c = 0; c < 3; ++c)
      out.plate(y, x, static_cast<int>(c)) =
          static_cast<float>(a.gain[c]) * s.value[c] + static_cast<float>(a.offset[c]);
  };
  pool.parallel_for(0, h, detail::plate_rows, [&](std::ptrdiff_t y0, std::ptrdiff_t y1) {
    std::vector<float> line(static_cast<std::size_t>(3 * w));
    for (int y = static_cast<int>(y0); y < static_cast<int>(y1); ++y) {
      const int iy = y + whole[0];
      const bool fast = shifted && iy >= 1 && iy + 2 < h && left < right;
      const int begin = fast ? left : w, end = fast ? right : w;
      for (int x = 0; x < begin; ++x) sample(y, x);
      for (int x = end; x < w; ++x) sample(y, x);
      if (!fast) continue;
      detail::shift_row(plate, iy, whole[1], wy, wx, a, left, right, line.data(), &out.plate(y, 0));
      std::fill(&out.inside(y, 0) + left, &out.inside(y, 0) + right, std::uint8_t{1});
    }
  });
  return out;
}

}  // namespace hairline

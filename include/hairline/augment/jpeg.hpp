#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "hairline/core/view.hpp"

namespace hairline::augment {

namespace detail {
// Annex K of ITU-T T.81, in row order.
constexpr std::array<int, 64> jpeg_luminance{16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
                                             14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
                                             18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
                                             49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
constexpr std::array<int, 64> jpeg_chrominance{17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
                                               24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
                                               99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
                                               99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

struct Cosines {
  std::array<float, 64> forward{}, inverse{};  // [frequency][position] and its transpose
  Cosines() {
    for (std::size_t k = 0; k < 8; ++k)
      for (std::size_t i = 0; i < 8; ++i) {
        const float scale = k == 0 ? 0.35355339f : 0.5f;
        forward[k * 8 + i] = inverse[i * 8 + k] =
            scale * std::cos(3.14159265f * (2 * static_cast<float>(i) + 1) * static_cast<float>(k) / 16);
      }
  }
};

// out = m * in, then transposed: applied twice it transforms both directions.
inline void dct_pass(const std::array<float, 64>& m, const std::array<float, 64>& in, std::array<float, 64>& out) {
  for (std::size_t k = 0; k < 8; ++k) {
    std::array<float, 8> sum{};
    for (std::size_t i = 0; i < 8; ++i)
      for (std::size_t x = 0; x < 8; ++x) sum[x] += m[k * 8 + i] * in[i * 8 + x];
    for (std::size_t x = 0; x < 8; ++x) out[x * 8 + k] = sum[x];
  }
}

inline std::array<float, 64> quantisers(const std::array<int, 64>& table, int quality) {
  const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;  // as libjpeg scales its tables
  std::array<float, 64> q{};
  for (std::size_t i = 0; i < 64; ++i) q[i] = static_cast<float>(std::clamp((table[i] * scale + 50) / 100, 1, 255));
  return q;
}

inline float rounded(float v) { return static_cast<float>(static_cast<int>(v + (v < 0 ? -0.5f : 0.5f))); }

// A plane of h x w, values in -128..127, through transform and quantisation, block by block, rounded to whole levels
// before and after as a decoder does; borders are repeated.
inline void quantise_plane(std::vector<float>& plane, int h, int w, const std::array<float, 64>& q, const Cosines& c) {
  std::array<float, 64> a{}, b{};
  for (int y0 = 0; y0 < h; y0 += 8)
    for (int x0 = 0; x0 < w; x0 += 8) {
      for (int y = 0; y < 8; ++y)
        for (int x = 0; x < 8; ++x)
          a[static_cast<std::size_t>(y * 8 + x)] =
              rounded(plane[static_cast<std::size_t>(std::min(y0 + y, h - 1)) * static_cast<std::size_t>(w) +
                            static_cast<std::size_t>(std::min(x0 + x, w - 1))]);
      dct_pass(c.forward, a, b);
      dct_pass(c.forward, b, a);
      for (std::size_t i = 0; i < 64; ++i) a[i] = rounded(a[i] / q[i]) * q[i];
      dct_pass(c.inverse, a, b);
      dct_pass(c.inverse, b, a);
      for (int y = 0; y < std::min(8, h - y0); ++y)
        for (int x = 0; x < std::min(8, w - x0); ++x)
          plane[static_cast<std::size_t>(y0 + y) * static_cast<std::size_t>(w) + static_cast<std::size_t>(x0 + x)] =
              std::clamp(rounded(a[static_cast<std::size_t>(y * 8 + x)]), -128.0f, 127.0f);
    }
}
}  // namespace detail

/// What saving as JPEG does to a picture: 8x8 cosine transforms in YCbCr, rounded to the tables of ITU-T T.81 Annex K
/// scaled by `quality` as libjpeg does; chroma halved in both directions (4:2:0) if asked. Values are then 8-bit
/// levels.
/// @param picture (H, W, 3) in [0,1], changed in place
/// @param quality 1 to 100, clamped
inline void jpeg(View<float> picture, int quality, bool halve_chroma = true) {
  if (picture.empty() || picture.channels() != 3) return;
  const int h = picture.height(), w = picture.width(), step = halve_chroma ? 2 : 1;
  const int ch = (h + step - 1) / step, cw = (w + step - 1) / step;
  quality = std::clamp(quality, 1, 100);
  static const detail::Cosines cosines;
  const auto size = [](int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); };
  std::vector<float> luma(size(h, w)), cb(size(ch, cw)), cr(size(ch, cw));
  const float share = 255.0f / static_cast<float>(step * step);
  for (int y = 0; y < ch * step; ++y)
    for (int x = 0; x < cw * step; ++x) {
      const float* p = &picture(std::min(y, h - 1), std::min(x, w - 1));
      const std::size_t i = size(y / step, cw) + static_cast<std::size_t>(x / step);
      cb[i] += share * (-0.168736f * p[0] - 0.331264f * p[1] + 0.5f * p[2]);
      cr[i] += share * (0.5f * p[0] - 0.418688f * p[1] - 0.081312f * p[2]);
      if (y < h && x < w)
        luma[size(y, w) + static_cast<std::size_t>(x)] = 255 * (0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2]) - 128;
    }
  detail::quantise_plane(luma, h, w, detail::quantisers(detail::jpeg_luminance, quality), cosines);
  const auto chroma = detail::quantisers(detail::jpeg_chrominance, quality);
  detail::quantise_plane(cb, ch, cw, chroma, cosines);
  detail::quantise_plane(cr, ch, cw, chroma, cosines);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const std::size_t i = size(y / step, cw) + static_cast<std::size_t>(x / step);
      const float l = luma[size(y, w) + static_cast<std::size_t>(x)] + 128, b = cb[i], r = cr[i];
      float* p = &picture(y, x);
      const float out[3] = {l + 1.402f * r, l - 0.344136f * b - 0.714136f * r, l + 1.772f * b};
      for (int c = 0; c < 3; ++c) p[c] = detail::rounded(std::clamp(out[c], 0.0f, 255.0f)) / 255;
    }
}

}  // namespace hairline::augment

#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

#include "hairline/core/image.hpp"
#include "hairline/core/random.hpp"

namespace hairline::augment {

/// Hue in turns [0,1), saturation and value in [0,1].
struct Hsv {
  float hue = 0, saturation = 0, value = 0;
};

inline Hsv to_hsv(float r, float g, float b) {
  const float high = std::max({r, g, b}), low = std::min({r, g, b}), range = high - low;
  Hsv out{0, high > 0 ? range / high : 0, high};
  if (range <= 0) return out;
  if (high == r)
    out.hue = (g - b) / range / 6;
  else if (high == g)
    out.hue = ((b - r) / range + 2) / 6;
  else
    out.hue = ((r - g) / range + 4) / 6;
  out.hue -= std::floor(out.hue);
  return out;
}
inline std::array<float, 3> to_rgb(const Hsv& c) {
  const auto channel = [&](float n) {
    const float k = std::fmod(n + c.hue * 6, 6.0f);
    return c.value * (1 - c.saturation * std::clamp(std::min(k, 4 - k), 0.0f, 1.0f));
  };
  return {channel(5), channel(3), channel(1)};
}

namespace detail {
template <class F>
void each_pixel(Image<float>& picture, F&& f) {
  for (int y = 0; y < picture.height(); ++y)
    for (int x = 0; x < picture.width(); ++x) f(&picture(y, x));
}
inline float luma(const float* p) { return 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2]; }
inline void turn_hue(Image<float>& picture, float turns) {
  each_pixel(picture, [&](float* p) {
    Hsv c = to_hsv(p[0], p[1], p[2]);
    c.hue += turns;
    c.hue -= std::floor(c.hue);
    const auto rgb = to_rgb(c);
    std::copy(rgb.begin(), rgb.end(), p);
  });
}
inline std::array<int, 4> shuffled(Random& r) {
  std::array<int, 4> order{0, 1, 2, 3};
  for (int i = 3; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(r.whole(0, i))]);
  return order;
}
inline void clamp(Image<float>& picture) {
  for (float& v : picture) v = std::clamp(v, 0.0f, 1.0f);
}
}  // namespace detail

/// Brightness, contrast, saturation and hue, in random order.
struct ColourJitter {
  float brightness = 0.15f, contrast = 0.15f, saturation = 0.15f;  ///< factors 1 +-
  float hue = 0.05f;                                               ///< turns +-
  bool additive = false;  ///< brightness is added, and contrast is about 0 instead of the mean (kornia)

  /// Background Matting V2: foregrounds and backgrounds on their own.
  static constexpr ColourJitter bgmv2() { return {0.15f, 0.15f, 0.15f, 0.05f, false}; }
  /// Background Matting V2: the plate against the picture, probability 0.8.
  static constexpr ColourJitter bgmv2_plate() { return {0.18f, 0.18f, 0.18f, 0.1f, true}; }
  /// Deep Image Matting as ported by foamliu: no hue.
  static constexpr ColourJitter deep_image_matting() { return {0.125f, 0.125f, 0.125f, 0, false}; }
};

/// @param picture (H, W, 3) in [0,1], changed in place and clamped after every step
inline void jitter(Image<float>& picture, const ColourJitter& j, Random& r) {
  const float brightness = r.between(-j.brightness, j.brightness), contrast = 1 + r.between(-j.contrast, j.contrast);
  const float saturation = 1 + r.between(-j.saturation, j.saturation), hue = r.between(-j.hue, j.hue);
  for (const int step : detail::shuffled(r)) {
    if (step == 0) {
      for (float& v : picture) v = j.additive ? v + brightness : v * (1 + brightness);
    } else if (step == 1) {
      double mean = 0;
      if (!j.additive)
        detail::each_pixel(picture, [&](const float* p) { mean += static_cast<double>(detail::luma(p)); });
      const auto about =
          static_cast<float>(mean / static_cast<double>(std::max<std::size_t>(picture.shape().pixels(), 1)));
      for (float& v : picture) v = about + contrast * (v - about);
    } else if (step == 2) {
      detail::each_pixel(picture, [&](float* p) {
        const float grey = detail::luma(p);
        for (int c = 0; c < 3; ++c) p[c] = grey + saturation * (p[c] - grey);
      });
    } else if (hue != 0) {
      detail::turn_hue(picture, hue);
    }
    detail::clamp(picture);
  }
}

/// GCA-Matting's jitter of the foreground: hue by a whole number of degrees from -40 to 39; saturation and value each
/// by U(-0.05, 0.05) around a drift towards 1.1 minus their mean over alpha > 0, a tenth of it; negative values are
/// mirrored at 0, those above 1 at 1. Nothing happens where alpha is 0 everywhere.
/// The published text is "saturation + U(+-(1.1 - mean) / 10)": the amount is uniform within that range.
/// @param foreground (H, W, 3), @param alpha (H, W)
inline void jitter_gca(Image<float>& foreground, const Plane& alpha, Random& r) {
  double saturation = 0, value = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < alpha.size(); ++i) {
    if (!(alpha.data()[i] > 0)) continue;
    const float* p = foreground.data() + 3 * i;
    const Hsv c = to_hsv(p[0], p[1], p[2]);
    saturation += static_cast<double>(c.saturation);
    value += static_cast<double>(c.value);
    ++count;
  }
  const float turn = static_cast<float>(r.whole(-40, 39)) / 360, u = r.between(-1, 1), v = r.between(-1, 1);
  if (count == 0) return;
  const float s = u * (1.1f - static_cast<float>(saturation / static_cast<double>(count))) / 10;
  const float w = v * (1.1f - static_cast<float>(value / static_cast<double>(count))) / 10;
  const auto mirrored = [](float x) { return std::abs(x) > 1 ? 2 - std::abs(x) : std::abs(x); };
  detail::each_pixel(foreground, [&](float* p) {
    Hsv c = to_hsv(p[0], p[1], p[2]);
    c.hue += turn;
    c.hue -= std::floor(c.hue);
    c.saturation = mirrored(c.saturation + s);
    c.value = mirrored(c.value + w);
    const auto rgb = to_rgb(c);
    std::copy(rgb.begin(), rgb.end(), p);
  });
}

/// value^exponent.  @param picture in [0,1]
inline void gamma(Image<float>& picture, float exponent) {
  for (float& v : picture) v = std::pow(std::max(v, 0.0f), exponent);
}

}  // namespace hairline::augment

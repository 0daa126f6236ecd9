#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "hairline/augment/blur.hpp"
#include "hairline/augment/jpeg.hpp"
#include "hairline/core/image.hpp"
#include "hairline/synth/bank.hpp"
#include "hairline/synth/geometry.hpp"

namespace hairline::synth {

/// How the plate, the second photograph without the subject, differs from the picture's background. Ranges are drawn
/// from evenly; probabilities are per scene.
struct PlateShotOptions {
  float aligned = 0.1f;    ///< probability of no movement at all
  float shift = 1.5f;      ///< pixels, in any direction
  float rotation = 0.15f;  ///< degrees, either way
  float zoom = 0.002f;     ///< either way
  float far_off = 0.06f;   ///< probability that the movement is `far_factor` times as large
  float far_factor = 3;
  float gain = 0.06f;           ///< common to the channels, either way
  float channel_gain = 0.025f;  ///< of each channel besides
  float gamma = 0.08f;          ///< exponent off 1, either way
  float offset = 0.015f;        ///< added, either way
  float light = 0.2f;           ///< probability of light that changed unevenly
  float light_strength = 0.1f;
  float moved = 0.15f;  ///< probability of leaves (or whatever else) that moved a little by themselves
  float moved_pixels = 2.5f;
  float shadow = 0.35f;  ///< probability that the subject throws a shadow on the picture's background
  float shadow_strength = 0.45f;
};

/// What the camera adds to both photographs.
struct CameraOptions {
  float noise = 0.02f;     ///< largest deviation of the sensor noise at mid grey
  float blur = 0.55f;      ///< largest deviation of demosaicing and lens blur, pixels
  float sharpen = 0.8f;    ///< largest amount of sharpening
  float vignette = 0.35f;  ///< largest darkening of the corners
  float jpeg = 0.5f;       ///< probability that both were saved as JPEG
  int jpeg_low = 40, jpeg_high = 97;
};

/// The movement between two photographs of one view, with things that moved besides.
struct Warp {
  float cosine = 1, sine = 0;  ///< times zoom
  Point shift;
  const Field* stir = nullptr;  ///< displacement of leaves
  float stir_scale = 0.01f, stir_pixels = 0, stir_above = 0.3f, u = 0, v = 0;
  bool identity() const { return sine == 0 && cosine == 1 && shift.x == 0 && shift.y == 0 && stir_pixels == 0; }

  Point operator()(Point p, Point centre) const {
    const Point d = p - centre;
    Point q = centre + Point{cosine * d.x - sine * d.y, sine * d.x + cosine * d.y} + shift;
    if (stir_pixels > 0) {
      const float x = p.x * stir_scale + u, y = p.y * stir_scale + v;
      const float where = smooth_step(stir_above, stir_above + 0.4f, (*stir)(y, x));
      if (where > 0) q = q + (where * stir_pixels) * Point{(*stir)(3 * x, 3 * y), (*stir)(3 * y, 3 * x + 0.5f)};
    }
    return q;
  }
};

inline Warp any_warp(Random& r, const PlateShotOptions& o, const Bank& bank, float unit) {
  Warp w;
  const bool still = r.chance(o.aligned), far = r.chance(o.far_off), stirred = r.chance(o.moved);
  const float factor = far ? o.far_factor : 1;
  const float turn = factor * o.rotation * r.between(-1, 1) * 0.01745329f,
              zoom = 1 + factor * o.zoom * r.between(-1, 1);
  const float distance = factor * o.shift * r.uniform();
  const Point d = direction(r.angle());
  if (!still) {
    w.cosine = zoom * std::cos(turn);
    w.sine = zoom * std::sin(turn);
    w.shift = distance * d;
  }
  w.stir = &bank.field(5);
  w.stir_pixels = stirred ? o.moved_pixels * r.uniform() * std::max(unit, 0.5f) : 0;
  w.stir_scale = r.between(0.5f, 2) / (256 * std::max(unit, 0.1f));
  w.stir_above = r.between(0, 1);
  w.u = r.uniform();
  w.v = r.uniform();
  return w;
}

namespace detail {
// The four Catmull-Rom weights for 256 positions between two pixels.
struct CubicWeights {
  std::array<std::array<float, 4>, 257> table{};
  CubicWeights() {
    for (std::size_t i = 0; i < table.size(); ++i) {
      const float t = static_cast<float>(i) / 256, t2 = t * t, t3 = t2 * t;
      table[i] = {0.5f * (2 * t2 - t3 - t), 0.5f * (3 * t3 - 5 * t2 + 2), 0.5f * (4 * t2 - 3 * t3 + t),
                  0.5f * (t3 - t2)};
    }
  }
  const std::array<float, 4>& at(float t) const { return table[static_cast<std::size_t>(t * 256 + 0.5f)]; }
};

inline void cubic_pixel(const Image<float, AlphaMode::associated>& from, Point p, const CubicWeights& weights,
                        float* out) {
  const float px = p.x - 0.5f, py = p.y - 0.5f;
  const int j = floor_int(px), i = floor_int(py);
  const auto &wx = weights.at(px - static_cast<float>(j)), &wy = weights.at(py - static_cast<float>(i));
  float sum[4] = {0, 0, 0, 0};
  const bool inside = i >= 1 && j >= 1 && i + 2 < from.height() && j + 2 < from.width();
  for (int a = 0; a < 4; ++a) {
    const float* row = &from(inside ? i + a - 1 : std::clamp(i + a - 1, 0, from.height() - 1), 0);
    float line[4] = {0, 0, 0, 0};
    for (int b = 0; b < 4; ++b) {
      const float* s = row + 4 * (inside ? j + b - 1 : std::clamp(j + b - 1, 0, from.width() - 1));
      for (int c = 0; c < 4; ++c) line[c] += wx[static_cast<std::size_t>(b)] * s[c];
    }
    for (int c = 0; c < 4; ++c) sum[c] += wy[static_cast<std::size_t>(a)] * line[c];
  }
  for (int c = 0; c < 3; ++c) out[c] = std::clamp(sum[c], 0.0f, 1.0f);
}
}  // namespace detail

/// A window of a larger picture seen through a warp, bicubic (Catmull-Rom, positions to 1/256 of a pixel).
/// @param from (H + 2 margin, W + 2 margin, 4), opaque
/// @return (H, W, 3) in [0,1]
inline Image<float> seen_through(const Image<float, AlphaMode::associated>& from, int margin, const Warp& warp) {
  static const detail::CubicWeights weights;
  const int h = from.height() - 2 * margin, w = from.width() - 2 * margin;
  Image<float> out(Shape{h, w, 3});
  const Point centre{0.5f * static_cast<float>(w), 0.5f * static_cast<float>(h)},
      corner{static_cast<float>(margin), static_cast<float>(margin)};
  const bool identity = warp.identity();
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      float* q = &out(y, x);
      if (identity)
        for (int c = 0; c < 3; ++c) q[c] = std::clamp(from(y + margin, x + margin, c), 0.0f, 1.0f);
      else
        detail::cubic_pixel(from, corner + warp({static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f}, centre),
                            weights, q);
    }
  return out;
}

/// How much the exposure and the light of the plate differ from the picture's.
inline void change_exposure(Image<float>& plate, Random& r, const PlateShotOptions& o, const Bank& bank) {
  const float gain = 1 + o.gain * r.between(-1, 1), gamma = 1 + o.gamma * r.between(-1, 1),
              offset = o.offset * r.between(-1, 1);
  float each[3];
  for (float& g : each) g = gain * (1 + o.channel_gain * r.between(-1, 1));
  const float strength = r.chance(o.light) ? o.light_strength * r.uniform() : 0;
  const Field& f = bank.field(5);
  const float k = r.between(0.2f, 0.6f) / static_cast<float>(std::max(plate.width(), plate.height())), u = r.uniform(),
              v = r.uniform();
  std::array<float, 257> curve{};  // x^gamma, read between its points
  for (std::size_t i = 0; i < curve.size(); ++i)
    curve[i] = gamma == 1 ? static_cast<float>(i) / 256 : std::pow(static_cast<float>(i) / 256, gamma);
  for (int y = 0; y < plate.height(); ++y)
    for (int x = 0; x < plate.width(); ++x) {
      const float light =
          strength > 0 ? 1 + strength * f(static_cast<float>(x) * k + u, static_cast<float>(y) * k + v) : 1.0f;
      float* q = &plate(y, x);
      for (int c = 0; c < 3; ++c) {
        float value = q[c];
        if (gamma != 1) {
          const float at = std::clamp(value, 0.0f, 1.0f) * 255.99f;
          const auto i = static_cast<std::size_t>(at);
          value = curve[i] + (at - static_cast<float>(i)) * (curve[i + 1] - curve[i]);
        }
        q[c] = std::clamp(value * each[c] * light + offset, 0.0f, 1.0f);
      }
    }
}

/// The camera's own traces, drawn once and given to both photographs.
struct Camera {
  float noise = 0, shot = 0, blur = 0, sharpen = 0, vignette = 0;
  int quality = 0;  ///< of the JPEG; 0 is none
  bool halve_chroma = true;

  static Camera any(Random& r, const CameraOptions& o) {
    Camera c;
    c.noise = o.noise * r.uniform() * r.uniform();
    c.shot = o.noise * r.uniform() * r.uniform();
    c.blur = r.chance(0.6f) ? o.blur * r.uniform() : 0;
    c.sharpen = r.chance(0.4f) ? o.sharpen * r.uniform() : 0;
    c.vignette = r.chance(0.4f) ? o.vignette * r.uniform() : 0;
    c.quality = r.chance(o.jpeg) ? r.whole(o.jpeg_low, o.jpeg_high) : 0;
    c.halve_chroma = r.chance(0.7f);
    return c;
  }
  void apply(Image<float>& picture, Random& r, const Bank& bank) const {
    if (vignette > 0) darken_corners(picture);
    if (noise > 0 || shot > 0) add_noise(picture, r, bank);
    if (blur > 0.15f) augment::gaussian_blur(picture.view(), blur);
    if (sharpen > 0) {
      Image<float> soft = picture;
      augment::gaussian_blur(soft.view(), 0.9f);
      for (std::size_t i = 0; i < picture.size(); ++i)
        picture.data()[i] = std::clamp(picture.data()[i] + sharpen * (picture.data()[i] - soft.data()[i]), 0.0f, 1.0f);
    }
    if (quality > 0) augment::jpeg(picture.view(), quality, halve_chroma);
  }

 private:
  void darken_corners(Image<float>& picture) const {
    const float cx = 0.5f * static_cast<float>(picture.width()), cy = 0.5f * static_cast<float>(picture.height());
    for (int y = 0; y < picture.height(); ++y)
      for (int x = 0; x < picture.width(); ++x) {
        const float dx = (static_cast<float>(x) + 0.5f - cx) / cx, dy = (static_cast<float>(y) + 0.5f - cy) / cy;
        const float k = 1 - vignette * 0.25f * (dx * dx + dy * dy) * (dx * dx + dy * dy);
        for (int c = 0; c < 3; ++c) picture(y, x, c) *= k;
      }
  }
  // Sensor noise grows with the root of the light; the channels have their own, with a common part.
  void add_noise(Image<float>& picture, Random& r, const Bank& bank) const {
    for (int y = 0; y < picture.height(); ++y) {
      const std::uint64_t bits = r.next();
      auto a = static_cast<std::uint16_t>(bits), b = static_cast<std::uint16_t>(bits >> 16);
      const auto step = static_cast<std::uint16_t>((bits >> 32) | 1);
      for (int x = 0; x < picture.width(); ++x) {
        float* q = &picture(y, x);
        const float common = 0.5f * bank.normal(b++);
        const float deviation = noise + shot * std::sqrt(std::max(q[1], 0.0f));
        for (int c = 0; c < 3; ++c) {
          q[c] = std::clamp(q[c] + deviation * (common + 0.87f * bank.normal(a)), 0.0f, 1.0f);
          a = static_cast<std::uint16_t>(a + step);
        }
      }
    }
  }
};

}  // namespace hairline::synth

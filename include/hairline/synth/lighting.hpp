#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/synth/bank.hpp"
#include "hairline/synth/canvas.hpp"

namespace hairline::synth {

/// Light that falls on a subject: from where (x, y), how much sides differ, and in which colour.
struct Light {
  Point from{-0.5f, -0.8f};
  float strength = 0.5f;  ///< 0 flat; 1 strongly modelled
  float rim = 0;          ///< light from behind along the outline
  Paint colour{1, 1, 1};
};

/// Unevenness that lies over everything painted, in the way of photographs: fine 1/f grain, and patches of shade with
/// soft or sharp borders, as leaves, windows and bodies throw them.
struct Dapple {
  const Field *grain = nullptr, *patches = nullptr;
  float grain_strength = 0, grain_scale = 0.004f;
  float patch_strength = 0, patch_scale = 0.002f, patch_cut = 0, patch_soft = 0.3f;
  float u = 0, v = 0;

  /// @param pixels length over which grain repeats at its largest
  static Dapple any(Random& r, const Bank& bank, float pixels) {
    Dapple d;
    d.grain = &bank.field(static_cast<std::size_t>(r.whole(0, 3)));
    d.patches = &bank.field(static_cast<std::size_t>(r.whole(2, 4)));
    d.grain_strength = r.chance(0.6f) ? 0.12f * r.uniform() : 0;
    d.grain_scale = 1 / (pixels * r.between(0.5f, 1.5f));
    d.patch_strength = r.chance(0.3f) ? r.between(0.1f, 0.6f) : 0;
    d.patch_scale = r.scale_between(0.2f, 1.5f) / pixels;
    d.patch_cut = r.between(-1, 1.2f);
    d.patch_soft = r.scale_between(0.05f, 1);
    d.u = r.uniform();
    d.v = r.uniform();
    return d;
  }
  /// The factor at a pixel.
  float operator()(float x, float y) const {
    float k = 1;
    if (grain_strength > 0) k += grain_strength * (*grain)(x * grain_scale + u, y * grain_scale + v);
    if (patch_strength > 0) {
      const float p = (*patches)(x * patch_scale + v, y * patch_scale + u);
      k *= 1 - patch_strength * smooth_step(patch_cut, patch_cut + patch_soft, p);
    }
    return std::max(k, 0.1f);
  }
};

namespace detail {
/// A small grid over the picture, smoothed and read bilinearly.
class CoarseGrid {
 public:
  CoarseGrid(int width, int height, int cell)
      : cell_(cell),
        w_((width + cell - 1) / cell),
        h_((height + cell - 1) / cell),
        v_(static_cast<std::size_t>(w_ * h_)) {}
  float& at(int y, int x) { return v_[static_cast<std::size_t>(y * w_ + x)]; }
  float at(int y, int x) const { return v_[static_cast<std::size_t>(y * w_ + x)]; }
  int width() const { return w_; }
  int height() const { return h_; }
  float clamped(int y, int x) const { return at(std::clamp(y, 0, h_ - 1), std::clamp(x, 0, w_ - 1)); }
  float read(float x, float y) const {
    const float u = x / static_cast<float>(cell_) - 0.5f, v = y / static_cast<float>(cell_) - 0.5f;
    const int j = floor_int(u), i = floor_int(v);
    const float a = u - static_cast<float>(j), b = v - static_cast<float>(i);
    const float top = clamped(i, j) + a * (clamped(i, j + 1) - clamped(i, j));
    const float bottom = clamped(i + 1, j) + a * (clamped(i + 1, j + 1) - clamped(i + 1, j));
    return top + b * (bottom - top);
  }
  void blur(int radius) {
    std::vector<float> line;
    const auto pass = [&](int count, int n, auto&& value) {
      line.resize(static_cast<std::size_t>(n));
      for (int k = 0; k < count; ++k) {
        float sum = 0;
        for (int i = -radius; i < radius; ++i) sum += value(k, std::clamp(i, 0, n - 1));
        for (int i = 0; i < n; ++i) {
          sum += value(k, std::min(i + radius, n - 1));
          line[static_cast<std::size_t>(i)] = sum / static_cast<float>(2 * radius + 1);
          sum -= value(k, std::max(i - radius, 0));
        }
        for (int i = 0; i < n; ++i) value(k, i) = line[static_cast<std::size_t>(i)];
      }
    };
    pass(h_, w_, [&](int y, int x) -> float& { return at(y, x); });
    pass(w_, h_, [&](int x, int y) -> float& { return at(y, x); });
  }

 private:
  int cell_, w_, h_;
  std::vector<float> v_;
};

inline CoarseGrid alpha_grid(const Canvas& canvas, int cell) {
  CoarseGrid g(canvas.width(), canvas.height(), cell);
  const float per = 1 / static_cast<float>(cell * cell);
  for (int y = 0; y < canvas.height(); ++y)
    for (int x = 0; x < canvas.width(); ++x) g.at(y / cell, x / cell) += per * canvas.pixels()(y, x, 3);
  return g;
}
}  // namespace detail

/// Shades what is on the canvas as if it were rounded: the smoothed alpha is taken for its height. The alpha stays.
inline void shade(Canvas& canvas, const Light& light, const Dapple& dapple = {}) {
  const int cell = std::max(1, std::max(canvas.width(), canvas.height()) / 64);
  detail::CoarseGrid fine = detail::alpha_grid(canvas, cell), broad = fine;
  fine.blur(2);
  fine.blur(1);
  for (int i = 0; i < 2; ++i) broad.blur(6);
  detail::CoarseGrid gain(canvas.width(), canvas.height(), cell);
  const Point from = unit(light.from);
  for (int y = 0; y < gain.height(); ++y)
    for (int x = 0; x < gain.width(); ++x) {
      const auto slope = [&](const detail::CoarseGrid& g) {
        return Point{g.clamped(y, x + 1) - g.clamped(y, x - 1), g.clamped(y + 1, x) - g.clamped(y - 1, x)};
      };
      const Point n = -1.0f * (1.2f * slope(fine) + 4.0f * slope(broad));
      const float lit = std::clamp(dot(n, from), -0.8f, 0.8f);
      const float edge = 1 - fine.at(y, x);
      gain.at(y, x) =
          1 + light.strength * (0.9f * lit - 0.15f + 0.3f * (broad.at(y, x) - 0.5f)) + light.rim * edge * edge;
    }
  for (int y = 0; y < canvas.height(); ++y)
    for (int x = 0; x < canvas.width(); ++x) {
      float* q = &canvas.pixels()(y, x);
      if (q[3] <= 0) continue;
      const float px = static_cast<float>(x) + 0.5f, py = static_cast<float>(y) + 0.5f;
      const float k = std::clamp(gain.read(px, py), 0.15f, 2.2f) * dapple(px, py);
      q[0] *= k * light.colour.r;
      q[1] *= k * light.colour.g;
      q[2] *= k * light.colour.b;
    }
}

}  // namespace hairline::synth

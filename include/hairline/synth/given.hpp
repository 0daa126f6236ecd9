#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "hairline/core/random.hpp"
#include "hairline/synth/canvas.hpp"
#include "hairline/synth/scene_options.hpp"

namespace hairline::synth {

namespace detail {

// A picture read at positions of another grid; where it is shrunk, the mean of a few positions a pixel.
class Placed {
 public:
  // `scale` is target pixels per source pixel, `origin` where the source's centre comes to lie.
  Placed(int height, int width, Point origin, float scale, float angle, bool mirrored)
      : height_(height),
        width_(width),
        origin_(origin),
        cosine_(std::cos(angle) / scale),
        sine_(std::sin(angle) / scale),
        mirrored_(mirrored) {
    taps_ = std::clamp(static_cast<int>(std::ceil(1 / scale)), 1, 8);
  }
  // Calls f(source x, source y, weight) for the positions that make up target pixel (x, y).
  template <class F>
  void positions(int x, int y, F&& f) const {
    const float weight = 1 / static_cast<float>(taps_ * taps_);
    for (int i = 0; i < taps_; ++i)
      for (int j = 0; j < taps_; ++j) {
        const float dx = static_cast<float>(x) + (static_cast<float>(j) + 0.5f) / static_cast<float>(taps_) - origin_.x;
        const float dy = static_cast<float>(y) + (static_cast<float>(i) + 0.5f) / static_cast<float>(taps_) - origin_.y;
        const float u = cosine_ * dx + sine_ * dy, v = cosine_ * dy - sine_ * dx;
        f(0.5f * static_cast<float>(width_) + (mirrored_ ? -u : u) - 0.5f,
          0.5f * static_cast<float>(height_) + v - 0.5f, weight);
      }
  }

 private:
  int height_, width_;
  Point origin_;
  float cosine_, sine_;
  bool mirrored_;
  int taps_ = 1;
};

template <class F>
void bilinear(const Image<float>& from, float x, float y, F&& f) {
  const int j = floor_int(x), i = floor_int(y);
  const float a = x - static_cast<float>(j), b = y - static_cast<float>(i);
  f(i, j, (1 - a) * (1 - b));
  f(i, j + 1, a * (1 - b));
  f(i + 1, j, (1 - a) * b);
  f(i + 1, j + 1, a * b);
  static_cast<void>(from);
}

}  // namespace detail

/// Puts one of the given foregrounds on the canvas: scaled, turned, mirrored, somewhere. Resampled with its colours
/// weighted by alpha, so that none bleeds in from outside the subject.
inline void paint_given(Canvas& c, const Given& given, Random& r) {
  const auto which = static_cast<std::size_t>(r.whole(0, static_cast<int>(given.foregrounds.size()) - 1));
  const Image<float>& colour = given.foregrounds[which];
  const Plane& alpha = given.alphas[which];
  const auto w = static_cast<float>(c.width()), h = static_cast<float>(c.height());
  const float fit = std::min(w / static_cast<float>(colour.width()), h / static_cast<float>(colour.height()));
  const float scale = fit * r.scale_between(0.4f, 1.6f), angle = 0.08f * r.normal();
  const detail::Placed placed(colour.height(), colour.width(),
                              {w * r.between(0.25f, 0.75f), h * r.between(0.35f, 0.7f)}, scale, angle, r.chance(0.5f));
  for (int y = 0; y < c.height(); ++y)
    for (int x = 0; x < c.width(); ++x) {
      float sum[4] = {0, 0, 0, 0};
      placed.positions(x, y, [&](float u, float v, float weight) {
        detail::bilinear(alpha, u, v, [&](int i, int j, float share) {
          if (i < 0 || j < 0 || i >= alpha.height() || j >= alpha.width()) return;
          const float a = std::clamp(alpha(i, j), 0.0f, 1.0f) * share * weight;
          for (int k = 0; k < 3; ++k) sum[k] += a * colour(i, j, k);
          sum[3] += a;
        });
      });
      float* q = &c.pixels()(y, x);
      const float under = 1 - std::min(sum[3], 1.0f);
      for (int k = 0; k < 4; ++k) q[k] = sum[k] + under * q[k];
    }
}

/// Fills the canvas with a crop of one of the given backgrounds, enlarged if it must be.
inline void paint_given_background(Canvas& c, const Given& given, Random& r) {
  const Image<float>& from =
      given.backgrounds[static_cast<std::size_t>(r.whole(0, static_cast<int>(given.backgrounds.size()) - 1))];
  const auto w = static_cast<float>(c.width()), h = static_cast<float>(c.height());
  const auto fw = static_cast<float>(from.width()), fh = static_cast<float>(from.height());
  const float fit = std::max(w / fw, h / fh), scale = fit * r.scale_between(1, 2.5f);
  const float free_x = 0.5f * std::max(fw * scale - w, 0.0f), free_y = 0.5f * std::max(fh * scale - h, 0.0f);
  const detail::Placed placed(from.height(), from.width(),
                              {0.5f * w + free_x * r.between(-1, 1), 0.5f * h + free_y * r.between(-1, 1)}, scale, 0,
                              r.chance(0.5f));
  for (int y = 0; y < c.height(); ++y)
    for (int x = 0; x < c.width(); ++x) {
      float* q = &c.pixels()(y, x);
      for (int k = 0; k < 3; ++k) q[k] = 0;
      placed.positions(x, y, [&](float u, float v, float weight) {
        detail::bilinear(from, u, v, [&](int i, int j, float share) {
          const float* p = &from(std::clamp(i, 0, from.height() - 1), std::clamp(j, 0, from.width() - 1));
          for (int k = 0; k < 3; ++k) q[k] += share * weight * std::clamp(p[k], 0.0f, 1.0f);
        });
      });
      q[3] = 1;
    }
}

}  // namespace hairline::synth

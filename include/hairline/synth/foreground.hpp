#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include "hairline/augment/blur.hpp"
#include "hairline/core/image.hpp"
#include "hairline/synth/canvas.hpp"

namespace hairline::synth {

/// Alpha (H, W) and straight colour (H, W, 3) of what a canvas holds.
struct Cutout {
  Plane alpha;
  Image<float> foreground;
};

namespace detail {
using Associated = Image<float, AlphaMode::associated>;

inline Associated halved(const Associated& in) {
  const int h = (in.height() + 1) / 2, w = (in.width() + 1) / 2;
  Associated out(Shape{h, w, 4});
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      float* q = &out(y, x);
      for (int i = 2 * y; i < std::min(2 * y + 2, in.height()); ++i)
        for (int j = 2 * x; j < std::min(2 * x + 2, in.width()); ++j)
          for (int c = 0; c < 4; ++c) q[c] += 0.25f * in(i, j, c);
    }
  return out;
}
}  // namespace detail

/// Alpha and straight colours of a canvas. Outside the subject, where it has no colour of its own, the foreground is a
/// smooth continuation of the nearest ones (pull and push through an image pyramid); grey if the canvas is empty.
/// Gortler et al., The Lumigraph, SIGGRAPH 1996, section 3.4.
inline Cutout cut_out(const Canvas& canvas) {
  using detail::Associated;
  const Associated& full = canvas.pixels();
  const int h = full.height(), w = full.width();
  Cutout out{Plane(Shape{h, w, 1}), Image<float>(Shape{h, w, 3})};
  std::vector<Associated> levels;
  for (const Associated* last = &full; last->height() > 1 || last->width() > 1; last = &levels.back())
    levels.push_back(detail::halved(*last));
  Image<float> coarse(Shape{1, 1, 3}, 0.5f);
  const auto resolve = [&](const Associated& level, Image<float>& colour, float least) {
    const int ch = coarse.height(), cw = coarse.width();
    for (int y = 0; y < level.height(); ++y)
      for (int x = 0; x < level.width(); ++x) {
        const float* q = &level(y, x);
        float* f = &colour(y, x);
        if (q[3] > least) {
          for (int c = 0; c < 3; ++c) f[c] = std::clamp(q[c] / q[3], 0.0f, 1.0f);
          continue;
        }
        const int i = y / 2, j = x / 2;  // quarter positions between the coarse pixels
        const int i2 = std::clamp(y % 2 != 0 ? i + 1 : i - 1, 0, ch - 1),
                  j2 = std::clamp(x % 2 != 0 ? j + 1 : j - 1, 0, cw - 1);
        for (int c = 0; c < 3; ++c)
          f[c] =
              0.5625f * coarse(i, j, c) + 0.1875f * (coarse(i, j2, c) + coarse(i2, j, c)) + 0.0625f * coarse(i2, j2, c);
      }
  };
  for (std::size_t l = levels.size(); l-- > 0;) {
    Image<float> colour(Shape{levels[l].height(), levels[l].width(), 3}, 0.5f);
    if (l + 1 == levels.size()) {
      if (levels[l](0, 0, 3) > 0)
        for (int c = 0; c < 3; ++c) colour(0, 0, c) = std::clamp(levels[l](0, 0, c) / levels[l](0, 0, 3), 0.0f, 1.0f);
    } else {
      resolve(levels[l], colour, 1e-3f);
    }
    coarse = std::move(colour);
  }
  constexpr float least = 1.0f / 2048;  // less coverage than that is none: it would be rounding errors of the blurs
  resolve(full, out.foreground, least);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) out.alpha(y, x) = full(y, x, 3) > least ? std::min(full(y, x, 3), 1.0f) : 0.0f;
  return out;
}

/// Blurs a canvas along a line, as a moving subject or camera does. Light is averaged with its coverage, so alpha and
/// colours stay exact.
inline void motion_blur(Canvas& canvas, Point move) {
  const int steps = std::min(static_cast<int>(length(move) * 1.5f) + 2, 48);
  const detail::Associated from = canvas.pixels();
  const int h = from.height(), w = from.width();
  const std::ptrdiff_t row = 4 * static_cast<std::ptrdiff_t>(w);
  std::vector<float> line(static_cast<std::size_t>(row));
  struct Tap {
    int dy, dx;
    float w00, w01, w10, w11;
  };
  std::vector<Tap> taps;
  for (int i = 0; i < steps; ++i) {
    const float t = (static_cast<float>(i) + 0.5f) / static_cast<float>(steps) - 0.5f;
    const int dx = floor_int(t * move.x), dy = floor_int(t * move.y);
    const float a = t * move.x - static_cast<float>(dx), b = t * move.y - static_cast<float>(dy),
                per = 1 / static_cast<float>(steps);
    taps.push_back({dy, dx, per * (1 - a) * (1 - b), per * a * (1 - b), per * (1 - a) * b, per * a * b});
  }
  for (int y = 0; y < h; ++y) {
    std::fill(line.begin(), line.end(), 0.0f);
    for (const Tap& t : taps)
      for (const auto& [dy, left, right] : {std::tuple{t.dy, t.w00, t.w01}, std::tuple{t.dy + 1, t.w10, t.w11}}) {
        const float* source = &from(std::clamp(y + dy, 0, h - 1), 0);
        for (int x = 0; x < w; ++x) {
          const float* p = source + 4 * std::clamp(x + t.dx, 0, w - 1);
          const float* q = source + 4 * std::clamp(x + t.dx + 1, 0, w - 1);
          for (int c = 0; c < 4; ++c) line[static_cast<std::size_t>(4 * x + c)] += left * p[c] + right * q[c];
        }
      }
    std::copy(line.begin(), line.end(), &canvas.pixels()(y, 0));
  }
}

/// Puts a canvas out of focus; radius of the blur in pixels. Exact like motion_blur.
inline void defocus(Canvas& canvas, float radius) {
  augment::box_blur(canvas.pixels().view(), radius * 0.8f, radius * 0.8f);
  augment::box_blur(canvas.pixels().view(), radius * 0.5f, radius * 0.5f);
}

}  // namespace hairline::synth

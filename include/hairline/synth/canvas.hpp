#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "hairline/core/image.hpp"
#include "hairline/synth/colour.hpp"
#include "hairline/synth/coverage.hpp"
#include "hairline/synth/geometry.hpp"

namespace hairline::synth {

/// One hair, stalk or thread: a cubic curve that tapers, changes colour and thins out from root to tip.
struct Strand {
  Point root, first, second, tip;             ///< Bezier points
  float root_width = 1.5f, tip_width = 0.4f;  ///< pixels; less than one is drawn as that much coverage
  Paint root_paint, tip_paint;
  float root_opacity = 1, tip_opacity = 1;
  float curl = 0, turns = 0, phase = 0;  ///< a wave across the curve: its height in pixels, how many, where it begins

  Point at(float t) const {
    const float s = 1 - t;
    return (s * s * s) * root + (3 * s * s * t) * first + (3 * s * t * t) * second + (t * t * t) * tip;
  }
};

/// A picture with associated alpha to paint on, the later over the earlier, with exact coverage.
class Canvas {
 public:
  Canvas(int width, int height) : pixels_(Shape{height, width, 4}), coverage_(width, height) {}
  int width() const { return pixels_.width(); }
  int height() const { return pixels_.height(); }
  Image<float, AlphaMode::associated>& pixels() { return pixels_; }
  const Image<float, AlphaMode::associated>& pixels() const { return pixels_; }
  /// Polygons to be filled next.
  Coverage& coverage() { return coverage_; }

  void blend(int y, int x, Paint p, float a) {
    float* q = &pixels_(y, x);
    const float b = 1 - a;
    q[0] = p.r * a + q[0] * b;
    q[1] = p.g * a + q[1] * b;
    q[2] = p.b * a + q[2] * b;
    q[3] = a + q[3] * b;
  }
  /// Paints only where something is already: the alpha stays.
  void blend_atop(int y, int x, Paint p, float a) {
    float* q = &pixels_(y, x);
    const float b = 1 - a, c = a * q[3];
    q[0] = p.r * c + q[0] * b;
    q[1] = p.g * c + q[1] * b;
    q[2] = p.b * c + q[2] * b;
  }

  /// Fills the polygons with colour(x, y) at pixel centres.
  template <class F>
  void fill(F&& colour, float opacity = 1) {
    coverage_.sweep([&](int y, int x, float c) {
      blend(y, x, colour(static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f), c * opacity);
    });
  }
  template <class F>
  void fill(const Outline& outline, F&& colour, float opacity = 1) {
    coverage_.add(outline);
    fill(colour, opacity);
  }
  void fill(const Outline& outline, Paint colour, float opacity = 1) {
    fill(
        outline, [&](float, float) { return colour; }, opacity);
  }
  /// The same only where something is painted already.
  void fill_atop(const Outline& outline, Paint colour, float opacity = 1) {
    coverage_.add(outline);
    coverage_.sweep([&](int y, int x, float c) { blend_atop(y, x, colour, c * opacity); });
  }

  void draw(const Strand& s) {
    trace(s);
    const Point run = s.tip - s.root;
    const float per = 1 / std::max(dot(run, run), 1e-6f);
    coverage_.sweep([&](int y, int x, float c) {
      const Point p = Point{static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f} - s.root;
      const float t = std::clamp(dot(p, run) * per, 0.0f, 1.0f);
      blend(y, x, mix(s.root_paint, s.tip_paint, t), c * (s.root_opacity + (s.tip_opacity - s.root_opacity) * t));
    });
  }

  /// Adds a strand's outline to the coverage without painting it.
  void trace(const Strand& s) {
    const float run = length(s.first - s.root) + length(s.second - s.first) + length(s.tip - s.second);
    const auto width = static_cast<float>(this->width()), height = static_cast<float>(this->height());
    const float reach = std::abs(s.curl) + std::max(s.root_width, s.tip_width);
    const auto [left, right] = std::minmax({s.root.x, s.first.x, s.second.x, s.tip.x});
    const auto [top, bottom] = std::minmax({s.root.y, s.first.y, s.second.y, s.tip.y});
    if (!(right + reach > 0 && left - reach < width && bottom + reach > 0 && top - reach < height)) return;
    const int steps = std::clamp(static_cast<int>(run / 4 + 8 * s.turns), 3, 64);
    Point left_side, right_side;
    const auto place = [&](float t) {
      Point p = s.at(t);
      if (s.curl == 0) return p;
      return p + (s.curl * std::min(2 * t, 1.0f) * std::sin(6.2831853f * s.turns * t + s.phase)) *
                     across(unit(s.tip - s.root));
    };
    Point before = s.root, here = place(0);
    for (int i = 0; i <= steps; ++i) {
      const float t = static_cast<float>(i) / static_cast<float>(steps);
      const Point after = i < steps ? place(t + 1 / static_cast<float>(steps)) : here;
      const Point side = across(unit(after - (i == 0 ? here : before)));
      const float half = 0.5f * (s.root_width + (s.tip_width - s.root_width) * t);
      const Point l = here + half * side, r = here - half * side;
      if (i == 0) {
        coverage_.edge(l, r);
      } else {
        coverage_.edge(l, left_side);
        coverage_.edge(right_side, r);
      }
      if (i == steps) coverage_.edge(r, l);
      left_side = l;
      right_side = r;
      before = here;
      here = after;
    }
  }

 private:
  Image<float, AlphaMode::associated> pixels_;  // (H, W, 4)
  Coverage coverage_;
};

}  // namespace hairline::synth

#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "hairline/core/image.hpp"

namespace hairline::demo {

struct Point {
  float x = 0, y = 0;
  friend Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
  friend Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
  friend Point operator*(float s, Point a) { return {s * a.x, s * a.y}; }
};
inline float length(Point p) { return std::hypot(p.x, p.y); }
inline Point unit(Point p) {
  const float l = length(p);
  return l > 0 ? (1 / l) * p : Point{0, 0};
}
inline Point turned(Point p, float angle) {
  const float c = std::cos(angle), s = std::sin(angle);
  return {c * p.x - s * p.y, s * p.x + c * p.y};
}

struct Paint {
  float r = 0, g = 0, b = 0;
  friend Paint operator*(float s, Paint p) { return {s * p.r, s * p.g, s * p.b}; }
  friend Paint operator+(Paint p, Paint q) { return {p.r + q.r, p.g + q.g, p.b + q.b}; }
};
inline Paint mix(Paint a, Paint b, float t) { return (1 - t) * a + t * b; }
inline float smooth_step(float low, float high, float v) {
  const float t = std::clamp((v - low) / (high - low), 0.0f, 1.0f);
  return t * t * (3 - 2 * t);
}

/// One hair: a quadratic curve that tapers and changes colour from root to tip.
struct Strand {
  Point root, middle, tip;
  float root_width = 1.5f, tip_width = 0.4f;
  Paint root_paint, tip_paint;
  float opacity = 1;
};

/// A picture with associated alpha to paint on, the later over the earlier.
class Canvas {
 public:
  Canvas(int width, int height)
      : pixels_(Shape{height, width, 4}), coverage_(pixels_.shape().pixels(), 0), along_(coverage_.size(), 0) {}
  int width() const { return pixels_.width(); }
  int height() const { return pixels_.height(); }
  const Image<float, AlphaMode::associated>& pixels() const { return pixels_; }

  void blend(int x, int y, Paint p, float a) {
    if (x < 0 || y < 0 || x >= width() || y >= height() || a <= 0) return;
    float* q = &pixels_(y, x);
    q[0] = p.r * a + q[0] * (1 - a);
    q[1] = p.g * a + q[1] * (1 - a);
    q[2] = p.b * a + q[2] * (1 - a);
    q[3] = a + q[3] * (1 - a);
  }

  /// Blends paint(x, y) with coverage(x, y) over a rectangle.
  template <class Coverage, class Colour>
  void fill(float left, float top, float right, float bottom, Coverage&& coverage, Colour&& colour) {
    for (int y = std::max(0, static_cast<int>(top)); y <= std::min(height() - 1, static_cast<int>(bottom) + 1); ++y)
      for (int x = std::max(0, static_cast<int>(left)); x <= std::min(width() - 1, static_cast<int>(right) + 1); ++x) {
        const float a = coverage(static_cast<float>(x), static_cast<float>(y));
        if (a > 0) blend(x, y, colour(static_cast<float>(x), static_cast<float>(y)), std::min(a, 1.0f));
      }
  }

  /// An ellipse turned by `angle`; `soft` is the width of its edge in pixels.
  template <class Colour>
  void ellipse(Point centre, float rx, float ry, float angle, float soft, float opacity, Colour&& colour) {
    const float reach = std::max(rx, ry) + soft + 1;
    fill(
        centre.x - reach, centre.y - reach, centre.x + reach, centre.y + reach,
        [&](float x, float y) {
          const Point p = turned(Point{x, y} - centre, -angle);
          const float inside = (1 - std::hypot(p.x / rx, p.y / ry)) * std::min(rx, ry);
          return opacity * std::clamp(inside / soft + 0.5f, 0.0f, 1.0f);
        },
        colour);
  }

  void draw(const Strand& s) {
    const float run = length(s.middle - s.root) + length(s.tip - s.middle);
    const int steps = std::max(3, static_cast<int>(run / 3));
    Point from = s.root;
    for (int i = 1; i <= steps; ++i) {
      const float t = static_cast<float>(i) / static_cast<float>(steps);
      const Point to = (1 - t) * (1 - t) * s.root + 2 * t * (1 - t) * s.middle + t * t * s.tip;
      cover(from, to, t - 1.0f / static_cast<float>(steps), t, s);
      from = to;
    }
    for (const std::size_t i : touched_) {
      const int x = static_cast<int>(i % static_cast<std::size_t>(width()));
      blend(x, static_cast<int>(i / static_cast<std::size_t>(width())), mix(s.root_paint, s.tip_paint, along_[i]),
            coverage_[i] * s.opacity);
      coverage_[i] = 0;
    }
    touched_.clear();
  }

 private:
  // The largest coverage that any piece of the hair gives a pixel, so that pieces do not add up where they meet.
  void cover(Point a, Point b, float ta, float tb, const Strand& s) {
    const float w = std::max(s.root_width, s.tip_width) / 2 + 1;
    const Point d = b - a;
    const float squared = std::max(d.x * d.x + d.y * d.y, 1e-6f);
    const int top = std::max(0, static_cast<int>(std::floor(std::min(a.y, b.y) - w)));
    const int bottom = std::min(height() - 1, static_cast<int>(std::ceil(std::max(a.y, b.y) + w)));
    const int left = std::max(0, static_cast<int>(std::floor(std::min(a.x, b.x) - w)));
    const int right = std::min(width() - 1, static_cast<int>(std::ceil(std::max(a.x, b.x) + w)));
    for (int y = top; y <= bottom; ++y)
      for (int x = left; x <= right; ++x) {
        const Point p = Point{static_cast<float>(x), static_cast<float>(y)} - a;
        const float u = std::clamp((p.x * d.x + p.y * d.y) / squared, 0.0f, 1.0f);
        const float t = ta + (tb - ta) * u;
        const float hair = s.root_width + (s.tip_width - s.root_width) * t;
        // Thinner than a pixel: one pixel wide, and as much fainter.
        const float c =
            std::clamp(std::max(hair, 1.0f) / 2 + 0.5f - length(p - u * d), 0.0f, 1.0f) * std::min(hair, 1.0f);
        const std::size_t i =
            static_cast<std::size_t>(y) * static_cast<std::size_t>(width()) + static_cast<std::size_t>(x);
        if (c <= coverage_[i]) continue;
        if (coverage_[i] == 0) touched_.push_back(i);
        coverage_[i] = c;
        along_[i] = t;
      }
  }

  Image<float, AlphaMode::associated> pixels_;  // (H, W, 4)
  std::vector<float> coverage_, along_;         // of the hair being drawn
  std::vector<std::size_t> touched_;
};

}  // namespace hairline::demo

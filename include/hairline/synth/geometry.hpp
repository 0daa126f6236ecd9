#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace hairline::synth {

/// A position in pixels: pixel (x, y) is the square from (x, y) to (x + 1, y + 1). y points down.
struct Point {
  float x = 0, y = 0;
  friend Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
  friend Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
  friend Point operator*(float s, Point a) { return {s * a.x, s * a.y}; }
};
inline float dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }
inline float length(Point p) { return std::sqrt(p.x * p.x + p.y * p.y); }
inline Point unit(Point p) {
  const float l = length(p);
  return l > 0 ? (1 / l) * p : Point{0, 0};
}
inline Point across(Point p) { return {-p.y, p.x}; }
inline Point mix(Point a, Point b, float t) { return (1 - t) * a + t * b; }
inline Point direction(float angle) { return {std::cos(angle), std::sin(angle)}; }

/// The largest whole number not above x; std::floor is a call on plain x86-64.
inline int floor_int(float x) {
  const int i = static_cast<int>(x);
  return i - (x < static_cast<float>(i) ? 1 : 0);
}

inline float smooth_step(float low, float high, float v) {
  const float t = std::clamp((v - low) / (high - low), 0.0f, 1.0f);
  return t * t * (3 - 2 * t);
}

/// Where a figure stands: its own units (y down) to pixels.
struct Stand {
  Point origin;
  float scale = 1, angle = 0;  ///< pixels per unit; radians
  bool mirrored = false;
  Point at(float x, float y) const {
    const float c = std::cos(angle), s = std::sin(angle), mx = mirrored ? -x : x;
    return {origin.x + scale * (c * mx - s * y), origin.y + scale * (s * mx + c * y)};
  }
  Point at(Point p) const { return at(p.x, p.y); }
  Point turned(Point d) const { return at(d) - origin; }
};

using Outline = std::vector<Point>;

namespace detail {
inline Point catmull_rom(Point a, Point b, Point c, Point d, float t) {
  const float t2 = t * t, t3 = t2 * t;
  return 0.5f * ((-t3 + 2 * t2 - t) * a + (3 * t3 - 5 * t2 + 2) * b + (-3 * t3 + 4 * t2 + t) * c + (t3 - t2) * d);
}
inline int curve_steps(Point a, Point b) { return std::clamp(static_cast<int>(length(b - a) / 3), 2, 24); }
}  // namespace detail

/// A smooth closed curve through the points (Catmull-Rom), as a polygon.
inline Outline smooth_closed(const Outline& p) {
  const std::size_t n = p.size();
  if (n < 3) return p;
  Outline out;
  for (std::size_t i = 0; i < n; ++i) {
    const int steps = detail::curve_steps(p[i], p[(i + 1) % n]);
    for (int k = 0; k < steps; ++k)
      out.push_back(detail::catmull_rom(p[(i + n - 1) % n], p[i], p[(i + 1) % n], p[(i + 2) % n],
                                        static_cast<float>(k) / static_cast<float>(steps)));
  }
  return out;
}

/// A smooth line through the points, with a radius at each: what limbs, tails and stems run along.
struct Spine {
  Outline points;
  std::vector<float> radii;

  static Spine smooth(const Outline& p, const std::vector<float>& radius) {
    Spine s;
    const std::size_t n = p.size();
    for (std::size_t i = 0; i + 1 < n; ++i) {
      const int steps = detail::curve_steps(p[i], p[i + 1]);
      for (int k = 0; k < steps; ++k) {
        const float t = static_cast<float>(k) / static_cast<float>(steps);
        s.points.push_back(detail::catmull_rom(p[i == 0 ? 0 : i - 1], p[i], p[i + 1], p[std::min(i + 2, n - 1)], t));
        s.radii.push_back(radius[i] + (radius[i + 1] - radius[i]) * (t * t * (3 - 2 * t)));
      }
    }
    s.points.push_back(p.back());
    s.radii.push_back(radius.back());
    return s;
  }
  /// At t in [0,1] by the number of points.
  std::size_t index(float t) const {
    return std::min(static_cast<std::size_t>(t * static_cast<float>(points.size())), points.size() - 1);
  }
  Point along(std::size_t i) const {
    const std::size_t n = points.size();
    return n < 2 ? Point{1, 0} : unit(points[std::min(i + 1, n - 1)] - points[i == 0 ? 0 : i - 1]);
  }
  float area() const {
    float sum = 3.14f * radii.front() * radii.front();
    for (std::size_t i = 1; i < points.size(); ++i)
      sum += (radii[i] + radii[i - 1]) * length(points[i] - points[i - 1]);
    return sum;
  }
  Point centre() const { return points[points.size() / 2]; }
  /// The line widened to its radii, with round ends.
  Outline outline(float grow = 0) const {
    Outline out;
    const std::size_t n = points.size();
    const auto side = [&](std::size_t i, float sign) {
      const Point a = across(along(i));
      out.push_back(points[i] + sign * std::max(radii[i] + grow, 0.0f) * a);
    };
    const auto cap = [&](std::size_t i, float from) {
      const Point a = across(along(i));
      const float start = std::atan2(a.y, a.x) + from, r = std::max(radii[i] + grow, 0.0f);
      const int steps = std::clamp(static_cast<int>(r), 3, 24);
      for (int k = 1; k < steps; ++k)
        out.push_back(points[i] +
                      r * direction(start - 3.14159265f * static_cast<float>(k) / static_cast<float>(steps)));
    };
    for (std::size_t i = 0; i < n; ++i) side(i, 1);
    cap(n - 1, 0);
    for (std::size_t i = n; i-- > 0;) side(i, -1);
    cap(0, 3.14159265f);
    return out;
  }
};

inline Outline ellipse(Point centre, float rx, float ry, float angle = 0) {
  const int steps = std::clamp(static_cast<int>(std::max(rx, ry) * 2), 8, 256);
  const float c = std::cos(angle), s = std::sin(angle);
  Outline out;
  for (int i = 0; i < steps; ++i) {
    const Point d = direction(6.2831853f * static_cast<float>(i) / static_cast<float>(steps));
    out.push_back(centre + Point{rx * d.x * c - ry * d.y * s, rx * d.x * s + ry * d.y * c});
  }
  return out;
}

inline Outline rectangle(float left, float top, float right, float bottom) {
  return {{left, top}, {right, top}, {right, bottom}, {left, bottom}};
}

}  // namespace hairline::synth

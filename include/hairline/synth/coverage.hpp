#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "hairline/synth/geometry.hpp"

namespace hairline::synth {

/// How much of each pixel's square lies inside polygons: the exact area, from signed trapezoids summed along rows.
/// Polygons that are wound the same way are united (their areas add up to at most 1), which is exact unless edges of
/// two of them cross inside one pixel. Cost: the pixels under the edges, then those inside.
class Coverage {
 public:
  Coverage(int width, int height)
      : width_(width),
        height_(height),
        sums_(static_cast<std::size_t>(width + 2) * static_cast<std::size_t>(height), 0.0f),
        spans_(static_cast<std::size_t>(height), Span{width, -1}) {}
  int width() const { return width_; }
  int height() const { return height_; }

  /// One directed edge; a closed run of them bounds an area.
  void edge(Point a, Point b) {
    if (a.y == b.y) return;
    const float sign = a.y < b.y ? -1.0f : 1.0f;  // clockwise as seen (y down) counts as inside
    if (a.y > b.y) std::swap(a, b);
    const auto h = static_cast<float>(height_);
    if (!(b.y > 0) || !(a.y < h)) return;
    const float slope = (b.x - a.x) / (b.y - a.y);
    float top = a.y, x = a.x;
    if (top < 0) {
      x -= top * slope;
      top = 0;
    }
    const float bottom = std::min(b.y, h);
    for (int y = static_cast<int>(top); y < height_ && static_cast<float>(y) < bottom; ++y) {
      const float end = std::min(static_cast<float>(y + 1), bottom), dy = end - top;
      const float next = x + slope * dy;
      row_edge(y, std::min(x, next), std::max(x, next), sign * dy);
      x = next;
      top = end;
    }
  }

  /// Adds a closed polygon; its winding is made the same as the others'.
  void add(const Outline& p) { add(p, false); }
  /// Cuts a polygon out of those that contain it.
  void cut(const Outline& p) { add(p, true); }

  /// Calls f(y, x, coverage) for every pixel with coverage, row by row, and forgets the polygons.
  template <class F>
  void sweep(F&& f) {
    for (int y = top_; y <= bottom_; ++y) {
      Span& span = spans_[static_cast<std::size_t>(y)];
      float* row = &sums_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_ + 2)];
      const int last = std::min(span.right, width_ - 1);
      float sum = 0;
      for (int x = span.left; x <= last; ++x) {
        sum += row[x];
        row[x] = 0;
        const float c = std::min(sum, 1.0f);  // below 0: cut where nothing was
        if (c > 1e-4f) f(y, x, c);
      }
      for (int x = std::max(last + 1, span.left); x <= span.right; ++x) row[x] = 0;
      span = Span{width_, -1};
    }
    top_ = height_;
    bottom_ = -1;
  }

 private:
  struct Span {
    int left, right;
  };
  void add(const Outline& p, bool reversed) {
    if (p.size() < 3) return;
    float twice = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const Point a = p[i] - p[0], b = p[(i + 1) % p.size()] - p[0];
      twice += a.x * b.y - a.y * b.x;
    }
    if (!std::isfinite(twice)) return;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const Point a = p[i], b = p[(i + 1) % p.size()];
      (twice < 0) != reversed ? edge(b, a) : edge(a, b);
    }
  }
  // One row's piece of an edge from left to right, of signed height dy.
  void row_edge(int y, float left, float right, float dy) {
    const auto w = static_cast<float>(width_);
    Span& span = spans_[static_cast<std::size_t>(y)];
    float* row = &sums_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_ + 2)];
    top_ = std::min(top_, y);
    bottom_ = std::max(bottom_, y);
    if (right >= w) span.right = width_;  // what is left of the edge reaches the border
    if (left >= w) return;
    if (right > w) {  // what lies beyond the right border covers nothing
      dy *= (w - left) / (right - left);
      right = w;
    }
    if (left < 0) {  // what lies beyond the left border covers the whole row
      const float outside = right <= 0 ? 1.0f : -left / (right - left);
      row[0] += dy * outside;
      span.left = 0;
      span.right = std::max(span.right, 0);
      if (right <= 0) return;
      dy *= 1 - outside;
      left = 0;
    }
    const int first = static_cast<int>(left), last = static_cast<int>(right);
    span.left = std::min(span.left, first);
    span.right = std::max(span.right, last + 1);
    const float run = right - left;
    if (first == last || run < 1e-6f) {
      const float covered = static_cast<float>(first + 1) - 0.5f * (left + right);
      row[first] += dy * covered;
      row[first + 1] += dy * (1 - covered);
      return;
    }
    // The share of the edge left of each pixel border, as a ramp; each pixel gets the difference of its means.
    const float per = dy / run;
    const float head = static_cast<float>(first + 1) - left;
    float before = 0.5f * per * head * head;  // area inside the first pixel
    row[first] += before;
    float reached = per * head;
    for (int x = first + 1; x < last; ++x) {
      const float area = reached + 0.5f * per;
      row[x] += area - before;
      before = area;
      reached += per;
    }
    const float tail = right - static_cast<float>(last);
    const float area = reached + per * tail - 0.5f * per * tail * tail;
    row[last] += area - before;
    row[last + 1] += dy - area;
  }

  int width_, height_;
  std::vector<float> sums_;  // (H, W + 2)
  std::vector<Span> spans_;
  int top_ = height_, bottom_ = -1;
};

}  // namespace hairline::synth

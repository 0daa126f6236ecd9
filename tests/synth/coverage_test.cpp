// Coverage against 256 point samples a pixel (16 x 16), decided by other formulas.
#include <cmath>
#include <functional>

#include "hairline/synth/canvas.hpp"
#include "hairline/synth/foreground.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::synth;

namespace {

Plane painted(int w, int h, const std::function<void(Canvas&)>& paint) {
  Canvas c(w, h);
  paint(c);
  Plane alpha(Shape{h, w, 1});
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) alpha(y, x) = c.pixels()(y, x, 3);
  return alpha;
}

double largest_off(const Plane& alpha, const std::function<bool(double, double)>& inside) {
  double largest = 0;
  for (int y = 0; y < alpha.height(); ++y)
    for (int x = 0; x < alpha.width(); ++x) {
      int hits = 0;
      for (int i = 0; i < 16; ++i)
        for (int j = 0; j < 16; ++j) hits += inside(x + (j + 0.5) / 16, y + (i + 0.5) / 16) ? 1 : 0;
      largest = std::max(largest, std::abs(static_cast<double>(alpha(y, x)) - hits / 256.0));
    }
  return largest;
}

// A point sample per 1/16 pixel misses an edge's true place by up to half a sample: 1/32 of a row of samples each.
constexpr double sampling = 0.033;

}  // namespace

TEST_CASE("A disc covers what 16x supersampling says", "[synth]") {
  for (const double radius : {0.4, 1.3, 6.7, 40.0})
    for (const double cx : {10.5, 10.13, -2.0, 25.0}) {
      const double cy = 9.3;
      const Plane a = painted(23, 19, [&](Canvas& c) {
        c.fill(ellipse({static_cast<float>(cx), static_cast<float>(cy)}, static_cast<float>(radius),
                       static_cast<float>(radius)),
               Paint{});
      });
      // The circle is a polygon of max(8, 2 r) corners, whose sides lie up to r (1 - cos(pi / n)) inside it.
      const double sag = radius * (1 - std::cos(3.14159265 / std::max(8.0, std::floor(2 * radius))));
      CHECK(largest_off(a, [&](double x, double y) { return std::hypot(x - cx, y - cy) <= radius - sag / 2; }) <=
            sampling + 1.5 * sag);
    }
}

TEST_CASE("Polygons of every orientation cover their exact area", "[synth]") {
  Random r(11);
  for (int i = 0; i < 60; ++i) {
    Outline t{{r.between(-8, 30), r.between(-8, 30)},
              {r.between(-8, 30), r.between(-8, 30)},
              {r.between(-8, 30), r.between(-8, 30)}};
    const Plane a = painted(21, 17, [&](Canvas& c) { c.fill(t, Paint{}); });
    const auto side = [&](std::size_t k, double x, double y) {
      const Point p = t[k], q = t[(k + 1) % 3];
      return (static_cast<double>(q.x) - p.x) * (y - p.y) - (static_cast<double>(q.y) - p.y) * (x - p.x);
    };
    CHECK(largest_off(a, [&](double x, double y) {
            const double u = side(0, x, y), v = side(1, x, y), w = side(2, x, y);
            return (u >= 0 && v >= 0 && w >= 0) || (u <= 0 && v <= 0 && w <= 0);
          }) <= 0.05);  // samples along three edges may all be off
    double sum = 0;     // and, inside the picture, the sum is the area by Green's formula
    Outline moved = t;
    for (Point& p : moved) p = Point{p.x * 0.4f + 4, p.y * 0.3f + 4};
    for (const float v : painted(21, 17, [&](Canvas& c) { c.fill(moved, Paint{}); })) sum += static_cast<double>(v);
    const double area =
        0.5 * std::abs((static_cast<double>(moved[1].x) - moved[0].x) * (static_cast<double>(moved[2].y) - moved[0].y) -
                       (static_cast<double>(moved[2].x) - moved[0].x) * (static_cast<double>(moved[1].y) - moved[0].y));
    CHECK(sum == Approx(area).margin(2e-3 + 1e-4 * 21 * 17));  // coverage below 1e-4 is left out
  }
}

TEST_CASE("A straight strand covers what 16x supersampling of a tapered band says", "[synth]") {
  Random r(12);
  for (int i = 0; i < 40; ++i) {
    const Point a{r.between(2, 28), r.between(2, 28)}, b{r.between(2, 28), r.between(2, 28)};
    const float w0 = r.between(0.2f, 3), w1 = r.between(0.1f, 1);
    if (length(b - a) < 4) continue;
    const Plane alpha = painted(30, 30, [&](Canvas& c) {
      c.draw(Strand{a, mix(a, b, 1.0f / 3), mix(a, b, 2.0f / 3), b, w0, w1, {}, {}});
    });
    const double dx = b.x - a.x, dy = b.y - a.y, run = std::hypot(dx, dy);
    CHECK(largest_off(alpha, [&](double x, double y) {
            const double t = ((x - a.x) * dx + (y - a.y) * dy) / (run * run);
            const double off = std::abs((x - a.x) * dy - (y - a.y) * dx) / run;
            return t >= 0 && t <= 1 && off <= 0.5 * (w0 + (w1 - w0) * t);
          }) <= 2 * sampling);  // two edges
  }
}

TEST_CASE("A curved strand covers what its curve swept by a disc covers", "[synth]") {
  const Strand s{{4, 25}, {6, 5}, {24, 4}, {26, 22}, 2.4f, 2.4f, {}, {}};
  const Plane alpha = painted(30, 30, [&](Canvas& c) { c.draw(s); });
  CHECK(largest_off(alpha, [&](double x, double y) {
          double near = 1e9;
          bool at_end = false;
          for (int i = 0; i <= 2000; ++i) {
            const double t = i / 2000.0;
            const Point p = s.at(static_cast<float>(t));
            const double d = std::hypot(p.x - x, p.y - y);
            if (d < near) near = d, at_end = i == 0 || i == 2000;
          }
          return near <= 1.2 && !at_end;
        }) <= 0.12);  // the curve is drawn in pieces of about 4 pixels, each up to 0.05 off its arc on both sides
}

TEST_CASE("Polygons unite and can be cut, beyond every border", "[synth]") {
  Canvas c(8, 6);
  c.coverage().add(rectangle(-5, -5, 20, 20));
  c.coverage().add(rectangle(2, 2, 4, 4));
  c.coverage().cut(rectangle(5, 1, 7, 3.5f));
  c.fill([](float, float) { return Paint{1, 1, 1}; });
  CHECK(c.pixels()(0, 0, 3) == 1.0f);
  CHECK(c.pixels()(5, 7, 3) == 1.0f);
  CHECK(c.pixels()(3, 3, 3) == 1.0f);
  CHECK(c.pixels()(1, 5, 3) == Approx(0).margin(1e-6));
  CHECK(c.pixels()(3, 6, 3) == Approx(0.5).margin(1e-6));
  Canvas nothing(8, 6);  // what lies outside, has no area or is no number leaves nothing, now and later
  nothing.fill(rectangle(20, 1, 30, 4), Paint{});
  nothing.fill(rectangle(-9, 1, -2, 4), Paint{});
  nothing.fill({{1, 1}, {3, 3}, {1, 1}}, Paint{});
  nothing.fill({{NAN, 1}, {3, 3}, {1, 5}}, Paint{});
  for (const float v : nothing.pixels()) CHECK(v == Approx(0).margin(1e-6));
}

TEST_CASE("Blurs of a canvas keep its light and coverage", "[synth]") {
  Canvas c(60, 50);
  c.fill(ellipse({30, 25}, 9, 7), Paint{0.8f, 0.4f, 0.2f});
  const auto sum = [&](int k) {
    double s = 0;
    for (int y = 0; y < 50; ++y)
      for (int x = 0; x < 60; ++x) s += static_cast<double>(c.pixels()(y, x, k));
    return s;
  };
  const double light = sum(0), cover = sum(3);
  motion_blur(c, {13, -6});
  CHECK(sum(0) == Approx(light).epsilon(1e-4));
  CHECK(sum(3) == Approx(cover).epsilon(1e-4));
  defocus(c, 3);
  CHECK(sum(3) == Approx(cover).epsilon(1e-4));
  const Cutout cut = cut_out(c);  // one colour stays one colour, inside and out
  for (std::size_t i = 0; i < cut.alpha.size(); ++i) {
    CHECK(cut.foreground.data()[3 * i] == Approx(0.8).margin(2e-3));
    CHECK(cut.foreground.data()[3 * i + 2] == Approx(0.2).margin(2e-3));
  }
}

#include "creature.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "random.hpp"

namespace hairline::demo {

namespace {

constexpr Paint ginger{0.83f, 0.47f, 0.17f}, umber{0.34f, 0.16f, 0.07f}, cream{0.97f, 0.89f, 0.76f},
    pink{0.86f, 0.52f, 0.48f};

// Light from the upper left, a warm rim from behind.
float lit(Point p, float depth) {
  const float z = std::sqrt(std::max(0.0f, 1 - p.x * p.x - p.y * p.y));
  const float direct = std::max(0.0f, -0.50f * p.x - 0.58f * p.y + 0.64f * z);
  return (0.42f + 0.68f * direct + 0.30f * std::pow(1 - z, 3.0f)) * depth;
}

class Painter {
 public:
  explicit Painter(Canvas& canvas) : canvas_(canvas), scale_(static_cast<float>(canvas.height()) / 720) {}

  void paint() {
    tail();
    body();
    scarf();
    ear(-1);
    ear(1);
    head();
    flyaways();
    face();
    whiskers();
  }

 private:
  Point place(Point p) const { return {scale_ * (p.x - 640) + static_cast<float>(canvas_.width()) / 2, scale_ * p.y}; }

  // A hair at p, growing along `direction` (of any length), bent and parted by noise so that neighbours form locks.
  void hair(Point p, Point direction, float grown, Paint paint, float width, float wild = 1) {
    const float lock = 0.55f * layered_noise(p.x / 26, p.y / 26, 2, 4) * wild;
    const Point along = turned(unit(direction), lock + 0.13f * wild * random_.normal());
    const float l = grown * random_.between(0.65f, 1.2f);
    const Point bend = turned(along, 0.35f * layered_noise(p.x / 40, p.y / 40, 2, 6) + 0.1f * random_.normal());
    Strand s;
    s.root = place(p);
    s.middle = place(p + 0.55f * l * along);
    s.tip = place(p + l * bend + Point{0, 0.10f * l});  // gravity
    s.root_width = width * scale_ * random_.between(0.8f, 1.25f);
    s.tip_width = 0.35f * scale_;
    const float tone = random_.between(0.86f, 1.12f);
    s.root_paint = (0.62f * tone) * paint;
    s.tip_paint = (1.10f * tone) * paint;
    canvas_.draw(s);
  }

  void core(Point centre, float rx, float ry, float angle, Paint paint) {
    canvas_.ellipse(place(centre), rx * scale_, ry * scale_, angle, 6 * scale_, 1, [&](float, float) { return paint; });
  }

  // Roots spread over an ellipse, in the order in which their hairs lie over each other.
  std::vector<Point> roots(int count, const std::function<float(Point)>& order) {
    std::vector<Point> points;
    while (static_cast<int>(points.size()) < count) {
      const Point p{random_.between(-1, 1), random_.between(-1, 1)};
      if (length(p) < 1) points.push_back(p);
    }
    std::stable_sort(points.begin(), points.end(), [&](Point a, Point b) { return order(a) < order(b); });
    return points;
  }

  void body() {
    const Point centre{640, 700};
    const float rx = 215, ry = 270;
    core(centre, rx - 12, ry - 12, 0, 0.5f * ginger);
    for (const Point q : roots(17000, [](Point p) { return -p.y; })) {
      if (q.y > 0.25f) continue;  // below the lower border
      const Point p{centre.x + rx * q.x, centre.y + ry * q.y};
      const float stripe = smooth_step(
          0.05f, 0.35f, std::sin(p.y / 13 + 2.4f * std::abs(q.x) * 3 + 2 * layered_noise(p.x / 70, p.y / 50, 2, 21)));
      const float bib = smooth_step(0.42f, 0.18f, std::abs(q.x + 0.08f * layered_noise(0, p.y / 30, 2, 5)));
      const Paint coat = mix(mix(ginger, umber, 0.72f * stripe), cream, bib);
      const Point flow{1.15f * q.x, 0.9f};
      hair(p, flow, 30 + 22 * std::abs(q.x) + 16 * bib, lit({q.x, q.y * 0.8f}, 1) * coat, 1.9f);
    }
  }

  Point tail_at(float t) const {  // an S that rises on the right
    const Point a{800, 700}, b{1010, 690}, c{1040, 470}, d{925, 330};
    const float s = 1 - t;
    return s * s * s * a + 3 * s * s * t * b + 3 * s * t * t * c + t * t * t * d;
  }

  void tail() {
    const int pieces = 46;
    for (int i = 0; i < pieces; ++i) {
      const float t = static_cast<float>(i) / (pieces - 1);
      core(tail_at(t), 26 + 12 * std::sin(3.0f * t), 26 + 12 * std::sin(3.0f * t), 0, 0.5f * ginger);
    }
    std::vector<Point> at;  // x: along the tail, y: across it
    for (int i = 0; i < 9000; ++i) at.push_back({random_.uniform(), random_.between(-1, 1)});
    std::stable_sort(at.begin(), at.end(), [](Point a, Point b) { return a.x > b.x; });
    for (const Point q : at) {
      const Point along = unit(tail_at(std::min(q.x + 0.02f, 1.02f)) - tail_at(q.x));
      const Point across{-along.y, along.x};
      const float half = 32 + 14 * std::sin(3.0f * q.x);
      const float ring = smooth_step(0.0f, 0.4f, std::sin(q.x * 34 + 0.8f * layered_noise(q.x * 20, q.y * 2, 2, 9)));
      const Paint coat = mix(mix(ginger, umber, 0.75f * ring), cream, smooth_step(0.90f, 0.98f, q.x));
      const float across_light = lit({0.9f * (q.y * across.x), 0.9f * (q.y * across.y)}, 1);
      hair(tail_at(q.x) + half * q.y * across, along + 0.85f * q.y * across, 38 + 22 * q.x, across_light * coat, 1.7f);
    }
  }

  void ear(float side) {
    const Point base{640 + side * 105, 225}, tip{640 + side * 158, 72};
    const Point axis = tip - base;
    const Point across = 58.0f * unit(Point{-axis.y, axis.x});
    const auto inside = [&](float along, float over) { return base + along * axis + (over * (1 - along)) * across; };
    for (int i = 0; i < 26; ++i) {
      const float a = static_cast<float>(i) / 26;
      core(inside(a, 0), 48 * (1 - a) + 5, 12, std::atan2(across.y, across.x), 0.42f * ginger);
    }
    for (int i = 0; i < 2600; ++i) {
      const float a = 1 - static_cast<float>(i) / 2600, over = random_.between(-1, 1);
      const bool hollow = std::abs(over) < 0.62f && a < 0.72f;
      const Paint coat = hollow ? mix(pink, cream, 0.35f) : mix(ginger, umber, smooth_step(0.55f, 0.95f, a));
      hair(inside(a, over), unit(axis) + (over * 0.011f) * across, hollow ? 26 : 20,
           lit({side * 0.3f, -0.4f}, hollow ? 0.8f : 1) * coat, 1.4f, 0.6f);
    }
    for (int i = 0; i < 60; ++i)  // the tuft
      hair(inside(random_.between(0.86f, 1.0f), random_.between(-1, 1)), unit(axis), 58, umber, 1.2f, 0.6f);
    for (int i = 0; i < 90; ++i)  // long hairs out of the hollow
      hair(inside(random_.between(0.05f, 0.45f), side * random_.between(-0.4f, 0.5f)), Point{-side * 0.5f, -1}, 46,
           0.95f * cream, 1.1f, 0.9f);
  }

  void head() {
    const Point centre{640, 305}, nose{0, 0.36f};
    const float rx = 172, ry = 152;
    core(centre, rx - 10, ry - 10, 0, 0.5f * ginger);
    for (const Point q : roots(20000, [&](Point p) { return -length(p - nose); })) {
      const Point p{centre.x + rx * q.x, centre.y + ry * q.y};
      const Point from_nose = q - nose;
      const float away = length(from_nose);
      const float forehead = smooth_step(0.0f, -0.3f, q.y);
      const float stripes =
          smooth_step(0.1f, 0.6f, std::sin(q.x * 19 + 0.6f * layered_noise(p.x / 40, p.y / 40, 2, 2))) * forehead;
      const float cheek = smooth_step(0.35f, 0.7f, std::abs(q.x)) *
                          smooth_step(0.0f, 0.6f, std::sin(away * 15 + layered_noise(p.x / 50, p.y / 30, 2, 7)));
      const float muzzle = smooth_step(0.50f, 0.34f, std::hypot((q.x) * 0.9f, (q.y - 0.44f) * 1.15f));
      const float brows = smooth_step(0.20f, 0.10f, std::hypot(std::abs(q.x) - 0.34f, (q.y + 0.33f) * 1.3f));
      const Paint coat =
          mix(mix(ginger, umber, 0.75f * std::max(stripes, 0.7f * cheek)), cream, std::max(muzzle, 0.7f * brows));
      const float grown = 9 + 24 * smooth_step(0.25f, 1.0f, away) +
                          26 * smooth_step(0.5f, 1.0f, std::abs(q.x)) * smooth_step(-0.3f, 0.4f, q.y);
      hair(p, from_nose + Point{0, 0.12f * away}, grown, (lit({0.92f * q.x, 0.92f * q.y}, 1) + 0.34f * muzzle) * coat,
           1.6f, 0.75f);
    }
  }

  // Single long hairs that stand off the outline of head and body.
  void flyaways() {
    for (int i = 0; i < 420; ++i) {
      const float angle = random_.between(0, 6.2832f);
      const Point q{std::cos(angle), std::sin(angle)};
      const bool low = q.y > 0.2f;
      const Point p{640 + 166 * q.x, 305 + 146 * q.y};
      hair(p, q + Point{0, low ? 0.5f : -0.1f}, random_.between(34, low ? 82.0f : 60.0f),
           lit(0.9f * q, 1.1f) * mix(ginger, cream, 0.35f * random_.uniform()), 0.95f, 1.5f);
    }
  }

  void disc(Point at, float rx, float ry, float angle, float soft, float opacity, Paint paint) {
    canvas_.ellipse(place(at), rx * scale_, ry * scale_, angle, soft * scale_, opacity,
                    [&](float, float) { return paint; });
  }

  void face() {
    for (const float side : {-1.0f, 1.0f}) {
      const Point eye{640 + side * 62, 288};
      disc(eye, 37, 31, side * 0.22f, 5, 0.9f, 0.5f * umber);
      disc(eye, 32, 26.5f, side * 0.22f, 1.5f, 1, {0.07f, 0.05f, 0.03f});
      const Point centre = place(eye);
      canvas_.ellipse(centre, 30 * scale_, 24 * scale_, side * 0.22f, 1.5f, 1, [&](float x, float y) {
        const Point p = (1 / scale_) * (Point{x, y} - centre);
        const float rays = 0.10f * noise(std::atan2(p.y, p.x) * 9, length(p) / 9, 31);
        return (1.05f - 0.018f * (18 - p.y) + rays) * mix({0.92f, 0.78f, 0.25f}, {0.42f, 0.62f, 0.22f}, length(p) / 30);
      });
      disc(eye, 9, 22, 0, 1.5f, 1, {0.02f, 0.02f, 0.02f});
      disc(eye + Point{-9, -10}, 6.5f, 5.5f, 0, 1.5f, 0.95f, {1, 1, 1});
      disc(eye + Point{10, 9}, 3, 3, 0, 2, 0.5f, {1, 1, 0.9f});
    }
    const Point nose{640, 352};
    for (int i = 0; i < 12; ++i)
      disc(nose + Point{0, static_cast<float>(i)}, 17 - 1.15f * static_cast<float>(i), 5, 0, 1.5f, 1,
           (0.92f - 0.02f * static_cast<float>(i)) * pink);
    disc(nose + Point{-5, -1}, 5, 2, -0.2f, 2, 0.5f, {1, 0.85f, 0.82f});
    for (const float side : {-1.0f, 1.0f}) {
      Strand mouth;
      mouth.root = place({640, 366});
      mouth.middle = place({640 + side * 6, 392});
      mouth.tip = place({640 + side * 38, 384});
      mouth.root_width = 3.2f * scale_;
      mouth.tip_width = 1.2f * scale_;
      mouth.root_paint = mouth.tip_paint = 0.9f * umber;
      canvas_.draw(mouth);
    }
  }

  void whiskers() {
    for (const float side : {-1.0f, 1.0f})
      for (int i = 0; i < 9; ++i) {
        const float fan = -0.42f + 0.10f * static_cast<float>(i) + 0.03f * random_.normal();
        const Point root{640 + side * random_.between(34, 58), 364 + random_.between(-8, 16)};
        const Point along{side * std::cos(fan), std::sin(fan)};
        const float l = random_.between(150, 235);
        Strand s;
        s.root = place(root);
        s.middle = place(root + 0.55f * l * along + Point{0, -14});
        s.tip = place(root + l * along + Point{0, random_.between(4, 26)});
        s.root_width = 2.1f * scale_;
        s.tip_width = 0.45f * scale_;
        s.root_paint = {0.96f, 0.93f, 0.88f};
        s.tip_paint = {1, 0.98f, 0.95f};
        canvas_.draw(s);
      }
  }

  // A ribbon from the neck to the left, thin enough to see through, with folds, a hem and threads.
  void scarf() {
    const auto along = [](float t) {
      const Point a{782, 432}, b{560, 560}, c{400, 380}, d{180, 470};
      const float s = 1 - t;
      return s * s * s * a + 3 * s * s * t * b + 3 * s * t * t * c + t * t * t * d;
    };
    const int steps = 1500, threads = 150;
    for (int j = 0; j <= threads; ++j)
      for (int i = 0; i < steps; ++i) {
        const float t = static_cast<float>(i) / steps, v = static_cast<float>(j) / threads - 0.5f;
        const Point p = along(t), ahead = along(t + 0.002f);
        const Point n = unit(Point{p.y - ahead.y, ahead.x - p.x});
        const float wide = 58 + 46 * t + 10 * std::sin(9 * t);
        const Point at = p + (wide * v + 9 * std::sin(11 * t + 3 * v)) * n;
        stain(at, t, v);
      }
    lay_scarf();
  }

  void stain(Point at, float t, float v) {
    const Point p = place(at);
    const float fold = std::sin(22 * v + 5 * std::sin(6 * t) + 3 * t);
    const float hem = smooth_step(0.455f, 0.485f, std::abs(v));
    const float bands = smooth_step(0.55f, 0.75f, std::sin(t * 55));
    float a = 0.40f + 0.12f * fold + 0.30f * hem + 0.16f * bands;
    a *= smooth_step(1.0f, 0.985f, t);
    const Paint cloth =
        (0.86f + 0.16f * fold) * mix({0.16f, 0.55f, 0.66f}, {0.93f, 0.93f, 0.86f}, 0.75f * std::max(bands, hem));
    stains_.push_back({p, a, cloth});
  }

  struct Stain {
    Point at;
    float alpha;
    Paint paint;
  };

  // Points of the cloth are gathered per pixel first: a pixel's alpha is their mean, and at the edges as much less as
  // the cloth covers less of it.
  void lay_scarf() {
    const int w = canvas_.width(), h = canvas_.height();
    Image<float> sum(Shape{h, w, 5});
    for (const Stain& s : stains_) {
      const int x = static_cast<int>(std::floor(s.at.x)), y = static_cast<int>(std::floor(s.at.y));
      const float u = s.at.x - static_cast<float>(x), v = s.at.y - static_cast<float>(y);
      for (int k = 0; k < 4; ++k) {
        const int px = x + k % 2, py = y + k / 2;
        if (px < 0 || py < 0 || px >= w || py >= h) continue;
        const float weight = (k % 2 ? u : 1 - u) * (k / 2 ? v : 1 - v);
        float* q = &sum(py, px);
        q[0] += weight * s.paint.r;
        q[1] += weight * s.paint.g;
        q[2] += weight * s.paint.b;
        q[3] += weight * s.alpha;
        q[4] += weight;
      }
    }
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        const float* q = &sum(y, x);
        if (q[4] <= 0) continue;
        const float cover = std::min(q[4] / 1.2f, 1.0f);
        canvas_.blend(x, y, (1 / q[4]) * Paint{q[0], q[1], q[2]}, std::min(cover * q[3] / q[4], 1.0f));
      }
    stains_.clear();
  }

  Canvas& canvas_;
  float scale_;
  Random random_{2024};
  std::vector<Stain> stains_;
};

}  // namespace

void paint_creature(Canvas& canvas) { Painter(canvas).paint(); }

}  // namespace hairline::demo

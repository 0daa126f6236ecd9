#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "hairline/synth/cloth.hpp"

namespace hairline::synth {

namespace detail {

// Half the outline of a turned vessel: (radius, height) from the mouth down, one unit high.
inline Outline vessel_profile(Random& r) {
  const float wide = r.between(0.2f, 0.42f);
  switch (r.whole(0, 4)) {
    case 0:
      return {{wide, -0.5f}, {wide * r.between(0.8f, 1), 0.0f}, {wide * r.between(0.65f, 1), 0.5f}};  // a tumbler
    case 1:
      return {{wide * 0.85f, -0.5f}, {wide, -0.25f},       {wide * 0.5f, 0},    {0.025f, 0.06f},
              {0.025f, 0.4f},        {wide * 0.7f, 0.48f}, {wide * 0.75f, 0.5f}};
    case 2:
      return {{wide * 0.28f, -0.5f},
              {wide * 0.26f, -0.25f},
              {wide * 0.75f, -0.05f},
              {wide * 0.8f, 0.2f},
              {wide * 0.78f, 0.5f}};  // a bottle
    case 3:
      return {{wide * 0.8f, -0.3f}, {wide * 1.2f, 0}, {wide * 0.9f, 0.35f}, {wide * 0.3f, 0.5f}};  // a bowl
    default:
      return {{0.02f, -wide},
              {wide * 0.75f, -wide * 0.7f},
              {wide, 0},
              {wide * 0.75f, wide * 0.7f},
              {0.02f, wide}};  // a ball
  }
}

inline Outline turned(const Stand& f, const Outline& profile, float shrink) {
  std::vector<float> none(profile.size(), 0.0f);
  Outline scaled;
  for (const Point& p : profile) scaled.push_back({f.scale * std::max(p.x - shrink, 0.005f), f.scale * p.y});
  const Spine smooth = Spine::smooth(scaled, none);
  Outline o;
  for (const Point& p : smooth.points) o.push_back(f.at((1 / f.scale) * p));
  for (std::size_t i = smooth.points.size(); i-- > 0;)
    o.push_back(f.at(-smooth.points[i].x / f.scale, smooth.points[i].y / f.scale));
  return o;
}

inline void highlight(Canvas& c, Random& r, const Stand& f, const Outline& profile, float strength) {
  const float side = r.between(-0.75f, 0.75f);
  Outline path;
  for (const Point& p : profile)
    if (p.x > 0.08f) path.push_back(f.at(side * p.x, p.y * 0.85f));
  if (path.size() < 2) return;
  const float w = f.scale * r.between(0.004f, 0.04f);
  std::vector<float> radii(path.size(), w);
  radii.front() = radii.back() = w * 0.2f;
  const Spine s = Spine::smooth(path, radii);
  for (const float grow : {0.7f, 0.2f, -0.3f}) c.fill(s.outline(grow * w), Paint{0.97f, 0.98f, 1}, strength * 0.5f);
}

// A vessel of glass or plastic: nearly clear inside, dense at its rims, with highlights and maybe a drink.
inline void paint_vessel(Canvas& c, const Supplies& s, Random& r, const Stand& f) {
  const Outline profile = vessel_profile(r);
  const Paint tint =
      r.chance(0.6f) ? from_hsv(r.between(0.4f, 0.6f), r.between(0, 0.15f), r.between(0.6f, 0.95f)) : s.colours.any(r);
  const Paint edge = r.chance(0.5f) ? 0.35f * tint : mix(tint, {1, 1, 1}, 0.6f);
  const float clear = r.between(0.04f, 0.35f), wall = r.between(0.015f, 0.06f), rim = r.between(0.25f, 0.9f);
  const float wide = std::max(profile[profile.size() / 2].x, 0.1f) * f.scale;
  c.fill(
      turned(f, profile, 0),
      [&](float x, float) { return mix(tint, edge, std::min(std::abs(x - f.origin.x) / wide, 1.0f) * 0.5f); }, clear);
  if (r.chance(0.45f)) {  // filled up to some height
    const Paint drink = s.colours.any(r);
    const float level = r.between(-0.25f, 0.3f), dense = r.between(0.3f, 0.98f);
    const Outline inner = turned(f, profile, wall);
    const float surface = f.at(0, level).y;
    Outline below = inner;
    for (Point& p : below) p.y = std::max(p.y, surface);
    c.fill(
        below,
        [&](float x, float y) {
          return (0.85f + 0.3f * (x - f.origin.x) / wide + 0.1f * (y - surface) / f.scale) * drink;
        },
        dense);
  }
  for (const float in : {0.0f, 0.35f, 0.7f}) {  // the wall is seen edge on at the sides, so it thickens towards them
    c.coverage().add(turned(f, profile, in * wall));
    c.coverage().cut(turned(f, profile, (in + 0.45f) * wall));
    c.fill([&](float, float) { return edge; }, rim * (1 - in * 0.6f));
  }
  const float mouth = profile.front().x * f.scale;
  if (mouth > 0.05f * f.scale) {
    const Point at = f.at(0, profile.front().y);
    c.coverage().add(ellipse(at, mouth, mouth * 0.22f, f.angle));
    c.coverage().cut(ellipse(at, mouth * 0.93f, mouth * 0.17f, f.angle));
    c.fill([&](float, float) { return mix(edge, {1, 1, 1}, 0.5f); }, rim * 0.8f);
  }
  for (int i = r.whole(1, 5); i > 0; --i) highlight(c, r, f, profile, r.between(0.2f, 0.95f));
}

inline void paint_bubbles(Canvas& c, Random& r, const Stand& f) {
  for (int i = r.whole(1, 25); i > 0; --i) {
    const Point at = f.at(0.5f * r.normal(), 0.5f * r.normal());
    const float q = f.scale * r.scale_between(0.02f, 0.3f), phase = r.angle(), rim = r.between(0.15f, 0.6f);
    c.coverage().add(ellipse(at, q, q));
    c.coverage().sweep([&](int y, int x, float a) {
      const Point d = (1 / q) * (Point{static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f} - at);
      const float k = std::min(dot(d, d), 1.0f), turn = std::atan2(d.y, d.x);
      const Paint p = from_hsv(0.5f + 0.3f * std::sin(3 * turn + phase + 4 * k), 0.35f, 0.95f);
      c.blend(y, x, p, a * (0.03f + rim * k * k * k));
    });
    c.fill(ellipse(at + Point{-0.45f * q, -0.45f * q}, q * 0.18f, q * 0.1f, -0.8f), Paint{1, 1, 1}, 0.85f);
    c.fill(ellipse(at + Point{0.5f * q, 0.5f * q}, q * 0.1f, q * 0.05f, -0.8f), Paint{1, 1, 1}, 0.5f);
  }
}

// A clear bag or sheet: patches of every density and creases that shine.
inline void paint_film(Canvas& c, const Supplies& s, Random& r, const Stand& f) {
  Outline o;
  const int n = r.whole(7, 13);
  for (int i = 0; i < n; ++i)
    o.push_back(f.at(r.between(0.35f, 0.6f) * direction(6.2831853f * static_cast<float>(i) / static_cast<float>(n))));
  c.coverage().add(smooth_closed(o));
  const Field &a = s.bank.field(3), &b = s.bank.field(2);
  const float k = r.between(0.4f, 1.5f) / f.scale * 0.5f, u = r.uniform(), clear = r.between(0.05f, 0.3f),
              crease = r.between(0.2f, 0.9f), thin = r.between(3, 9);
  const Paint tint = r.chance(0.6f) ? Paint{0.85f, 0.88f, 0.9f} : s.colours.any(r);
  c.coverage().sweep([&](int y, int x, float cover) {
    const float px = static_cast<float>(x) * k + u, py = static_cast<float>(y) * k;
    const float fold =
        std::exp(-thin * std::abs(a(px, py))) + 0.6f * std::exp(-thin * std::abs(b(py * 0.7f, px * 0.7f)));
    c.blend(y, x, mix(tint, {1, 1, 1}, std::min(fold, 1.0f)),
            cover * std::clamp(clear + crease * fold * 0.7f, 0.02f, 0.97f));
  });
}

}  // namespace detail

/// Glasses, bottles, bubbles or clear film, about one unit high around the stand's origin.
inline void paint_glass(Canvas& c, const Supplies& s, Random& r, const Stand& stand) {
  const float kind = r.uniform();
  if (kind < 0.12f) return detail::paint_bubbles(c, r, stand);
  if (kind < 0.3f) return detail::paint_film(c, s, r, stand);
  const int count = r.chance(0.3f) ? r.whole(2, 3) : 1;
  for (int i = 0; i < count; ++i) {
    Stand f = stand;
    f.origin = stand.at(0.5f * static_cast<float>(i), 0);
    detail::paint_vessel(c, s, r, f);
  }
}

}  // namespace hairline::synth

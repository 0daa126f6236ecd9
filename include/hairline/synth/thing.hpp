#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "hairline/synth/cloth.hpp"

namespace hairline::synth {

namespace detail {

// A box, seen from a little above: front, side and top each with its own light.
inline void paint_box(Canvas& c, const Supplies& s, Random& r, const Stand& f) {
  const Material m = stuff(s, r, f.scale);
  const float w = r.between(0.2f, 0.6f), h = r.between(0.2f, 0.6f), dx = r.sign() * r.between(0.05f, 0.3f),
              dy = -r.between(0.03f, 0.2f);
  struct Face {
    Outline corners;
    float light;
  };
  const float side = dx > 0 ? w : -w;
  std::vector<Face> faces{{{{-w, -h}, {w, -h}, {w + dx, -h + dy}, {-w + dx, -h + dy}}, 1.15f},
                          {{{side, -h}, {side, h}, {side + dx, h + dy}, {side + dx, -h + dy}}, 0.7f},
                          {{{-w, -h}, {w, -h}, {w, h}, {-w, h}}, 0.95f}};
  for (Face& face : faces) {
    for (Point& p : face.corners) p = f.at(p);
    c.coverage().add(face.corners);
  }
  c.fill(m);  // all at once, so that nothing shows through where faces meet
  for (const Face& face : faces) {
    c.coverage().add(face.corners);
    c.coverage().sweep([&](int y, int x, float a) {
      c.blend_atop(y, x, face.light * m(static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f), a);
    });
  }
}

inline void paint_ball(Canvas& c, const Supplies& s, Random& r, const Stand& f) {
  const Material m = stuff(s, r, f.scale);
  const float q = f.scale * r.between(0.25f, 0.5f), gloss = r.between(0, 0.8f);
  const Point at = f.origin, light{at.x - 0.4f * q, at.y - 0.5f * q};
  c.fill(ellipse(at, q, q), [&](float x, float y) {
    const float d = length(Point{x, y} - light) / q;
    return (1.2f - 0.45f * d) * m(x, y) + (gloss * std::exp(-12 * d * d)) * Paint{1, 1, 1};
  });
}

// A wheel, hoop, rack or chair: rods with the background between them.
inline void paint_rods(Canvas& c, const Supplies& s, Random& r, const Stand& f) {
  const Material m = stuff(s, r, f.scale);
  const float rod = std::max(f.scale * r.scale_between(0.004f, 0.035f), 0.4f * s.unit);
  const auto bar = [&](Point a, Point b, float w) {
    c.coverage().add(Spine::smooth({f.at(a), f.at(b)}, {w, w}).outline());
  };
  switch (r.whole(0, 3)) {
    case 0: {  // a wheel
      const float q = 0.5f * f.scale, tyre = q * r.between(0.04f, 0.16f), flat = r.between(0.4f, 1);
      c.coverage().add(ellipse(f.origin, q * flat, q));
      c.coverage().cut(ellipse(f.origin, (q - tyre) * flat, q - tyre));
      c.fill(m);
      for (int n = r.whole(5, 36), i = 0; i < n; ++i) {
        const Point d = direction(6.2831853f * static_cast<float>(i) / static_cast<float>(n));
        bar({0, 0}, {0.48f * flat * d.x, 0.48f * d.y}, rod * 0.5f);
      }
      c.coverage().add(ellipse(f.origin, q * 0.1f * flat, q * 0.1f));
      break;
    }
    case 1: {  // a chair or table
      const float w = r.between(0.25f, 0.4f), seat = r.between(-0.1f, 0.15f), back = r.between(0.3f, 0.6f);
      for (const float x : {-w, w})
        bar({x, seat}, {x * 1.1f, 0.55f}, rod), bar({x * 0.75f, seat - 0.08f}, {x * 0.8f, 0.45f}, rod);
      bar({-w, seat}, {w, seat}, rod * 1.8f);
      for (const float x : {-w * 0.8f, w * 0.8f}) bar({x, seat}, {x, seat - back}, rod);
      for (int n = r.whole(1, 6), i = 1; i <= n; ++i)
        bar({-w * 0.8f, seat - back * static_cast<float>(i) / static_cast<float>(n)},
            {w * 0.8f, seat - back * static_cast<float>(i) / static_cast<float>(n)}, rod * 0.8f);
      break;
    }
    case 2: {  // a ladder, rack or fence
      const float w = r.between(0.12f, 0.6f), h = r.between(0.3f, 0.7f);
      bar({-w, -h}, {-w, h}, rod);
      bar({w, -h}, {w, h}, rod);
      for (int n = r.whole(3, 16), i = 0; i < n; ++i) {
        const float y = -h + 2 * h * (static_cast<float>(i) + 0.5f) / static_cast<float>(n);
        bar({-w, y}, {w, y}, rod * 0.7f);
      }
      break;
    }
    default: {  // a rope or cable, looped
      Outline path;
      for (int i = r.whole(4, 9); i > 0; --i) path.push_back(f.at(0.5f * r.normal(), 0.4f * r.normal()));
      const std::vector<float> radii(path.size(), rod * 0.7f);
      const Spine rope = Spine::smooth(path, radii);
      // Piece by piece, as it crosses itself.
      for (std::size_t i = 0; i + 1 < rope.points.size(); ++i) {
        Spine piece{{rope.points[i], rope.points[i + 1]}, {rope.radii[i], rope.radii[i + 1]}};
        c.coverage().add(piece.outline());
      }
    }
  }
  c.fill(m);
}

// A mug, pan or jug: a body with a handle one can see through.
inline void paint_mug(Canvas& c, const Supplies& s, Random& r, const Stand& f) {
  const Material m = stuff(s, r, f.scale);
  const float w = f.scale * r.between(0.2f, 0.35f), h = f.scale * r.between(0.2f, 0.45f),
              ring = f.scale * r.between(0.1f, 0.2f), thick = ring * r.between(0.2f, 0.4f);
  const Point at = f.origin;
  const float side = f.mirrored ? -1.0f : 1.0f;
  const Point handle = at + Point{side * (w + ring * 0.4f), 0};
  const auto round = [&](float x, float y) {
    const float u = std::clamp((x - at.x) / w, -1.2f, 1.2f);
    return (1.12f - 0.4f * (u + 0.3f) * (u + 0.3f)) * m(x, y);
  };
  c.coverage().add(ellipse(handle, ring, ring * 1.3f));
  c.coverage().cut(ellipse(handle, ring - thick, ring * 1.3f - thick));
  c.fill(round);
  const float low = w * r.between(0.75f, 1.1f);
  c.fill({{at.x - w, at.y - h}, {at.x + w, at.y - h}, {at.x + low, at.y + h}, {at.x - low, at.y + h}}, round);
  c.fill(ellipse({at.x, at.y - h}, w, w * 0.25f), 1.2f * m(at.x, at.y - h));
  c.fill(ellipse({at.x, at.y - h}, w * 0.88f, w * 0.18f), 0.35f * m(at.x, at.y));
  c.fill(ellipse({at.x, at.y + h}, low, low * 0.2f), 0.9f * m(at.x, at.y + h));
}

// Any outline at all: rounded or cornered, with or without holes.
inline void paint_blob(Canvas& c, const Supplies& s, Random& r, const Stand& f) {
  const Material m = r.chance(0.5f) ? cloth(s, r, f.scale) : stuff(s, r, f.scale);
  const int n = r.whole(4, 12);
  Outline o;
  for (int i = 0; i < n; ++i)
    o.push_back(f.at(r.between(0.2f, 0.6f) *
                     direction(6.2831853f * (static_cast<float>(i) + 0.3f * r.normal()) / static_cast<float>(n))));
  c.coverage().add(r.chance(0.6f) ? smooth_closed(o) : o);
  for (int i = r.chance(0.35f) ? r.whole(1, 5) : 0; i > 0; --i)
    c.coverage().cut(ellipse(f.at(0.18f * r.normal(), 0.18f * r.normal()), f.scale * r.between(0.02f, 0.07f),
                             f.scale * r.between(0.02f, 0.07f)));
  c.fill(m);
}

}  // namespace detail

/// A thing: box, ball, mug, something made of rods, an umbrella-like or arbitrary outline, about one unit across.
inline void paint_thing(Canvas& c, const Supplies& s, Random& r, const Stand& stand) {
  using namespace detail;
  const float kind = r.uniform();
  if (kind < 0.15f) return paint_box(c, s, r, stand);
  if (kind < 0.28f) return paint_ball(c, s, r, stand);
  if (kind < 0.42f) return paint_mug(c, s, r, stand);
  if (kind < 0.7f) return paint_rods(c, s, r, stand);
  paint_blob(c, s, r, stand);
}

}  // namespace hairline::synth

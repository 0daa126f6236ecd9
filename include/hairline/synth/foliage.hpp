#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "hairline/synth/cloth.hpp"
#include "hairline/synth/hair.hpp"

namespace hairline::synth {

namespace detail {

struct Leaf {
  float long_ = 20, wide = 0.3f;  ///< pixels; share of the length
  Paint paint;
  float vein = 0.1f, notch = 0;  ///< how far the middle rib stands out; 0 whole, 1 deeply lobed
};

// A leaf from its stalk along d; the middle rib splits it into a lit and a shaded half.
inline void paint_leaf(Canvas& c, Random& r, Point at, Point d, const Leaf& l) {
  const Point side = across(d), bend = (0.25f * l.long_ * r.normal() * 0.5f) * side;
  const auto on = [&](float t, float w) {
    const Point spine = at + (t * l.long_) * d + (t * t) * bend;
    return spine + (w * l.wide * l.long_) * side;
  };
  static constexpr float widths[7] = {0.02f, 0.55f, 0.9f, 1.0f, 0.8f, 0.42f, 0};
  for (const float half : {-1.0f, 1.0f}) {
    Outline o;
    for (int i = 0; i < 7; ++i) o.push_back(on(static_cast<float>(i) / 6, 0));
    for (int i = 5; i > 0; --i) {
      const float lobed = l.notch > 0 && i % 2 == 0 ? 1 - l.notch : 1;
      o.push_back(on(static_cast<float>(i) / 6, half * widths[i] * lobed));
    }
    const float light = 1 + 0.12f * half;
    const Point middle = on(0.5f, 0);
    // A hair wider than half, so that no seam shows along the rib.
    for (Point& p : o) p = p + (-0.15f * half) * side;
    c.fill(o, [&](float x, float y) {
      const float along = dot(Point{x, y} - middle, d) / l.long_,
                  off = std::abs(dot(Point{x, y} - middle, side)) / (l.wide * l.long_);
      return (light + 0.15f * along + (off < 0.1f ? l.vein : 0.0f)) * l.paint;
    });
  }
}

inline Leaf any_leaf(const Supplies& s, Random& r, float size) {
  Leaf l;
  l.long_ = size;
  l.wide = r.chance(0.4f) ? r.between(0.04f, 0.12f) : r.between(0.15f, 0.45f);
  const float hue = r.chance(0.75f) ? r.between(0.17f, 0.42f) : r.chance(0.6f) ? r.between(0, 0.15f) : r.uniform();
  l.paint = s.colours(r, from_hsv(hue, r.between(0.2f, 0.85f), r.between(0.2f, 0.85f)));
  l.vein = r.between(0, 0.25f);
  l.notch = r.chance(0.2f) ? r.between(0.3f, 0.7f) : 0;
  return l;
}

// A stem that forks, with leaves along it.
inline void paint_branch(Canvas& c, Random& r, Point from, Point d, float run, float width, const Leaf& leaf,
                         Paint bark, int depth) {
  const Point bend = (0.3f * run * r.normal() * 0.6f) * across(d);
  const Outline path{from, from + (0.5f * run) * d + 0.6f * bend, from + run * d + bend};
  const Spine stem = Spine::smooth(path, {width, width * 0.75f, width * 0.45f});
  c.fill(stem.outline(), bark);
  const int forks = depth > 0 ? r.whole(2, 4) : 0;
  for (int i = 0; i < forks; ++i) {
    const std::size_t k = stem.index(r.between(0.35f, 1));
    const float turn = r.sign() * r.between(0.3f, 1.1f);
    const Point a = stem.along(k),
                e{a.x * std::cos(turn) - a.y * std::sin(turn), a.x * std::sin(turn) + a.y * std::cos(turn)};
    paint_branch(c, r, stem.points[k], e, run * r.between(0.4f, 0.75f), width * 0.6f, leaf, bark, depth - 1);
  }
  const int leaves = std::clamp(static_cast<int>(run / (leaf.long_ * 0.3f)), 2, 30);
  for (int i = 0; i < leaves; ++i) {
    const std::size_t k = stem.index(static_cast<float>(i + 1) / static_cast<float>(leaves));
    const float turn = (i % 2 == 0 ? 1.0f : -1.0f) * r.between(0.3f, 1.3f) * (i + 1 == leaves ? 0.2f : 1.0f);
    const Point a = stem.along(k),
                e{a.x * std::cos(turn) - a.y * std::sin(turn), a.x * std::sin(turn) + a.y * std::cos(turn)};
    Leaf l = leaf;
    l.long_ *= r.between(0.6f, 1.3f);
    l.paint = clamped(r.between(0.7f, 1.25f) * leaf.paint + 0.03f * r.normal() * Paint{1, 0.5f, 0.2f});
    paint_leaf(c, r, stem.points[k], e, l);
  }
}

inline void paint_flower(Canvas& c, const Supplies& s, Random& r, Point at, float size) {
  const Paint petal = s.colours(r, from_hsv(r.uniform(), r.between(0.1f, 0.9f), r.between(0.6f, 1))),
              middle = from_hsv(r.between(0.05f, 0.16f), 0.8f, r.between(0.3f, 0.95f));
  const int petals = r.whole(4, 14);
  const float turn = r.angle(), slim = std::min(r.between(1.2f, 2.4f) / static_cast<float>(petals), 0.5f);
  for (int i = 0; i < petals; ++i) {
    Leaf l{size, slim, clamped(r.between(0.85f, 1.15f) * petal), -0.05f, 0};
    paint_leaf(c, r, at,
               direction(turn + 6.2831853f * static_cast<float>(i) / static_cast<float>(petals) + 0.1f * r.normal()),
               l);
  }
  c.fill(ellipse(at, size * 0.25f, size * 0.25f), middle);
}

inline void paint_pot(Canvas& c, const Supplies& s, Random& r, Point top, float size) {
  const Material m = stuff(s, r, size);
  const float wide = size * r.between(0.5f, 0.9f), low = wide * r.between(0.55f, 0.95f),
              tall = size * r.between(0.8f, 1.6f);
  const auto round = [&](float x, float y) {
    return (1.1f - 0.5f * ((x - top.x) / wide) * ((x - top.x) / wide)) * m(x, y);
  };
  c.fill({{top.x - wide, top.y}, {top.x + wide, top.y}, {top.x + low, top.y + tall}, {top.x - low, top.y + tall}},
         round);
  c.fill(rectangle(top.x - wide * 1.07f, top.y - size * 0.1f, top.x + wide * 1.07f, top.y + size * 0.12f), round);
}

}  // namespace detail

/// A plant: branches, a tuft of grass, a bunch of flowers or a potted bush, about one unit high above the origin.
inline void paint_foliage(Canvas& c, const Supplies& s, Random& r, const Stand& stand) {
  using namespace detail;
  const float size = stand.scale;
  const Leaf leaf = any_leaf(s, r, size * r.scale_between(0.05f, 0.25f));
  const Paint bark = s.colours(r, from_hsv(r.between(0.05f, 0.3f), r.between(0.2f, 0.6f), r.between(0.1f, 0.6f)));
  const Point base = stand.origin;
  const int kind = r.whole(0, 3);
  if (kind == 0) {  // branches, from the ground or reaching in from a border
    const Point d = r.chance(0.6f) ? unit(Point{0.3f * r.normal(), -1}) : direction(r.angle());
    paint_branch(c, r, base, d, size * 0.7f, std::max(size * 0.012f, 0.5f), leaf, bark, r.whole(1, 2));
  } else if (kind == 1) {  // grass, reeds, stalks
    HairStyle blades;
    blades.length = size * r.between(0.4f, 1), blades.width = std::max(size * r.between(0.006f, 0.03f), 0.5f);
    blades.spread = r.between(0.1f, 0.6f), blades.droop = r.between(-0.1f, 0.6f), blades.tip_opacity = 1,
    blades.opacity = 1;
    blades.contrast = 0.3f, blades.clump = 0;
    const float wide = size * r.between(0.05f, 0.8f);
    for (int i = r.whole(20, 250); i > 0; --i)
      c.draw(grow(blades, r, base + Point{wide * r.normal() * 0.5f, 0.05f * size * r.uniform()}, {0, -1},
                  jittered(leaf.paint, r, 0.08f)));
  } else if (kind == 2) {  // flowers on stems
    for (int i = r.whole(2, 12); i > 0; --i) {
      const Point tip = base + Point{size * 0.35f * r.normal(), -size * r.between(0.4f, 1)};
      c.draw({base, base + Point{0, -0.3f * size}, mix(base, tip, 0.7f), tip, size * 0.014f + 0.6f,
              size * 0.008f + 0.4f, 0.6f * leaf.paint, leaf.paint});
      paint_leaf(c, r, mix(base, tip, r.between(0.3f, 0.7f)), direction(r.between(-2.8f, -0.3f)), leaf);
      paint_flower(c, s, r, tip, size * r.between(0.05f, 0.14f));
    }
  } else {  // a dense bush, in a pot or not
    for (int i = r.whole(4, 10); i > 0; --i)
      paint_branch(c, r, base, unit(Point{0.8f * r.normal(), -1}), size * r.between(0.4f, 0.8f),
                   std::max(size * 0.008f, 0.5f), leaf, bark, 1);
    if (r.chance(0.6f)) paint_pot(c, s, r, base, size * r.between(0.15f, 0.35f));
  }
}

}  // namespace hairline::synth

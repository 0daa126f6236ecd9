#pragma once
#include <algorithm>
#include <cmath>

#include "hairline/synth/cloth.hpp"
#include "hairline/synth/hair.hpp"

namespace hairline::synth {

namespace detail {
// One seed with its parachute of fine hairs.
inline void paint_seed(Canvas& c, Random& r, Point foot, Point d, float size, float width, Paint pale, Paint dark) {
  const Point top = foot + (0.6f * size) * d;
  c.draw({foot, mix(foot, top, 0.33f), mix(foot, top, 0.66f), top, width * 1.2f, width * 0.7f, dark, pale});
  c.draw({foot - (0.18f * size) * d, foot - (0.1f * size) * d, foot - (0.05f * size) * d, foot, width * 1.5f, width * 3,
          dark, dark});
  const int hairs = r.whole(8, 22);
  for (int i = 0; i < hairs; ++i) {
    const float a = 1.35f * r.between(-1, 1);
    const Point e{d.x * std::cos(a) - d.y * std::sin(a), d.x * std::sin(a) + d.y * std::cos(a)};
    const Point tip = top + (size * r.between(0.25f, 0.45f)) * e;
    Strand h{top,
             mix(top, tip, 0.33f),
             mix(top, tip, 0.66f) + (0.03f * size * r.normal()) * across(e),
             tip,
             width * 0.6f,
             width * 0.35f,
             pale,
             pale};
    h.root_opacity = 0.85f;
    h.tip_opacity = 0.5f;
    c.draw(h);
  }
}

inline void paint_feather(Canvas& c, Random& r, Point at, float size, float width, Paint pale, Paint dark) {
  const Point d = direction(r.angle()), tip = at + size * d, bend = (0.15f * size * r.normal()) * across(d);
  const Point mid = mix(at, tip, 0.5f) + bend;
  const float barb = size * r.between(0.1f, 0.3f), sweep = r.between(0.4f, 1.1f);
  const int count = r.whole(60, 220);
  for (int i = 0; i < count; ++i) {
    const float t = static_cast<float>(i) / static_cast<float>(count);
    const Point root = mix(mix(at, mid, t), mix(mid, tip, t), t), along = unit(mix(mid - at, tip - mid, t));
    for (const float side : {-1.0f, 1.0f}) {
      const Point e = unit(std::sin(sweep) * side * across(along) + std::cos(sweep) * along);
      const float run = barb * (0.35f + 0.65f * std::sin(3.14f * std::min(t + 0.08f, 1.0f))) * r.between(0.85f, 1.1f);
      const Point end = root + run * e + (0.05f * run * r.normal()) * along;
      Strand h{root,
               mix(root, end, 0.33f),
               mix(root, end, 0.66f) + (0.08f * run) * along,
               end,
               width * 2,
               width,
               pale,
               (r.chance(0.5f) ? 0.8f : 0.95f) * pale};
      h.tip_opacity = 0.6f;
      c.draw(h);
    }
  }
  c.draw({at - (0.2f * size) * d, at, mid, tip, width * 4, width, dark, pale});
}

// An ear of grass or a plume.
inline void paint_plume(Canvas& c, Random& r, Point at, float size, float width, Paint pale, Paint green) {
  HairStyle fluff;
  fluff.length = size * r.between(0.08f, 0.3f), fluff.width = width, fluff.spread = 0.35f, fluff.tip_opacity = 0.3f,
  fluff.droop = 0.2f, fluff.clump = 0.2f;
  const Point foot = at + Point{0, size}, tip = at + Point{0.25f * size * r.normal(), -0.5f * size};
  c.draw({foot, mix(foot, at, 0.5f), at, tip, size * 0.02f + 0.5f, size * 0.008f, green, pale});
  for (int i = r.whole(150, 600); i > 0; --i) {
    const float t = r.uniform();
    const Point root = mix(at, tip, t), along = unit(tip - at);
    c.draw(
        grow(fluff, r, root, unit(along + (r.sign() * r.between(0.2f, 1)) * across(along)), jittered(pale, r, 0.06f)));
  }
}
}  // namespace detail

/// A seed head (dandelion, thistle), flying seeds, feathers or a fluffy ear, about one unit across.
inline void paint_seeds(Canvas& c, const Supplies& s, Random& r, const Stand& stand) {
  const float size = stand.scale, width = std::max(size * r.between(0.003f, 0.01f), 0.35f * s.unit);
  const Paint pale = s.colours(
      r, mix(from_hsv(r.between(0.05f, 0.2f), r.between(0, 0.3f), 0.95f), any_colour(r), r.chance(0.2f) ? 0.6f : 0));
  const Paint dark = from_hsv(r.between(0.05f, 0.12f), r.between(0.3f, 0.6f), r.between(0.15f, 0.5f)),
              green = from_hsv(r.between(0.2f, 0.35f), 0.5f, r.between(0.3f, 0.7f));
  const Point at = stand.origin;
  const int kind = r.whole(0, 3);
  if (kind <= 1) {  // a ball of seeds on a stalk, some blown off
    const Point foot = at + Point{0.2f * size * r.normal(), size * 1.6f};
    c.draw({foot, mix(foot, at, 0.4f) + Point{0.05f * size, 0}, mix(foot, at, 0.7f), at, size * 0.035f + 0.5f,
            size * 0.025f + 0.5f, 0.7f * green, green});
    const float gone = r.chance(0.5f) ? r.between(0, 0.8f) : 0, side = r.angle();
    for (int i = r.whole(40, 160); i > 0; --i) {
      const float a = r.angle(), depth = std::sqrt(r.uniform());
      if (gone > 0 && std::cos(a - side) > 1 - 2 * gone) continue;
      const Point d = direction(a);
      detail::paint_seed(c, r, at + (0.06f * size * depth) * d, d, size * 0.5f * (0.3f + 0.7f * depth), width, pale,
                         dark);
    }
    c.fill(ellipse(at, size * 0.07f, size * 0.06f), dark);
    for (int i = gone > 0 ? r.whole(1, 12) : 0; i > 0; --i)
      detail::paint_seed(c, r, at + (size * r.between(0.7f, 1.6f)) * direction(side + 0.5f * r.normal()),
                         direction(r.angle()), size * 0.4f, width, pale, dark);
  } else if (kind == 2) {
    detail::paint_feather(c, r, at, size, width, pale, dark);
  } else {
    detail::paint_plume(c, r, at, size, width, pale, green);
  }
}

}  // namespace hairline::synth

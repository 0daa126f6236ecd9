#pragma once
#include <array>
#include <cmath>

#include "hairline/synth/cloth.hpp"
#include "hairline/synth/hair.hpp"

namespace hairline::synth {

inline Paint skin_colour(Random& r) {
  static constexpr std::array<Paint, 6> tones{{{0.96f, 0.80f, 0.71f},
                                               {0.89f, 0.69f, 0.57f},
                                               {0.79f, 0.58f, 0.45f},
                                               {0.62f, 0.43f, 0.32f},
                                               {0.45f, 0.30f, 0.22f},
                                               {0.28f, 0.19f, 0.15f}}};
  const float t = r.uniform() * 4.99f;
  const auto i = static_cast<std::size_t>(t);
  return jittered(r.between(0.75f, 1.05f) * mix(tones[i], tones[i + 1], t - static_cast<float>(i)), r, 0.03f);
}

inline Paint hair_colour(Random& r) {
  static constexpr std::array<Paint, 9> natural{{{0.06f, 0.05f, 0.05f},
                                                 {0.12f, 0.08f, 0.06f},
                                                 {0.22f, 0.14f, 0.09f},
                                                 {0.35f, 0.22f, 0.13f},
                                                 {0.45f, 0.22f, 0.12f},
                                                 {0.68f, 0.52f, 0.32f},
                                                 {0.85f, 0.74f, 0.54f},
                                                 {0.55f, 0.53f, 0.52f},
                                                 {0.88f, 0.87f, 0.85f}}};
  if (r.chance(0.1f)) return any_colour(r);
  return jittered(pick(r, natural), r, 0.03f);
}

enum class Haircut { bald, cropped, side, bob, straight, wavy, curls, spikes, tied, wild, count };

/// A head in its own units: the face's centre at (0, 0), the crown at (0, -0.55), the chin at (0, 0.5), facing us.
struct Head {
  Stand stand;
  Paint skin, hair;
  Material complexion;  ///< the skin's colour with its unevenness
  Haircut cut = Haircut::bob;
  float turn = 0;  ///< -1 looks to the left, 1 to the right
  bool from_behind = false;
};

namespace detail {
inline HairStyle hair_style(const Head& h, const Supplies& s, Random& r) {
  const float u = h.stand.scale;
  HairStyle style;
  style.width = std::max(u * r.between(0.006f, 0.018f), 0.35f * s.unit);
  style.contrast = r.between(0.1f, 0.35f);
  style.tip_light = r.between(-0.1f, 0.5f);
  style.clump = r.between(0.1f, 0.8f);
  style.spread = r.between(0.1f, 0.35f);
  style.tip_opacity = r.between(0.25f, 0.9f);
  switch (h.cut) {
    case Haircut::bald:
    case Haircut::cropped:
      style.length = u * r.between(0.04f, 0.12f);
      break;
    case Haircut::side:
      style.length = u * r.between(0.12f, 0.35f), style.droop = 0.2f;
      break;
    case Haircut::bob:
      style.length = u * r.between(0.4f, 0.8f), style.droop = 0.9f;
      break;
    case Haircut::straight:
      style.length = u * r.between(0.8f, 1.8f), style.droop = 1.2f, style.spread *= 0.6f;
      break;
    case Haircut::wavy:
      style.length = u * r.between(0.5f, 1.4f), style.droop = 0.9f, style.curl = u * r.between(0.02f, 0.06f);
      style.turns = r.between(1, 4);
      break;
    case Haircut::curls:
      style.length = u * r.between(0.2f, 0.6f), style.droop = 0.15f, style.curl = u * r.between(0.03f, 0.07f);
      style.turns = r.between(1.5f, 4), style.spread = 0.5f;
      break;
    case Haircut::spikes:
      style.length = u * r.between(0.2f, 1.1f), style.droop = 0, style.clump = r.between(0.2f, 0.9f);
      break;
    case Haircut::tied:
      style.length = u * r.between(0.08f, 0.18f), style.spread = 0.4f;
      break;
    case Haircut::wild:
    case Haircut::count:
      style.length = u * r.between(0.3f, 1.2f), style.droop = 0.3f, style.spread = 0.7f;
      break;
  }
  if (r.chance(0.15f)) style.wind = {r.sign() * r.between(0.4f, 1.5f), r.between(-0.3f, 0.1f)};
  return style;
}

inline Paint lit_hair(const Head& h, Random& r, float x, float y) {
  // A band of gloss over the crown.
  const float gloss = std::exp(-8 * (y + 0.3f) * (y + 0.3f)) * (0.6f + 0.4f * std::sin(4 * x + 1));
  return (0.8f + 0.5f * gloss + 0.05f * r.normal()) * h.hair + Paint{0.05f * gloss, 0.05f * gloss, 0.05f * gloss};
}

// Strands that start all over the scalp between two angles (0 right, -pi/2 up), painted from the outside in.
inline void strands_around(Canvas& c, Random& r, const Head& h, const HairStyle& style, float from, float to,
                           float inner, int count) {
  Lock lock;
  for (int i = 0; i < count; ++i) {
    const float a = r.between(from, to), q = 1 - (1 - inner) * std::sqrt(r.uniform());
    const Point d = direction(a);
    const float x = 0.36f * q * d.x, y = -0.08f + 0.46f * q * d.y;
    const Point root = h.stand.at(x, y);
    const Point out = unit(h.stand.turned({d.x, d.y * 0.8f - 0.1f}));
    if (i % 7 == 0) {
      const Strand lead = grow(style, r, root, out, h.hair);
      lock = Lock{lead.root, lead.tip};
    }
    const bool near = length(root - lock.root) < style.length * 0.6f;
    c.draw(grow(style, r, root, out, lit_hair(h, r, x, y), near ? &lock : nullptr));
  }
}

inline int strand_count(const HairStyle& style, const Head& h, float cover) {
  const float area = 1.3f * h.stand.scale * h.stand.scale;
  return std::clamp(static_cast<int>(cover * area / (style.width * std::max(style.length, 2.0f))), 60, 5000);
}

inline Material hair_mass(const Head& h, const Supplies& s, Random& r) {
  Material m = s.bank.material(r, s.bank.tile(r, Pattern::streaks), h.stand.scale, 0.35f * h.hair, 1.25f * h.hair, 0);
  m.lay(r, h.stand.scale * 0.8f, 1.5708f, 1);
  return m;
}

inline Outline face_outline(const Head& h) {
  Outline o;
  for (const Point p : {Point{0, -0.52f}, Point{0.22f, -0.46f}, Point{0.34f, -0.2f}, Point{0.34f, 0.08f},
                        Point{0.26f, 0.34f}, Point{0.1f, 0.49f}, Point{-0.1f, 0.49f}, Point{-0.26f, 0.34f},
                        Point{-0.34f, 0.08f}, Point{-0.34f, -0.2f}, Point{-0.22f, -0.46f}})
    o.push_back(h.stand.at(p));
  return smooth_closed(o);
}

inline void paint_features(Canvas& c, Random& r, const Head& h) {
  const float u = h.stand.scale, dx = 0.13f * h.turn;
  const Paint shadow = 0.72f * h.skin, lips = mix(h.skin, {0.7f, 0.25f, 0.25f}, r.between(0.3f, 0.7f));
  const auto at = [&](float x, float y) { return h.stand.at(x + dx * (1 - x * x * 4), y); };
  const Paint blush = mix(h.skin, {0.85f, 0.35f, 0.3f}, r.between(0.1f, 0.45f));
  for (const float side : {-1.0f, 1.0f})
    for (const float grow : {1.25f, 1.0f, 0.75f, 0.5f, 0.25f})
      c.fill_atop(ellipse(at(0.17f * side, 0.17f), 0.12f * u * grow, 0.1f * u * grow), blush, 0.12f);
  const Paint iris = r.chance(0.7f) ? Paint{0.15f, 0.09f, 0.06f} : Paint{0.3f, 0.42f, 0.5f};
  const float open = r.between(0.4f, 1);
  for (const float side : {-1.0f, 1.0f}) {
    const float x = 0.15f * side;
    c.fill_atop(ellipse(at(x, -0.03f), 0.085f * u, 0.05f * u), shadow, 0.6f);
    c.fill_atop(ellipse(at(x, -0.02f), 0.06f * u, 0.028f * u * open), {0.9f, 0.88f, 0.86f});
    c.fill_atop(ellipse(at(x + 0.01f * h.turn, -0.02f), 0.026f * u, 0.028f * u * open), iris);
    const Point brow[4] = {at(x - 0.08f, -0.1f), at(x - 0.03f, -0.13f), at(x + 0.03f, -0.13f), at(x + 0.08f, -0.1f)};
    c.trace({brow[0], brow[1], brow[2], brow[3], 0.028f * u, 0.018f * u, {}, {}});
    c.coverage().sweep([&](int y, int px, float a) { c.blend_atop(y, px, mix(h.hair, h.skin, 0.25f), a * 0.85f); });
  }
  c.trace({at(0.01f, -0.03f), at(0.05f, 0.08f), at(0.07f, 0.15f), at(-0.02f, 0.18f), 0.02f * u, 0.035f * u, {}, {}});
  c.coverage().sweep([&](int y, int x, float a) { c.blend_atop(y, x, shadow, a * 0.7f); });
  const float smile = r.between(-0.01f, 0.04f), mouth = r.between(0.09f, 0.13f);
  c.trace({at(-mouth, 0.29f - smile),
           at(-0.04f, 0.3f + smile),
           at(0.04f, 0.3f + smile),
           at(mouth, 0.29f - smile),
           0.035f * u,
           0.035f * u,
           {},
           {}});
  c.coverage().sweep([&](int y, int x, float a) { c.blend_atop(y, x, lips, a); });
  if (r.chance(0.15f))  // glasses
    for (const float side : {-1.0f, 1.0f}) {
      const Point e = at(0.15f * side, -0.02f);
      c.coverage().add(ellipse(e, 0.12f * u, 0.09f * u));
      c.coverage().cut(ellipse(e, 0.1f * u, 0.075f * u));
      c.fill([](float, float) { return Paint{0.08f, 0.07f, 0.07f}; });
    }
}

// What hangs behind the head and shoulders: painted before the body.
inline void paint_back_hair(Canvas& c, const Supplies& s, Random& r, const Head& h, const HairStyle& style) {
  const bool hangs = h.cut == Haircut::bob || h.cut == Haircut::straight || h.cut == Haircut::wavy;
  if (hangs) {
    const float low = -0.1f + style.length / h.stand.scale * 0.85f, wide = r.between(0.4f, 0.58f);
    Outline o;
    for (const Point p :
         {Point{0, -0.6f}, Point{0.34f, -0.5f}, Point{wide, 0}, Point{wide, low * 0.7f}, Point{0.3f, low},
          Point{-0.3f, low}, Point{-wide, low * 0.7f}, Point{-wide, 0}, Point{-0.34f, -0.5f}})
      o.push_back(h.stand.at(p));
    const Material m = hair_mass(h, s, r);
    c.fill(smooth_closed(o), m);
  } else if (h.cut == Haircut::curls || h.cut == Haircut::wild) {
    const Material m = hair_mass(h, s, r);
    const float q = style.length / h.stand.scale * 0.45f;
    c.fill(ellipse(h.stand.at(0, -0.15f), (0.36f + q) * h.stand.scale, (0.42f + q) * h.stand.scale), m, 0.97f);
  }
  if (h.cut != Haircut::bald)
    strands_around(c, r, h, style, -3.9f, 0.76f, 0.6f, strand_count(style, h, hangs ? 2.2f : 1.6f));
}

inline void paint_front_hair(Canvas& c, const Supplies& s, Random& r, const Head& h, const HairStyle& style) {
  if (h.cut == Haircut::bald) return;
  const float line = h.from_behind ? 0.4f : r.between(-0.36f, -0.2f);
  Outline cap;
  for (const Point p : {Point{0, -0.57f}, Point{0.25f, -0.5f}, Point{0.375f, -0.22f}, Point{0.36f, 0.05f},
                        Point{0.3f, line + 0.12f}, Point{0.1f, line}, Point{-0.12f, line + 0.03f},
                        Point{-0.3f, line + 0.12f}, Point{-0.36f, 0.05f}, Point{-0.375f, -0.22f}, Point{-0.25f, -0.5f}})
    cap.push_back(h.stand.at(p));
  const Material m = hair_mass(h, s, r);
  c.fill(smooth_closed(cap), m);
  HairStyle front = style;
  front.length = std::min(style.length, h.stand.scale * r.between(0.15f, 0.4f));
  strands_around(c, r, h, front, -3.3f, 0.16f, h.from_behind ? 0.1f : 0.72f, strand_count(front, h, 1.0f));
  // A few that stray, thin and far from the rest.
  HairStyle stray = style;
  stray.width *= 0.6f;
  stray.spread = 0.8f;
  stray.clump = 0;
  stray.length = std::max(style.length * 0.8f, h.stand.scale * 0.12f);
  stray.tip_opacity = 0.3f;
  strands_around(c, r, h, stray, -3.6f, 0.5f, 0.9f, r.whole(5, 60));
  if (h.cut == Haircut::tied) {
    const Point bun = h.stand.at(r.between(-0.25f, 0.25f), -0.62f);
    const float q = h.stand.scale * r.between(0.12f, 0.22f);
    c.fill(ellipse(bun, q, q * 0.85f), m);
    HairStyle tuft = style;
    tuft.length = q * 0.5f;
    for (int i = 0; i < 60; ++i) {
      const Point d = direction(r.angle());
      c.draw(grow(tuft, r, bun + (0.8f * q) * d, d, h.hair));
    }
  }
}

inline void paint_hat(Canvas& c, const Supplies& s, Random& r, const Head& h) {
  const Material m = cloth(s, r, h.stand.scale);
  const float brim = r.chance(0.5f) ? r.between(0.45f, 0.85f) : 0.38f, tall = r.between(0.55f, 0.95f);
  Outline o;
  for (const Point p : {Point{0.38f, -0.24f}, Point{0.36f, -tall * 0.8f}, Point{0.2f, -tall}, Point{-0.2f, -tall},
                        Point{-0.36f, -tall * 0.8f}, Point{-0.38f, -0.24f}, Point{0, -0.2f}})
    o.push_back(h.stand.at(p));
  c.fill(smooth_closed(o), m);
  c.fill(Spine::smooth({h.stand.at(-brim, -0.22f), h.stand.at(0, -0.18f), h.stand.at(brim, -0.22f)},
                       {h.stand.scale * 0.03f, h.stand.scale * 0.06f, h.stand.scale * 0.03f})
             .outline(),
         m);
}
}  // namespace detail

/// Draws what a head looks like; paint_head_back and paint_head_front then paint it behind and before the body.
inline Head any_head(Random& r, const Supplies& s, const Stand& stand) {
  Head h;
  h.stand = stand;
  h.skin = s.colours(r, skin_colour(r));
  h.hair = s.colours(r, hair_colour(r));
  h.complexion = s.bank.material(r, s.bank.tile(r, Pattern::noise), stand.scale * r.between(0.5f, 2), 0.9f * h.skin,
                                 1.08f * h.skin, 0.04f);
  h.cut = static_cast<Haircut>(r.whole(0, static_cast<int>(Haircut::count) - 1));
  h.turn = r.chance(0.4f) ? 0 : r.between(-1, 1);
  h.from_behind = r.chance(0.1f);
  return h;
}

}  // namespace hairline::synth

#pragma once
#include <cmath>
#include <utility>
#include <vector>

#include "hairline/synth/cloth.hpp"
#include "hairline/synth/hair.hpp"

namespace hairline::synth {

namespace detail {

/// An animal (or a toy of one) as round parts, in units of its body's length.
struct Beast {
  std::vector<Spine> behind, body, front;  ///< painted in this order; each coated with fur
  Point head;
  float head_radius = 0.2f, muzzle = 0.6f;
  Point look{1, 0};
};

inline Spine part(const Stand& f, const Outline& p, const std::vector<float>& radii) {
  Outline q;
  std::vector<float> scaled;
  for (const Point& i : p) q.push_back(f.at(i));
  for (const float v : radii) scaled.push_back(v * f.scale);
  return Spine::smooth(q, scaled);
}

// Standing or walking, seen from the side.
inline Beast walking(const Stand& f, Random& r) {
  Beast b;
  const float tall = r.between(0.25f, 0.6f), thick = r.between(0.15f, 0.3f), neck = r.between(0.1f, 0.5f);
  b.body.push_back(
      part(f, {{-0.45f, 0}, {0, -0.03f}, {0.45f, 0.02f}}, {thick * 0.85f, thick * r.between(0.9f, 1.2f), thick}));
  const Point head{0.5f + neck * r.between(0.4f, 1), -thick * 0.5f - neck * r.between(0, 1)};
  b.front.push_back(part(f, {{0.42f, -0.02f}, mix(Point{0.42f, -0.02f}, head, 0.5f), head},
                         {thick * 0.75f, thick * 0.6f, thick * 0.55f}));
  for (int i = 0; i < 4; ++i) {
    const float x = (i < 2 ? -0.4f : 0.38f) + 0.1f * r.normal() * 0.6f, step = 0.12f * r.normal(),
                w = thick * r.between(0.22f, 0.4f);
    auto& where = i % 2 == 0 ? b.behind : b.body;
    where.push_back(part(f,
                         {{x, thick * 0.4f}, {x + step * 0.5f + 0.03f, thick + tall * 0.5f}, {x + step, thick + tall}},
                         {w * 1.5f, w, w * 0.85f}));
  }
  const float up = r.between(-0.6f, 0.5f);
  b.behind.push_back(part(f, {{-0.5f, -0.05f}, {-0.75f, -0.1f + up * 0.3f}, {-0.8f - 0.3f * r.uniform(), up}},
                          {thick * 0.25f, thick * r.between(0.15f, 0.5f), thick * r.between(0.05f, 0.4f)}));
  b.head = head;
  b.head_radius = thick * r.between(0.6f, 0.9f);
  b.look = {1, r.between(-0.1f, 0.5f)};
  return b;
}

// Sitting and facing us, or only head and chest where the frame cuts it.
inline Beast sitting(const Stand& f, Random& r) {
  Beast b;
  const float wide = r.between(0.28f, 0.48f), head = r.between(0.2f, 0.32f);
  b.behind.push_back(
      part(f, {{wide * 0.8f, 0.45f}, {wide + 0.25f, 0.4f}, {wide + 0.4f * r.uniform() + 0.1f, r.between(-0.3f, 0.4f)}},
           {0.08f, r.between(0.05f, 0.16f), r.between(0.03f, 0.14f)}));
  b.body.push_back(part(f, {{0, -0.35f}, {0, 0.05f}, {0, 0.35f}}, {wide * 0.65f, wide * 0.95f, wide * 1.15f}));
  for (const float side : {-1.0f, 1.0f}) {
    b.body.push_back(part(f, {{side * wide * 0.8f, 0.3f}, {side * wide * 1.1f, 0.5f}}, {wide * 0.5f, wide * 0.35f}));
    b.front.push_back(part(f, {{side * wide * 0.4f, -0.05f}, {side * wide * 0.45f, 0.3f}, {side * wide * 0.45f, 0.6f}},
                           {wide * 0.3f, wide * 0.22f, wide * 0.2f}));
  }
  b.head = {r.between(-0.08f, 0.08f), -0.45f - head * 0.6f};
  b.head_radius = head;
  b.look = {r.between(-0.25f, 0.25f), 0.2f};
  return b;
}

inline void paint_eye(Canvas& c, Random& r, Point at, float size, Paint iris) {
  c.fill_atop(ellipse(at, size * 1.25f, size * 1.15f), {0.05f, 0.04f, 0.04f});
  c.fill_atop(ellipse(at, size, size), iris);
  c.fill_atop(ellipse(at, size * r.between(0.35f, 0.75f), size * 0.75f), {0.02f, 0.02f, 0.02f});
  c.fill_atop(ellipse(at + Point{-0.3f * size, -0.35f * size}, size * 0.22f, size * 0.22f), {0.95f, 0.95f, 0.95f});
}

template <class F>
void paint_beast_head(Canvas& c, Random& r, const Stand& f, const Beast& b, const HairStyle& fur, F&& coat) {
  const float q = b.head_radius;
  const bool side_view = std::abs(b.look.x) > 0.6f, pointed = r.chance(0.5f);
  const Paint inner = mix(coat(f.at(b.head).x, f.at(b.head).y), {0.85f, 0.55f, 0.5f}, 0.6f);
  const float ear = q * r.between(0.35f, 1.1f), lop = r.chance(0.3f) ? 1.0f : -1.0f;
  std::vector<Spine> ears;
  for (const float side : {-1.0f, 1.0f}) {
    const Point base = b.head + Point{side * q * (side_view ? 0.3f : 0.7f) - (side_view ? 0.3f * q : 0), -q * 0.65f};
    const Point tip = base + Point{side * ear * (lop > 0 ? 0.8f : 0.35f), lop * ear};
    ears.push_back(part(f, {base, mix(base, tip, 0.5f), tip}, {q * 0.32f, q * 0.28f, q * (pointed ? 0.06f : 0.24f)}));
  }
  HairStyle fine = fur;
  fine.length *= 0.45f;
  fine.droop *= 0.4f;
  for (const Spine& e : ears) {
    c.fill(e.outline(), coat);
    c.fill(e.outline(-q * 0.12f * f.scale), inner, 0.8f);
  }
  grow_fur(c, r, ears, fine, 0.6f, coat);
  const Spine skull =
      part(f, {b.head + Point{0, -0.05f * q}, b.head + Point{0.12f * q * b.look.x, 0.15f * q}}, {q, q * 0.9f});
  const Point snout =
      b.head + (side_view ? Point{q * 1.15f, q * (0.3f + 0.3f * b.look.y)} : Point{q * b.look.x, q * 0.5f});
  const Spine muzzle = part(f, {mix(b.head, snout, 0.5f), snout}, {q * 0.6f, q * r.between(0.3f, 0.45f)});
  c.fill(skull.outline(-fine.length * 0.4f), coat);
  grow_fur(c, r, {skull}, fine, 1.4f, coat);
  const float pale = r.between(0.8f, 1.5f);
  const auto face = [&](float x, float y) { return clamped(pale * coat(x, y)); };
  c.fill(muzzle.outline(-fine.length * 0.3f), face);
  fine.length *= 0.6f;
  grow_fur(c, r, {muzzle}, fine, 1.2f, face);
  const Paint iris = from_hsv(r.between(0.05f, 0.35f), r.between(0.4f, 0.9f), r.between(0.2f, 0.9f)),
              nose{0.08f, 0.06f, 0.06f};
  const float eye = q * r.between(0.1f, 0.2f) * f.scale;
  if (side_view) {
    paint_eye(c, r, f.at(b.head + Point{0.35f * q, -0.15f * q}), eye, iris);
    c.fill(ellipse(f.at(snout + Point{0.3f * q, -0.1f * q}), q * 0.16f * f.scale, q * 0.14f * f.scale), nose);
  } else {
    for (const float side : {-1.0f, 1.0f})
      paint_eye(c, r, f.at(b.head + Point{q * (0.38f * side + 0.4f * b.look.x), -0.1f * q}), eye, iris);
    c.fill_atop(ellipse(f.at(snout), q * 0.2f * f.scale, q * 0.14f * f.scale), nose);
  }
  const int whiskers = r.chance(0.5f) ? r.whole(4, 16) : 0;
  HairStyle whisker;
  whisker.length = 1.2f * q * f.scale;
  whisker.width = std::max(fur.width * 0.6f, 0.25f);
  whisker.droop = 0.15f;
  whisker.opacity = 0.8f;
  for (int i = 0; i < whiskers; ++i) {
    const float side = i % 2 == 0 ? 1.0f : -1.0f;
    c.draw(grow(whisker, r, f.at(snout + Point{side * q * 0.25f, q * 0.1f * r.normal()}),
                unit(f.turned({side, 0.1f * r.normal()})), {0.9f, 0.9f, 0.88f}));
  }
}

struct Coat {
  Material base, patch;
  const Field* zones;
  float zone_scale, cut;
  Paint operator()(float x, float y) const {
    const float z = (*zones)(x * zone_scale, y * zone_scale);
    const float t = smooth_step(cut - 0.25f, cut + 0.25f, z);
    if (t <= 0) return base(x, y);
    return mix(base(x, y), patch(x, y), t);
  }
};

inline Material pelt(const Supplies& s, Random& r, float size) {
  Paint main = r.chance(0.75f) ? from_hsv(r.between(0.04f, 0.12f), r.between(0.05f, 0.65f), r.between(0.1f, 0.95f))
                               : any_colour(r);
  if (r.chance(0.2f)) main = r.chance(0.5f) ? Paint{0.93f, 0.92f, 0.9f} : Paint{0.06f, 0.055f, 0.055f};
  main = s.colours(r, main);
  const bool marked = r.chance(0.4f);
  const auto& t = marked ? s.bank.tile(r, {Pattern::tabby, Pattern::spots, Pattern::spots})
                         : s.bank.tile(r, {Pattern::noise, Pattern::streaks});
  Material m = s.bank.material(r, t, size, (marked ? r.between(0.2f, 0.6f) : 0.8f) * main,
                               (marked ? 1.1f : 1.15f) * main, 0.05f);
  m.lay(r, size * r.between(0.4f, 1.3f), marked ? r.between(-0.5f, 0.5f) : r.angle());
  return m;
}

}  // namespace detail

/// An animal with fur, its body about one unit long around the stand's origin.
inline void paint_animal(Canvas& canvas, const Supplies& s, Random& r, const Stand& stand) {
  using namespace detail;
  const Beast b = r.chance(0.5f) ? walking(stand, r) : sitting(stand, r);
  const Coat coat{pelt(s, r, stand.scale), pelt(s, r, stand.scale),
                  &s.bank.field(static_cast<std::size_t>(r.whole(3, 5))), r.between(0.2f, 0.8f) / stand.scale,
                  r.between(-0.5f, 2.5f)};
  HairStyle fur;
  const float kind = r.uniform();
  fur.length = stand.scale * (kind < 0.35f  ? r.between(0.02f, 0.05f)
                              : kind < 0.8f ? r.between(0.05f, 0.12f)
                                            : r.between(0.12f, 0.28f));
  fur.width = std::max(stand.scale * r.between(0.004f, 0.012f), 0.35f * s.unit);
  fur.clump = r.between(0, 0.8f);
  fur.spread = r.between(0.1f, 0.6f);
  fur.droop = r.between(0, 0.6f);
  fur.contrast = r.between(0.08f, 0.3f);
  fur.tip_light = r.between(-0.2f, 0.5f);
  fur.tip_opacity = r.between(0.2f, 0.9f);
  if (r.chance(0.15f)) fur.curl = fur.length * 0.15f, fur.turns = r.between(1, 3);
  const float shrink = -0.5f * fur.length;
  for (const auto* group : {&b.behind, &b.body, &b.front}) {
    for (const Spine& p : *group) {
      if (group != &b.behind) contact_shadow(canvas, p, r);
      canvas.fill(p.outline(std::max(shrink, -0.6f * p.radii.front())), coat);
    }
    grow_fur(canvas, r, *group, fur, group == &b.front ? 1.4f : 1.1f, coat);
  }
  paint_beast_head(canvas, r, stand, b, fur, coat);
}

}  // namespace hairline::synth

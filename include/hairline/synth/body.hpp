#pragma once
#include <cmath>
#include <utility>
#include <vector>

#include "hairline/synth/head.hpp"

namespace hairline::synth {

namespace detail {

inline Spine limb(const Stand& f, const Outline& p, const std::vector<float>& radii) {
  Outline q;
  std::vector<float> scaled;
  for (const Point& i : p) q.push_back(f.at(i));
  for (const float v : radii) scaled.push_back(v * f.scale);
  return Spine::smooth(q, scaled);
}
inline Outline placed(const Stand& f, const Outline& p) {
  Outline q;
  for (const Point& i : p) q.push_back(f.at(i));
  return q;
}

struct Clothes {
  Material top, bottom, sleeve;
  Paint skin, shoes;
  Material complexion;
  float sleeves = 1;  ///< how much of the arm is covered
};

inline void paint_limb(Canvas& c, Random& r, const Spine& s, const Material& skin) {
  contact_shadow(c, s, r);
  const Point centre = s.centre();
  const float size = std::max(4 * s.radii.front(), 1.0f);
  c.fill(s.outline(),
         [&](float x, float y) { return (1 - 0.12f * (x - centre.x + y - centre.y) / size) * skin(x, y); });
}

inline void paint_hand(Canvas& c, Random& r, const Stand& f, Point wrist, Point toward, Paint skin) {
  const Point d = unit(toward);
  const Outline palm{wrist, wrist + 0.12f * d, wrist + 0.24f * d};
  c.fill(limb(f, palm, {0.075f, 0.12f, 0.1f}).outline(), skin);
  const float spread = r.between(0.05f, 0.5f);
  for (int i = -1; i <= 2; ++i) {
    const float a = spread * (static_cast<float>(i) - 0.5f) * 0.6f;
    const Point e{d.x * std::cos(a) - d.y * std::sin(a), d.x * std::sin(a) + d.y * std::cos(a)};
    const Point base = wrist + 0.2f * d + (0.06f * (static_cast<float>(i) - 0.5f)) * across(d);
    c.fill(limb(f, {base, base + 0.11f * e, base + 0.22f * e}, {0.036f, 0.034f, 0.026f}).outline(),
           (1 - 0.04f * static_cast<float>(i)) * skin);
  }
  const Point thumb = unit(d + r.sign() * across(d));
  c.fill(limb(f, {wrist + 0.08f * d, wrist + 0.1f * d + 0.15f * thumb}, {0.04f, 0.03f}).outline(), skin);
}

// Shoulder to hand; `side` is -1 or 1.
inline void paint_arm(Canvas& c, Random& r, const Stand& f, const Clothes& w, float side, float shoulder) {
  const Point from{side * (shoulder - 0.12f), 0.3f};
  Point elbow, hand;
  switch (r.whole(0, 6)) {
    case 0:
    case 1:
      elbow = {side * (shoulder + r.between(0.05f, 0.3f)), 1.15f},
      hand = {side * (shoulder + r.between(-0.1f, 0.3f)), 1.95f};
      break;
    case 2:
      elbow = {side * (shoulder + r.between(0.4f, 0.7f)), 1.1f}, hand = {side * (shoulder - 0.35f), 1.6f};
      break;  // on the hip
    case 3:
      elbow = {side * (shoulder + 0.5f), r.between(0, 0.6f)},
      hand = {side * (shoulder + r.between(0.2f, 0.9f)), r.between(-1.2f, -0.3f)};
      break;
    case 4:
      elbow = {side * (shoulder + 0.15f), 1.05f}, hand = {-side * r.between(0, 0.4f), r.between(0.8f, 1.2f)};
      break;  // across
    case 5:
      elbow = {side * (shoulder + 0.8f), 0.5f},
      hand = {side * (shoulder + r.between(1.3f, 1.7f)), r.between(0.1f, 0.8f)};
      break;
    default:
      elbow = {side * (shoulder + 0.2f), 0.9f}, hand = {side * r.between(0.2f, 0.5f), 0.15f};
      break;
  }
  const float thick = r.between(0.13f, 0.2f);
  const Spine arm = limb(f, {from, elbow, hand}, {thick * 1.1f, thick * 0.85f, 0.085f});
  paint_hand(c, r, f, hand, hand - elbow, w.skin);
  paint_limb(c, r, arm, w.complexion);
  if (w.sleeves > 0.05f) {
    const Point end = w.sleeves < 0.5f ? mix(from, elbow, w.sleeves * 2) : mix(elbow, hand, w.sleeves * 2 - 1);
    const float loose = r.between(0.02f, 0.07f);
    const Outline path = w.sleeves < 0.5f ? Outline{from, end} : Outline{from, elbow, end};
    std::vector<float> radii = w.sleeves < 0.5f
                                   ? std::vector<float>{thick * 1.15f + loose, thick + loose}
                                   : std::vector<float>{thick * 1.15f + loose, thick + loose, 0.1f + loose};
    const Spine sleeve = limb(f, path, radii);
    c.fill(sleeve.outline(), w.sleeve);
  }
}

inline void paint_legs(Canvas& c, Random& r, const Stand& f, const Clothes& w, float hip) {
  const bool skirt = r.chance(0.25f);
  const float stance = r.between(0.05f, 0.5f), bare = r.chance(0.3f) ? r.between(0.3f, 1) : 0;
  for (const float side : {-1.0f, 1.0f}) {
    const Point top{side * hip * 0.5f, 2.15f}, knee{side * (hip * 0.5f + stance * 0.5f) + 0.1f * r.normal(), 3.5f};
    const Point ankle{side * (hip * 0.5f + stance) + 0.1f * r.normal(), 4.9f};
    c.fill(limb(f, {ankle + Point{-0.1f * side, 0.1f}, ankle + Point{0.3f * side, 0.22f}}, {0.14f, 0.11f}).outline(),
           w.shoes);
    paint_limb(c, r, limb(f, {top, knee, ankle}, {0.26f, 0.17f, 0.1f}), w.complexion);
    if (!skirt) {
      const Spine leg = bare > 0 ? limb(f, {top, mix(top, knee, 0.2f + bare)}, {0.32f, 0.26f})
                                 : limb(f, {top, knee, ankle}, {0.32f, 0.22f, 0.17f});
      contact_shadow(c, leg, r);
      c.fill(leg.outline(), w.bottom);
    }
  }
  if (skirt) {
    const float low = r.between(2.8f, 4.6f), flare = r.between(0.1f, 0.7f);
    c.fill(
        smooth_closed(placed(f, {{-hip, 1.7f}, {hip, 1.7f}, {hip + flare, low}, {0, low + 0.1f}, {-hip - flare, low}})),
        w.bottom);
  }
}

inline void paint_torso(Canvas& c, Random& r, const Stand& f, const Clothes& w, float shoulder, float hip,
                        const Supplies& s) {
  const float waist = hip * r.between(0.75f, 1.1f), loose = r.chance(0.3f) ? r.between(0, 0.3f) : 0;
  c.fill(limb(f, {{0, -0.35f}, {0, 0.2f}}, {0.17f, 0.22f}).outline(),
         [&](float x, float y) { return 0.85f * w.complexion(x, y); });
  const Outline torso = smooth_closed(placed(f, {{-0.2f, 0.02f},
                                                 {-shoulder * 0.8f, 0.14f},
                                                 {-shoulder, 0.4f},
                                                 {-shoulder * 0.85f, 0.95f},
                                                 {-waist - loose, 1.5f},
                                                 {-hip - loose, 2.25f},
                                                 {0, 2.35f},
                                                 {hip + loose, 2.25f},
                                                 {waist + loose, 1.5f},
                                                 {shoulder * 0.85f, 0.95f},
                                                 {shoulder, 0.4f},
                                                 {shoulder * 0.8f, 0.14f},
                                                 {0.2f, 0.02f}}));
  c.fill(torso, w.top);
  const float neckline = r.between(0.05f, 0.45f);
  c.fill_atop(
      smooth_closed(placed(f, {{-0.2f, -0.02f}, {0, -0.1f}, {0.2f, -0.02f}, {0.08f, neckline}, {-0.08f, neckline}})),
      w.skin);
  if (r.chance(0.35f)) {  // an open jacket, buttons or a strap
    const Material jacket = cloth(s, r, 2 * f.scale);
    const float open = r.between(0.1f, 0.4f);
    for (const float side : {-1.0f, 1.0f})
      c.fill(smooth_closed(placed(f, {{side * 0.2f, 0},
                                      {side * shoulder, 0.16f},
                                      {side * (shoulder + 0.02f), 0.6f},
                                      {side * (hip + 0.1f + loose), 2.4f},
                                      {side * open, 2.4f},
                                      {side * open * 0.8f, 1}})),
             jacket);
  } else if (r.chance(0.3f)) {
    const Material strap = cloth(s, r, f.scale);
    const float side = r.sign();
    c.fill(limb(f, {{-side * shoulder * 0.6f, 0.12f}, {side * 0.1f, 1.1f}, {side * hip, 2}}, {0.06f, 0.06f, 0.06f})
               .outline(),
           strap);
  }
}

}  // namespace detail

/// A person: the neck's base at the stand's origin, a head one unit high above it, the feet five units below.
inline void paint_person(Canvas& canvas, const Supplies& supplies, Random& r, const Stand& stand) {
  using namespace detail;
  const float shoulder = r.between(0.62f, 0.95f), hip = r.between(0.42f, 0.7f);
  Stand neck = stand;
  neck.origin = stand.at(r.between(-0.06f, 0.06f), -0.52f);
  neck.angle += r.between(-0.25f, 0.25f);
  const Head head = any_head(r, supplies, neck);
  const HairStyle style = hair_style(head, supplies, r);
  Clothes wear{cloth(supplies, r, 2 * stand.scale),
               cloth(supplies, r, 2 * stand.scale),
               {},
               head.skin,
               supplies.colours.any(r),
               head.complexion,
               r.chance(0.6f) ? r.between(0.75f, 1) : r.between(0, 0.6f)};
  wear.sleeve = r.chance(0.85f) ? wear.top : cloth(supplies, r, stand.scale);
  paint_back_hair(canvas, supplies, r, head, style);
  const bool arm_behind = r.chance(0.25f);
  if (arm_behind) paint_arm(canvas, r, stand, wear, -1, shoulder);
  paint_legs(canvas, r, stand, wear, hip);
  paint_torso(canvas, r, stand, wear, shoulder, hip, supplies);
  for (const float side : {-1.0f, 1.0f})
    canvas.fill(ellipse(neck.at(side * 0.345f, 0.02f), 0.05f * neck.scale, 0.1f * neck.scale), 0.9f * head.skin);
  const Outline face = face_outline(head);
  canvas.fill_atop(ellipse(stand.at(0, -0.02f), 0.3f * stand.scale, 0.2f * stand.scale), {0, 0, 0}, 0.2f);
  const Point centre = neck.origin;
  const float tilt = r.between(-0.25f, 0.25f);
  canvas.fill(face, [&](float x, float y) {
    return (1 + (tilt * (x - centre.x) - 0.15f * (y - centre.y)) / stand.scale) * head.complexion(x, y);
  });
  if (!head.from_behind) paint_features(canvas, r, head);
  if (head.cut == Haircut::straight || head.cut == Haircut::wavy || head.cut == Haircut::bob) {
    // Locks that fall before the shoulders.
    for (const float side : {-1.0f, 1.0f}) {
      if (r.chance(0.3f)) continue;
      strands_around(canvas, r, head, style, side < 0 ? -3.9f : -0.3f, side < 0 ? -2.8f : 0.76f, 0.85f,
                     strand_count(style, head, 0.5f));
    }
  }
  paint_front_hair(canvas, supplies, r, head, style);
  if (r.chance(0.12f)) paint_hat(canvas, supplies, r, head);
  if (!arm_behind) paint_arm(canvas, r, stand, wear, -1, shoulder);
  paint_arm(canvas, r, stand, wear, 1, shoulder);
}

}  // namespace hairline::synth

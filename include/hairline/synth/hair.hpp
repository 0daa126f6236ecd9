#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "hairline/core/random.hpp"
#include "hairline/synth/canvas.hpp"

namespace hairline::synth {

/// How a head of hair, a coat of fur or a tuft grows. Lengths in pixels.
struct HairStyle {
  float length = 30, width = 1;
  float uneven = 0.35f;   ///< spread of the lengths, as a share
  float spread = 0.25f;   ///< how far strands leave their direction, radians
  float droop = 0.2f;     ///< how far gravity bends them, as a share of the length
  float clump = 0.4f;     ///< 0 apart, 1 all tips of a lock meet
  float curl = 0;         ///< height of the waves
  float turns = 0;        ///< how many waves
  float opacity = 0.95f;  ///< at the root
  float tip_opacity = 0.5f;
  float contrast = 0.2f;   ///< how much brightness differs between strands
  float tip_light = 0.1f;  ///< tips brighter (or darker) than roots
  Point wind{0, 0};        ///< added to the direction
};

/// A direction that all strands of one lock share, drawn once for some neighbours.
struct Lock {
  Point root, tip;
};

/// One strand of a style from a root, growing along `out` (a unit vector).
/// @param lock strands of a clump lean towards its tip; nullptr for a strand of its own
inline Strand grow(const HairStyle& s, Random& r, Point root, Point out, Paint paint, const Lock* lock = nullptr) {
  const float turn = s.spread * r.normal(), c = std::cos(turn), sn = std::sin(turn);
  const Point d = unit(Point{c * out.x - sn * out.y, sn * out.x + c * out.y} + s.wind);
  const float run = s.length * std::clamp(1 + s.uneven * r.normal(), 0.25f, 2.0f);
  const float fall = s.droop * run, sway = 0.12f * run;
  Strand h;
  h.root = root;
  h.first = root + (0.33f * run) * d + Point{sway * 0.4f * r.normal(), 0.1f * fall};
  h.second = root + (0.66f * run) * d + Point{sway * r.normal(), 0.45f * fall};
  h.tip = root + run * d + Point{sway * r.normal(), fall};
  if (lock != nullptr) {
    const float k = s.clump * r.between(0.6f, 1);
    h.second = mix(h.second, root + 0.66f * (lock->tip - root), 0.6f * k);
    h.tip = mix(h.tip, lock->tip, k);
  }
  h.root_width = s.width * r.between(0.7f, 1.3f);
  h.tip_width = h.root_width * r.between(0.1f, 0.4f);
  const float light = std::max(1 + s.contrast * r.normal(), 0.2f);
  h.root_paint = clamped(light * paint);
  h.tip_paint =
      clamped((light * (1 + s.tip_light)) * paint + Paint{s.tip_light * 0.1f, s.tip_light * 0.1f, s.tip_light * 0.1f});
  h.root_opacity = s.opacity;
  h.tip_opacity = s.tip_opacity;
  h.curl = s.curl * r.between(0.5f, 1.3f);
  h.turns = s.turns * r.between(0.7f, 1.2f);
  h.phase = s.curl > 0 && lock != nullptr ? 0.9f * r.normal() : r.angle();
  return h;
}

/// Fur over limbs and bodies: strands rooted all over each spine's width, lying along its flow and standing out at its
/// edges.
/// @param coat colour at a position, so that stripes and spots go through the strands
template <class F>
void grow_fur(Canvas& canvas, Random& r, const std::vector<Spine>& parts, const HairStyle& style, float layers,
              F&& coat) {
  std::vector<float> ends;
  float total = 0;
  for (const Spine& p : parts) ends.push_back(total += p.area());
  const float each = std::max(style.length * style.width * 0.7f, 1.0f);
  const int count = std::min(static_cast<int>(layers * total / each), 40000);
  Lock lock;
  for (int i = 0; i < count; ++i) {
    const float at = r.uniform() * total;
    std::size_t which = 0;
    while (which + 1 < ends.size() && ends[which] < at) ++which;
    const Spine& part = parts[which];
    const std::size_t k = part.index(r.uniform());
    const Point along = part.along(k), side = across(along);
    const float v = r.between(-1, 1), radius = part.radii[k];
    // The ends are round: roots there spread around the end.
    Point root = part.points[k] + (v * radius) * side;
    Point out = unit((v * std::abs(v) * 1.3f) * side + 0.6f * along + Point{0, 0.15f});
    if (k < 2 || k + 2 >= part.points.size()) {
      const Point d = direction(r.angle());
      const float q = std::sqrt(r.uniform());
      root = part.points[k] + (q * radius) * d;
      out = unit(q * d + 0.3f * along);
    }
    if (i % 6 == 0) lock = Lock{root, root + style.length * out + Point{0, style.droop * style.length}};
    const bool near = length(root - lock.root) < style.length;
    canvas.draw(grow(style, r, root, out, coat(root.x, root.y), near ? &lock : nullptr));
  }
}

}  // namespace hairline::synth

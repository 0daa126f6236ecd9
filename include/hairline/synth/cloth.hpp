#pragma once
#include "hairline/synth/bank.hpp"
#include "hairline/synth/canvas.hpp"
#include "hairline/synth/colour.hpp"

namespace hairline::synth {

/// What a scene's parts are painted with: the shared textures, and where colours come from.
struct Supplies {
  const Bank& bank;
  Colours colours;
  float unit = 1;  ///< pixels of what is one in a picture of 256: the shorter side / 256
};

/// A piece of clothing or upholstery: plain, woven or printed.
/// @param size how large the garment is, in pixels
inline Material cloth(const Supplies& s, Random& r, float size) {
  const Paint main = s.colours.any(r), other = s.colours.any(r);
  Material m;
  const float kind = r.uniform();
  if (kind < 0.42f) {  // plain, with a fine grain
    const float grain = r.between(0.02f, 0.12f);
    m = s.bank.material(r, s.bank.tile(r, {Pattern::noise, Pattern::knit, Pattern::streaks}),
                        size * r.between(0.3f, 1.2f), clamped(main - Paint{grain, grain, grain}),
                        clamped(main + Paint{grain, grain, grain}), 0.03f);
  } else if (kind < 0.75f) {
    const auto& t = s.bank.tile(r, {Pattern::stripes, Pattern::plaid, Pattern::dots, Pattern::floral, Pattern::floral});
    const bool own = r.chance(0.6f);
    m = s.bank.material(r, t, size * r.between(0.25f, 1.3f), own ? Paint{0, 0, 0} : main, own ? Paint{1, 1, 1} : other,
                        own ? 1.0f : 0.5f);
  } else {
    const auto& t = s.bank.tile(r, {Pattern::camouflage, Pattern::spots, Pattern::tabby, Pattern::knit, Pattern::noise,
                                    Pattern::heap, Pattern::writing});
    m = s.bank.material(r, t, size * r.between(0.25f, 1.2f), 0.6f * main, other, r.between(0, 0.8f));
  }
  const float angle = r.chance(0.6f) ? r.between(-0.2f, 0.2f) : r.angle();
  m.lay(r, size * r.between(0.25f, 1.2f), angle);
  m.folds = &s.bank.folds();
  m.fold_scale = 1 / (size * r.between(0.5f, 1.5f));
  m.fold_strength = r.between(0.1f, 1.2f);
  return m;
}

/// Leather, plastic, metal, stone, painted wood: what things are made of.
inline Material stuff(const Supplies& s, Random& r, float size) {
  const Paint main = s.colours.any(r);
  const auto& t =
      s.bank.tile(r, {Pattern::noise, Pattern::noise, Pattern::wood, Pattern::heap, Pattern::writing, Pattern::tiling,
                      Pattern::pebbles, Pattern::stripes, Pattern::streaks, Pattern::bricks});
  const float differ = r.chance(0.5f) ? r.between(0.02f, 0.12f) : r.between(0.1f, 0.4f);
  Material m = s.bank.material(r, t, size, clamped(main - Paint{differ, differ, differ}),
                               clamped(main + Paint{differ, differ, differ}), r.chance(0.4f) ? r.uniform() : 0.05f);
  m.lay(r, size * r.between(0.4f, 2.0f), r.chance(0.5f) ? 0 : r.angle());
  return m;
}

/// Darkens what is painted already beside and below a part about to be painted over it.
inline void contact_shadow(Canvas& canvas, const Spine& part, Random& r) {
  const float strength = r.between(0.05f, 0.3f), reach = part.radii.front();
  for (const float grow : {0.35f, 0.18f, 0.07f})
    canvas.fill_atop(part.outline(grow * reach), Paint{0, 0, 0}, strength * 0.5f);
}

}  // namespace hairline::synth

#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "hairline/augment/affine.hpp"
#include "hairline/augment/blur.hpp"
#include "hairline/augment/colour.hpp"
#include "hairline/augment/noise.hpp"

namespace hairline::augment {

/// Background Matting v1's plate: with probability 0.4 noise whose mean is a whole level from -7 to 6 and whose
/// deviation is one from 2 to 5 (of 255); otherwise gamma of N(1, 0.12). The published program raises levels of 0..255
/// to that power, which is a gain between a half and two: a slip; this is the gamma that the paper describes.
/// @param plate (H, W, 3) in [0,1], changed in place; the composite keeps the clean one
inline void perturb_plate_v1(Image<float>& plate, Random& r) {
  const bool noise = r.chance(0.4f);
  const auto mean = static_cast<float>(r.whole(-7, 6)) / 255, deviation = static_cast<float>(r.whole(2, 5)) / 255;
  const float exponent = 1 + 0.12f * r.normal();
  if (noise)
    add_noise(plate, mean, deviation, r);
  else
    gamma(plate, exponent);
}

/// What Background Matting V2 does to a clean background and alpha before the network sees them, in its order.
struct PlatePair {
  Image<float> behind;  ///< what the picture is composed over: with a shadow
  Image<float> plate;   ///< the network's background input: jittered and moved, without shadow
};

/// Background Matting V2, section 11.3 of its program: shadow (p 0.3, up to 0.3 of alpha, moved and blurred by a box of
/// 20 to 39 pixels), noise (p 0.4) on the plate, colour jitter (p 0.8), affine (p 0.3). Noise on the composite is
/// add_noise_bgmv2's business, after composing.
inline PlatePair perturb_plate_v2(const Image<float>& background, const Plane& alpha, Random& r) {
  PlatePair out{background, background};
  const bool shadow = r.chance(0.3f), jittered = r.chance(0.8f), moved = r.chance(0.3f);
  const float strength = 0.3f * r.uniform(), box = static_cast<float>(r.whole(20, 39));
  Plane thrown = warp(alpha, draw_affine(AffineRange::bgmv2_shadow(), r), Interpolation::nearest, 0);
  if (shadow) {
    box_blur(thrown.view(), (box - 1) / 2, (box - 1) / 2);
    for (std::size_t i = 0; i < thrown.size(); ++i)
      for (std::size_t c = 3 * i; c < 3 * i + 3; ++c)
        out.behind.data()[c] = std::clamp(out.behind.data()[c] - strength * thrown.data()[i], 0.0f, 1.0f);
  }
  add_noise_bgmv2(out.plate, r);
  if (jittered) jitter(out.plate, ColourJitter::bgmv2_plate(), r);
  const AffineDraw move = draw_affine(AffineRange::bgmv2_plate(), r);
  if (moved) out.plate = warp(out.plate, move, Interpolation::nearest, 0);
  return out;
}

/// The plates of Background Matting V2's test sets: a shift of up to 0.3 pixels, gamma from 0.85 to 1.15, noise with a
/// mean of +-0.02. The paper gives its variance as 0.08 to 0.15 without a unit; `deviation` is for the caller to say.
inline void perturb_plate_v2_test(Image<float>& plate, float deviation, Random& r) {
  const double dx = static_cast<double>(r.between(-0.3f, 0.3f)), dy = static_cast<double>(r.between(-0.3f, 0.3f));
  plate = warp(plate, Affine{1, 0, dx, 0, 1, dy}, plate.height(), plate.width(), Interpolation::linear, NAN);
  gamma(plate, r.between(0.85f, 1.15f));
  add_noise(plate, 0.02f * r.sign(), deviation, r);
}

}  // namespace hairline::augment

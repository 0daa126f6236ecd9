#pragma once
#include <algorithm>
#include <cmath>

#include "hairline/augment/resample.hpp"

namespace hairline::augment {

/// The distribution that an affine change is drawn from. Angles in degrees, shifts as shares of the size.
struct AffineRange {
  float rotation = 0;                   ///< +-
  float shift = 0;                      ///< +-, of width and height
  float shear_x = 0;                    ///< +-
  float scale_low = 1, scale_high = 1;  ///< larger than 1 enlarges
  bool scales_apart = false;            ///< x and y have scales of their own
  float flip_x = 0, flip_y = 0;         ///< probabilities

  /// Background Matting V2, foreground and alpha of the base stage; flips are a step of their own there (p 0.5).
  static constexpr AffineRange bgmv2_base() { return {5, 0.1f, 5, 0.4f, 1, false, 0, 0}; }
  /// The same in the joint stage, and in validation (scale 0.3 to 1).
  static constexpr AffineRange bgmv2_joint() { return {5, 0.1f, 5, 0.3f, 1, false, 0, 0}; }
  /// Background Matting V2, background pictures; validation enlarges by 1 to 1.2 only.
  static constexpr AffineRange bgmv2_background() { return {5, 0.1f, 5, 1, 2, false, 0, 0}; }
  /// Background Matting V2, the plate against the picture: nearest neighbour, outside 0, probability 0.3.
  static constexpr AffineRange bgmv2_plate() { return {1, 0.01f, 0, 1, 1, false, 0, 0}; }
  /// Background Matting V2, the shadow against the subject.
  static constexpr AffineRange bgmv2_shadow() { return {5, 0.2f, 5, 0.5f, 1.5f, false, 0, 0}; }
  /// GCA-Matting: turned only where the longer side has 1024 pixels or more; no shift; nearest neighbour, outside 0.
  static constexpr AffineRange gca(int longer_side) {
    return {longer_side >= 1024 ? 30.0f : 0.0f, 0, 10, 0.8f, 1.25f, true, 0.5f, 0.5f};
  }
};

/// What was drawn, so that a foreground, its alpha and a record get the same.
struct AffineDraw {
  float rotation = 0, shear_x = 0, shift_x = 0, shift_y = 0, scale_x = 1, scale_y = 1;
  bool flip_x = false, flip_y = false;
};

inline AffineDraw draw_affine(const AffineRange& range, Random& r) {
  AffineDraw d;
  d.rotation = r.between(-range.rotation, range.rotation);
  d.shear_x = r.between(-range.shear_x, range.shear_x);
  d.shift_x = r.between(-range.shift, range.shift);
  d.shift_y = r.between(-range.shift, range.shift);
  d.scale_x = r.between(range.scale_low, range.scale_high);
  const float other = r.between(range.scale_low, range.scale_high);
  d.scale_y = range.scales_apart ? other : d.scale_x;
  d.flip_x = r.chance(range.flip_x);
  d.flip_y = r.chance(range.flip_y);
  return d;
}

/// The map from output to input pixels, about the picture's centre, for a picture of this size.
/// Forwards the picture is sheared, scaled (and flipped), turned anticlockwise as seen and shifted.
inline Affine affine_of(const AffineDraw& d, int height, int width) {
  const double degree = 3.14159265358979 / 180, turn = -static_cast<double>(d.rotation) * degree;
  const double sx = static_cast<double>(d.scale_x) * (d.flip_x ? -1 : 1),
               sy = static_cast<double>(d.scale_y) * (d.flip_y ? -1 : 1);
  const double shear = std::tan(static_cast<double>(d.shear_x) * degree), c = std::cos(turn), s = std::sin(turn);
  // forwards: R S H, R turns, S scales, H shears
  const double p = c * sx, q = c * sx * shear - s * sy, u = s * sx, v = s * sx * shear + c * sy, det = p * v - q * u;
  const double cx = 0.5 * width, cy = 0.5 * height, tx = cx + d.shift_x * static_cast<double>(width),
               ty = cy + d.shift_y * static_cast<double>(height);
  const Affine m{v / det, -q / det, 0, -u / det, p / det, 0};
  return {m.a, m.b, cx - m.a * tx - m.b * ty, m.d, m.e, cy - m.d * tx - m.e * ty};
}

/// The picture changed as drawn, in its own size.
inline Image<float> warp(const Image<float>& from, const AffineDraw& d, Interpolation how, float fill = 0) {
  return warp(from, affine_of(d, from.height(), from.width()), from.height(), from.width(), how, fill);
}

/// Left and right exchanged; every paper does it with probability 0.5.
inline Image<float> flipped_x(const Image<float>& from) {
  Image<float> out(from.shape());
  for (int y = 0; y < from.height(); ++y)
    for (int x = 0; x < from.width(); ++x)
      for (int c = 0; c < from.channels(); ++c) out(y, x, c) = from(y, from.width() - 1 - x, c);
  return out;
}
/// Top and bottom exchanged (GCA-Matting, probability 0.5).
inline Image<float> flipped_y(const Image<float>& from) {
  Image<float> out(from.shape());
  for (int y = 0; y < from.height(); ++y)
    std::copy(&from(from.height() - 1 - y, 0),
              &from(from.height() - 1 - y, 0) + static_cast<std::ptrdiff_t>(from.width()) * from.channels(),
              &out(y, 0));
  return out;
}

}  // namespace hairline::augment

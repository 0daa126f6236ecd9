#pragma once
#include <algorithm>

#include "hairline/augment/blur.hpp"
#include "hairline/augment/jpeg.hpp"
#include "hairline/augment/resample.hpp"
#include "hairline/core/random.hpp"

namespace hairline::augment {

/// Hides the traces that tell a pasted foreground from its background: both are resized, blurred and saved as JPEG
/// again. Context-Aware Matting states the three steps and none of their ranges, so these defaults are ours.
struct TraceRange {
  float resize = 0.5f, resize_low = 0.5f, resize_high = 1;  ///< probability; to this share of the size and back
  float blur = 0.5f, sigma_low = 0.3f, sigma_high = 1.2f;
  float jpeg = 0.5f;
  int quality_low = 40, quality_high = 95;
};

/// @param picture (H, W, 3) in [0,1], changed in place
inline void hide_traces(Image<float>& picture, const TraceRange& t, Random& r) {
  const bool small = r.chance(t.resize), soft = r.chance(t.blur), saved = r.chance(t.jpeg);
  const float share = r.between(t.resize_low, t.resize_high), sigma = r.between(t.sigma_low, t.sigma_high);
  const int quality = r.whole(t.quality_low, t.quality_high);
  if (picture.empty()) return;
  if (small) {
    const auto scaled = [&](int n) { return std::max(1, static_cast<int>(share * static_cast<float>(n) + 0.5f)); };
    picture = resized(resized(picture, scaled(picture.height()), scaled(picture.width()), Interpolation::linear),
                      picture.height(), picture.width(), Interpolation::linear);
  }
  if (soft) gaussian_blur(picture.view(), sigma);
  if (saved) jpeg(picture.view(), quality);
}

/// Background Matting V2: a box blur of a whole radius from 0 to 5, the same for a foreground and its alpha;
/// probability 0.1. @return the radius, 0 for none
inline int draw_blur_bgmv2(Random& r) {
  const bool any = r.chance(0.1f);
  const int radius = r.whole(0, 5);
  return any ? radius : 0;
}

}  // namespace hairline::augment

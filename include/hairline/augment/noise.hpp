#pragma once
#include <algorithm>
#include <cmath>

#include "hairline/core/image.hpp"
#include "hairline/core/random.hpp"

namespace hairline::augment {

/// Adds independent noise of a mean and deviation to every value, and clamps to [0,1]. (The sum of four uniforms:
/// normal to the eye, never beyond 3.5 deviations.)
inline void add_noise(Image<float>& picture, float mean, float deviation, Random& r) {
  for (float& v : picture) v = std::clamp(v + mean + deviation * r.normal(), 0.0f, 1.0f);
}

/// Background Matting V2: with probability 0.4 noise of deviation 0.03 u, u uniform. (The paper says variance.)
inline bool add_noise_bgmv2(Image<float>& picture, Random& r) {
  const bool any = r.chance(0.4f);
  const float deviation = 0.03f * r.uniform();
  if (any) add_noise(picture, 0, deviation, r);
  return any;
}

}  // namespace hairline::augment

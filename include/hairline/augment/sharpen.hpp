#pragma once
#include <algorithm>

#include "hairline/core/image.hpp"

namespace hairline::augment {

/// Pillow's SHARPEN, the 3x3 kernel
/// (-2 around 32) / 16; the outermost pixels stay, as there. Clamped to [0,1]. Background Matting V2 does it with
/// probability 0.1.
inline void sharpen(Image<float>& picture) {
  const Image<float> from = picture;
  for (int y = 1; y + 1 < from.height(); ++y)
    for (int x = 1; x + 1 < from.width(); ++x)
      for (int c = 0; c < from.channels(); ++c) {
        float sum = 34 * from(y, x, c);
        for (int i = -1; i <= 1; ++i)
          for (int j = -1; j <= 1; ++j) sum -= 2 * from(y + i, x + j, c);
        picture(y, x, c) = std::clamp(sum / 16, 0.0f, 1.0f);
      }
}

}  // namespace hairline::augment

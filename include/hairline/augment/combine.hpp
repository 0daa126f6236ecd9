#pragma once
#include <cstddef>
#include <string>
#include <utility>

#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"

namespace hairline::augment {

/// A foreground with its alpha.
struct Subject {
  Image<float> foreground;  ///< (H, W, 3), straight colour
  Plane alpha;              ///< (H, W)
};

/// How the colour of two foregrounds is mixed.
enum class CombinedColour {
  over,       ///< what compositing one over the other gives: exact, so that the combined pair composes like the two
  published,  ///< F1 a1 + F2 (1 - a1), as GCA-Matting's program has it: off where the front is mixed and the back thin
};

/// One foreground in front of another: alpha = 1 - (1 - a1)(1 - a2).
/// Deep Image Matting and GCA-Matting, Context-Aware and FBA Matting train half of their samples with it.
/// Errors: sizes that differ.
inline Result<Subject> combined(const Subject& front, const Subject& back, CombinedColour how = CombinedColour::over) {
  for (const Shape& s : {front.alpha.shape(), back.foreground.shape(), back.alpha.shape()})
    if (!s.same_pixels(front.foreground.shape()))
      return Error{ErrorCode::invalid_argument, "two foregrounds to combine want one size, given " +
                                                    size_string(front.foreground.shape()) + " and " + size_string(s)};
  Subject out{Image<float>(front.foreground.shape()), Plane(front.alpha.shape())};
  for (std::size_t i = 0; i < out.alpha.size(); ++i) {
    const float a = front.alpha.data()[i], b = back.alpha.data()[i], sum = 1 - (1 - a) * (1 - b);
    out.alpha.data()[i] = sum;
    // Of the mixed colour, the front's share; where nothing covers, the front's colour continues.
    const float share = how == CombinedColour::published ? a : sum > 0 ? a / sum : 1.0f;
    for (std::size_t c = 3 * i; c < 3 * i + 3; ++c)
      out.foreground.data()[c] = share * front.foreground.data()[c] + (1 - share) * back.foreground.data()[c];
  }
  return out;
}

}  // namespace hairline::augment

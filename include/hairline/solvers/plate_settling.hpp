#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "hairline/core/any_view.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/solvers/plate_alignment.hpp"
#include "hairline/solvers/plate_filters.hpp"

namespace hairline {

namespace detail {

/// The least power of two by which a picture must be divided for its longer side to have at most `longest` pixels.
inline int reduction(const Shape& picture, int longest) {
  int factor = 1;
  while ((std::max(picture.height, picture.width) + factor - 1) / factor > longest) factor *= 2;
  return factor;
}

}  // namespace detail

/// How badly a plate explains its picture once aligned: the mean of e^2 / (1 + e^2) over some 60000 pixels, e the
/// colour difference in units of 0.02; 1 where the plate has seen nothing. To choose among alignments: the subject adds
/// the same to all of them.
inline double alignment_misfit(const Image<float>& image, const Image<float>& plate, const PlateAlignment& a,
                               ThreadPool& pool) {
  const auto sums = detail::sum_pixels<0>(image, plate, a, 0.02, 60000, pool);
  const double pixels = static_cast<double>(sums.asked);
  return pixels > 0 ? (sums.misfit + pixels - sums.seen) / pixels : 0;
}

/// How the plate lies under its picture: as it is; some pixels off and lit otherwise, as if shot from the same stand;
/// or, if it was shot from the hand, anyhow. What has more ways to be wrong must explain the picture better by a
/// fiftieth and more; before a flat wall nothing does. All but the last is found on copies of at most 960 pixels.
/// @param image, plate (H, W) of 1, 3 or 4 channels, of one size
/// Cost: a pass over both pictures and align_plate's on the copies (50 ms for 1920x1080 on two threads); from the hand
/// align_plate's on the pictures too (0.4 s)
inline PlateAlignment find_alignment(AnyView image, AnyView plate, bool from_hand, ThreadPool& pool) {
  const int factor = detail::reduction(image.shape(), 960);
  const Image<float> i = detail::shrunk(image, factor, 3, pool), p = detail::shrunk(plate, factor, 3, pool);
  PlateAlignment best;
  double misfit = alignment_misfit(i, p, best, pool);
  const auto offer = [&](const PlateAlignment& found, double scale) {
    PlateAlignment here = found;
    here.warp = detail::enlarged(found.warp, scale / factor);
    const double its = alignment_misfit(i, p, here, pool);
    if (!(its < 0.98 * misfit && its < misfit - 0.002)) return;
    best = found;
    best.warp = detail::enlarged(found.warp, scale);
    for (double& v : best.shift) v *= scale;
    misfit = its;
  };
  offer(align_plate(i, p, PlateMotion::translation, 2, true, pool), factor);
  if (from_hand) {
    const int reach = std::max(image.width(), image.height()) / 25;
    const Image<float> whole[2] = {detail::shrunk(image, 1, 3, pool), detail::shrunk(plate, 1, 3, pool)};
    offer(align_plate(whole[0], whole[1], PlateMotion::homography, reach, true, pool), 1);
  }
  return best;
}

namespace detail {

/// A plate's value between what was found and what the plate had, if the picture's lies there. Near white cameras
/// flatten: how bright a plate that was exposed longer really was there, or a picture that was, nobody knows.
/// @param found gain * plate + offset
inline float within_exposure(float picture, float found, float gain, float offset) {
  const float plate = (found - offset) / gain;
  const float bright = std::clamp((std::max(plate, found) - 0.85f) / 0.1f, 0.0f, 1.0f);
  const float room = bright * std::max(std::abs(plate - found) - 0.02f, 0.0f);
  return plate > found ? std::clamp(picture, found, found + room) : std::clamp(picture, found - room, found);
}

}  // namespace detail

/// The plate as the picture's camera would have seen it, by find_alignment; where it saw nothing, the picture itself.
/// Empty if the plate is best as it is.
/// @param image, plate (H, W) of 1, 3 or 4 channels, of one size    @return (H, W, 3)
inline Image<float> moved_plate(AnyView image, AnyView plate, bool from_hand, ThreadPool& pool) {
  const PlateAlignment found = find_alignment(image, plate, from_hand, pool);
  if (found.is_identity()) return {};
  AlignedPlate moved = apply_alignment(detail::shrunk(plate, 1, 3, pool), found, pool);
  image.visit([&](auto picture) {
    using T = typename decltype(picture)::value_type;
    const bool grey = picture.channels() == 1;
    pool.parallel_for(0, image.height(), detail::plate_rows, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (int y = static_cast<int>(begin); y < static_cast<int>(end); ++y)
        for (int x = 0; x < image.width(); ++x)
          for (int c = 0; c < 3; ++c) {
            const float seen = PixelTraits<T>::template to_unit<float>(picture(y, x, grey ? 0 : c));
            const auto k = static_cast<std::size_t>(c);
            float& v = moved.plate(y, x, c);
            v = moved.inside(y, x) == 0 ? seen
                                        : std::clamp(detail::within_exposure(seen, v, static_cast<float>(found.gain[k]),
                                                                             static_cast<float>(found.offset[k])),
                                                     0.0f, 1.0f);
          }
    });
  });
  return std::move(moved.plate);
}

/// Roughly how many pixels a plate lies off its picture as a whole, found on small copies of them; 0 if it is in place,
/// or if nothing speaks clearly for another one. Finds what is more than about 1/200 and less than 1/16 of the longer
/// side. For a hint; align_plate measures.
/// @param image, plate (H, W) of 1, 3 or 4 channels, of one size    Cost: a pass over both
inline double plate_seems_off(AnyView image, AnyView plate, ThreadPool& pool) {
  const int factor = detail::reduction(image.shape(), 192);
  const Image<float> i = detail::shrunk(image, factor, 3, pool), p = detail::shrunk(plate, factor, 3, pool);
  const int reach = 12;
  if (std::min(i.height(), i.width()) < 4 * reach) return 0;
  const std::vector<double> score = detail::shift_scores(i, p, reach, pool);
  const auto [y, x] = detail::best_shift(score, reach);
  const auto at = [&](int dy, int dx) {
    return score[static_cast<std::size_t>((dy + reach) * (2 * reach + 1) + dx + reach)];
  };
  // Clearly: as much as if one pixel in fifty agreed wholly, and half as much again as in place.
  const double pixels = static_cast<double>(i.shape().pixels());
  return at(y, x) > 0.02 * pixels && at(y, x) > 1.5 * at(0, 0) ? factor * std::hypot(y, x) : 0;
}

}  // namespace hairline

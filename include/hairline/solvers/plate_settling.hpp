#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/solvers/plate_alignment.hpp"
#include "hairline/solvers/plate_filters.hpp"

namespace hairline {

/// align_plate for a plate that was shot from the same stand as its picture: a shift of some pixels, gain and offset,
/// found on copies of at most 960 pixels.
/// @param image, plate (H, W, 3), of one size    Cost: a pass over the pictures, and about 15 sparse ones.
inline PlateAlignment settle_plate(const Image<float>& image, const Image<float>& plate, ThreadPool& pool) {
  constexpr int longest = 960;
  Image<float> small[2];
  const Image<float>*i = &image, *p = &plate;
  double factor = 1;
  for (; std::max(i->height(), i->width()) > longest; factor *= 2) {
    small[0] = detail::halve(*i);
    small[1] = detail::halve(*p);
    i = &small[0];
    p = &small[1];
  }
  PlateAlignment a = align_plate(*i, *p, PlateMotion::translation, 2, true, pool);
  for (double& v : a.shift) v *= factor;
  a.warp = {1, 0, a.shift[1], 0, 1, a.shift[0], 0, 0, 1};
  return a;
}

/// How badly a plate explains its picture once aligned: the mean of e^2 / (1 + e^2) over some 60000 pixels, e the
/// colour difference in units of 0.02; 1 where the plate has seen nothing. To choose among alignments: the subject adds
/// the same to all of them.
inline double alignment_misfit(const Image<float>& image, const Image<float>& plate, const PlateAlignment& a,
                               ThreadPool& pool) {
  const auto sums = detail::sum_pixels<0>(image, plate, a, 0.02, 60000, pool);
  const double pixels = static_cast<double>(sums.asked);
  return pixels > 0 ? (sums.misfit + pixels - sums.seen) / pixels : 0;
}

/// How the plate lies under its picture: as it is, some pixels off and lit otherwise, or, if it was shot from the hand,
/// anyhow. What has more ways to be wrong must explain the picture better by a fiftieth and more; before a flat wall
/// nothing does.
/// @param image, plate (H, W, 3), of one size    Cost: settle_plate's, and from the hand align_plate's
inline PlateAlignment find_alignment(const Image<float>& image, const Image<float>& plate, bool from_hand,
                                     ThreadPool& pool) {
  PlateAlignment best;
  double misfit = alignment_misfit(image, plate, best, pool);
  const auto offer = [&](const PlateAlignment& found) {
    const double its = alignment_misfit(image, plate, found, pool);
    if (!(its < 0.98 * misfit && its < misfit - 0.002)) return;
    best = found;
    misfit = its;
  };
  offer(settle_plate(image, plate, pool));
  if (from_hand) {
    const int reach = std::max(image.width(), image.height()) / 25;
    offer(align_plate(image, plate, PlateMotion::homography, reach, true, pool));
  }
  return best;
}

/// Roughly how many pixels a plate lies off its picture as a whole, found on small copies of them; 0 if it is in place,
/// or if nothing speaks clearly for another one. Finds what is more than about 1/200 and less than 1/16 of the longer
/// side. For a hint; align_plate measures.
/// @param image, plate (H, W, 3), of one size
inline double plate_seems_off(const Image<float>& image, const Image<float>& plate, ThreadPool& pool) {
  Image<float> small[2] = {detail::gaussian_blur(image, 1.2, pool), detail::gaussian_blur(plate, 1.2, pool)};
  double factor = 1;
  for (; std::max(small[0].height(), small[0].width()) > 192; factor *= 2)
    for (Image<float>& s : small) s = detail::halve(s);
  const int reach = 12;
  if (std::min(small[0].height(), small[0].width()) < 4 * reach) return 0;
  const std::vector<double> score = detail::shift_scores(small[0], small[1], reach, pool);
  const auto [y, x] = detail::best_shift(score, reach);
  const auto at = [&](int dy, int dx) {
    return score[static_cast<std::size_t>((dy + reach) * (2 * reach + 1) + dx + reach)];
  };
  // Clearly: as much as if one pixel in fifty agreed wholly, and half as much again as in place.
  const double pixels = static_cast<double>(small[0].shape().pixels());
  return at(y, x) > 0.02 * pixels && at(y, x) > 1.5 * at(0, 0) ? factor * std::hypot(y, x) : 0;
}

}  // namespace hairline

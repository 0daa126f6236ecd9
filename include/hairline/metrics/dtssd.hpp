#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "hairline/metrics/region.hpp"

namespace hairline::metrics {

/// The two published conventions of dtSSD. They differ by region and by a factor that depends on the picture's size,
/// so their numbers cannot be compared with each other: always print which one it is.
enum class DtssdConvention {
  rvm,    ///< 100 * root of the mean over the whole frame
  tcvom,  ///< root of the sum over the pixels where the trimap is neither 0 nor 255
};

/// The convention's definition, for printing beside the number.
constexpr const char* unit(DtssdConvention c) {
  return c == DtssdConvention::rvm
             ? "dtSSD (rvm): 100 * sqrt(mean over the whole frame of the squared difference of changes)"
             : "dtSSD (tcvom): sqrt(sum over 0 < trimap < 255 of the squared difference of changes)";
}

/// How differently a prediction and its truth change from one frame to the next.
/// @param trimap of the earlier frame; tcvom needs it, rvm ignores it
/// Errors: sizes that differ, no pixels, NaN.  After Erofeev et al., BMVC 2015.
inline Result<double> dtssd(DtssdConvention convention, const Input& earlier_prediction, const Input& later_prediction,
                            const Input& earlier_truth, const Input& later_truth, const Region& region) {
  const Shape& size = earlier_prediction.shape();
  if (auto e = detail::refuse(earlier_prediction, "earlier prediction")) return *e;
  if (auto e = detail::refuse(later_prediction, "later prediction", &size, "the earlier prediction")) return *e;
  if (auto e = detail::refuse(earlier_truth, "earlier truth", &size, "the earlier prediction")) return *e;
  if (auto e = detail::refuse(later_truth, "later truth", &size, "the earlier prediction")) return *e;
  if (auto e = region.refuse(size)) return *e;
  const auto width = static_cast<std::size_t>(size.width);
  std::vector<double> p0(width), p1(width), a0(width), a1(width), scratch(width);
  std::vector<std::uint8_t> inside(width);
  double total = 0;
  for (int y = 0; y < size.height; ++y) {
    earlier_prediction.row(y, p0.data());
    later_prediction.row(y, p1.data());
    earlier_truth.row(y, a0.data());
    later_truth.row(y, a1.data());
    region.row(y, scratch, inside);
    double line = 0;
    for (std::size_t x = 0; x < width; ++x) {
      const double d = (p1[x] - p0[x]) - (a1[x] - a0[x]);
      if (inside[x]) line += d * d;
    }
    total += line;
  }
  return convention == DtssdConvention::rvm ? 100 * std::sqrt(total / static_cast<double>(size.pixels()))
                                            : std::sqrt(total);
}

/// dtSSD of one pair of frames in the RVM convention.
inline Result<double> dtssd_rvm(const Input& earlier_prediction, const Input& later_prediction,
                                const Input& earlier_truth, const Input& later_truth) {
  return dtssd(DtssdConvention::rvm, earlier_prediction, later_prediction, earlier_truth, later_truth, Region::whole());
}

/// dtSSD of one pair of frames in the TCVOM convention.  @param trimap of the earlier frame
inline Result<double> dtssd_tcvom(const Input& earlier_prediction, const Input& later_prediction,
                                  const Input& earlier_truth, const Input& later_truth, const Input& trimap) {
  return dtssd(DtssdConvention::tcvom, earlier_prediction, later_prediction, earlier_truth, later_truth,
               Region::between(trimap));
}

/// dtSSD of a clip.
struct DtssdClip {
  DtssdConvention convention = DtssdConvention::rvm;
  std::vector<double> changes;  ///< one per pair of neighbouring frames
  double mean = 0;              ///< over the changes
  /// As the program prints it: a frame without a neighbour counts as 0 and is in the average (the first in RVM, the
  /// last in TCVOM), and RVM looks at the first 700 frames only.
  double published = 0;
};

/// dtSSD of a clip of at least two frames.
/// @param trimaps one per frame for tcvom, empty for rvm
/// Errors: numbers of frames that do not fit, and those of a pair of frames.
inline Result<DtssdClip> dtssd_clip(DtssdConvention convention, std::span<const Input> predictions,
                                    std::span<const Input> truths, std::span<const Input> trimaps = {}) {
  const std::size_t frames = predictions.size();
  const bool needs_trimaps = convention == DtssdConvention::tcvom;
  if (frames < 2 || truths.size() != frames || (needs_trimaps && trimaps.size() != frames))
    return Error{ErrorCode::invalid_argument,
                 "dtSSD was given " + std::to_string(frames) + " predictions, " + std::to_string(truths.size()) +
                     " truths and " + std::to_string(trimaps.size()) +
                     " trimaps, wanted at least 2 frames and as many truths" + (needs_trimaps ? " and trimaps" : "")};
  DtssdClip clip;
  clip.convention = convention;
  for (std::size_t t = 0; t + 1 < frames; ++t) {
    const auto one = dtssd(convention, predictions[t], predictions[t + 1], truths[t], truths[t + 1],
                           needs_trimaps ? Region::between(trimaps[t]) : Region::whole());
    if (!one) return Error{one.error().code, "frame " + std::to_string(t) + ": " + one.error().message};
    clip.changes.push_back(*one);
  }
  for (const double v : clip.changes) clip.mean += v / static_cast<double>(clip.changes.size());
  const std::size_t counted = needs_trimaps ? frames : std::min<std::size_t>(frames, 700);
  for (std::size_t t = 0; t + 1 < counted; ++t) clip.published += clip.changes[t] / static_cast<double>(counted);
  return clip;
}

}  // namespace hairline::metrics

#pragma once
#include <cstdint>
#include <string>
#include <utility>

#include "hairline/core/any_view.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/trimap/morphology.hpp"
#include "hairline/trimap/trimap.hpp"

namespace hairline {

/// Inclusive bounds of a whole number to draw.
struct DrawRange {
  int low = 1, high = 1;
};

/// The distribution from which a training trimap is drawn. The foreground is eroded, and what is not background
/// dilated, by an elliptical element of a random size (as OpenCV draws it), a random number of times.
struct RandomDilation {
  DrawRange size{1, 29};       ///< of the element, pixels across
  DrawRange iterations{1, 1};  ///< how often it is applied
  bool same_for_both = false;  ///< one draw for erosion and dilation instead of one each
  double known_margin = 1e-5;  ///< alpha within this of 0 or 1 is known beforehand

  /// Deep Image Matting as trained by huochaitiantang: size 2 to 4, 5 to 14 times, the same for both.
  static constexpr RandomDilation deep_image_matting() { return {{2, 4}, {5, 14}, true, 1e-5}; }
  /// The same network in two older ports: a mistaken argument made every trimap one iteration, a few pixels wide.
  static constexpr RandomDilation deep_image_matting_narrow() { return {{1, 4}, {1, 1}, false, 1e-5}; }
  /// GCA-Matting, and Deep Image Matting in mmagic: size 1 to 29, once, drawn apart for both.
  static constexpr RandomDilation gca() { return {{1, 29}, {1, 1}, false, 1e-5}; }
  /// FBA Matting: its paper states no size; 3 to 25 is a third party's re-implementation, that both are drawn apart is
  /// our choice.
  static constexpr RandomDilation fba() { return {{3, 25}, {1, 1}, false, 1e-5}; }
};

/// What was drawn, so that a record can name it.
struct DilationDraw {
  int foreground_size = 1, foreground_iterations = 1;  ///< of the erosion
  int background_size = 1, background_iterations = 1;  ///< of the dilation
};

namespace detail {
/// Bits that depend on (seed, counter) alone: the counter-based form of SplitMix64.  Steele et al., OOPSLA 2014.
constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint64_t counter) {
  std::uint64_t z = seed + (counter + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// A whole number in the range; the top 32 bits are scaled, so the bias is below 1e-8 for the ranges used here.
constexpr int draw(DrawRange range, std::uint64_t seed, std::uint64_t counter) {
  const std::uint64_t count = static_cast<std::uint64_t>(range.high - range.low + 1);
  return range.low + static_cast<int>(((random_bits(seed, counter) >> 32) * count) >> 32);
}
}  // namespace detail

/// The numbers that a seed draws; the same on every machine.  @pre low <= high in both ranges
constexpr DilationDraw draw_dilation(const RandomDilation& distribution, std::uint64_t seed) {
  DilationDraw d;
  d.foreground_size = detail::draw(distribution.size, seed, 0);
  d.foreground_iterations = detail::draw(distribution.iterations, seed, 1);
  d.background_size = distribution.same_for_both ? d.foreground_size : detail::draw(distribution.size, seed, 2);
  d.background_iterations =
      distribution.same_for_both ? d.foreground_iterations : detail::draw(distribution.iterations, seed, 3);
  return d;
}

/// A training trimap from a true alpha, as the seed decides: 0, 128/255 and 1, shape (H, W).
/// Errors: no pixels, NaN, ranges that are empty or begin below 1 (iterations: below 0).
inline Result<Plane> random_dilation_trimap(AnyView alpha, const RandomDilation& distribution, std::uint64_t seed) {
  const auto [size, iterations, same, margin] = distribution;
  if (size.low < 1 || size.high < size.low || iterations.low < 0 || iterations.high < iterations.low)
    return Error{ErrorCode::invalid_argument,
                 "a random dilation wants sizes from at least 1 and iterations from at least 0, given sizes " +
                     std::to_string(size.low) + " to " + std::to_string(size.high) + " and iterations " +
                     std::to_string(iterations.low) + " to " + std::to_string(iterations.high)};
  auto areas = detail::known_areas(alpha, 0, 1, "alpha", margin);
  if (!areas) return areas.error();
  const DilationDraw d = draw_dilation(distribution, seed);
  // Dilating what is not background is eroding the background with the same element.
  areas->background = eroded(std::move(areas->background), ellipse(d.background_size), d.background_iterations);
  areas->foreground = eroded(std::move(areas->foreground), ellipse(d.foreground_size), d.foreground_iterations);
  return detail::assemble_trimap(*areas);
}

}  // namespace hairline

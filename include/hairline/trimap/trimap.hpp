#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "hairline/core/any_view.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/trimap/distance_transform.hpp"

namespace hairline {

/// The value of unknown pixels in trimaps made here: the 8-bit level 128 of the published data sets.
inline constexpr float trimap_unknown = 128.0f / 255.0f;

namespace detail {
/// Two sets of pixels that are known, as masks of 0 and 1.
struct KnownAreas {
  Image<std::uint8_t> background, foreground;
};

/// Background where the value is at or below `low`, foreground where it is at or above `high`. The tolerance lets
/// values stored as float meet bounds given as 8-bit levels; it is below one 16-bit level.
inline Result<KnownAreas> known_areas(AnyView values, double low, double high, const char* what,
                                      double tolerance = 1e-5) {
  if (values.empty()) return Error{ErrorCode::invalid_argument, std::string("the ") + what + " has no pixels"};
  if (!(low < high))
    return Error{ErrorCode::invalid_argument, "the background's bound " + std::to_string(low) +
                                                  " must be below the foreground's, given " + std::to_string(high)};
  const Shape shape{values.height(), values.width(), 1};
  KnownAreas areas{Image<std::uint8_t>(shape), Image<std::uint8_t>(shape)};
  bool finite = true;
  values.visit([&](auto v) {
    using T = typename decltype(v)::value_type;
    for (int y = 0; y < shape.height; ++y)
      for (int x = 0; x < shape.width; ++x) {
        const double value = PixelTraits<T>::template to_unit<double>(v(y, x));
        finite = finite && std::isfinite(value);
        areas.background(y, x) = value <= low + tolerance;
        areas.foreground(y, x) = value >= high - tolerance;
      }
  });
  if (!finite)
    return Error{ErrorCode::invalid_argument,
                 std::string("the ") + what + " holds a value that is not a number (NaN or infinite)"};
  return areas;
}

inline Plane assemble_trimap(const KnownAreas& areas) {
  Plane trimap(areas.background.shape(), trimap_unknown);
  for (std::size_t i = 0; i < trimap.size(); ++i) {
    if (areas.background.data()[i]) trimap.data()[i] = 0;
    if (areas.foreground.data()[i]) trimap.data()[i] = 1;
  }
  return trimap;
}

inline Result<Plane> eroded_trimap(AnyView values, double low, double high, double background_radius,
                                   double foreground_radius, Metric metric, const char* what) {
  if (!(background_radius >= 0 && foreground_radius >= 0))
    return Error{ErrorCode::invalid_argument, "a radius must not be negative, given " +
                                                  std::to_string(background_radius) + " and " +
                                                  std::to_string(foreground_radius)};
  auto areas = known_areas(values, low, high, what);
  if (!areas) return areas.error();
  if (background_radius > 0) areas->background = eroded(areas->background, background_radius, metric);
  if (foreground_radius > 0) areas->foreground = eroded(areas->foreground, foreground_radius, metric);
  return assemble_trimap(*areas);
}
}  // namespace detail

/// How a trimap is made from a segmentation mask. The defaults are those of the background-removal tools.
struct TrimapFromMaskOptions {
  double fg = 240.0 / 255.0;          ///< mask values at or above are foreground
  double bg = 10.0 / 255.0;           ///< mask values at or below are background
  double erode = 10;                  ///< pixels that both then lose along their edges
  Metric metric = Metric::euclidean;  ///< a disc of that radius; chessboard for a square of side 2 * erode + 1
};

/// A trimap from a mask: foreground and background each eroded, what is left between them unknown.
/// Shapes: mask (H, W), of more channels the first counts; result (H, W) with 0, 128/255 and 1. What lies beyond the
/// border erodes nothing. A class may end up without pixels; solvers then say so.
/// Errors: no pixels, NaN, bg not below fg, a negative radius.  Cost: linear in the pixels, whatever the radius.
inline Result<Plane> trimap_from_mask(AnyView mask, TrimapFromMaskOptions options = {}) {
  return detail::eroded_trimap(mask, options.bg, options.fg, options.erode, options.erode, options.metric, "mask");
}

/// How a trimap is made from a true alpha.
struct TrimapFromAlphaOptions {
  double lower = 0;  ///< alpha at or below is background
  double upper = 1;  ///< alpha at or above is foreground
  double dilate = 10;
  Metric metric = Metric::euclidean;

  /// The evaluation trimaps that BackgroundMattingV2 describes: unknown where 0.06 < alpha < 0.96, then 10 dilations
  /// of what is not background and 10 erosions of the foreground with the 3x3 circular kernel, which is a cross. (Their
  /// script is not published; this is our reading of the paper's sentence.)
  static constexpr TrimapFromAlphaOptions bgmv2() { return {0.06, 0.96, 10, Metric::city_block}; }
};

/// A trimap from an alpha: unknown where it is between the bounds, and `dilate` pixels around that and around edges
/// where foreground meets background directly. By default only 0 and 1 are known, as in the published trainings: an
/// alpha whose inside is 254 of 255 becomes unknown all over, and wants `upper` lowered.
/// Shapes, border, errors and cost as for trimap_from_mask.
inline Result<Plane> trimap_from_alpha(AnyView alpha, TrimapFromAlphaOptions options = {}) {
  return detail::eroded_trimap(alpha, options.lower, options.upper, options.dilate, options.dilate, options.metric,
                               "alpha");
}

}  // namespace hairline

#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hairline/augment/resample.hpp"
#include "hairline/core/any_view.hpp"
#include "hairline/core/result.hpp"

namespace hairline::augment {

/// A square of a picture, and whether the picture has to be enlarged first to hold it.
struct CropDraw {
  int height = 0, width = 0;  ///< of the picture before cropping; larger than it is if it was too small
  int top = 0, left = 0, side = 0;
};

/// How training crops are drawn.
struct CropRange {
  std::array<int, 8> sides{};    ///< one is taken, evenly
  int count = 0;                 ///< how many of them there are
  bool uniform_if_none = false;  ///< without unknown pixels: anywhere, instead of at the top left

  /// Deep Image Matting; also FBA Matting.
  static constexpr CropRange deep_image_matting() { return {{320, 480, 640}, 3, false}; }
  /// Background Matting v1: 576 to 800 in steps of 32, later resized to 512.
  static constexpr CropRange background_matting_v1() { return {{576, 608, 640, 672, 704, 736, 768, 800}, 8, false}; }
  /// GCA-Matting: 512; anywhere where nothing is unknown.
  static constexpr CropRange gca() { return {{512}, 1, true}; }
};

/// Draws a crop centred on a random unknown pixel, moved so far that it stays inside; a picture smaller than the crop
/// is to be enlarged by the larger ratio first.
/// @param alpha (H, W); unknown is what lies strictly between 0 and 1 (a trimap's unknown, or a true alpha's mixed
/// pixels) Errors: no pixels.
inline Result<CropDraw> draw_crop(const Plane& alpha, const CropRange& range, Random& r) {
  if (alpha.empty()) return Error{ErrorCode::invalid_argument, "a crop wants a picture with pixels"};
  if (range.count < 1 || range.count > 8 ||
      *std::min_element(range.sides.begin(), range.sides.begin() + range.count) < 1)
    return Error{ErrorCode::invalid_argument, "a crop wants one to eight sides of at least 1 pixel"};
  CropDraw d;
  d.side = range.sides[static_cast<std::size_t>(r.whole(0, range.count - 1))];
  const double grow =
      std::max({1.0, static_cast<double>(d.side) / alpha.height(), static_cast<double>(d.side) / alpha.width()});
  d.height = std::max(d.side, static_cast<int>(std::ceil(grow * alpha.height() - 1e-9)));
  d.width = std::max(d.side, static_cast<int>(std::ceil(grow * alpha.width() - 1e-9)));
  std::vector<std::size_t> unknown;
  for (std::size_t i = 0; i < alpha.size(); ++i)
    if (alpha.data()[i] > 0 && alpha.data()[i] < 1) unknown.push_back(i);
  const int last_top = d.height - d.side, last_left = d.width - d.side;
  const float pick = r.uniform(), u = r.uniform(), v = r.uniform();
  if (unknown.empty()) {
    if (range.uniform_if_none) {
      d.top = static_cast<int>(u * static_cast<float>(last_top + 1));
      d.left = static_cast<int>(v * static_cast<float>(last_left + 1));
    }
    return d;
  }
  const std::size_t at =
      unknown[std::min(static_cast<std::size_t>(pick * static_cast<float>(unknown.size())), unknown.size() - 1)];
  const auto y = static_cast<double>(at / static_cast<std::size_t>(alpha.width())),
             x = static_cast<double>(at % static_cast<std::size_t>(alpha.width()));
  d.top = std::clamp(static_cast<int>((y + 0.5) * d.height / alpha.height()) - d.side / 2, 0, last_top);
  d.left = std::clamp(static_cast<int>((x + 0.5) * d.width / alpha.width()) - d.side / 2, 0, last_left);
  return d;
}

/// The drawn crop of a picture, in the picture's own scale or resized to `side` (0: as cropped).
inline Image<float> crop(const Image<float>& from, const CropDraw& d, Interpolation how, int side = 0) {
  const int out = side > 0 ? side : d.side;
  const double enlarge_x = static_cast<double>(from.width()) / d.width,
               enlarge_y = static_cast<double>(from.height()) / d.height;
  const double step = static_cast<double>(d.side) / out;
  const Affine m{enlarge_x * step, 0, enlarge_x * d.left, 0, enlarge_y * step, enlarge_y * d.top};
  return warp(from, m, out, out, how, NAN);
}

}  // namespace hairline::augment

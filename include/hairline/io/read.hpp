#pragma once
// First, so that stb_image is included with internal linkage.
#include "hairline/io/jpeg_bmp_tga.hpp"
//
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <utility>

#include "hairline/core/alpha_mode.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/io/exr.hpp"
#include "hairline/io/file.hpp"
#include "hairline/io/picture.hpp"
#include "hairline/io/png.hpp"

namespace hairline::io {

namespace detail {
inline Error unknown_format(std::span<const std::uint8_t> bytes, const std::string& name) {
  std::string first;
  for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 8); ++i) {
    char hex[4];
    std::snprintf(hex, sizeof hex, " %02x", bytes[i]);
    first += hex;
  }
  return cannot_read(name, ErrorCode::bad_file,
                     "unknown format (it begins" + first + "); known are PNG, JPEG, EXR, BMP and TGA");
}
}  // namespace detail

/// Reads a picture from memory, whatever its format; the bytes decide, not the name.
/// @param name what error texts call the data
inline Result<Picture> read_memory(std::span<const std::uint8_t> bytes, const std::string& name = "picture in memory",
                                   const ReadLimits& limits = {}) {
  if (bytes.empty()) return detail::cannot_read(name, ErrorCode::bad_file, "the file is empty");
  if (detail::is_png(bytes)) return read_png_memory(bytes, name, limits);
  if (detail::is_jpeg(bytes)) return read_jpeg_memory(bytes, name, limits);
  if (detail::is_exr(bytes)) return read_exr_memory(bytes, name, limits);
  if (detail::is_bmp(bytes)) return read_bmp_memory(bytes, name, limits);
  if (detail::is_tga(bytes)) return read_tga_memory(bytes, name, limits);
  return detail::unknown_format(bytes, name);
}

/// Reads a picture file as it is.
inline Result<Picture> read(const std::string& path, const ReadLimits& limits = {}) {
  auto bytes = read_file(path, limits);
  if (!bytes) return bytes.error();
  return read_memory(*bytes, path, limits);
}

namespace detail {
/// Colour as it is where nothing covers it: associated colour is divided by its alpha.
inline Image<float> straight_pixels(Picture picture) {
  if (picture.alpha != AlphaMode::associated) return std::move(picture.pixels);
  Image<float>& p = picture.pixels;
  const int last = p.channels() - 1;
  for (int y = 0; y < p.height(); ++y)
    for (int x = 0; x < p.width(); ++x) {
      const float alpha = p(y, x, last);
      if (!(alpha > 0 || alpha < 0)) continue;  // as unassociate()
      for (int c = 0; c < last; ++c) p(y, x, c) /= alpha;
    }
  return std::move(p);
}
inline int colours(const Picture& picture) {
  return picture.pixels.channels() - (picture.alpha == AlphaMode::none ? 0 : 1);
}
}  // namespace detail

/// Three channels: grey is repeated, alpha is left out, associated colour is divided by its alpha.
inline Image<float> to_image(Picture picture) {
  const int colours = detail::colours(picture);
  Image<float> in = detail::straight_pixels(std::move(picture));
  if (colours == 3) {
    if (in.channels() > 3) in.keep_first_channels(3);
    return in;
  }
  Image<float> out(Shape{in.height(), in.width(), 3});
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x)
      for (int c = 0; c < 3; ++c) out(y, x, c) = in(y, x);
  return out;
}

/// One channel: grey as it is, colour as Rec. 601 luma (R=G=B stays exactly that value), alpha left out.
inline Plane to_plane(Picture picture) {
  const int colours = detail::colours(picture);
  const bool plain = picture.alpha == AlphaMode::none;
  Image<float> in = detail::straight_pixels(std::move(picture));
  if (plain && colours == 1) return in;
  Plane out(Shape{in.height(), in.width(), 1});
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x) {
      const float r = in(y, x, 0);
      if (colours != 3) {
        out(y, x) = r;
        continue;
      }
      const float g = in(y, x, 1), b = in(y, x, 2);
      out(y, x) = r == g && g == b ? r : static_cast<float>(0.299 * r + 0.587 * g + 0.114 * b);
    }
  return out;
}

/// Four channels, straight alpha; opaque where the file has none.
inline Image<float, AlphaMode::straight> to_rgba(Picture picture) {
  const int colours = detail::colours(picture);
  const bool alpha = picture.alpha != AlphaMode::none;
  const Image<float> in = detail::straight_pixels(std::move(picture));
  Image<float, AlphaMode::straight> out(Shape{in.height(), in.width(), 4}, 1.0f);
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x) {
      for (int c = 0; c < 3; ++c) out(y, x, c) = in(y, x, colours == 3 ? c : 0);
      if (alpha) out(y, x, 3) = in(y, x, in.channels() - 1);
    }
  return out;
}

namespace detail {
template <class Convert>
auto read_as(const std::string& path, const ReadLimits& limits, Convert convert)
    -> Result<decltype(convert(std::declval<Picture>()))> {
  try {
    auto picture = read(path, limits);
    if (!picture) return picture.error();
    return convert(std::move(*picture));
  } catch (const std::bad_alloc&) {
    return no_memory_to_read(path);
  }
}
}  // namespace detail

/// Reads a file as RGB; see to_image().
inline Result<Image<float>> read_image(const std::string& path, const ReadLimits& limits = {}) {
  return detail::read_as(path, limits, to_image);
}
/// Reads a file as one channel; see to_plane().
inline Result<Plane> read_plane(const std::string& path, const ReadLimits& limits = {}) {
  return detail::read_as(path, limits, to_plane);
}
/// Reads a file as RGBA with straight alpha; see to_rgba().
inline Result<Image<float, AlphaMode::straight>> read_rgba(const std::string& path, const ReadLimits& limits = {}) {
  return detail::read_as(path, limits, to_rgba);
}

}  // namespace hairline::io

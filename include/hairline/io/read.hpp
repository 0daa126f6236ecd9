#pragma once
// First, so that stb_image is included with internal linkage.
#include "hairline/io/jpeg_bmp_tga.hpp"
//
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "hairline/core/alpha_mode.hpp"
#include "hairline/core/any_image.hpp"
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

/// Reads a picture from memory, whatever its format, with the file's own pixels; the bytes decide, not the name.
/// @param name what error texts call the data
inline Result<StoredPicture> read_stored_memory(std::span<const std::uint8_t> bytes,
                                                const std::string& name = "picture in memory",
                                                const ReadLimits& limits = {}) {
  return detail::reading(name, [&]() -> Result<StoredPicture> {
    if (bytes.empty()) return detail::cannot_read(name, ErrorCode::bad_file, "the file is empty");
    if (detail::is_png(bytes)) return detail::read_png(bytes, name, limits);
    if (detail::is_jpeg(bytes)) return detail::read_jpeg(bytes, name, limits);
    if (detail::is_bmp(bytes)) return detail::read_bmp(bytes, name, limits);
    if (!detail::is_exr(bytes)) {
      if (detail::is_tga(bytes)) return detail::read_tga(bytes, name, limits);
      return detail::unknown_format(bytes, name);
    }
    auto picture = read_exr_memory(bytes, name, limits);
    if (!picture) return picture.error();
    return StoredPicture{std::move(picture->pixels), picture->alpha, picture->bit_depth};
  });
}
/// The same in floats.
inline Result<Picture> read_memory(std::span<const std::uint8_t> bytes, const std::string& name = "picture in memory",
                                   const ReadLimits& limits = {}) {
  return detail::reading(name, [&] { return detail::in_floats(read_stored_memory(bytes, name, limits)); });
}

/// Reads a picture file as it is, with its own pixels.
inline Result<StoredPicture> read_stored(const std::string& path, const ReadLimits& limits = {}) {
  auto bytes = read_file(path, limits);
  if (!bytes) return bytes.error();
  return read_stored_memory(*bytes, path, limits);
}
/// The same in floats.
inline Result<Picture> read(const std::string& path, const ReadLimits& limits = {}) {
  return detail::reading(path, [&] { return detail::in_floats(read_stored(path, limits)); });
}

namespace detail {
/// Colour as it is where nothing covers it: associated colour is divided by its alpha.
template <class T>
Image<T> straight_pixels(BasicPicture<Image<T>> picture) {
  Image<T>& p = picture.pixels;
  if constexpr (std::is_same_v<T, float>) {  // no format has associated integers
    const int last = p.channels() - 1;
    for (int y = 0; picture.alpha == AlphaMode::associated && y < p.height(); ++y)
      for (int x = 0; x < p.width(); ++x) {
        const float alpha = p(y, x, last);
        if (!(alpha > 0 || alpha < 0)) continue;  // as unassociate()
        for (int c = 0; c < last; ++c) p(y, x, c) /= alpha;
      }
  }
  return std::move(p);
}
template <class Pixels>
int colours(const BasicPicture<Pixels>& picture) {
  return picture.pixels.channels() - (picture.alpha == AlphaMode::none ? 0 : 1);
}

template <class T>
Image<T> three_channels(BasicPicture<Image<T>> picture) {
  const int colours = detail::colours(picture);
  Image<T> in = straight_pixels(std::move(picture));
  if (colours == 3) {
    if (in.channels() > 3) in.keep_first_channels(3);
    return in;
  }
  Image<T> out(Shape{in.height(), in.width(), 3});
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x)
      for (int c = 0; c < 3; ++c) out(y, x, c) = in(y, x);
  return out;
}

template <class T>
bool is_grey(const Image<T>& in) {
  for (int y = 0; y < in.height(); ++y)
    for (int x = 0; x < in.width(); ++x)
      if (in(y, x, 0) != in(y, x, 1) || in(y, x, 0) != in(y, x, 2)) return false;
  return true;
}

inline Plane luma(const Image<float>& in) {
  Plane out(Shape{in.height(), in.width(), 1});
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x) {
      const float r = in(y, x, 0), g = in(y, x, 1), b = in(y, x, 2);
      out(y, x) = r == g && g == b ? r : static_cast<float>(0.299 * r + 0.587 * g + 0.114 * b);
    }
  return out;
}

/// The file's own pixels where it is grey, else luma in floats.
template <class T>
AnyImage one_channel(BasicPicture<Image<T>> picture) {
  const int colours = detail::colours(picture);
  Image<T> in = straight_pixels(std::move(picture));
  if (colours == 3 && !is_grey(in)) return luma(convert<float>(in));
  if (in.channels() > 1) in.keep_first_channels(1);
  return in;
}

template <class T>
BasicPicture<Image<T>> with_pixels(Image<T>& pixels, const StoredPicture& picture) {
  return {std::move(pixels), picture.alpha, picture.bit_depth};
}
}  // namespace detail

/// Three channels: grey is repeated, alpha is left out, associated colour is divided by its alpha.
inline Image<float> to_image(Picture picture) { return detail::three_channels(std::move(picture)); }
/// The same with the file's own pixels.
inline AnyImage to_any_image(StoredPicture picture) {
  return picture.pixels.visit(
      [&](auto& pixels) -> AnyImage { return detail::three_channels(detail::with_pixels(pixels, picture)); });
}

/// One channel: grey as it is, colour as Rec. 601 luma (R=G=B stays exactly that value), alpha left out.
inline Plane to_plane(Picture picture) { return to_float(detail::one_channel(std::move(picture))); }
/// The same with the file's own pixels if it is grey, or coloured with R=G=B everywhere; else luma in floats.
inline AnyImage to_any_plane(StoredPicture picture) {
  return picture.pixels.visit(
      [&](auto& pixels) -> AnyImage { return detail::one_channel(detail::with_pixels(pixels, picture)); });
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
template <class Found, class Convert>
auto then(const std::string& path, Result<Found> picture, Convert convert)
    -> Result<decltype(convert(std::declval<Found>()))> {
  if (!picture) return picture.error();
  return reading(path,
                 [&]() -> Result<decltype(convert(std::declval<Found>()))> { return convert(std::move(*picture)); });
}
}  // namespace detail

/// Reads a file as RGB in floats; see to_image().
inline Result<Image<float>> read_image(const std::string& path, const ReadLimits& limits = {}) {
  return detail::then(path, read(path, limits), to_image);
}
/// Reads a file as RGB with its own pixels, 8-bit files in 8 bits; see to_any_image().
inline Result<AnyImage> read_any_image(const std::string& path, const ReadLimits& limits = {}) {
  return detail::then(path, read_stored(path, limits), to_any_image);
}
/// Reads a file as one channel in floats; see to_plane().
inline Result<Plane> read_plane(const std::string& path, const ReadLimits& limits = {}) {
  return detail::then(path, read(path, limits), to_plane);
}
/// Reads a file as RGBA with straight alpha; see to_rgba().
inline Result<Image<float, AlphaMode::straight>> read_rgba(const std::string& path, const ReadLimits& limits = {}) {
  return detail::then(path, read(path, limits), to_rgba);
}

}  // namespace hairline::io

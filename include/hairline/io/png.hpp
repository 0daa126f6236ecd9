#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/any_view.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/io/detail/png_chunk.hpp"
#include "hairline/io/detail/png_deflate.hpp"
#include "hairline/io/detail/png_inflate.hpp"
#include "hairline/io/detail/png_reader.hpp"
#include "hairline/io/file.hpp"
#include "hairline/io/picture.hpp"

namespace hairline::io {

/// How a PNG is written.
struct PngOptions {
  int depth = 16;       ///< bits per channel: 8 or 16
  int compression = 1;  ///< 0 (none), 1 (quick), 2 to 9 (zlib's levels); 6: 5 % smaller 16-bit colour, 15 times slower
  int threads = 0;      ///< 0: one per hardware thread; the bytes are the same for every number
};

namespace detail {
inline constexpr std::uint8_t png_signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

inline bool is_png(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 8 && std::equal(png_signature, png_signature + 8, bytes.begin());
}

/// Bits of a pixel, from a header that is there.
inline std::uint64_t png_pixel_bits(std::span<const std::uint8_t> bytes) {
  static constexpr int samples[7] = {1, 1, 3, 1, 2, 1, 4};
  return std::uint64_t{bytes[24]} * static_cast<unsigned>(bytes[25] < 7 ? samples[bytes[25]] : 1);
}

/// Judges the header before libpng sees it: nothing is allocated for a size that is refused.
inline std::optional<Error> check_png_header(std::span<const std::uint8_t> bytes, const std::string& name,
                                             const ReadLimits& limits) {
  if (!is_png(bytes)) return cannot_read(name, ErrorCode::bad_file, "it does not begin like a PNG");
  if (bytes.size() < 33 || std::memcmp(bytes.data() + 12, "IHDR", 4) != 0)
    return cannot_read(name, ErrorCode::bad_file, "the PNG header is truncated or damaged");
  const std::uint32_t width = big_endian32(bytes.data() + 16), height = big_endian32(bytes.data() + 20);
  if (auto error = check_size(name, "PNG", width, height, limits)) return error;
  // Deflate expands at most 1032 times, so a small file cannot claim a large picture.
  if (std::uint64_t{width} * height * png_pixel_bits(bytes) / 8 > bytes.size() * std::uint64_t{1032})
    return too_short(name, "PNG", width, height, bytes.size());
  return std::nullopt;
}

/// The reader's rows, every pass of them, as pixels.
/// @return false after an error
template <class T>
bool read_png_rows(PngReader& reader, Image<T>& pixels) {
  for (int pass = 0; pass < reader.passes; ++pass)
    for (int y = 0; y < pixels.height(); ++y)
      if (!reader.row(reinterpret_cast<png_bytep>(&pixels(y, 0)))) return false;
  return reader.finish();
}

/// @param stored  what is read in the place of the bytes, or null
inline Result<StoredPicture> read_png_pixels(std::span<const std::uint8_t> bytes, StoredPng* stored,
                                             const std::string& name) {
  PngReader reader(bytes, stored);
  const auto failed = [&] {
    const std::string text = reader.message[0] != '\0' ? reader.message : "not enough memory";
    const bool memory = text.find("memory") != std::string::npos;
    return cannot_read(name, memory ? ErrorCode::out_of_memory : ErrorCode::bad_file, "damaged PNG: " + text);
  };
  if (!reader.start()) return failed();
  const Shape shape{static_cast<int>(reader.height), static_cast<int>(reader.width), reader.channels};
  const AlphaMode alpha = reader.has_alpha ? AlphaMode::straight : AlphaMode::none;
  const auto read_as = [&](auto pixels) -> Result<StoredPicture> {
    if (!read_png_rows(reader, pixels)) return failed();
    return StoredPicture{std::move(pixels), alpha, reader.file_depth};
  };
  if (reader.depth == 16) return read_as(Image<std::uint16_t>(shape));
  return read_as(Image<std::uint8_t>(shape));
}

inline Result<StoredPicture> read_png(std::span<const std::uint8_t> bytes, const std::string& name,
                                      const ReadLimits& limits) {
  if (auto error = check_png_header(bytes, name, limits)) return *error;
  // An interlaced picture's rows are of several lengths; libpng inflates it by itself.
  if (bytes[28] == 0) {
    const std::uint64_t row = (big_endian32(bytes.data() + 16) * png_pixel_bits(bytes) + 7) / 8 + 1;
    if (const auto stored = StoredPng::of(bytes, static_cast<std::size_t>(row * big_endian32(bytes.data() + 20))))
      if (auto picture = read_png_pixels(bytes, stored.get(), name)) return picture;
  }
  return read_png_pixels(bytes, nullptr, name);  // tells what is wrong
}

inline Result<Bytes> encode_png_unguarded(AnyView image, bool alpha, const PngOptions& options,
                                          const std::string& name) {
  const auto refuse = [&](const std::string& why) { return cannot_write(name, ErrorCode::invalid_argument, why); };
  const int colours = image.channels() - (alpha ? 1 : 0);
  if (image.empty()) return refuse("the picture is empty (" + size_string(image.shape()) + ")");
  if (colours != 1 && colours != 3)
    return refuse("a PNG " + std::string(alpha ? "with alpha takes 2 or 4" : "takes 1 or 3") +
                  " channels, the picture has " + std::to_string(image.channels()) +
                  (alpha ? "" : " (for alpha, pass an Image whose type says AlphaMode::straight)"));
  if (options.depth != 8 && options.depth != 16)
    return refuse("the depth must be 8 or 16 bits, not " + std::to_string(options.depth));
  if (options.compression < 0 || options.compression > 9)
    return refuse("the compression level must be 0 to 9, not " + std::to_string(options.compression));
  if (image.width() > (1 << 27)) return refuse("a row of " + std::to_string(image.width()) + " pixels is too long");
  const auto pieces = deflate_png_rows(image, options.depth, options.compression, options.threads);
  std::size_t size = 0;
  for (const PngPiece& piece : pieces) size += piece.bytes.size() + 12;
  Bytes png;
  png.reserve(size + 64);
  png.insert(png.end(), png_signature, png_signature + 8);
  Bytes header;
  append_big_endian32(header, static_cast<std::uint32_t>(image.width()));
  append_big_endian32(header, static_cast<std::uint32_t>(image.height()));
  const int type = (colours == 3 ? PNG_COLOR_MASK_COLOR : 0) | (alpha ? PNG_COLOR_MASK_ALPHA : 0);
  for (const int value : {options.depth, type, 0, 0, 0}) header.push_back(static_cast<std::uint8_t>(value));
  append_png_chunk(png, "IHDR", header);
  for (const PngPiece& piece : pieces) append_png_chunk(png, "IDAT", piece.bytes);
  append_png_chunk(png, "IEND", {});
  return png;
}

inline Result<Bytes> encode_png_guarded(AnyView image, bool alpha, const PngOptions& options, const std::string& name) {
  try {
    return encode_png_unguarded(image, alpha, options, name);
  } catch (const std::bad_alloc&) {
    return no_memory_to_write(name);
  }
}
}  // namespace detail

/// Reads a PNG of any kind from memory: 1 to 16 bits, grey, palette, RGB, with alpha or a transparent colour,
/// interlaced or not. Values are v / 255 or v / 65535 exactly; gamma, colour profiles and other metadata are ignored.
/// @param name what error texts call the data
inline Result<Picture> read_png_memory(std::span<const std::uint8_t> bytes, const std::string& name = "PNG in memory",
                                       const ReadLimits& limits = {}) {
  return detail::reading(name, [&] { return detail::in_floats(detail::read_png(bytes, name, limits)); });
}

/// A PNG in memory from 1 or 3 channels. Values beyond [0,1] end at its ends, NaN becomes 0, the rest is rounded.
inline Result<Bytes> encode_png(AnyView image, const PngOptions& options = {},
                                const std::string& name = "PNG in memory") {
  return detail::encode_png_guarded(image, false, options, name);
}
/// The same with straight alpha: 2 (grey, alpha) or 4 (RGB, alpha) channels.
template <class T>
Result<Bytes> encode_png(const Image<T, AlphaMode::straight>& image, const PngOptions& options = {},
                         const std::string& name = "PNG in memory") {
  return detail::encode_png_guarded(image.view(), true, options, name);
}
template <class T>
Result<Bytes> encode_png(const Image<T, AlphaMode::associated>&, const PngOptions& = {}, const std::string& = "") {
  static_assert(detail::never<T>, "PNG holds straight alpha: call hairline::unassociate() first");
  return Error{};
}

/// Writes a PNG of 1 or 3 channels, all or nothing. The errors name the file.
inline Result<void> write_png(const std::string& path, AnyView image, const PngOptions& options = {}) {
  auto bytes = encode_png(image, options, path);
  if (!bytes) return bytes.error();
  return write_file(path, *bytes);
}
/// The same with straight alpha: 2 (grey, alpha) or 4 (RGB, alpha) channels.
template <class T>
Result<void> write_png(const std::string& path, const Image<T, AlphaMode::straight>& image,
                       const PngOptions& options = {}) {
  auto bytes = encode_png(image, options, path);
  if (!bytes) return bytes.error();
  return write_file(path, *bytes);
}
template <class T>
Result<void> write_png(const std::string&, const Image<T, AlphaMode::associated>&, const PngOptions& = {}) {
  static_assert(detail::never<T>, "PNG holds straight alpha: call hairline::unassociate() first");
  return Error{};
}

}  // namespace hairline::io

#pragma once
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "hairline/core/any_image.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"

namespace hairline::io {

/// A picture as its file has it.
template <class Pixels>
struct BasicPicture {
  Pixels pixels;                      ///< 1 to 4 channels (grey, grey+alpha, RGB, RGBA); [0,1], EXR may go beyond
  AlphaMode alpha = AlphaMode::none;  ///< what the last channel is: straight (PNG, TGA, BMP), associated (EXR) or none
  int bit_depth = 8;                  ///< bits per channel in the file: 1, 2, 4, 8, 16 (also half float) or 32
};
using Picture = BasicPicture<Image<float>>;
using StoredPicture = BasicPicture<AnyImage>;  ///< 8 bits for 1 to 8, 16 bits for 16, float for EXR

inline Picture in_floats(StoredPicture picture) {
  return {to_float(std::move(picture.pixels)), picture.alpha, picture.bit_depth};
}

/// What a reader may spend on a file from an unknown hand. Everything is checked before memory is taken.
struct ReadLimits {
  std::size_t max_pixels = std::size_t{1} << 28;     ///< width * height; the default admits 16384 x 16384
  std::uint64_t max_bytes = std::uint64_t{1} << 32;  ///< of the file itself
};

namespace detail {
inline std::string quoted(const std::string& name) { return "'" + name + "'"; }

inline Error cannot_read(const std::string& name, ErrorCode code, const std::string& why) {
  return {code, "cannot read " + quoted(name) + ": " + why};
}
inline Error cannot_write(const std::string& name, ErrorCode code, const std::string& why) {
  return {code, "cannot write " + quoted(name) + ": " + why};
}

/// The error for a header whose size is zero, negative or beyond the limit.
inline std::optional<Error> check_size(const std::string& name, const char* format, std::int64_t width,
                                       std::int64_t height, const ReadLimits& limits) {
  const std::string size = std::to_string(width) + "x" + std::to_string(height);
  if (width <= 0 || height <= 0)
    return cannot_read(name, ErrorCode::bad_file,
                       "its " + std::string(format) + " header gives the size " + size + ", which holds no pixels");
  const auto w = static_cast<std::uint64_t>(width), h = static_cast<std::uint64_t>(height);
  if (w > limits.max_pixels || h > limits.max_pixels / w || w > 0x7fffffffu || h > 0x7fffffffu)
    return cannot_read(name, ErrorCode::bad_file,
                       "its " + std::string(format) + " header claims " + size + " pixels; the limit is " +
                           std::to_string(limits.max_pixels) + " pixels in all (ReadLimits::max_pixels)");
  return std::nullopt;
}

inline Error too_short(const std::string& name, const char* format, std::int64_t width, std::int64_t height,
                       std::size_t bytes) {
  return cannot_read(name, ErrorCode::bad_file,
                     "its " + std::string(format) + " header claims " + std::to_string(width) + "x" +
                         std::to_string(height) + " pixels, which cannot be in a file of " + std::to_string(bytes) +
                         " bytes (truncated or damaged)");
}

inline Error no_memory_to_read(const std::string& name) {
  return cannot_read(name, ErrorCode::out_of_memory, "not enough memory");
}
inline Error no_memory_to_write(const std::string& name) {
  return cannot_write(name, ErrorCode::out_of_memory, "not enough memory");
}

inline Result<Picture> in_floats(Result<StoredPicture> picture) {
  if (!picture) return picture.error();
  return io::in_floats(std::move(*picture));
}

/// What a reader returns, or that memory was short.
template <class F>
auto reading(const std::string& name, F&& read) -> decltype(read()) {
  try {
    return read();
  } catch (const std::bad_alloc&) {
    return no_memory_to_read(name);
  }
}

template <class T>
inline constexpr bool never = false;  // for what must not compile, and say why
}  // namespace detail

}  // namespace hairline::io

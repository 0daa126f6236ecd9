#pragma once
// First, so that stb_image is included with internal linkage.
#include "hairline/io/detail/stb_image.hpp"
//
#include <climits>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>

#include "hairline/core/convert.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/io/detail/bmp_tga_header.hpp"
#include "hairline/io/detail/exif_orientation.hpp"
#include "hairline/io/detail/jpeg_segments.hpp"
#include "hairline/io/picture.hpp"

namespace hairline::io {

namespace detail {
struct FreeStb {
  void operator()(stbi_uc* p) const { stbi_image_free(p); }
};

inline Error stb_error(const std::string& name, const char* format) {
  const char* reason = stbi_failure_reason();
  const std::string text = reason != nullptr ? reason : "unknown reason";
  if (text == "outofmem") return no_memory_to_read(name);
  return bad_raster(name, format, text);
}

/// Decodes what the format's own check has let through.
/// @param orientation as Exif numbers it: 1 as stored
inline Result<StoredPicture> decode_with_stb(std::span<const std::uint8_t> bytes, const std::string& name,
                                             const char* format, int orientation) {
  if (bytes.size() > static_cast<std::size_t>(INT_MAX))
    return cannot_read(name, ErrorCode::unsupported, std::string(format) + " files beyond 2 GiB are not supported");
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, FreeStb> data(
      stbi_load_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width, &height, &channels, 0));
  if (!data) return stb_error(name, format);
  const bool alpha = channels == 2 || channels == 4;
  const View<const std::uint8_t> stored(data.get(), Shape{height, width, channels});
  return StoredPicture{convert<std::uint8_t>(upright(stored, orientation)),
                       alpha ? AlphaMode::straight : AlphaMode::none, 8};
}

inline Result<StoredPicture> read_jpeg(std::span<const std::uint8_t> bytes, const std::string& name,
                                       const ReadLimits& limits) {
  if (auto error = check_jpeg(bytes, name, limits)) return *error;
  return decode_with_stb(bytes, name, "JPEG", jpeg_orientation(bytes));
}
inline Result<StoredPicture> read_bmp(std::span<const std::uint8_t> bytes, const std::string& name,
                                      const ReadLimits& limits) {
  if (auto error = check_bmp(bytes, name, limits)) return *error;
  return decode_with_stb(bytes, name, "BMP", 1);
}
inline Result<StoredPicture> read_tga(std::span<const std::uint8_t> bytes, const std::string& name,
                                      const ReadLimits& limits) {
  if (auto error = check_tga(bytes, name, limits)) return *error;
  return decode_with_stb(bytes, name, "TGA", 1);
}
}  // namespace detail

/// Reads a JPEG, baseline or progressive: 1 or 3 channels. Which way is up is taken from its Exif block.
inline Result<Picture> read_jpeg_memory(std::span<const std::uint8_t> bytes, const std::string& name = "JPEG in memory",
                                        const ReadLimits& limits = {}) {
  return detail::reading(name, [&] { return detail::in_floats(detail::read_jpeg(bytes, name, limits)); });
}

/// Reads an uncompressed BMP: 3 channels, or 4 where it declares an alpha mask.
inline Result<Picture> read_bmp_memory(std::span<const std::uint8_t> bytes, const std::string& name = "BMP in memory",
                                       const ReadLimits& limits = {}) {
  return detail::reading(name, [&] { return detail::in_floats(detail::read_bmp(bytes, name, limits)); });
}

/// Reads a TGA, plain or run-length coded: 1 to 4 channels.
inline Result<Picture> read_tga_memory(std::span<const std::uint8_t> bytes, const std::string& name = "TGA in memory",
                                       const ReadLimits& limits = {}) {
  return detail::reading(name, [&] { return detail::in_floats(detail::read_tga(bytes, name, limits)); });
}

}  // namespace hairline::io

#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>

#include "hairline/io/picture.hpp"

// stb_image takes a BMP or TGA that ends too early for one that goes on with zeros, and trusts palette indices. These
// checks refuse both, and the few odd variants that it would decode wrongly.

namespace hairline::io::detail {

inline std::uint32_t little_endian16(const std::uint8_t* p) { return std::uint32_t{p[0]} | std::uint32_t{p[1]} << 8; }
inline std::uint32_t little_endian32(const std::uint8_t* p) {
  return little_endian16(p) | little_endian16(p + 2) << 16;
}

inline Error bad_raster(const std::string& name, const char* format, const std::string& why) {
  return cannot_read(name, ErrorCode::bad_file, "damaged " + std::string(format) + ": " + why);
}
inline Error odd_raster(const std::string& name, const char* format, const std::string& what) {
  return cannot_read(name, ErrorCode::unsupported, what + " is not supported in " + format + " files");
}

inline bool is_bmp(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 2 && bytes[0] == 'B' && bytes[1] == 'M';
}

struct BmpHeader {
  std::uint64_t offset = 0, header_size = 0;
  std::int64_t width = 0, height = 0;
  std::uint32_t bits = 0, compression = 0;
  std::uint64_t stride() const { return (static_cast<std::uint64_t>(width) * bits + 31) / 32 * 4; }
  std::uint64_t used_row() const { return (static_cast<std::uint64_t>(width) * bits + 7) / 8; }
};

/// Whether every palette index of a BMP is below `entries`.
inline bool bmp_indices_below(std::span<const std::uint8_t> bytes, const BmpHeader& h, std::uint64_t entries) {
  const std::uint32_t mask = (1u << h.bits) - 1;
  for (std::int64_t y = 0; y < h.height; ++y) {
    const std::uint8_t* row = bytes.data() + h.offset + static_cast<std::uint64_t>(y) * h.stride();
    for (std::uint64_t x = 0; x < static_cast<std::uint64_t>(h.width); ++x) {
      const std::uint64_t bit = x * h.bits;
      if ((row[bit / 8] >> (8 - h.bits - bit % 8) & mask) >= entries) return false;
    }
  }
  return true;
}

inline std::optional<Error> check_bmp(std::span<const std::uint8_t> bytes, const std::string& name,
                                      const ReadLimits& limits) {
  const std::uint8_t* p = bytes.data();
  if (bytes.size() < 54 || !is_bmp(bytes)) return bad_raster(name, "BMP", "the header is truncated");
  BmpHeader h;
  h.offset = little_endian32(p + 10);
  h.header_size = little_endian32(p + 14);
  if (h.header_size == 12) return odd_raster(name, "BMP", "the OS/2 header of 12 bytes");
  if (h.header_size != 40 && h.header_size != 56 && h.header_size != 108 && h.header_size != 124)
    return odd_raster(name, "BMP", "a header of " + std::to_string(h.header_size) + " bytes");
  h.width = static_cast<std::int32_t>(little_endian32(p + 18));
  h.height = std::llabs(static_cast<std::int32_t>(little_endian32(p + 22)));
  h.bits = little_endian16(p + 28);
  h.compression = little_endian32(p + 30);
  if (auto error = check_size(name, "BMP", h.width, h.height, limits)) return error;
  if (little_endian16(p + 26) != 1) return bad_raster(name, "BMP", "the number of planes is not 1");
  if (h.bits != 1 && h.bits != 4 && h.bits != 8 && h.bits != 16 && h.bits != 24 && h.bits != 32)
    return bad_raster(name, "BMP", std::to_string(h.bits) + " bits per pixel do not exist");
  if (h.compression != 0 && h.compression != 3)
    return odd_raster(name, "BMP", "compression kind " + std::to_string(h.compression));
  if (h.compression == 3 && h.bits != 16 && h.bits != 32)
    return bad_raster(name, "BMP", "bit masks with " + std::to_string(h.bits) + " bits per pixel");
  const std::uint64_t masks = h.compression == 3 && h.header_size <= 56 ? 12 : 0;
  const std::uint64_t before_palette = 14 + h.header_size + masks;
  if (h.offset < before_palette || h.offset > bytes.size())
    return bad_raster(name, "BMP",
                      "the pixels begin at byte " + std::to_string(h.offset) + " of " + std::to_string(bytes.size()));
  const std::uint64_t needed = h.offset + h.stride() * static_cast<std::uint64_t>(h.height - 1) + h.used_row();
  if (needed > bytes.size()) return too_short(name, "BMP", h.width, h.height, bytes.size());
  if (h.bits <= 8) {
    const std::uint64_t entries = (h.offset - before_palette) / 4;
    if (entries == 0 || entries > 256)
      return bad_raster(name, "BMP", "a palette of " + std::to_string(entries) + " colours");
    if (entries < (1u << h.bits) && !bmp_indices_below(bytes, h, entries))
      return bad_raster(name, "BMP", "a pixel beyond the palette of " + std::to_string(entries) + " colours");
  }
  return std::nullopt;
}

struct TgaHeader {
  std::uint32_t id_length = 0, palette_type = 0, type = 0, palette_start = 0, palette_length = 0, palette_bits = 0;
  std::uint32_t width = 0, height = 0, bits = 0, descriptor = 0;
  bool run_lengths() const { return type >= 8; }
  bool indexed() const { return palette_type == 1; }
  std::uint64_t palette_bytes() const {
    return indexed() ? std::uint64_t{palette_length} * ((palette_bits + 7) / 8) : 0;
  }
  std::uint64_t pixel_bytes() const { return (bits + 7) / 8; }
};

inline std::optional<TgaHeader> parse_tga(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 18) return std::nullopt;
  const std::uint8_t* p = bytes.data();
  TgaHeader h;
  h.id_length = p[0];
  h.palette_type = p[1];
  h.type = p[2];
  h.palette_start = little_endian16(p + 3);
  h.palette_length = little_endian16(p + 5);
  h.palette_bits = p[7];
  h.width = little_endian16(p + 12);
  h.height = little_endian16(p + 14);
  h.bits = p[16];
  h.descriptor = p[17];
  return h;
}

/// TGA has no signature: this asks whether the first 18 bytes make sense as its header.
inline bool is_tga(std::span<const std::uint8_t> bytes) {
  const auto h = parse_tga(bytes);
  if (!h || h->palette_type > 1) return false;
  const std::uint32_t kind = h->type & 7u;
  if ((h->type & ~8u) != kind) return false;
  switch (kind) {
    case 1:
      return h->indexed() && (h->bits == 8 || h->bits == 16) &&
             (h->palette_bits == 15 || h->palette_bits == 16 || h->palette_bits == 24 || h->palette_bits == 32);
    case 2:
      return !h->indexed() && (h->bits == 15 || h->bits == 16 || h->bits == 24 || h->bits == 32);
    case 3:
      return !h->indexed() && (h->bits == 8 || h->bits == 16);
    default:
      return false;
  }
}

inline std::optional<Error> check_tga(std::span<const std::uint8_t> bytes, const std::string& name,
                                      const ReadLimits& limits) {
  if (!is_tga(bytes)) return bad_raster(name, "TGA", "the header makes no sense");
  const TgaHeader h = *parse_tga(bytes);
  if (auto error = check_size(name, "TGA", h.width, h.height, limits)) return error;
  if ((h.descriptor & 0xd0u) != 0) return odd_raster(name, "TGA", "right-to-left or interleaved order");
  if (h.indexed() && h.palette_start != 0) return odd_raster(name, "TGA", "a palette that does not begin at 0");
  const auto index_fits = [&](std::uint64_t at) {
    if (!h.indexed()) return true;
    return (h.bits == 8 ? bytes[at] : little_endian16(bytes.data() + at)) < h.palette_length;
  };
  const auto beyond = [&] {
    return bad_raster(name, "TGA", "a pixel beyond the palette of " + std::to_string(h.palette_length) + " colours");
  };
  const std::uint64_t pixels = std::uint64_t{h.width} * h.height, step = h.pixel_bytes();
  std::uint64_t at = 18 + h.id_length + h.palette_bytes();
  if (!h.run_lengths()) {
    if (at + pixels * step > bytes.size()) return too_short(name, "TGA", h.width, h.height, bytes.size());
    for (std::uint64_t i = 0; h.indexed() && i < pixels; ++i)
      if (!index_fits(at + i * step)) return beyond();
    return std::nullopt;
  }
  for (std::uint64_t seen = 0; seen < pixels;) {
    if (at >= bytes.size()) return too_short(name, "TGA", h.width, h.height, bytes.size());
    const std::uint8_t packet = bytes[at++];
    const std::uint64_t count = 1u + (packet & 127u), stored = packet >= 128 ? 1 : count;
    if (at + stored * step > bytes.size()) return too_short(name, "TGA", h.width, h.height, bytes.size());
    for (std::uint64_t i = 0; i < stored; ++i)
      if (!index_fits(at + i * step)) return beyond();
    at += stored * step;
    seen += count;
  }
  return std::nullopt;
}

}  // namespace hairline::io::detail

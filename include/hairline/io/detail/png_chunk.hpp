#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hairline/io/detail/isal.hpp"

// Numbers as a PNG has them, and the checksum of its chunks.

namespace hairline::io::detail {

inline std::uint32_t big_endian32(const std::uint8_t* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | std::uint32_t{p[3]};
}

inline void append_big_endian32(std::vector<std::uint8_t>& to, std::uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) to.push_back(static_cast<std::uint8_t>(value >> shift));
}

/// @param data  a chunk's name and what follows it
inline std::uint32_t png_crc(const std::uint8_t* data, std::size_t size) {
  return by_isal([&] { return crc32_gzip_refl(0, data, size); });
}

/// The checksum of a zlib stream's contents.
inline std::uint32_t zlib_adler(const std::uint8_t* data, std::size_t size) {
  return by_isal([&] { return isal_adler32(1, data, size); });
}

}  // namespace hairline::io::detail

#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "hairline/core/view.hpp"

// Cameras store what the sensor saw and note in an Exif block which way was up.

namespace hairline::io::detail {

/// Numbers of a TIFF block in its own byte order; 0 beyond its end.
struct TiffBytes {
  std::span<const std::uint8_t> bytes;
  bool little = false;

  std::uint32_t get(std::size_t at, std::size_t count) const {
    if (at > bytes.size() || count > bytes.size() - at) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[at + (little ? count - 1 - i : i)];
    return value;
  }
};

/// The orientation (1 to 8) that an Exif block's first directory gives; 1 if it gives none or is damaged.
inline int orientation_of_tiff(std::span<const std::uint8_t> block) {
  TiffBytes tiff{block};
  const std::uint32_t order = tiff.get(0, 2);
  if (order != 0x4949 && order != 0x4d4d) return 1;  // II, MM
  tiff.little = order == 0x4949;
  if (tiff.get(2, 2) != 42) return 1;
  const std::size_t directory = tiff.get(4, 4);
  const std::size_t entries = tiff.get(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t at = directory + 2 + 12 * i;
    if (at > block.size() || block.size() - at < 12) return 1;
    if (tiff.get(at, 2) != 0x0112) continue;
    if (tiff.get(at + 2, 2) != 3 || tiff.get(at + 4, 4) != 1) return 1;  // one 16-bit number
    const std::uint32_t value = tiff.get(at + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

/// The orientation of a JPEG by its first Exif segment; 1 if it has none.
inline int jpeg_orientation(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view mark("Exif\0\0", 6);
  for (std::size_t at = 2; at + 4 <= bytes.size() && bytes[at] == 0xff;) {
    const int marker = bytes[at + 1];
    if (marker == 0xff) {  // padding
      ++at;
      continue;
    }
    const std::size_t length = std::size_t{bytes[at + 2]} << 8 | bytes[at + 3];
    if (marker == 0xda || marker == 0xd9 || length < 2 || length > bytes.size() - at - 2) return 1;
    const auto segment = bytes.subspan(at + 4, length - 2);
    if (marker == 0xe1 && segment.size() >= mark.size() &&
        std::equal(mark.begin(), mark.end(), segment.begin(), [](char a, std::uint8_t b) { return a == char(b); }))
      return orientation_of_tiff(segment.subspan(mark.size()));
    at += 2 + length;
  }
  return 1;
}

/// The picture as it should be seen, without moving a pixel. 2 to 4 mirror, turn by 180 degrees, flip; 5 to 8 swap rows
/// and columns: transposed, turned clockwise, transposed along the other diagonal, turned anticlockwise.
template <class T>
View<T> upright(View<T> v, int orientation) {
  const bool swap = orientation >= 5;
  // Whether the stored rows and columns are run through from their far end.
  const bool far_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool far_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  Strides s = v.strides();
  T* first = v.data();
  if (far_y) {
    first += (v.height() - 1) * s.y;
    s.y = -s.y;
  }
  if (far_x) {
    first += (v.width() - 1) * s.x;
    s.x = -s.x;
  }
  if (!swap) return {first, v.shape(), s};
  return {first, Shape{v.width(), v.height(), v.channels()}, Strides{s.x, s.y, s.c}};
}

}  // namespace hairline::io::detail

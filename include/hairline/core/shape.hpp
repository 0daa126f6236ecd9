#pragma once
#include <cstddef>
#include <string>

namespace hairline {

/// Extent of a picture or feature map: rows, columns, channels.
struct Shape {
  int height = 0;
  int width = 0;
  int channels = 1;

  constexpr std::size_t pixels() const { return static_cast<std::size_t>(height) * static_cast<std::size_t>(width); }
  constexpr std::size_t size() const { return pixels() * static_cast<std::size_t>(channels); }
  constexpr bool empty() const { return height <= 0 || width <= 0 || channels <= 0; }
  constexpr bool same_pixels(const Shape& other) const { return height == other.height && width == other.width; }
  friend constexpr bool operator==(const Shape&, const Shape&) = default;
};

/// "width x height x channels", as pictures are spoken of; for error texts.
inline std::string to_string(const Shape& s) {
  return std::to_string(s.width) + "x" + std::to_string(s.height) + "x" + std::to_string(s.channels);
}

/// "width x height", for error texts where channels do not matter.
inline std::string size_string(const Shape& s) { return std::to_string(s.width) + "x" + std::to_string(s.height); }

}  // namespace hairline

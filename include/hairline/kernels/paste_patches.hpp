#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "hairline/core/pixel.hpp"
#include "hairline/core/view.hpp"

namespace hairline::kernels {

/// Pictures that paste_patches() reads and writes; composite and backdrop may be null views: no composite then.
template <class Pixel, class Colour, class Alpha, class Backdrop = Pixel>
struct PastePictures {
  View<const Pixel> picture;      ///< height x width x 3
  View<Alpha> alpha;              ///< height x width x 1
  View<Colour> foreground;        ///< height x width x 3
  View<const Backdrop> backdrop;  ///< height x width x 3; strides of 0 make a single colour of it
  View<Colour> composite;         ///< height x width x 3
};

/// Which cells of a tile count: those that hold `wanted` in a map of one byte a cell. Without a map all do.
struct ChosenCells {
  const std::uint8_t* map = nullptr;
  int columns = 0;  ///< of the map
  std::uint8_t wanted = 1;
  bool has(int row, int column) const {
    return map == nullptr ||
           map[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column)] ==
               wanted;
  }
};

/// Writes refined tiles over the full-resolution result, without blending: alpha clamped to [0,1], foreground =
/// clamp(picture + residual), rounded to nearest for integers. What hangs over the pictures' edges is left out.
/// @param patches  alpha and 3 residuals of each pixel: 4, 4 * tile_w, 4 * tile_h, tile; the first axis innermost
/// @param cells    column and row, in cells of 4x4 pixels, of each tile's first cell
/// Tiles are written in order. Lists without overlap may be pasted from several threads.
/// @pre the pictures are of one size (unchecked)
template <class Pixel, class Colour, class Alpha, class Backdrop>
void paste_patches(const float* patches, int tile_w, int tile_h, std::span<const std::int32_t> cells,
                   const PastePictures<Pixel, Colour, Alpha, Backdrop>& to, const ChosenCells& chosen = {}) {
  constexpr int cell = 4;
  const bool over = to.composite.data() != nullptr;
  const std::size_t row = std::size_t{4} * cell * static_cast<std::size_t>(tile_w);
  const auto unit = [](float v) { return std::clamp(v, 0.0f, 1.0f); };
  for (std::size_t i = 0; i + 1 < cells.size(); i += 2) {
    const int left = cell * cells[i], top = cell * cells[i + 1];
    const int columns = std::min(cell * tile_w, to.alpha.width() - left);
    for (int y = 0; y < cell * tile_h; ++y, patches += row) {
      if (top + y >= to.alpha.height()) continue;
      const float* from = patches;
      for (int x = 0; x < columns; ++x, from += 4) {
        const int py = top + y, px = left + x;
        if (!chosen.has(py / cell, px / cell)) continue;
        const float a = unit(from[0]);
        to.alpha(py, px, 0) = PixelTraits<Alpha>::template from_unit<float>(a);
        for (int c = 0; c < 3; ++c) {
          const float f = unit(PixelTraits<Pixel>::template to_unit<float>(to.picture(py, px, c)) + from[c + 1]);
          to.foreground(py, px, c) = PixelTraits<Colour>::template from_unit<float>(f);
          if (!over) continue;
          const float b = PixelTraits<Backdrop>::template to_unit<float>(to.backdrop(py, px, c));
          to.composite(py, px, c) = PixelTraits<Colour>::template from_unit<float>(a * f + (1 - a) * b);
        }
      }
    }
  }
}

}  // namespace hairline::kernels

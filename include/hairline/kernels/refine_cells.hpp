#pragma once
#include <cstdint>
#include <vector>

namespace hairline::kernels::detail {

/// Covers the chosen cells with tiles: squares of `tile` cells where at least `least` of their cells are chosen, single
/// cells elsewhere. Tiles lie on a fixed grid, moved in where they would reach over the picture's edge.
/// @param chosen  one byte a cell, row-major; what a large tile covers is set to 2
/// @param origins column and row of each tile: large tiles, then single cells
inline void cover_cells(std::vector<std::uint8_t>& chosen, int rows, int columns, int tile, int least,
                        std::vector<std::int32_t>& large, std::vector<std::int32_t>& single) {
  large.clear();
  single.clear();
  const auto at = [&](int r, int c) -> std::uint8_t& {
    return chosen[static_cast<std::size_t>(r) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(c)];
  };
  if (rows >= tile && columns >= tile)
    for (int r = 0; r < rows; r += tile)
      for (int c = 0; c < columns; c += tile) {
        const int top = r + tile > rows ? rows - tile : r, left = c + tile > columns ? columns - tile : c;
        int wanted = 0;
        for (int y = top; y < top + tile; ++y)
          for (int x = left; x < left + tile; ++x) wanted += at(y, x) == 1;
        if (wanted < least) continue;
        large.push_back(left);
        large.push_back(top);
        for (int y = top; y < top + tile; ++y)
          for (int x = left; x < left + tile; ++x)
            if (at(y, x) == 1) at(y, x) = 2;
      }
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c)
      if (at(r, c) == 1) {
        single.push_back(c);
        single.push_back(r);
      }
}

}  // namespace hairline::kernels::detail

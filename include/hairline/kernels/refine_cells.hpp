#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hairline::kernels::detail {

/// Marks the `wanted` cells of largest error, of equal ones the first, as the reference does, but for those whose error
/// is not above `least`. Non-negative floats are ordered as their bits are, so three counts of 11 bits find the error
/// of the last one. Cost: four passes over the errors, nothing allocated.
/// @param chosen  one byte a cell, all 0 before
/// @return the last error taken where cells are left, or `least`: the line of hairline::detail::refined_share()
inline float mark_worst(const std::vector<float>& error, std::size_t wanted, float least,
                        std::vector<std::uint8_t>& chosen) {
  const auto key = [](float e) { return e > 0.0f ? std::bit_cast<std::uint32_t>(e) : 0u; };
  if (wanted > error.size()) wanted = error.size();
  if (wanted == 0) return std::max(least, 0.0f);
  std::uint32_t prefix = 0, mask = 0;
  std::size_t left = wanted;  // how many cells of this prefix are still to be found
  for (int shift : {22, 11, 0}) {
    std::array<std::uint32_t, 2048> count{};
    const std::uint32_t digit = shift == 22 ? 0x3ffu : 0x7ffu;
    for (float e : error)
      if (const std::uint32_t k = key(e); (k & mask) == prefix) ++count[k >> shift & digit];
    std::uint32_t d = digit;
    while (count[d] < left) left -= count[d--];
    prefix |= d << shift;
    mask |= digit << shift;
  }
  for (std::size_t i = 0; i < error.size(); ++i) {
    const std::uint32_t k = key(error[i]);
    if (k > prefix || (k == prefix && left > 0)) {
      if (k == prefix) --left;
      if (error[i] > least) chosen[i] = 1;
    }
  }
  return std::max(least, wanted < error.size() ? std::bit_cast<float>(prefix) : 0.0f);
}

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

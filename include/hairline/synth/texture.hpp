#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hairline/synth/colour.hpp"
#include "hairline/synth/geometry.hpp"

namespace hairline::synth {

/// A colour texture that repeats without a seam, with smaller versions for use from afar: 8 bits a channel.
class Tile {
 public:
  static constexpr int side = 256, levels = 6;

  /// @param colour called with (x, y) in whole pixels of the largest level
  template <class F>
  static Tile from(F&& colour) {
    Tile t;
    std::vector<Paint> level(side * side);
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x) level[static_cast<std::size_t>(y * side + x)] = clamped(colour(x, y));
    int n = side;
    for (int l = 0; l < levels; ++l, n /= 2) {
      t.store(level);
      std::vector<Paint> half(static_cast<std::size_t>(n / 2) * static_cast<std::size_t>(n / 2));
      for (int y = 0; y < n / 2; ++y)
        for (int x = 0; x < n / 2; ++x) {
          const auto at = [&](int i, int j) { return level[static_cast<std::size_t>((2 * y + i) * n + 2 * x + j)]; };
          half[static_cast<std::size_t>(y * (n / 2) + x)] = 0.25f * (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1));
        }
      level = std::move(half);
    }
    return t;
  }

  /// Bilinear; the tile repeats every 1. Level 0 has 256 pixels a side, each next one half of that.
  Paint at(float u, float v, int level) const {
    const int n = side >> level, mask = n - 1;
    const std::uint8_t* base = &data_[begin[static_cast<std::size_t>(level)]];
    const float x = u * static_cast<float>(n), y = v * static_cast<float>(n);
    const int j = floor_int(x), i = floor_int(y);
    const float a = x - static_cast<float>(j), b = y - static_cast<float>(i);
    const std::uint8_t* top = base + 4 * ((i & mask) * n);
    const std::uint8_t* bottom = base + 4 * (((i + 1) & mask) * n);
    const int l = 4 * (j & mask), r = 4 * ((j + 1) & mask);
    const float w00 = (1 - a) * (1 - b) / 255, w01 = a * (1 - b) / 255, w10 = (1 - a) * b / 255, w11 = a * b / 255;
    const auto mixed = [&](int c) {
      return w00 * static_cast<float>(top[l + c]) + w01 * static_cast<float>(top[r + c]) +
             w10 * static_cast<float>(bottom[l + c]) + w11 * static_cast<float>(bottom[r + c]);
    };
    return {mixed(0), mixed(1), mixed(2)};
  }
  /// The level whose pixels are about as large as the picture's where a repeat takes `pixels`.
  static int level_for(float pixels) {
    int level = 0;
    for (float n = side; n > pixels * 1.5f && level + 1 < levels; n /= 2) ++level;
    return level;
  }

 private:
  // Where each level begins: 4 bytes a pixel, each level a quarter of the one before.
  static constexpr std::array<std::size_t, levels> begin = [] {
    std::array<std::size_t, levels> at{};
    for (std::size_t l = 1; l < at.size(); ++l)
      at[l] = at[l - 1] + 4 * static_cast<std::size_t>(side >> (l - 1)) * static_cast<std::size_t>(side >> (l - 1));
    return at;
  }();
  void store(const std::vector<Paint>& level) {
    for (const Paint& p : level) {
      for (const float v : {p.r, p.g, p.b}) data_.push_back(static_cast<std::uint8_t>(v * 255 + 0.5f));
      data_.push_back(255);
    }
  }
  std::vector<std::uint8_t> data_;  // the levels one after the other, RGBX
};

/// A tile as it lies on a surface: where, how large, in which colours. Shape of the pattern and colours are apart, so
/// that a few dozen tiles give endless materials.
struct Material {
  const Tile* tile = nullptr;
  float scale_x = 0.01f, scale_y = 0.01f, cosine = 1, sine = 0, u0 = 0, v0 = 0;
  int level = 0;
  Paint dark{0.2f, 0.2f, 0.2f}, light{0.8f, 0.8f, 0.8f};  ///< what the tile's black and white become
  float chroma = 0;                                       ///< how much of the tile's own colours is kept
  const Tile* folds = nullptr;                            ///< grey tile that darkens and brightens, for cloth
  float fold_scale = 0.005f, fold_strength = 0;

  Paint operator()(float x, float y) const {
    if (tile == nullptr) return mix(dark, light, 0.5f);
    const float rx = cosine * x - sine * y, ry = sine * x + cosine * y;
    const Paint t = tile->at(rx * scale_x + u0, ry * scale_y + v0, level);
    const float l = grey(t);
    Paint p = mix(dark, light, l);
    if (chroma > 0) p = p + chroma * Paint{t.r - l, t.g - l, t.b - l};
    if (fold_strength > 0) {
      const float f = folds->at(x * fold_scale + v0, y * fold_scale + u0, 2).r - 0.5f;
      p = (1 + fold_strength * f) * p;
    }
    return p;
  }
  /// Lays the tile so that it repeats every `pixels`, turned by `angle`.
  void lay(Random& r, float pixels, float angle, float stretch = 1) {
    scale_x = 1 / std::max(pixels, 1.0f);
    scale_y = scale_x / stretch;
    cosine = std::cos(angle);
    sine = std::sin(angle);
    u0 = r.uniform();
    v0 = r.uniform();
    level = Tile::level_for(pixels * std::min(stretch, 1.0f));
  }
};

}  // namespace hairline::synth

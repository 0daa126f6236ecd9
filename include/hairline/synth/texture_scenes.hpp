#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "hairline/synth/texture_patterns.hpp"

namespace hairline::synth::detail {

inline Tile bricks_tile(Random& r, const Fields& f) {
  const int rows = 2 * r.whole(3, 9), columns = r.whole(3, 8);
  const Field &fine = f.any(r, 0, 1), &slow = f.any(r, 2, 3);
  const float gap = r.between(0.04f, 0.15f), differ = r.between(0.02f, 0.2f), bond = r.chance(0.8f) ? 0.5f : 0.0f;
  const float mortar = r.chance(0.6f) ? r.between(0.6f, 0.9f) : r.between(0.05f, 0.3f);
  std::vector<float> bricks;
  for (int i = 0; i < rows * columns; ++i) bricks.push_back(0.5f + differ * r.normal());
  return Tile::from([&](int x, int y) {
    const float v = static_cast<float>(y) / tile_side * static_cast<float>(rows);
    const int i = static_cast<int>(v);
    const float u = static_cast<float>(x) / tile_side * static_cast<float>(columns) + (i % 2 != 0 ? bond : 0.0f);
    const int j = static_cast<int>(u) % columns;
    const float du = u - std::floor(u), dv = v - static_cast<float>(i);
    const float aspect = static_cast<float>(columns) / static_cast<float>(rows);
    const bool between = dv < gap || du < gap * aspect;
    return level((between ? mortar : bricks[static_cast<std::size_t>(i * columns + j)] + 0.05f * slow.at(y, x)) +
                 0.04f * fine.at(y, x));
  });
}

inline Tile tiling_tile(Random& r, const Fields& f) {
  const int n = 2 * r.whole(1, 8);
  const bool checked = r.chance(0.5f);
  const float gap = r.between(0.01f, 0.08f), joint = r.uniform();
  const Field& slow = f.any(r, 1, 4);
  const Paint a = mix(level(r.uniform()), any_colour(r), 0.4f), b = mix(level(r.uniform()), any_colour(r), 0.4f);
  return Tile::from([&](int x, int y) {
    const float u = static_cast<float>(x) / tile_side * static_cast<float>(n);
    const float v = static_cast<float>(y) / tile_side * static_cast<float>(n);
    const int i = static_cast<int>(v), j = static_cast<int>(u);
    if (u - static_cast<float>(j) < gap || v - static_cast<float>(i) < gap) return level(joint);
    return (checked && (i + j) % 2 != 0 ? b : a) + level(0.04f * slow.at(y, x));
  });
}

inline Tile leaves_tile(Random& r) {
  const float hue = r.chance(0.75f) ? r.between(0.17f, 0.4f) : r.between(0.03f, 0.15f);
  Stamped s(from_hsv(hue, 0.5f, r.between(0.05f, 0.2f)));
  const float size = r.between(4, 16), slim = r.between(0.2f, 0.7f), spread = r.between(0.5f, 3.2f), main = r.angle();
  const int count = static_cast<int>(65536 * 2.2f / (3 * size * size * slim));
  for (int i = 0; i < count; ++i) {
    const float depth = static_cast<float>(i) / static_cast<float>(count);
    const Paint p = from_hsv(hue + 0.03f * r.normal(), r.between(0.3f, 0.8f),
                             std::clamp(0.15f + 0.6f * depth + 0.15f * r.normal(), 0.05f, 1.0f));
    const float q = size * r.between(0.5f, 1.3f), a = main + spread * r.normal(), shine = r.between(0, 0.4f);
    s.stamp(r.uniform() * tile_side, r.uniform() * tile_side, q, q * slim, a, false,
            [&](float u, float v) { return (1 + shine * v + 0.15f * u - (std::abs(v) < 0.12f ? 0.15f : 0.0f)) * p; });
  }
  return Tile::from([&](int x, int y) { return s.at(x, y); });
}

inline Tile writing_tile(Random& r) {
  const float paper = r.between(0.75f, 1), ink = r.between(0, 0.4f);
  Stamped s(level(paper));
  const int lines = r.whole(4, 18);
  const float height = tile_side / static_cast<float>(lines), size = height * r.between(0.25f, 0.4f);
  for (int i = 0; i < lines; ++i) {
    float x = 0;
    const float y = (static_cast<float>(i) + 0.5f) * height;
    if (r.chance(0.12f)) continue;
    while (x < tile_side - size) {
      const int letters = r.whole(1, 9);
      for (int k = 0; k < letters && x < tile_side - size; ++k, x += size * 0.95f) {
        const bool tall = r.chance(0.4f);
        s.stamp(x, y - (tall ? size * 0.3f : 0), size * 0.12f, size * (tall ? 0.8f : 0.5f), r.between(-0.1f, 0.1f),
                true, [&](float, float) { return level(ink); });
        if (r.chance(0.7f))
          s.stamp(x + size * 0.3f, y + size * r.between(-0.4f, 0.4f), size * 0.3f, size * 0.1f, 0, true,
                  [&](float, float) { return level(ink); });
      }
      x += size;
    }
  }
  return Tile::from([&](int x, int y) { return s.at(x, y); });
}

inline Tile books_tile(Random& r) {
  Stamped s(level(r.between(0.02f, 0.15f)));
  const int shelves = r.whole(2, 5);
  const float height = tile_side / static_cast<float>(shelves);
  const Paint board = mix(level(r.between(0.1f, 0.9f)), from_hsv(0.08f, 0.5f, 0.5f), 0.6f);
  for (int i = 0; i < shelves; ++i) {
    const float floor = static_cast<float>(i + 1) * height;
    for (float x = 0; x < tile_side;) {
      const float w = r.between(3, 13), h = height * r.between(0.6f, 0.9f);
      const Paint p = any_colour(r), label = any_colour(r);
      const float band = r.between(-0.8f, 0.5f), tall = r.between(0.05f, 0.25f);
      if (!r.chance(0.06f))
        s.stamp(x + w / 2, floor - h / 2 - height * 0.05f, w / 2, h / 2, r.chance(0.1f) ? r.between(-0.15f, 0.15f) : 0,
                true, [&](float u, float v) { return (1 - 0.3f * u * u) * (std::abs(v - band) < tall ? label : p); });
      x += w;
    }
    s.stamp(tile_side / 2, floor, tile_side / 2 + 1, height * 0.05f, 0, true,
            [&](float, float v) { return (0.9f - 0.2f * v) * board; });
  }
  return Tile::from([&](int x, int y) { return s.at(x, y); });
}

inline Tile windows_tile(Random& r, const Fields& f) {
  Stamped s(mix(level(r.between(0.3f, 0.9f)), any_colour(r), 0.3f));
  const int rows = r.whole(2, 7), columns = r.whole(2, 7);
  const float h = tile_side / static_cast<float>(rows), w = tile_side / static_cast<float>(columns);
  const float tall = r.between(0.25f, 0.42f), wide = r.between(0.2f, 0.42f), frame = r.between(0.08f, 0.2f);
  const Paint edge = level(r.chance(0.6f) ? r.between(0.7f, 1) : r.between(0.05f, 0.3f));
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j) {
      const Paint glass =
          r.chance(0.3f) ? from_hsv(0.58f, 0.2f, r.between(0.5f, 0.95f)) : level(r.between(0.05f, 0.4f));
      s.stamp((static_cast<float>(j) + 0.5f) * w, (static_cast<float>(i) + 0.5f) * h, wide * w, tall * h, 0, true,
              [&](float u, float v) {
                const bool bar = std::abs(u) > 1 - frame || std::abs(v) > 1 - frame * 0.7f ||
                                 std::abs(u) < frame * 0.3f || std::abs(v + 0.2f) < frame * 0.2f;
                return bar ? edge : (1 + 0.3f * v) * glass;
              });
    }
  const Field& fine = f.any(r, 0, 2);
  return Tile::from([&](int x, int y) { return s.at(x, y) + level(0.025f * fine.at(y, x)); });
}

inline Tile streaks_tile(Random& r, const Fields& f, bool folds) {
  const Field &a = folds ? f.all[7] : f.all[6], &b = f.any(r, folds ? 3 : 1, folds ? 4 : 2);
  const float k = folds ? 0.17f : r.between(0.14f, 0.22f), m = r.between(0.02f, 0.1f);
  const int o = r.whole(0, 255);
  return Tile::from([&](int x, int y) { return level(0.5f + k * a.at(y, x) + m * b.at(y + o, x + o)); });
}

inline Tile water_tile(Random& r, const Fields& f) {
  const Field& a = f.all[6];
  const Field& slow = f.any(r, 3, 4);
  const float k = r.between(0.1f, 0.2f), spark = r.between(1.2f, 2.5f);
  return Tile::from([&](int x, int y) {
    const float v = a.at(y, x);
    return Paint{0.45f, 0.5f, 0.55f} + level(k * v + 0.06f * slow.at(y, x) + (v > spark ? 0.3f : 0.0f));
  });
}

/// Shapes of every size over each other, small ones commoner: the statistics of photographs.
/// Lee, Mumford, Huang: Occlusion models for natural images, IJCV 2001 (sizes with density r^-3).
inline Tile heap_tile(Random& r, const Fields& f) {
  Stamped s(any_colour(r));
  const Field &fine = f.any(r, 0, 2), &slow = f.any(r, 2, 3);
  const float grain = r.between(0, 0.08f), round = r.uniform();
  std::vector<Paint> paints;
  for (int i = 0; i < r.whole(4, 12); ++i) paints.push_back(any_colour(r));
  for (int i = 0; i < 700; ++i) {
    const float q = std::min(5.0f / std::sqrt(std::max(r.uniform(), 0.004f)), 70.0f);
    const Paint p =
        jittered(paints[static_cast<std::size_t>(r.whole(0, static_cast<int>(paints.size()) - 1))], r, 0.08f);
    const float sx = r.between(-0.25f, 0.25f), sy = r.between(-0.25f, 0.25f);
    const bool square = !r.chance(round);
    const float angle = square && r.chance(0.6f) ? 0 : r.angle();
    s.stamp(r.uniform() * tile_side, r.uniform() * tile_side, q * r.between(0.3f, 1), q * r.between(0.3f, 1), angle,
            square, [&](float u, float v) { return (1 + sx * u + sy * v) * p; });
  }
  return Tile::from([&](int x, int y) { return s.at(x, y) + level(grain * (fine.at(y, x) + 0.5f * slow.at(y, x))); });
}

inline Tile grass_tile(Random& r) {
  const float hue = r.chance(0.7f) ? r.between(0.18f, 0.33f) : r.between(0.08f, 0.15f);
  Stamped s(from_hsv(hue, 0.6f, 0.15f));
  const float size = r.between(10, 30), spread = r.between(0.2f, 0.7f);
  for (int i = 0; i < 1500; ++i) {
    const float v = std::clamp(0.2f + 0.55f * static_cast<float>(i) / 1500 + 0.1f * r.normal(), 0.05f, 1.0f);
    const Paint p = from_hsv(hue + 0.02f * r.normal(), r.between(0.3f, 0.8f), v);
    s.stamp(r.uniform() * tile_side, r.uniform() * tile_side, size * r.between(0.4f, 1), r.between(0.6f, 1.8f),
            1.57f + spread * r.normal(), false, [&](float u, float) { return (1 - 0.25f * u) * p; });
  }
  return Tile::from([&](int x, int y) { return s.at(x, y); });
}

inline Tile make_tile(Pattern pattern, Random& r, const Fields& f) {
  switch (pattern) {
    case Pattern::noise:
      return noise_tile(r, f);
    case Pattern::stripes:
      return banded_tile(r, f, false);
    case Pattern::plaid:
      return banded_tile(r, f, true);
    case Pattern::dots:
      return dots_tile(r);
    case Pattern::floral:
      return floral_tile(r);
    case Pattern::knit:
      return knit_tile(r, f);
    case Pattern::camouflage:
      return camouflage_tile(r, f);
    case Pattern::spots:
      return spots_tile(r, f);
    case Pattern::tabby:
      return warped_tile(r, f, false);
    case Pattern::wood:
      return warped_tile(r, f, true);
    case Pattern::bricks:
      return bricks_tile(r, f);
    case Pattern::tiling:
      return tiling_tile(r, f);
    case Pattern::leaves:
      return leaves_tile(r);
    case Pattern::pebbles:
      return pebbles_tile(r, f);
    case Pattern::writing:
      return writing_tile(r);
    case Pattern::books:
      return books_tile(r);
    case Pattern::windows:
      return windows_tile(r, f);
    case Pattern::water:
      return water_tile(r, f);
    case Pattern::streaks:
      return streaks_tile(r, f, false);
    case Pattern::heap:
      return heap_tile(r, f);
    case Pattern::grass:
      return grass_tile(r);
    case Pattern::folds:
      return streaks_tile(r, f, true);
    case Pattern::count:
      break;
  }
  return noise_tile(r, f);
}

}  // namespace hairline::synth::detail

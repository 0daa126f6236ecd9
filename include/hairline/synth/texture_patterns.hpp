#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "hairline/synth/field.hpp"
#include "hairline/synth/texture.hpp"

namespace hairline::synth {

/// What the tiles of a bank show.
enum class Pattern {
  noise,  ///< 1/f noise in three loosely tied channels
  stripes,
  plaid,
  dots,
  floral,  ///< blossoms and leaves on cloth
  knit,
  camouflage,
  spots,  ///< a leopard's or a cow's
  tabby,  ///< warped stripes
  wood,
  bricks,
  tiling,
  leaves,  ///< a hedge
  pebbles,
  writing,  ///< lines of dark signs on light
  books,    ///< shelves of spines
  windows,  ///< a facade
  water,
  streaks,  ///< fur, grass, carpet
  heap,     ///< things of every size over each other (the dead leaves model)
  grass,
  folds,  ///< what makes cloth brighter and darker
  count
};

namespace detail {
/// The noise that patterns are made from.
struct Fields {
  std::vector<Field> all;
  explicit Fields(Random& r) {
    for (const float beta : {0.55f, 0.9f, 1.2f, 1.6f, 2.1f, 2.6f}) all.push_back(Field::noise(r, beta));
    all.push_back(Field::noise(r, 1.1f, 0.12f));
    all.push_back(Field::noise(r, 2.0f, 0.35f));
  }
  const Field& any(Random& r, int low, int high) const { return all[static_cast<std::size_t>(r.whole(low, high))]; }
};

/// A picture of one tile to stamp shapes on, over the seams.
class Stamped {
 public:
  explicit Stamped(Paint ground) : pixels_(Tile::side * Tile::side, ground) {}
  Paint at(int x, int y) const { return pixels_[index(x, y)]; }
  /// colour(u, v) with u, v in [-1,1] over the ellipse, or its bounding rectangle if `square`.
  template <class F>
  void stamp(float cx, float cy, float rx, float ry, float angle, bool square, F&& colour) {
    const float c = std::cos(angle), s = std::sin(angle), reach = std::sqrt(rx * rx + ry * ry) + 1;
    for (int y = floor_int(cy - reach); y <= floor_int(cy + reach); ++y)
      for (int x = floor_int(cx - reach); x <= floor_int(cx + reach); ++x) {
        const float dx = static_cast<float>(x) - cx, dy = static_cast<float>(y) - cy;
        const float u = (c * dx + s * dy) / rx, v = (c * dy - s * dx) / ry;
        const float edge = square ? std::min((1 - std::abs(u)) * rx, (1 - std::abs(v)) * ry)
                                  : (1 - std::sqrt(u * u + v * v)) * std::min(rx, ry);
        const float a = std::clamp(edge + 0.5f, 0.0f, 1.0f);
        if (a > 0) {
          Paint& p = pixels_[index(x, y)];
          p = mix(p, colour(u, v), a);
        }
      }
  }

 private:
  static std::size_t index(int x, int y) {
    return static_cast<std::size_t>((y & (Tile::side - 1)) * Tile::side + (x & (Tile::side - 1)));
  }
  std::vector<Paint> pixels_;
};

inline float wave(float x) { return 0.5f + 0.5f * std::sin(6.2831853f * x); }
inline Paint level(float v) { return {v, v, v}; }
constexpr float tile_side = Tile::side;

inline Tile noise_tile(Random& r, const Fields& f) {
  const Field &a = f.any(r, 0, 4), &b = f.any(r, 1, 5);
  const float amount = r.between(0.12f, 0.22f), apart = r.between(0, 0.15f);
  const int ox = r.whole(0, 255), oy = r.whole(0, 255);
  return Tile::from([&](int x, int y) {
    const float l = 0.5f + amount * a.at(y, x);
    return Paint{l + apart * b.at(y + oy, x), l + apart * b.at(y, x + ox), l + apart * b.at(y + ox, x + oy)};
  });
}

// Bands of random widths along one axis, as levels for 256 positions.
inline std::array<Paint, Tile::side> bands(Random& r, int least, int most, float colourful) {
  std::array<Paint, Tile::side> out{};
  const int count = r.whole(least, most);
  std::vector<Paint> paints;
  for (int i = 0; i < r.whole(2, 4); ++i) paints.push_back(mix(level(r.uniform()), any_colour(r), colourful));
  std::vector<float> ends;
  for (int i = 0; i < count; ++i) ends.push_back(r.uniform() * Tile::side);
  std::sort(ends.begin(), ends.end());
  std::size_t at = 0;
  int which = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    while (at < ends.size() && ends[at] <= static_cast<float>(i)) {
      ++at;
      which = r.whole(0, static_cast<int>(paints.size()) - 1);
    }
    out[i] = paints[static_cast<std::size_t>(which)];
  }
  return out;
}

inline Tile banded_tile(Random& r, const Fields& f, bool crossed) {
  const auto down = bands(r, 4, 24, 0.6f), over = bands(r, 4, 24, 0.6f);
  const Field& fine = f.any(r, 0, 1);
  const float grain = r.between(0.01f, 0.05f);
  const bool woven = r.chance(0.5f);
  return Tile::from([&](int x, int y) {
    const Paint a = down[static_cast<std::size_t>(x)], b = over[static_cast<std::size_t>(y)];
    const Paint p = !crossed ? a : woven ? ((x / 2 + y / 2) % 2 != 0 ? a : b) : 0.5f * (a + b);
    return p + level(grain * fine.at(y, x));
  });
}

inline Tile dots_tile(Random& r) {
  Stamped s(level(r.chance(0.5f) ? r.between(0, 0.3f) : r.between(0.7f, 1)));
  const int n = r.whole(3, 12);
  const float cell = tile_side / static_cast<float>(n), radius = cell * r.between(0.12f, 0.45f);
  const float jitter = r.chance(0.5f) ? 0 : cell * 0.3f;
  const Paint a = any_colour(r), b = any_colour(r);
  const bool square = r.chance(0.2f);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      const float x = cell * (static_cast<float>(j) + (i % 2 != 0 ? 0.5f : 0.0f)) + jitter * r.normal();
      const float y = cell * static_cast<float>(i) + jitter * r.normal();
      const Paint p = r.chance(0.7f) ? a : b;
      s.stamp(x, y, radius, radius, 0, square, [&](float, float) { return p; });
    }
  return Tile::from([&](int x, int y) { return s.at(x, y); });
}

inline Tile floral_tile(Random& r) {
  Stamped s(r.chance(0.6f) ? level(r.between(0.02f, 0.2f)) : mix(level(0.9f), any_colour(r), 0.3f));
  const Paint petals[3] = {any_colour(r), any_colour(r), from_hsv(r.uniform(), 0.7f, 0.9f)};
  const Paint leaf = from_hsv(r.between(0.2f, 0.45f), r.between(0.2f, 0.7f), r.between(0.3f, 0.7f));
  const int count = r.whole(20, 90);
  const float size = r.between(5, 15);
  for (int i = 0; i < count; ++i) {
    const float x = r.uniform() * tile_side, y = r.uniform() * tile_side, q = size * r.between(0.5f, 1.4f);
    const Paint petal = petals[r.whole(0, 2)];
    const int n = r.whole(0, 6);
    const float turn = r.angle();
    for (int k = 0; k < n; ++k) {
      const Point d = direction(turn + 6.2831853f * static_cast<float>(k) / static_cast<float>(n));
      s.stamp(x + q * 0.7f * d.x, y + q * 0.7f * d.y, q * 0.6f, q * 0.35f, std::atan2(d.y, d.x), false,
              [&](float u, float) { return (0.85f + 0.2f * u) * petal; });
    }
    if (n < 2) s.stamp(x, y, q, q * 0.3f, turn, false, [&](float u, float) { return (0.9f + 0.2f * u) * leaf; });
  }
  return Tile::from([&](int x, int y) { return s.at(x, y); });
}

inline Tile knit_tile(Random& r, const Fields& f) {
  const auto n = static_cast<float>(8 << r.whole(0, 2));
  const Field& slow = f.any(r, 2, 4);
  const float depth = r.between(0.2f, 0.7f), slant = r.between(0, 0.5f);
  return Tile::from([&](int x, int y) {
    const float u = static_cast<float>(x) / tile_side * n, v = static_cast<float>(y) / tile_side * n * 2;
    const float inside = std::abs(u - std::floor(u) - 0.5f);
    return level(0.75f - depth * 0.5f * wave(v + slant * 4 * inside) - depth * (0.5f - inside) * 0.4f +
                 0.06f * slow.at(y, x));
  });
}

inline Tile camouflage_tile(Random& r, const Fields& f) {
  const Field &a = f.any(r, 2, 3), &b = f.any(r, 2, 3);
  const int o = r.whole(40, 200);
  const Paint p[4] = {any_colour(r), any_colour(r), any_colour(r), any_colour(r)};
  const float cut = r.between(-0.5f, 0.8f);
  return Tile::from(
      [&](int x, int y) { return p[(a.at(y, x) > cut ? 1 : 0) + (b.at(y + o, x + o / 2) > 0.4f ? 2 : 0)]; });
}

// Distances to the nearest and next of points strewn over the tile, for spots and pebbles.
struct Strewn {
  std::vector<Point> points;
  int cells;
  Strewn(Random& r, int n) : cells(n) {
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j)
        points.push_back({static_cast<float>(j) + r.uniform(), static_cast<float>(i) + r.uniform()});
  }
  struct Near {
    float first, second;
    int which;
  };
  Near near(float x, float y) const {
    const auto n = static_cast<float>(cells);
    const float u = x / tile_side * n, v = y / tile_side * n;
    Near found{1e9f, 1e9f, 0};
    for (int i = floor_int(v) - 1; i <= floor_int(v) + 1; ++i)
      for (int j = floor_int(u) - 1; j <= floor_int(u) + 1; ++j) {
        const int wi = (i + cells) % cells, wj = (j + cells) % cells;
        const Point p = points[static_cast<std::size_t>(wi * cells + wj)];
        const float dx = p.x + static_cast<float>(j - wj) - u, dy = p.y + static_cast<float>(i - wi) - v;
        const float d = std::sqrt(dx * dx + dy * dy);
        if (d < found.first) {
          found.second = found.first;
          found.first = d;
          found.which = wi * cells + wj;
        } else if (d < found.second) {
          found.second = d;
        }
      }
    return found;
  }
};

inline Tile spots_tile(Random& r, const Fields& f) {
  const Strewn s(r, r.whole(3, 14));
  const Field& slow = f.any(r, 2, 3);
  const float size = r.between(0.25f, 0.5f), ring = r.chance(0.4f) ? r.between(0.3f, 0.6f) : 0;
  const float dark = r.between(0, 0.3f), rough = r.between(2, 12);
  return Tile::from([&](int x, int y) {
    const float w = rough * slow.at(y, x);
    const auto n = s.near(static_cast<float>(x) + w, static_cast<float>(y) + w);
    const float in =
        smooth_step(size, size * 0.85f, n.first) * (1 - ring * smooth_step(size * 0.6f, size * 0.4f, n.first));
    return level(0.85f + (dark - 0.85f) * in);
  });
}

inline Tile pebbles_tile(Random& r, const Fields& f) {
  const Strewn s(r, r.whole(6, 22));
  std::vector<Paint> paints;
  for (std::size_t i = 0; i < s.points.size(); ++i)
    paints.push_back(mix(level(r.between(0.2f, 0.95f)), any_colour(r), 0.3f));
  const Field& fine = f.any(r, 0, 2);
  const float gap = r.between(0.03f, 0.25f);
  return Tile::from([&](int x, int y) {
    const auto n = s.near(static_cast<float>(x), static_cast<float>(y));
    const float in = smooth_step(0, gap, n.second - n.first);
    return (0.25f + 0.75f * in) * paints[static_cast<std::size_t>(n.which)] + level(0.04f * fine.at(y, x));
  });
}

inline Tile warped_tile(Random& r, const Fields& f, bool wood) {
  const Field &slow = f.any(r, 3, 4), &fine = f.any(r, 0, 1), &streak = f.all[6];
  const auto n = static_cast<float>(r.whole(wood ? 2 : 4, wood ? 6 : 14));
  const float warp = r.between(0.02f, wood ? 0.25f : 0.12f) * (wood ? 3.0f : 1.0f), sharp = r.between(0.15f, 0.45f);
  return Tile::from([&](int x, int y) {
    const float v = static_cast<float>(wood ? x : y) / tile_side * n + warp * n * 0.3f * slow.at(y, x);
    if (wood) return level(0.55f + 0.2f * (wave(v) - 0.5f) + 0.12f * streak.at(y, x) + 0.02f * fine.at(y, x));
    return level(0.8f - 0.7f * smooth_step(0.5f - sharp, 0.5f + sharp, wave(v)) + 0.05f * fine.at(y, x));
  });
}

}  // namespace detail

}  // namespace hairline::synth

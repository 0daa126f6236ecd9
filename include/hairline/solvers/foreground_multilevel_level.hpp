#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "hairline/core/any_view.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/core/pixel.hpp"
#include "hairline/core/shape.hpp"
#include "hairline/core/view.hpp"
#include "hairline/core/wide_vectors.hpp"

namespace hairline {

/// Options of foreground_multilevel; the defaults are the paper's.
struct ForegroundMultilevelOptions {
  double regularization = 1e-5;  ///< smoothness where alpha is constant, > 0
  double gradient_weight = 1.0;  ///< added smoothness per unit of alpha difference, >= 0
  int small_iterations = 10;     ///< on levels whose sides are both at most small_size
  int big_iterations = 2;        ///< on the other levels
  int small_size = 32;
  bool background = true;  ///< false: the result's background stays empty
  int threads = 0;         ///< 0: one per hardware thread; the result is the same for every number
};

/// The sizes that foreground_multilevel walks through, from 1x1 to the picture's own: with n = ceil(log2(longer side)),
/// level i is round(width^(i/n)) x round(height^(i/n)). 1920x1080: 1x1, 2x2, 4x4, 8x7 ... 966x572, 1920x1080.
inline std::vector<Shape> multilevel_sizes(const Shape& full) {
  int levels = 0;
  while ((std::int64_t{1} << levels) < std::max(full.width, full.height)) ++levels;
  if (levels == 0) return {Shape{1, 1, 1}};
  std::vector<Shape> sizes;
  for (int i = 0; i <= levels; ++i) {
    const auto side = [&](int s) {
      return static_cast<int>(std::nearbyint(std::pow(s, static_cast<double>(i) / levels)));
    };
    sizes.push_back(Shape{side(full.height), side(full.width), 1});
  }
  return sizes;
}

namespace detail {

/// A tile's alpha, picture and two colours, the pixels of a row sorted by the colour of the checkerboard,
/// (x + y) mod 2, so that a half sweep reads and writes without gaps. Row: [channel][colour][x / 2].
template <class Scalar>
class Checkerboard {
 public:
  static constexpr int alpha = 0, image = 1, foreground = 4, background = 7, channels = 10;

  /// Makes room for a tile; what it holds is then unspecified.
  void resize(int height, int width) {
    reserve(height, width);
    height_ = height;
    width_ = width;
    half_ = (width + 1) / 2;
  }
  /// Room for every tile up to this size.
  void reserve(int height, int width) {
    const std::size_t wanted =
        static_cast<std::size_t>(height) * static_cast<std::size_t>((width + 1) / 2) * 2 * channels;
    if (wanted <= room_) return;
    data_ = std::make_unique_for_overwrite<Scalar[]>(wanted);
    room_ = wanted;
  }
  int height() const { return height_; }
  int width() const { return width_; }
  std::ptrdiff_t channel_stride() const { return 2 * half_; }
  /// Channel 0 of a row's pixels of one colour.
  Scalar* row(int y, int colour) { return data_.get() + (std::ptrdiff_t{y} * 2 * channels + colour) * half_; }
  /// x of the first pixel of a row's colour; pixel k is at x = first + 2 k.
  static int first(int y, int colour) { return (y + colour) & 1; }
  /// How many pixels of that colour the row has.
  int count(int y, int colour) const { return (width_ - first(y, colour) + 1) / 2; }

 private:
  int height_ = 0, width_ = 0;
  std::ptrdiff_t half_ = 0;
  std::size_t room_ = 0;
  std::unique_ptr<Scalar[]> data_;
};

/// Neighbours of the pixels that are relaxed, channel 0, same index as the pixel: left, right, above, below.
template <class Scalar>
using NearRows = std::array<const Scalar*, 4>;

/// Solves the 2x2 systems of pixels [begin, end) of one colour in one row.
/// With S = sum of the neighbours' weights d, and mF, mB their weighted means, the solution of
///   [a^2 + S, a(1-a); a(1-a), (1-a)^2 + S] [F; B] = [a I + S mF; (1-a) I + S mB]
/// is F = mF + a r / D, B = mB + (1-a) r / D, r = I - a mF - (1-a) mB, D = a^2 + (1-a)^2 + S, without cancellation.
template <class Scalar>
void relax_pixels(Scalar* own, const NearRows<Scalar>& near, std::ptrdiff_t stride, int begin, int end,
                  Scalar regularization, Scalar gradient_weight) {
  using Board = Checkerboard<Scalar>;
  with_wide_vectors([ =, &near ]() __attribute__((always_inline)) {
    constexpr int block = 64;
    Scalar weight[4][block], gain_f[block], gain_b[block], f[block], b[block];
    const auto weight_of = [=](Scalar p, Scalar q) { return regularization + gradient_weight * std::abs(p - q); };
    for (int k = begin; k < end; k += block) {
      const int n = std::min(block, end - k);
      const Scalar* a = own + k;
      const Scalar *a0 = near[0] + k, *a1 = near[1] + k, *a2 = near[2] + k, *a3 = near[3] + k;
      for (int j = 0; j < n; ++j) {
        const Scalar d0 = weight_of(a[j], a0[j]), d1 = weight_of(a[j], a1[j]);
        const Scalar d2 = weight_of(a[j], a2[j]), d3 = weight_of(a[j], a3[j]);
        const Scalar sum = (d0 + d1) + (d2 + d3), per_sum = Scalar(1) / sum, rest = Scalar(1) - a[j];
        const Scalar per_d = Scalar(1) / (a[j] * a[j] + rest * rest + sum);
        weight[0][j] = d0 * per_sum;
        weight[1][j] = d1 * per_sum;
        weight[2][j] = d2 * per_sum;
        weight[3][j] = d3 * per_sum;
        gain_f[j] = a[j] * per_d;
        gain_b[j] = rest * per_d;
      }
      for (int c = 0; c < 3; ++c) {
        const auto at = [=](const Scalar* p, int channel) { return p + (channel + c) * stride + k; };
        const Scalar* i = at(own, Board::image);
        const Scalar *f0 = at(near[0], Board::foreground), *f1 = at(near[1], Board::foreground);
        const Scalar *f2 = at(near[2], Board::foreground), *f3 = at(near[3], Board::foreground);
        const Scalar *b0 = at(near[0], Board::background), *b1 = at(near[1], Board::background);
        const Scalar *b2 = at(near[2], Board::background), *b3 = at(near[3], Board::background);
        for (int j = 0; j < n; ++j) {
          const Scalar mf = weight[0][j] * f0[j] + weight[1][j] * f1[j] + weight[2][j] * f2[j] + weight[3][j] * f3[j];
          const Scalar mb = weight[0][j] * b0[j] + weight[1][j] * b1[j] + weight[2][j] * b2[j] + weight[3][j] * b3[j];
          const Scalar r = i[j] - a[j] * mf - (Scalar(1) - a[j]) * mb;
          f[j] = std::min(std::max(mf + gain_f[j] * r, Scalar(0)), Scalar(1));
          b[j] = std::min(std::max(mb + gain_b[j] * r, Scalar(0)), Scalar(1));
        }
        // Through a buffer: at the picture's edge a pixel is its own neighbour, so the rows may be the same memory.
        std::copy(f, f + n, own + (Board::foreground + c) * stride + k);
        std::copy(b, b + n, own + (Board::background + c) * stride + k);
      }
    }
  });
}

/// Relaxes one row's pixels of one colour. Neighbours outside the picture are the pixel itself.
template <class Scalar>
void relax_row(Checkerboard<Scalar>& level, int y, int colour, const ForegroundMultilevelOptions& options) {
  const int first = level.first(y, colour), count = level.count(y, colour);
  if (count <= 0) return;
  Scalar* own = level.row(y, colour);
  const Scalar* others = level.row(y, 1 - colour);
  const Scalar* above = y > 0 ? level.row(y - 1, 1 - colour) : own;
  const Scalar* below = y + 1 < level.height() ? level.row(y + 1, 1 - colour) : own;
  const Scalar* left = first == 0 ? others - 1 : others;
  const Scalar* right = first == 0 ? others : others + 1;
  const bool at_left = first == 0, at_right = first + 2 * (count - 1) == level.width() - 1;
  const auto relax = [&](int begin, int end, const Scalar* l, const Scalar* r) {
    if (begin < end)
      relax_pixels<Scalar>(own, {l, r, above, below}, level.channel_stride(), begin, end,
                           static_cast<Scalar>(options.regularization), static_cast<Scalar>(options.gradient_weight));
  };
  if (count == 1) return relax(0, 1, at_left ? own : left, at_right ? own : right);
  const int begin = at_left ? 1 : 0, end = at_right ? count - 1 : count;
  if (at_left) relax(0, 1, own, right);
  relax(begin, end, left, right);
  if (at_right) relax(count - 1, count, left, own);
}

/// For each of `to` positions the nearest of `from`: floor(x * from / to).
inline std::vector<int> nearest_indices(int from, int to) {
  std::vector<int> index(static_cast<std::size_t>(to));
  for (int x = 0; x < to; ++x) index[static_cast<std::size_t>(x)] = static_cast<int>(std::int64_t{x} * from / to);
  return index;
}

/// What a level is made from: the picture as it was given, and the two colours of the level before, all resized to the
/// level by taking the nearest.
template <class Scalar>
struct MultilevelSource {
  AnyView image, alpha;
  View<Scalar> before;                 ///< (h, w, 6): foreground, background
  std::vector<int> image_x, before_x;  ///< for each column of the level

  MultilevelSource(AnyView picture, AnyView matte, View<Scalar> colours, int level_width)
      : image(picture),
        alpha(matte),
        before(colours),
        image_x(nearest_indices(picture.width(), level_width)),
        before_x(nearest_indices(colours.width(), level_width)) {}
};

/// A rectangle of a level, and the smaller one inside it whose colours are wanted.
struct MultilevelTile {
  int y, x, height, width;
  int inner_y, inner_x, inner_height, inner_width;
};

/// The tile with the given inner rectangle and `halo` more on every side, both as far as the level goes.
inline MultilevelTile tile_around(const Shape& level, int y, int x, int height, int width, int halo) {
  height = std::min(height, level.height - y);
  width = std::min(width, level.width - x);
  const int top = std::max(0, y - halo), left = std::max(0, x - halo);
  return {top,
          left,
          std::min(level.height, y + height + halo) - top,
          std::min(level.width, x + width + halo) - left,
          y,
          x,
          height,
          width};
}

/// How a level is cut into tiles: their inner size, and how much is relaxed around it.
struct MultilevelTiling {
  int halo, height, width;
  MultilevelTiling(const Shape& level, int iterations)
      : halo(std::min(2 * std::min(iterations, 1 << 24), std::max(level.height, level.width))),
        height(std::max(64, 2 * halo)),
        width(std::max(256 - 2 * halo, 2 * halo)) {}
  MultilevelTile tile(const Shape& level, int down, int across) const {
    return tile_around(level, down * height, across * width, height, width, halo);
  }
};

/// Samples of neighbouring channels at every second of the given columns, in working precision.
/// @param next  how far a channel lies from the one before it; 0: all are the first
/// @param out   the first channel's; the others' are `stride` further each
template <int Channels, class Scalar, class T>
void take_units(View<const T> from, int y, std::ptrdiff_t next, const int* columns, int count, Scalar* out,
                std::ptrdiff_t stride) {
  constexpr int block = 128;
  T samples[Channels][block];
  const T* const row = &from(y, 0, 0);
  const std::ptrdiff_t step = from.strides().x;
  for (int k = 0; k < count; k += block) {
    const int n = std::min(block, count - k);
    for (int j = 0; j < n; ++j) {
      const T* const pixel = row + columns[2 * (k + j)] * step;
      for (int c = 0; c < Channels; ++c) samples[c][j] = pixel[c * next];
    }
    with_wide_vectors([ n, k, out, stride, &samples ]() __attribute__((always_inline)) {
      const int end = n;
      for (int c = 0; c < Channels; ++c) {
        const T* const of = samples[c];
        Scalar* const to = out + c * stride + k;
        for (int j = 0; j < end; ++j) to[j] = PixelTraits<T>::template to_unit<Scalar>(of[j]);
      }
    });
  }
}

template <class Scalar>
void start_row(Checkerboard<Scalar>& board, const MultilevelTile& tile, int row, const Shape& level,
               const MultilevelSource<Scalar>& from) {
  using Board = Checkerboard<Scalar>;
  const std::int64_t y = tile.y + row;
  const int image_y = static_cast<int>(y * from.image.height() / level.height);
  const int before_y = static_cast<int>(y * from.before.height() / level.height);
  const std::ptrdiff_t stride = board.channel_stride();
  for (int colour = 0; colour < 2; ++colour) {
    Scalar* own = board.row(row, colour);
    const int first = tile.x + board.first(row, colour), count = board.count(row, colour);
    const int *image_x = from.image_x.data() + first, *before_x = from.before_x.data() + first;
    from.alpha.visit([&](auto v) { take_units<1, Scalar>(v, image_y, 0, image_x, count, own, stride); });
    for (int k = 0; k < count; ++k) own[k] = std::clamp(own[k], Scalar(0), Scalar(1));
    from.image.visit([&](auto v) {
      const std::ptrdiff_t next = v.channels() == 1 ? 0 : v.strides().c;
      take_units<3, Scalar>(v, image_y, next, image_x, count, own + Board::image * stride, stride);
    });
    Scalar* out = own + Board::foreground * stride;
    for (int k = 0; k < count; ++k) {
      const Scalar* colours = &from.before(before_y, before_x[2 * k]);
      for (int c = 0; c < 6; ++c) out[c * stride + k] = colours[c];
    }
  }
}

/// Each half sweep reaches one pixel further, so with a halo as wide as there are half sweeps the inner rectangle
/// becomes as if the whole level had been relaxed. Rows of the halo that no longer matter are left out.
template <class Scalar>
void relax_tile(Checkerboard<Scalar>& board, const MultilevelTile& tile, const Shape& level, int half_sweeps,
                const ForegroundMultilevelOptions& options) {
  const bool at_top = tile.y == 0, at_bottom = tile.y + tile.height == level.height;
  for (int i = 0; i < half_sweeps; ++i) {
    const int begin = at_top ? 0 : i + 1, end = at_bottom ? tile.height : tile.height - i - 1;
    for (int y = begin; y < end; ++y) relax_row(board, y, (i + tile.y + tile.x) & 1, options);
  }
}

/// Three channels of a row, from `inner_x` on, in the result's pixels.
template <class Scalar, class Stored>
void store_row(Checkerboard<Scalar>& board, int row, int channel, int inner_x, View<Stored> to) {
  constexpr int block = 128;
  Stored pixels[3][block];
  for (int colour = 0; colour < 2; ++colour) {
    const Scalar* own = board.row(row, colour) + channel * board.channel_stride();
    const int first = board.first(row, colour);
    const int begin = (inner_x - first + 1) / 2, end = (inner_x + to.width() - first + 1) / 2;
    for (int k = begin; k < end; k += block) {
      const int n = std::min(block, end - k);
      const std::ptrdiff_t stride = board.channel_stride();
      with_wide_vectors([ own, stride, k, n, &pixels ]() __attribute__((always_inline)) {
        const int count = n;
        for (int c = 0; c < 3; ++c) {
          const Scalar* const of = own + c * stride + k;
          Scalar unit[block];
          // Nothing is beyond [0,1] once it has been relaxed; without sweeps a mean of brighter pictures may be.
          const auto limited = [](Scalar v) {
            return std::is_integral_v<Stored> ? std::min(std::max(v, Scalar(0)), Scalar(1)) : v;
          };
          for (int j = 0; j < count; ++j) unit[j] = limited(of[j]);
          Stored* const stored = pixels[c];
          for (int j = 0; j < count; ++j) stored[j] = PixelTraits<Stored>::template round_unit<Scalar>(unit[j]);
        }
      });
      for (int j = 0; j < n; ++j)
        for (int c = 0; c < 3; ++c) to(0, first + 2 * (k + j) - inner_x, c) = pixels[c][j];
    }
  }
}

template <class Scalar, class Stored>
void store_tile(Checkerboard<Scalar>& board, const MultilevelTile& tile, int channel, View<Stored> to) {
  const Shape row{1, tile.inner_width, 3};
  for (int y = tile.inner_y; y < tile.inner_y + tile.inner_height; ++y)
    store_row(board, y - tile.y, channel, tile.inner_x - tile.x, View<Stored>(&to(y, tile.inner_x), row, to.strides()));
}

/// Relaxes one level tile by tile: what a core works on stays in its cache, and no level is ever held whole but its
/// result. Every thread has a board of its own.
/// @param background may be empty: not wanted
template <class Scalar, class Stored>
void relax_level(ThreadPool& pool, std::vector<Checkerboard<Scalar>>& boards, const MultilevelSource<Scalar>& from,
                 const Shape& level, int iterations, const ForegroundMultilevelOptions& options,
                 View<Stored> foreground, View<Stored> background) {
  const MultilevelTiling cut(level, iterations);
  const int across = (level.width - 1) / cut.width + 1, tiles = across * ((level.height - 1) / cut.height + 1);
  std::atomic<int> next{0};
  pool.parallel_for(0, std::min<std::ptrdiff_t>(tiles, std::ssize(boards)), 1, [&](std::ptrdiff_t own, std::ptrdiff_t) {
    auto& board = boards[static_cast<std::size_t>(own)];
    for (int i = next++; i < tiles; i = next++) {
      const auto tile = cut.tile(level, i / across, i % across);
      board.resize(tile.height, tile.width);
      for (int row = 0; row < tile.height; ++row) start_row(board, tile, row, level, from);
      relax_tile(board, tile, level, 2 * iterations, options);
      store_tile(board, tile, Checkerboard<Scalar>::foreground, foreground);
      if (!background.empty()) store_tile(board, tile, Checkerboard<Scalar>::background, background);
    }
  });
}

}  // namespace detail

}  // namespace hairline

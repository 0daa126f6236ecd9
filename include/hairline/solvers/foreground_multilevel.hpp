#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/constraints.hpp"
#include "hairline/solvers/foreground_result.hpp"

namespace hairline {

/// Options of foreground_multilevel; the defaults are the paper's.
struct ForegroundMultilevelOptions {
  double regularization = 1e-5;  ///< smoothness where alpha is constant, > 0
  double gradient_weight = 1.0;  ///< added smoothness per unit of alpha difference, >= 0
  int small_iterations = 10;     ///< on levels whose sides are both at most small_size
  int big_iterations = 2;        ///< on the other levels
  int small_size = 32;
  int threads = 0;  ///< 0: one per hardware thread; the result is the same for every number
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

/// One level's alpha, picture and two colours, the pixels of a row sorted by the colour of the checkerboard,
/// (x + y) mod 2, so that a half sweep reads and writes without gaps. Row: [channel][colour][x / 2].
template <class Scalar>
class Checkerboard {
 public:
  static constexpr int alpha = 0, image = 1, foreground = 4, background = 7, channels = 10;

  Checkerboard(int height, int width)
      : height_(height),
        width_(width),
        half_((width + 1) / 2),
        data_(static_cast<std::size_t>(height) * static_cast<std::size_t>(half_) * 2 * channels) {}
  int height() const { return height_; }
  int width() const { return width_; }
  std::ptrdiff_t channel_stride() const { return 2 * half_; }
  /// Channel 0 of a row's pixels of one colour.
  Scalar* row(int y, int colour) { return data_.data() + (std::ptrdiff_t{y} * 2 * channels + colour) * half_; }
  const Scalar* row(int y, int colour) const {
    return data_.data() + (std::ptrdiff_t{y} * 2 * channels + colour) * half_;
  }
  /// Channel 0 of a pixel.
  Scalar* pixel(int y, int x) { return row(y, (x + y) & 1) + (x >> 1); }
  const Scalar* pixel(int y, int x) const { return row(y, (x + y) & 1) + (x >> 1); }

 private:
  int height_, width_;
  std::ptrdiff_t half_;
  std::vector<Scalar> data_;
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
      const auto at = [&](const Scalar* p, int channel) { return p + (channel + c) * stride + k; };
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
}

/// Relaxes one row's pixels of one colour. Neighbours outside the picture are the pixel itself.
template <class Scalar>
void relax_row(Checkerboard<Scalar>& level, int y, int colour, const ForegroundMultilevelOptions& options) {
  const int first = (y + colour) & 1;  // x of the first pixel; pixel k is at x = first + 2 k
  const int count = (level.width() - first + 1) / 2;
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

/// Fills one row of a level: picture and alpha from full size, the two colours from the level before.
template <class Scalar>
void start_row(Checkerboard<Scalar>& level, int y, const Image<Scalar>& image, const Image<Scalar>& alpha,
               const Checkerboard<Scalar>& before, const std::vector<int>& full_x, const std::vector<int>& before_x) {
  using Board = Checkerboard<Scalar>;
  const int full_y = static_cast<int>(std::int64_t{y} * image.height() / level.height());
  const int before_y = static_cast<int>(std::int64_t{y} * before.height() / level.height());
  const std::ptrdiff_t to = level.channel_stride(), from = before.channel_stride();
  for (int x = 0; x < level.width(); ++x) {
    Scalar* out = level.pixel(y, x);
    const Scalar* colours = before.pixel(before_y, before_x[static_cast<std::size_t>(x)]);
    const int source_x = full_x[static_cast<std::size_t>(x)];
    out[Board::alpha] = alpha(full_y, source_x);
    for (int c = 0; c < 3; ++c) out[(Board::image + c) * to] = image(full_y, source_x, c);
    for (int c = Board::foreground; c < Board::channels; ++c) out[c * to] = colours[c * from];
  }
}

/// A level of one pixel that holds the mean colours of what is surely foreground (alpha > 0.9) and background (< 0.1).
template <class Scalar>
Checkerboard<Scalar> mean_colours(const Image<Scalar>& image, const Image<Scalar>& alpha) {
  std::array<double, 6> sum{};
  double foreground = 1e-5, background = 1e-5;  // a class without pixels gives 0
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) {
      const bool is_foreground = alpha(y, x) > Scalar(0.9), is_background = alpha(y, x) < Scalar(0.1);
      if (!is_foreground && !is_background) continue;
      (is_foreground ? foreground : background) += 1;
      for (std::size_t c = 0; c < 3; ++c) sum[c + (is_foreground ? 0 : 3)] += image(y, x, static_cast<int>(c));
    }
  Checkerboard<Scalar> start(1, 1);
  Scalar* out = start.pixel(0, 0);
  for (int c = 0; c < 6; ++c)
    out[(Checkerboard<Scalar>::foreground + c) * start.channel_stride()] =
        static_cast<Scalar>(sum[static_cast<std::size_t>(c)] / (c < 3 ? foreground : background));
  return start;
}

}  // namespace detail

/// Foreground and background colours of every pixel by multi-level relaxation (Germer, Uelwer, Conrad, Harmeling 2020).
/// Deviation: each level is relaxed in red-black order instead of raster order, so that all threads work and every
/// number of threads gives the same result. A picture without any alpha > 0.9 starts from a black foreground, one
/// without any alpha < 0.1 from a black background.
/// @param image (H, W) grey, RGB or RGBA (fourth channel unused), [0,1]   @param alpha (H, W), one channel, [0,1]
/// Errors: no pixels, another size, channels, NaN, regularization <= 0, other options < 0.
/// Cost: about 2.7 pixel updates per pixel at 10 numbers per pixel of memory, twice; report.iterations counts sweeps.
template <class Scalar = float>
Result<ForegroundResult<Scalar>> foreground_multilevel(AnyView image, AnyView alpha,
                                                       const ForegroundMultilevelOptions& options = {}) {
  using Board = detail::Checkerboard<Scalar>;
  if (!(options.regularization > 0) || !(options.gradient_weight >= 0) || !std::isfinite(options.regularization) ||
      !std::isfinite(options.gradient_weight))
    return Error{ErrorCode::invalid_argument,
                 "foreground_multilevel wants regularization > 0 and gradient_weight >= 0, given " +
                     std::to_string(options.regularization) + " and " + std::to_string(options.gradient_weight)};
  if (options.small_iterations < 0 || options.big_iterations < 0)
    return Error{ErrorCode::invalid_argument, "foreground_multilevel wants iteration counts >= 0, given " +
                                                  std::to_string(options.small_iterations) + " and " +
                                                  std::to_string(options.big_iterations)};
  auto colour = working_colour<Scalar>(image);
  if (!colour) return colour.error();
  auto matte = working_alpha<Scalar>(alpha, image.shape());
  if (!matte) return matte.error();

  ThreadPool pool(options.threads);
  ForegroundResult<Scalar> result;
  Board before = detail::mean_colours(*colour, *matte);
  for (const Shape& size : multilevel_sizes(image.shape())) {
    Board level(size.height, size.width);
    const std::ptrdiff_t grain = std::max(8, 16384 / size.width);  // rows
    const auto full_x = detail::nearest_indices(image.width(), size.width);
    const auto before_x = detail::nearest_indices(before.width(), size.width);
    pool.parallel_for(0, size.height, grain, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (auto y = static_cast<int>(begin); y < end; ++y)
        detail::start_row(level, y, *colour, *matte, before, full_x, before_x);
    });
    const bool small = size.width <= options.small_size && size.height <= options.small_size;
    const int iterations = small ? options.small_iterations : options.big_iterations;
    for (int half_sweep = 0; half_sweep < 2 * iterations; ++half_sweep)
      pool.parallel_for(0, size.height, grain, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
        for (auto y = static_cast<int>(begin); y < end; ++y) detail::relax_row(level, y, half_sweep & 1, options);
      });
    result.report.iterations += iterations;
    before = std::move(level);
  }

  const Shape shape{image.height(), image.width(), 3};
  result.foreground = Image<Scalar>(shape);
  result.background = Image<Scalar>(shape);
  pool.parallel_for(0, shape.height, std::max(8, 16384 / shape.width), [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (auto y = static_cast<int>(begin); y < end; ++y)
      for (int x = 0; x < shape.width; ++x) {
        const Scalar* p = before.pixel(y, x);
        for (int c = 0; c < 3; ++c) {
          result.foreground(y, x, c) = p[(Board::foreground + c) * before.channel_stride()];
          result.background(y, x, c) = p[(Board::background + c) * before.channel_stride()];
        }
      }
  });
  return result;
}

}  // namespace hairline

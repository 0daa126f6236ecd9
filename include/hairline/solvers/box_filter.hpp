#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/core/view.hpp"

namespace hairline {

/// Which window centres a box filter has an output for.
enum class BoxExtent {
  valid,  ///< windows inside the picture: 2 * radius fewer rows and columns
  same,   ///< windows centred on a pixel, clipped at the border
  full,   ///< windows that touch the picture: 2 * radius more rows and columns
};

/// Extent of a box filter's result.
constexpr Shape box_shape(const Shape& in, int radius, BoxExtent extent) {
  const int grow = extent == BoxExtent::same ? 0 : extent == BoxExtent::full ? 2 * radius : -2 * radius;
  return Shape{in.height + grow, in.width + grow, in.channels};
}

/// Number of positions 0 <= i < side with |i - centre| <= radius.
constexpr int box_overlap(int centre, int radius, int side) {
  return std::max(0, std::min(centre + radius, side - 1) - std::max(centre - radius, 0) + 1);
}

/// Window sums of a picture that need not exist in memory: row by row, in double precision.
/// @param load  load(y, row): writes the picture's row y, in.width * in.channels doubles; called again for the same row
/// @param emit  emit(y, sums): takes one row of the result (box_shape); rows come in any order, from several threads
/// The sums are the same for every number of threads. Cost: O(1) additions per pixel whatever the radius, each row
/// loaded at most four times; memory for two rows per thread.  @pre box_shape is not empty, radius >= 0
template <class Load, class Emit>
void box_rows(ThreadPool& pool, const Shape& in, int radius, BoxExtent extent, Load&& load, Emit&& emit) {
  const Shape out = box_shape(in, radius, extent);
  const std::ptrdiff_t shift = extent == BoxExtent::same ? 0 : extent == BoxExtent::full ? -radius : radius;
  const std::ptrdiff_t r = radius, height = in.height, width = in.width, channels = in.channels;
  // A chunk starts its column sums afresh, so a chunk of at least `radius` rows keeps that cost within one more pass.
  const std::ptrdiff_t grain = std::max<std::ptrdiff_t>(16, radius);
  pool.parallel_for(0, out.height, grain, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    const auto length = static_cast<std::size_t>(width * channels);
    std::vector<double> columns(length), row(length), running(static_cast<std::size_t>(channels));
    std::vector<double> sums(static_cast<std::size_t>(out.width) * running.size());
    const auto accumulate = [&](std::ptrdiff_t y, double sign) {
      if (y < 0 || y >= height) return;
      load(static_cast<int>(y), row.data());
      for (std::size_t i = 0; i < length; ++i) columns[i] += sign * row[i];
    };
    const auto slide = [&](std::ptrdiff_t x, double sign) {
      if (x < 0 || x >= width) return;
      const double* column = columns.data() + x * channels;
      for (std::ptrdiff_t c = 0; c < channels; ++c) running[static_cast<std::size_t>(c)] += sign * column[c];
    };
    const auto clipped = [](std::ptrdiff_t from, std::ptrdiff_t to, std::ptrdiff_t side, auto&& f) {
      for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(from, 0); i <= std::min(to, side - 1); ++i) f(i, 1.0);
    };
    clipped(begin + shift - r, begin + shift + r - 1, height, accumulate);
    for (std::ptrdiff_t y = begin; y < end; ++y) {
      accumulate(y + shift + r, 1.0);
      if (y > begin) accumulate(y + shift - r - 1, -1.0);
      std::fill(running.begin(), running.end(), 0.0);
      clipped(shift - r, shift + r - 1, width, slide);
      for (std::ptrdiff_t x = 0; x < out.width; ++x) {
        slide(x + shift + r, 1.0);
        if (x > 0) slide(x + shift - r - 1, -1.0);
        std::copy(running.begin(), running.end(), sums.begin() + x * channels);
      }
      emit(static_cast<int>(y), static_cast<const double*>(sums.data()));
    }
  });
}

namespace detail {
template <class Scalar>
Result<Image<Scalar>> box_filter(ThreadPool& pool, View<const Scalar> image, int radius, BoxExtent extent, bool mean) {
  if (image.empty()) return Error{ErrorCode::invalid_argument, "box filter: the picture has no pixels"};
  if (radius < 0)
    return Error{ErrorCode::invalid_argument, "box filter: wanted a radius >= 0, given " + std::to_string(radius)};
  const int side = std::max(image.height(), image.width());
  if (extent == BoxExtent::same) radius = std::min(radius, side);
  if (radius > (1 << 29) || box_shape(image.shape(), radius, extent).empty())
    return Error{ErrorCode::invalid_argument, "box filter: a window of radius " + std::to_string(radius) +
                                                  " does not fit a picture of " + size_string(image.shape())};
  Image<Scalar> out(box_shape(image.shape(), radius, extent));
  const int channels = image.channels();
  const auto load = [&](int y, double* row) {
    for (int x = 0; x < image.width(); ++x)
      for (int c = 0; c < channels; ++c) *row++ = static_cast<double>(image(y, x, c));
  };
  const int shift = extent == BoxExtent::same ? 0 : extent == BoxExtent::full ? -radius : radius;
  const auto emit = [&](int y, const double* sums) {
    const int rows = box_overlap(y + shift, radius, image.height());
    for (int x = 0; x < out.width(); ++x) {
      const double scale =
          mean ? 1.0 / (static_cast<double>(rows) * box_overlap(x + shift, radius, image.width())) : 1.0;
      for (int c = 0; c < channels; ++c) out(y, x, c) = static_cast<Scalar>(*sums++ * scale);
    }
  };
  box_rows(pool, image.shape(), radius, extent, load, emit);
  return out;
}
}  // namespace detail

/// Sum over the square window of side 2 * radius + 1 around each pixel, outside counts as zero; any channels.
/// Sums run in double. Errors: no pixels, radius < 0, no window inside (valid). Cost: O(pixels), whatever the radius.
template <class Scalar>
Result<Image<Scalar>> box_sum(View<const Scalar> image, int radius, BoxExtent extent = BoxExtent::same,
                              int threads = 0) {
  ThreadPool pool(threads);
  return detail::box_filter(pool, image, radius, extent, false);
}

/// Mean over the window's pixels that are inside the picture; otherwise as box_sum.
template <class Scalar>
Result<Image<Scalar>> box_mean(View<const Scalar> image, int radius, BoxExtent extent = BoxExtent::same,
                               int threads = 0) {
  ThreadPool pool(threads);
  return detail::box_filter(pool, image, radius, extent, true);
}

}  // namespace hairline

#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "hairline/core/any_view.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/constraints.hpp"
#include "hairline/solvers/foreground_multilevel_level.hpp"
#include "hairline/solvers/foreground_result.hpp"

namespace hairline {

namespace detail {

/// Sums of the colours of what is surely foreground (alpha > 0.9) and background (< 0.1), and how many there are.
struct ClassColours {
  std::array<double, 6> sum{};
  double foreground = 0, background = 0;
};

inline ClassColours class_colours(AnyView image, AnyView alpha, int y) {
  ClassColours found;
  std::vector<signed char> label(static_cast<std::size_t>(image.width()));
  alpha.visit([&](auto v) {
    using T = typename decltype(v)::value_type;
    constexpr double full = PixelTraits<T>::full;
    for (int x = 0; x < v.width(); ++x)
      label[static_cast<std::size_t>(x)] = static_cast<signed char>((v(y, x) > 0.9 * full) - (v(y, x) < 0.1 * full));
  });
  image.visit([&](auto v) {
    using T = typename decltype(v)::value_type;
    constexpr double full = PixelTraits<T>::full;
    // Integers add up faster, and without error.
    std::array<std::conditional_t<std::is_integral_v<T>, std::int64_t, double>, 6> sum{};
    std::int64_t pixels[2] = {};
    const std::ptrdiff_t next = v.channels() == 1 ? 0 : v.strides().c;
    // By runs of a class: next to each other there is nothing to decide.
    for (int x = 0, end = 0; x < v.width(); x = end) {
      const int l = label[static_cast<std::size_t>(x)];
      while (end < v.width() && label[static_cast<std::size_t>(end)] == l) ++end;
      if (l == 0) continue;
      const std::size_t first = l > 0 ? 0 : 3;
      pixels[first / 3] += end - x;
      const auto* pixel = &v(y, x, 0);
      for (int i = x; i < end; ++i, pixel += v.strides().x)
        for (std::size_t c = 0; c < 3; ++c) sum[first + c] += pixel[static_cast<std::ptrdiff_t>(c) * next];
    }
    for (std::size_t c = 0; c < 6; ++c) found.sum[c] = static_cast<double>(sum[c]) / full;
    found.foreground = static_cast<double>(pixels[0]);
    found.background = static_cast<double>(pixels[1]);
  });
  return found;
}

/// The mean colours that the first level starts from; a class without pixels gives 0.
template <class Scalar>
std::array<Scalar, 6> mean_colours(ThreadPool& pool, AnyView image, AnyView alpha) {
  std::vector<ClassColours> rows(static_cast<std::size_t>(image.height()));
  pool.parallel_for(0, image.height(), 32, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (std::ptrdiff_t y = begin; y < end; ++y)
      rows[static_cast<std::size_t>(y)] = class_colours(image, alpha, static_cast<int>(y));
  });
  ClassColours all;
  for (const ClassColours& row : rows) {
    for (std::size_t c = 0; c < 6; ++c) all.sum[c] += row.sum[c];
    all.foreground += row.foreground;
    all.background += row.background;
  }
  std::array<Scalar, 6> mean;
  for (std::size_t c = 0; c < 6; ++c)
    mean[c] = static_cast<Scalar>(all.sum[c] / (1e-5 + (c < 3 ? all.foreground : all.background)));
  return mean;
}

inline std::optional<Error> check_multilevel_options(const ForegroundMultilevelOptions& options) {
  if (!(options.regularization > 0) || !(options.gradient_weight >= 0) || !std::isfinite(options.regularization) ||
      !std::isfinite(options.gradient_weight))
    return Error{ErrorCode::invalid_argument,
                 "foreground_multilevel wants regularization > 0 and gradient_weight >= 0, given " +
                     std::to_string(options.regularization) + " and " + std::to_string(options.gradient_weight)};
  if (options.small_iterations < 0 || options.big_iterations < 0)
    return Error{ErrorCode::invalid_argument, "foreground_multilevel wants iteration counts >= 0, given " +
                                                  std::to_string(options.small_iterations) + " and " +
                                                  std::to_string(options.big_iterations)};
  return std::nullopt;
}

}  // namespace detail

/// Foreground and background colours of every pixel by multi-level relaxation (Germer, Uelwer, Conrad, Harmeling 2020).
/// Deviation: each level is relaxed in red-black order instead of raster order, so that all threads work and every
/// number of threads gives the same result. A picture without any alpha > 0.9 starts from a black foreground, one
/// without any alpha < 0.1 from a black background.
/// @param image (H, W) grey, RGB or RGBA (fourth channel unused), [0,1]   @param alpha (H, W), one channel, [0,1]
/// Errors: no pixels, another size, channels, NaN, regularization <= 0, other options < 0.
/// @tparam Stored  the results' pixels: 8 or 16 bits for a picture that is only to be written
/// Cost: about 3 pixel updates per pixel; memory 24 bytes per pixel of the last level but one, besides the result, and
/// 1 MB a thread. report.iterations counts sweeps.
template <class Scalar = float, Pixel Stored = Scalar>
Result<ForegroundResult<Stored>> foreground_multilevel(AnyView image, AnyView alpha,
                                                       const ForegroundMultilevelOptions& options = {}) {
  if (auto error = detail::check_multilevel_options(options)) return *error;
  if (auto error = check_colour(image)) return *error;
  if (auto error = check_alpha(alpha, image.shape())) return *error;

  ThreadPool pool(options.threads);
  const std::vector<Shape> sizes = multilevel_sizes(image.shape());
  const auto iterations_of = [&](const Shape& level) {
    const bool small = level.width <= options.small_size && level.height <= options.small_size;
    return small ? options.small_iterations : options.big_iterations;
  };
  // Of the last level's size from the first on: memory that grows with the levels would be new memory each time.
  std::vector<detail::Checkerboard<Scalar>> boards(static_cast<std::size_t>(pool.threads()));
  const detail::MultilevelTiling last(sizes.back(), iterations_of(sizes.back()));
  for (auto& board : boards)
    board.reserve(std::min(sizes.back().height, last.height + 2 * last.halo),
                  std::min(sizes.back().width, last.width + 2 * last.halo));
  // Colours of the level before and of this one; the last level's go straight to the result.
  std::unique_ptr<Scalar[]> room[2];
  for (std::size_t i = 1; i <= 2 && i < sizes.size(); ++i) {
    const std::size_t level = sizes.size() - 1 - i;
    room[level % 2] = std::make_unique_for_overwrite<Scalar[]>(6 * sizes[level].pixels());
  }
  std::array<Scalar, 6> mean = detail::mean_colours<Scalar>(pool, image, alpha);
  View<Scalar> before(mean.data(), Shape{1, 1, 6});
  ForegroundResult<Stored> result;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const Shape& size = sizes[i];
    const int iterations = iterations_of(size);
    const detail::MultilevelSource<Scalar> from(image, alpha, before, size.width);
    const auto relax_into = [&](auto foreground, auto background) {
      detail::relax_level(pool, boards, from, size, iterations, options, foreground, background);
    };
    if (i + 1 == sizes.size()) {
      const Shape shape{size.height, size.width, 3};
      result.foreground = Image<Stored>(shape);
      if (options.background) result.background = Image<Stored>(shape);
      relax_into(result.foreground.view(), options.background ? result.background.view() : View<Stored>());
    } else {
      const View<Scalar> both(room[i % 2].get(), Shape{size.height, size.width, 6});
      const View<Scalar> foreground = both.first_channels(3);
      relax_into(foreground, View<Scalar>(both.data() + 3, foreground.shape(), both.strides()));
      before = both;
    }
    result.report.iterations += iterations;
  }
  return result;
}

}  // namespace hairline

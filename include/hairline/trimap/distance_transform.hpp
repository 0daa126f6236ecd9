#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include "hairline/core/image.hpp"

namespace hairline {

/// The measure of distance between pixel centres, which decides the shape of an erosion or dilation.
enum class Metric {
  euclidean,   ///< a disc
  chessboard,  ///< a square: diagonal steps cost 1
  city_block,  ///< a diamond: what repeating a 3x3 cross gives
};

namespace detail {
/// Rows to the nearest set pixel of the same column (huge if there is none), from two sweeps over the rows.
inline Image<std::int64_t> column_distance(const Image<std::uint8_t>& set, std::int64_t none) {
  Image<std::int64_t> d(set.shape());
  for (int y = 0; y < set.height(); ++y)
    for (int x = 0; x < set.width(); ++x)
      d(y, x) = set(y, x) ? 0 : y > 0 && d(y - 1, x) < none ? d(y - 1, x) + 1 : none;
  for (int y = set.height() - 2; y >= 0; --y)
    for (int x = 0; x < set.width(); ++x) d(y, x) = std::min(d(y, x), d(y + 1, x) + 1);
  return d;
}

/// Lower envelope of the parabolas (x - i)^2 + height(i) along one row, in integers.
class Envelope {
 public:
  explicit Envelope(std::size_t width) : source_(width), start_(width) {}

  /// Replaces the column distances `d` of a row by squared distances; `none` and above mean no set pixel in the column.
  void transform(std::int64_t* d, int width, std::int64_t none) {
    heights_.assign(d, d + width);
    int count = 0;
    for (int i = 0; i < width; ++i) {
      auto& h = heights_[at(i)];
      if (h >= none) continue;
      h *= h;
      std::int64_t start = 0;
      while (count > 0 && (start = first_below(source_[at(count - 1)], i)) <= start_[at(count - 1)]) --count;
      if (count == 0) start = 0;
      if (start >= width) continue;
      source_[at(count)] = i;
      start_[at(count)] = start;
      ++count;
    }
    for (int x = 0, k = 0; x < width && count > 0; ++x) {
      while (k + 1 < count && start_[at(k + 1)] <= x) ++k;
      const std::int64_t across = x - source_[at(k)];
      d[x] = across * across + heights_[at(source_[at(k)])];
    }
  }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  /// First x at which the parabola of column j is not above that of column i < j.
  std::int64_t first_below(int i, int j) const {
    const std::int64_t a = i, b = j;
    const std::int64_t n = b * b - a * a + heights_[at(j)] - heights_[at(i)];
    const std::int64_t m = 2 * (b - a);
    return n <= 0 ? 0 : (n + m - 1) / m;
  }
  std::vector<std::int64_t> heights_;
  std::vector<int> source_;
  std::vector<std::int64_t> start_;
};
}  // namespace detail

/// A squared distance that means "there is no set pixel".
inline constexpr std::int64_t no_distance = std::numeric_limits<std::int64_t>::max() / 4;

/// Squared Euclidean distance from every pixel to the nearest pixel that is not 0 (0 on those), exact; no_distance
/// everywhere if there is none.  Shape (H, W).  Cost: linear in the pixels.  Felzenszwalb and Huttenlocher, Theory of
/// Computing 2012.
inline Image<std::int64_t> squared_distance(const Image<std::uint8_t>& set) {
  constexpr std::int64_t none = std::int64_t{1} << 30;
  Image<std::int64_t> d = detail::column_distance(set, none);
  if (std::none_of(set.begin(), set.end(), [](std::uint8_t v) { return v != 0; })) {
    std::fill(d.begin(), d.end(), no_distance);
    return d;
  }
  detail::Envelope envelope(static_cast<std::size_t>(set.width()));
  for (int y = 0; y < set.height(); ++y) envelope.transform(d.view().row(y), set.width(), none);
  return d;
}

/// Distance in steps to the nearest pixel that is not 0, for the two metrics on the grid; no_distance everywhere if
/// there is none.  @pre metric is not euclidean
inline Image<std::int64_t> grid_distance(const Image<std::uint8_t>& set, Metric metric) {
  const std::int64_t diagonal = metric == Metric::chessboard ? 1 : 2;
  Image<std::int64_t> d(set.shape());
  const int h = set.height(), w = set.width();
  const auto relax = [&](int y, int x, int direction) {  // from the neighbours that were visited before
    std::int64_t best = d(y, x);
    const int py = y - direction, px = x - direction;
    if (px >= 0 && px < w) best = std::min(best, d(y, px) + 1);
    if (py >= 0 && py < h)
      for (int k = -1; k <= 1; ++k)
        if (x + k >= 0 && x + k < w) best = std::min(best, d(py, x + k) + (k == 0 ? 1 : diagonal));
    d(y, x) = std::min(best, no_distance);
  };
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      d(y, x) = set(y, x) ? 0 : no_distance;
      relax(y, x, 1);
    }
  for (int y = h - 1; y >= 0; --y)
    for (int x = w - 1; x >= 0; --x) relax(y, x, -1);
  return d;
}

/// The pixels that a set keeps when eroded by `radius` pixels: those farther than that from every pixel outside the
/// set. What lies beyond the border erodes nothing.  Cost: linear, whatever the radius.
/// @param set 0 is outside, anything else inside   @pre radius >= 0
inline Image<std::uint8_t> eroded(const Image<std::uint8_t>& set, double radius, Metric metric) {
  Image<std::uint8_t> outside(set.shape());
  for (std::size_t i = 0; i < set.size(); ++i) outside.data()[i] = set.data()[i] == 0;
  const auto distance = metric == Metric::euclidean ? squared_distance(outside) : grid_distance(outside, metric);
  const double limit = metric == Metric::euclidean ? radius * radius : radius;
  Image<std::uint8_t> out(set.shape());
  for (std::size_t i = 0; i < set.size(); ++i)
    out.data()[i] = set.data()[i] && static_cast<double>(distance.data()[i]) > limit;
  return out;
}

}  // namespace hairline

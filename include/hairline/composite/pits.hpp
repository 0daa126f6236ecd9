#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <numeric>
#include <utility>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/view.hpp"

namespace hairline {

/// What is taken for a pit of an alpha: a small place enclosed by the subject where alpha sinks without coming down to
/// the background, such as cloth of the wall's colour. A true hole does come down, a gap between hairs is smaller.
struct PitOptions {
  double share = 0.02;  ///< of the alpha's sum: no place of as many pixels is a pit, one of half as many is; 0: none is
  double gap = 0.1;     ///< of these pixels: a place of as many is a pit, one of half as many a gap and stays; 0: none
  float open = 0.05f;   ///< a place that comes down to this alpha is a hole and stays
  float sure = 0.25f;   ///< a place that does not come down to this alpha is a pit; between the two, in part
};

namespace detail {

/// Which basins are filled: of at most so many pixels, of at least so many, no lower than that.
struct BasinLimits {
  double most = std::numeric_limits<double>::infinity(), least = 0;
  float open = -2, sure = -1;
};

/// A pixel and the level of its ground.
struct Ground {
  int y, x;
  float level;
};

/// Pixels joined from the lowest level up: the places that water would fill before it ran off.
class Basins {
 public:
  /// @param floor off which water runs where it is as low as `limits.open`; if empty, nowhere
  Basins(const std::vector<Ground>& ground, const Shape& picture, View<const float> floor, const BasinLimits& limits)
      : picture_(picture), floor_(floor), limits_(limits), at_(zeros(picture.pixels())) {
    std::vector<std::pair<float, std::int32_t>> order;
    order.reserve(ground.size());
    for (const Ground& g : ground) order.emplace_back(g.level, static_cast<std::int32_t>(order.size()));
    std::sort(order.begin(), order.end());
    pixels_.reserve(order.size());
    for (const auto& [level, i] : order) {
      const Ground& g = ground[static_cast<std::size_t>(i)];
      pixels_.push_back({i, g.y, g.x, level});
    }
    const auto all = static_cast<std::int32_t>(pixels_.size());
    for (std::int32_t begin = 0, end = 0; begin < all; begin = end) {
      while (end < all && !(pixel(begin).level < pixel(end).level)) ++end;
      rise(begin, end);
    }
    for (std::int32_t i = 0; i < all; ++i)
      if (pixel(i).up == i) fill(pixel(i), 1);
  }

  /// How far each pixel's ground is raised, in the order in which they were given.
  std::vector<double> raised() {
    std::vector<double> out(pixels_.size());
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(pixels_.size()); ++i) {
      const std::int32_t basin = first<&Pixel::up>(i);  // which shortens the way there
      double& by = out[static_cast<std::size_t>(pixel(i).given)];
      by = pixel(basin).raised;
      for (std::int32_t at = i; at != basin; at = pixel(at).up) by += pixel(at).raised;
    }
    return out;
  }

 private:
  static constexpr std::int32_t none = -1;

  struct Pixel {
    std::int32_t given;  ///< its number among those given
    int y, x;
    float level;
    std::int32_t up = none;     ///< towards its basin's first pixel, itself there, which is the lowest
    std::int32_t meets = none;  ///< while water rises by a level: towards the first of the basins that meet
    std::int32_t size = 1;      ///< of the basin; this and what follows are a first pixel's
    float water = level;        ///< the level up to which `raised` is known
    bool off = false;           ///< water runs off at this level
    bool dry = false;           ///< it has run off
    double raised = 0;          ///< of a first pixel the basin's, of others how much more than its `up`
  };
  struct Free {
    void operator()(std::int32_t* at) const { std::free(at); }
  };
  using Zeros = std::unique_ptr<std::int32_t[], Free>;
  /// Zeros that cost memory and time only where they are touched.
  static Zeros zeros(std::size_t n) {
    Zeros out(static_cast<std::int32_t*>(std::calloc(std::max<std::size_t>(n, 1), sizeof(std::int32_t))));
    if (!out) throw std::bad_alloc();
    return out;
  }
  /// One more than the number of the pixel at a place; 0 while there is none.
  std::int32_t& at(int y, int x) {
    return at_[static_cast<std::size_t>(y) * static_cast<std::size_t>(picture_.width) + static_cast<std::size_t>(x)];
  }
  Pixel& pixel(std::int32_t i) { return pixels_[static_cast<std::size_t>(i)]; }
  template <std::int32_t Pixel::*Link>
  std::int32_t first(std::int32_t i) {
    for (std::int32_t next; (next = pixel(i).*Link) != i; i = pixel(i).*Link) {
      if (pixel(next).*Link == next) return next;
      if constexpr (Link == &Pixel::up) pixel(i).raised += pixel(next).raised;
      pixel(i).*Link = pixel(next).*Link;
    }
    return i;
  }

  /// How much a basin is to be filled.
  double part(const Pixel& basin) const {
    const double depth = static_cast<double>((basin.level - limits_.open) / (limits_.sure - limits_.open));
    const double enough = limits_.least > 0 ? 2 * basin.size / limits_.least - 1 : 1;
    return std::clamp(2 - 2 * basin.size / limits_.most, 0.0, 1.0) * std::clamp(enough, 0.0, 1.0) *
           std::clamp(depth, 0.0, 1.0);
  }
  void fill(Pixel& basin, float level) {
    if (!basin.dry) basin.raised += part(basin) * (static_cast<double>(level) - static_cast<double>(basin.water));
    basin.water = level;
  }

  /// The pixels of one level, and what meets through them. All of a level at once, so that their order decides nothing.
  void rise(std::int32_t begin, std::int32_t end) {
    met_.clear();
    for (std::int32_t i = begin; i < end; ++i) {
      at(pixel(i).y, pixel(i).x) = i + 1;
      pixel(i).up = pixel(i).meets = i;
      met_.push_back(i);
    }
    for (std::int32_t i = begin; i < end; ++i) {
      const int y = pixel(i).y, x = pixel(i).x;
      for (const auto& [ny, nx] : {std::pair{y - 1, x}, {y + 1, x}, {y, x - 1}, {y, x + 1}})
        if (ny >= 0 && nx >= 0 && ny < picture_.height && nx < picture_.width) meet(i, ny, nx);
    }
    for (const std::int32_t i : met_) {
      const std::int32_t lowest = first<&Pixel::meets>(i);
      pixel(i).dry = pixel(lowest).off;
      if (pixel(i).dry || i == lowest) continue;
      pixel(i).up = lowest;
      pixel(i).raised -= pixel(lowest).raised;
    }
    for (const std::int32_t i : met_) pixel(i).meets = none;
  }

  void meet(std::int32_t i, int y, int x) {
    const std::int32_t own = first<&Pixel::meets>(i);
    const std::int32_t there = at(y, x) == 0 ? none : first<&Pixel::up>(at(y, x) - 1);
    if ((!floor_.empty() && !(floor_(y, x) > limits_.open)) || (there != none && pixel(there).dry))
      pixel(own).off = true;
    if (there == none || pixel(there).dry) return;
    if (pixel(there).meets == none) {
      fill(pixel(there), pixel(i).level);
      pixel(there).meets = there;
      met_.push_back(there);
    }
    const std::int32_t other = first<&Pixel::meets>(there);
    if (other == own) return;
    const auto [low, high] = std::minmax(own, other);
    pixel(high).meets = low;
    pixel(low).size += pixel(high).size;
    pixel(low).off |= pixel(high).off;
  }

  Shape picture_;
  View<const float> floor_;
  BasinLimits limits_;
  Zeros at_;
  std::vector<std::int32_t> met_;
  std::vector<Pixel> pixels_;
};

/// The sum of a picture of one channel.
inline double sum_of(View<const float> picture) {
  std::array<double, 8> sums{};  // side by side: one waits for the last addition
  for (int y = 0; y < picture.height(); ++y)
    for (int x = 0; x < picture.width(); ++x)
      sums[static_cast<std::size_t>(x % 8)] += static_cast<double>(picture(y, x));
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

/// Takes back what small places were raised by: each is as large as where its first tenth was raised.
inline void spare_gaps(const std::vector<Ground>& ground, std::vector<double>& raised, const Shape& picture,
                       double least) {
  constexpr double tenth = 0.1;
  std::vector<Ground> levels;
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < raised.size(); ++i)
    if (raised[i] > 0) {
      levels.push_back({ground[i].y, ground[i].x, static_cast<float>(1 - std::min(raised[i] / tenth, 1.0))});
      numbers.push_back(i);
    }
  const std::vector<double> kept = Basins(levels, picture, {}, {.least = least}).raised();
  for (std::size_t i = 0; i < kept.size(); ++i)
    if (levels[i].level < 1) raised[numbers[i]] *= std::min(kept[i] / (1 - static_cast<double>(levels[i].level)), 1.0);
}

}  // namespace detail

/// Fills pits of an alpha: an area closing (Vincent 1993) that leaves holes and gaps and decides nothing by a hair's
/// breadth. A pixel is raised by the integral, over the levels above its own, of how much of a pit its place below that
/// level is; then what raises small places is taken back, in the same way.
/// Shapes: alpha (H, W, 1), in [0,1].  Returns the number of pixels raised.  Cost: sorts the pixels strictly between
/// `open` and 1; 80 bytes of memory for each of these, and up to 4 for each of the picture.
inline std::size_t fill_pits(View<float> alpha, PitOptions options = {}) {
  if (!(options.share > 0)) return 0;
  const double most = options.share * detail::sum_of(alpha);
  std::vector<detail::Ground> ground;
  for (int y = 0; y < alpha.height(); ++y)
    for (int x = 0; x < alpha.width(); ++x)
      if (alpha(y, x) > options.open && alpha(y, x) < 1) ground.push_back({y, x, alpha(y, x)});
  std::vector<double> raised =
      detail::Basins(ground, alpha.shape(), alpha, {.most = most, .open = options.open, .sure = options.sure}).raised();
  if (options.gap > 0) detail::spare_gaps(ground, raised, alpha.shape(), options.gap * most);
  std::size_t count = 0;
  for (std::size_t i = 0; i < ground.size(); ++i) {
    float& here = alpha(ground[i].y, ground[i].x);
    const float filled = static_cast<float>(std::min(static_cast<double>(here) + raised[i], 1.0));
    count += filled > here;
    here = std::max(filled, here);
  }
  return count;
}

}  // namespace hairline

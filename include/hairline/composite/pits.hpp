#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
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

/// Pixels joined from the lowest level up: the places that water would fill before it ran off.
class Basins {
 public:
  Basins(View<const float> levels, const BasinLimits& limits)
      : levels_(levels),
        limits_(limits),
        at_(static_cast<std::size_t>(levels.height()) * static_cast<std::size_t>(levels.width()), none) {
    for (int y = 0; y < levels.height(); ++y)
      for (int x = 0; x < levels.width(); ++x)
        if (levels(y, x) > limits.open && levels(y, x) < 1) pixels_.push_back({y, x, levels(y, x)});
    std::sort(pixels_.begin(), pixels_.end(), [](const Pixel& a, const Pixel& b) { return a.level < b.level; });
    const auto all = static_cast<std::int32_t>(pixels_.size());
    for (std::int32_t begin = 0, end = 0; begin < all; begin = end) {
      while (end < all && !(pixel(begin).level < pixel(end).level)) ++end;
      rise(begin, end);
    }
    for (std::int32_t i = 0; i < all; ++i)
      if (pixel(i).up == i) fill(pixel(i), 1);
  }

  /// How far each pixel is raised: f(y, x, level, raised by).
  template <class F>
  void each(F f) {
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(pixels_.size()); ++i) {
      const std::int32_t basin = first<&Pixel::up>(i);  // which shortens the way there
      double raised = pixel(basin).raised;
      for (std::int32_t at = i; at != basin; at = pixel(at).up) raised += pixel(at).raised;
      f(pixel(i).y, pixel(i).x, pixel(i).level, raised);
    }
  }

 private:
  static constexpr std::int32_t none = -1;

  struct Pixel {
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
  std::int32_t& at(int y, int x) {
    return at_[static_cast<std::size_t>(y) * static_cast<std::size_t>(levels_.width()) + static_cast<std::size_t>(x)];
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
      at(pixel(i).y, pixel(i).x) = pixel(i).up = pixel(i).meets = i;
      met_.push_back(i);
    }
    for (std::int32_t i = begin; i < end; ++i) {
      const int y = pixel(i).y, x = pixel(i).x;
      for (const auto& [ny, nx] : {std::pair{y - 1, x}, {y + 1, x}, {y, x - 1}, {y, x + 1}})
        if (ny >= 0 && nx >= 0 && ny < levels_.height() && nx < levels_.width()) meet(i, ny, nx);
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
    const std::int32_t there = at(y, x) == none ? none : first<&Pixel::up>(at(y, x));
    if (!(levels_(y, x) > limits_.open) || (there != none && pixel(there).dry)) pixel(own).off = true;
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

  View<const float> levels_;
  BasinLimits limits_;
  std::vector<std::int32_t> at_, met_;
  std::vector<Pixel> pixels_;
};

/// Takes back what small places were raised by: each is as large as where its first tenth was raised.
inline void spare_gaps(View<float> raised, double least) {
  constexpr float tenth = 0.1f;
  Plane levels(Shape{raised.height(), raised.width(), 1});
  for (int y = 0; y < raised.height(); ++y)
    for (int x = 0; x < raised.width(); ++x) levels(y, x) = 1 - std::min(raised(y, x) / tenth, 1.0f);
  Basins(levels.view(), {.least = least}).each([&](int y, int x, float level, double kept) {
    raised(y, x) *= static_cast<float>(std::min(kept / (1 - static_cast<double>(level)), 1.0));
  });
}

}  // namespace detail

/// Fills pits of an alpha: an area closing (Vincent 1993) that leaves holes and gaps and decides nothing by a hair's
/// breadth. A pixel is raised by the integral, over the levels above its own, of how much of a pit its place below that
/// level is; then what raises small places is taken back, in the same way.
/// Shapes: alpha (H, W, 1), in [0,1].  Returns the number of pixels raised.  Cost: sorts the pixels strictly between
/// `open` and 1; 16 bytes a pixel of memory, 40 for each of these.
inline std::size_t fill_pits(View<float> alpha, PitOptions options = {}) {
  if (!(options.share > 0)) return 0;
  double sum = 0;
  for (int y = 0; y < alpha.height(); ++y)
    for (int x = 0; x < alpha.width(); ++x) sum += static_cast<double>(alpha(y, x));
  const double most = options.share * sum;
  Plane raised(Shape{alpha.height(), alpha.width(), 1});
  detail::Basins(alpha, {.most = most, .open = options.open, .sure = options.sure})
      .each([&](int y, int x, float, double by) { raised(y, x) = static_cast<float>(std::max(by, 0.0)); });
  if (options.gap > 0) detail::spare_gaps(raised.view(), options.gap * most);
  std::size_t count = 0;
  for (int y = 0; y < alpha.height(); ++y)
    for (int x = 0; x < alpha.width(); ++x) {
      const float filled = std::min(alpha(y, x) + raised(y, x), 1.0f);
      count += filled > alpha(y, x);
      alpha(y, x) = std::max(filled, alpha(y, x));
    }
  return count;
}

}  // namespace hairline

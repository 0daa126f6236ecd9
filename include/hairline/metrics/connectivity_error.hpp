#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/metrics/region.hpp"

namespace hairline::metrics {

/// What happens at thresholds that no pixel reaches in both maps.
enum class EmptyLevel {
  previous_threshold,  ///< all pixels still connected are cut off at the threshold before (the standard)
  skip,                ///< the threshold is passed over, so they stay connected
};

/// How "reaches threshold i / 10" is tested.
enum class Thresholds {
  exact,           ///< 10 p >= 255 i: grey levels 51, 102, 153, 204 and 255 reach theirs (the standard)
  floating_steps,  ///< p / 255 >= i * 0.1 in double: level 153 misses 0.6000000000000001
};

/// Which of two components of the same size counts as the largest: the first one met.
enum class FirstComponent {
  by_rows,     ///< as OpenCV, SciPy and scikit-image scan
  by_columns,  ///< as MATLAB scans (the standard)
};

struct ConnectivityOptions {
  EmptyLevel empty = EmptyLevel::previous_threshold;
  Thresholds thresholds = Thresholds::exact;
  FirstComponent first = FirstComponent::by_columns;
  bool background_counts = false;  ///< the pixels below the threshold compete as one more component (a published bug)
};

/// The connected source region at each threshold, and what follows from it.
struct Connectivity {
  Image<std::uint8_t> level;            ///< (H, W): number of thresholds, from 0.1 up, to which the pixel is connected
  std::array<std::size_t, 10> largest;  ///< pixels in the largest component at 0.1, 0.2 ... 1.0
};

namespace detail {
constexpr int connectivity_levels = 10;

/// How many of the thresholds 0.1 ... 1.0 a value reaches. Floats within 1e-7 of a threshold reach it, so that 0.7f
/// does; no 8- or 16-bit level lies that close to a threshold that it misses.
inline int thresholds_reached(double v, Thresholds rule) {
  const double scaled = v * connectivity_levels;
  if (!(scaled > 0)) return 0;
  int n = scaled >= connectivity_levels ? connectivity_levels : static_cast<int>(scaled + 1e-6);
  if (rule == Thresholds::floating_steps && v < n * 0.1) --n;
  return n;
}

/// Largest 4-connected components of {level >= i}, from runs of pixels joined in a union-find.
class ComponentFinder {
 public:
  ComponentFinder(const Image<std::uint8_t>& level, FirstComponent first) : level_(level), first_(first) {}

  /// Labels {level >= threshold}; returns the size of its largest component (0 if there is none).
  std::size_t find(int threshold) {
    runs_.clear();
    total_ = 0;
    std::size_t above = 0;  // first run of the row above
    for (int y = 0; y < level_.height(); ++y) {
      const std::size_t here = runs_.size();
      scan(y, threshold);
      join(above, here);
      above = here;
    }
    best_ = runs_.size();
    for (std::size_t i = 0; i < runs_.size(); ++i)
      if (runs_[i].parent == i && (best_ == runs_.size() || better(runs_[i], runs_[best_]))) best_ = i;
    return runs_.empty() ? 0 : runs_[best_].pixels;
  }
  /// Pixels in {level >= threshold} of the last find.
  std::size_t total() const { return total_; }

  /// Calls f(y, begin, end) for each run of the largest component.
  template <class F>
  void for_largest(F&& f) {
    for (std::size_t i = 0; i < runs_.size(); ++i)
      if (root(i) == best_) f(runs_[i].y, runs_[i].begin, runs_[i].end);
  }

 private:
  struct Run {
    int y, begin, end;
    std::size_t parent;
    std::size_t pixels;     // of the component, valid at its root
    std::size_t by_column;  // smallest column-major index in the component, valid at its root
  };

  void scan(int y, int threshold) {
    const std::uint8_t* row = level_.view().row(y);
    const int width = level_.width();
    for (int x = 0; x < width;) {
      while (x < width && row[x] < threshold) ++x;
      if (x == width) break;
      const int begin = x;
      while (x < width && row[x] >= threshold) ++x;
      const auto pixels = static_cast<std::size_t>(x - begin);
      runs_.push_back(
          {y, begin, x, runs_.size(), pixels,
           static_cast<std::size_t>(begin) * static_cast<std::size_t>(level_.height()) + static_cast<std::size_t>(y)});
      total_ += pixels;
    }
  }
  void join(std::size_t above, std::size_t here) {
    std::size_t b = here;
    for (std::size_t a = above; a < here && b < runs_.size();) {
      if (runs_[a].begin < runs_[b].end && runs_[b].begin < runs_[a].end) unite(a, b);
      if (runs_[a].end <= runs_[b].end)
        ++a;
      else
        ++b;
    }
  }
  std::size_t root(std::size_t i) {
    while (runs_[i].parent != i) i = runs_[i].parent = runs_[runs_[i].parent].parent;
    return i;
  }
  void unite(std::size_t a, std::size_t b) {
    a = root(a);
    b = root(b);
    if (a == b) return;
    if (b < a) std::swap(a, b);  // the root is the component's first run in row order
    runs_[b].parent = a;
    runs_[a].pixels += runs_[b].pixels;
    runs_[a].by_column = std::min(runs_[a].by_column, runs_[b].by_column);
  }
  bool better(const Run& candidate, const Run& best) const {
    if (candidate.pixels != best.pixels) return candidate.pixels > best.pixels;
    return first_ == FirstComponent::by_columns && candidate.by_column < best.by_column;
  }

  const Image<std::uint8_t>& level_;
  FirstComponent first_;
  std::vector<Run> runs_;
  std::size_t total_ = 0, best_ = 0;
};

/// How many thresholds both maps reach at each pixel.
inline Image<std::uint8_t> common_levels(const Input& prediction, const Input& truth, Thresholds rule) {
  Image<std::uint8_t> level(Shape{prediction.height(), prediction.width(), 1});
  const auto width = static_cast<std::size_t>(prediction.width());
  std::vector<double> p(width), a(width);
  for (int y = 0; y < prediction.height(); ++y) {
    prediction.row(y, p.data());
    truth.row(y, a.data());
    std::uint8_t* row = level.view().row(y);
    for (std::size_t x = 0; x < width; ++x)
      row[x] = static_cast<std::uint8_t>(thresholds_reached(std::min(p[x], a[x]), rule));
  }
  return level;
}
}  // namespace detail

/// Up to which threshold each pixel belongs to the largest component that both maps share.
/// Labelled over the whole picture. Errors: sizes that differ, no pixels, NaN.  Cost: linear, ten scans of bytes.
inline Result<Connectivity> connectivity(const Input& prediction, const Input& truth,
                                         ConnectivityOptions options = {}) {
  if (auto error = detail::refuse(prediction, truth, Region{})) return *error;
  const Image<std::uint8_t> common = detail::common_levels(prediction, truth, options.thresholds);
  Connectivity out{Image<std::uint8_t>(common.shape()), {}};
  detail::ComponentFinder components(common, options.first);
  for (int i = 1; i <= detail::connectivity_levels; ++i) {
    const std::size_t largest = components.find(i);
    out.largest[static_cast<std::size_t>(i - 1)] = largest;
    const auto connect = [&](std::uint8_t& level) {  // a pixel once cut off stays so
      if (level == i - 1) level = static_cast<std::uint8_t>(i);
    };
    if (largest == 0 && options.empty == EmptyLevel::skip) {
      for (auto& level : out.level) connect(level);
    } else if (options.background_counts && common.size() - components.total() >= largest) {
      for (std::size_t k = 0; k < common.size(); ++k)
        if (common.data()[k] < i) connect(out.level.data()[k]);
    } else if (largest > 0) {
      components.for_largest([&](int y, int begin, int end) {
        std::uint8_t* row = out.level.view().row(y);
        for (int x = begin; x < end; ++x) connect(row[x]);
      });
    }
  }
  return out;
}

namespace detail {
/// |difference of the degrees of connectivity| at every pixel (H, W).
inline Image<double> connectivity_differences(const Input& prediction, const Input& truth, const Connectivity& c) {
  Image<double> out(c.level.shape());
  const auto width = static_cast<std::size_t>(prediction.width());
  std::vector<double> p(width), a(width);
  const auto degree = [](double value, double level) {
    constexpr double threshold = 0.15;
    const double distance = value - level;
    return distance >= threshold ? 1 - distance : 1.0;
  };
  for (int y = 0; y < prediction.height(); ++y) {
    prediction.row(y, p.data());
    truth.row(y, a.data());
    const std::uint8_t* levels = c.level.view().row(y);
    double* error = out.view().row(y);
    for (std::size_t x = 0; x < width; ++x) {
      const double level = levels[x] / static_cast<double>(connectivity_levels);
      error[x] = std::abs(degree(p[x], level) - degree(a[x], level));
    }
  }
  return out;
}
}  // namespace detail

/// Difference of the degrees of connectivity at every pixel (H, W): what connectivity_error sums, for looking at.
inline Result<Image<double>> connectivity_error_map(const Input& prediction, const Input& truth,
                                                    ConnectivityOptions options = {}) {
  const auto connected = connectivity(prediction, truth, options);
  if (!connected) return connected.error();
  return detail::connectivity_differences(prediction, truth, *connected);
}

/// Connectivity error over the region (threshold 0.15, step 0.1, first power), divided by 1000: the unit of the
/// published tables. 0 for an empty region. Known areas must be pasted into the prediction beforehand.
/// Errors: sizes that differ, no pixels, NaN.  Rhemann et al., CVPR 2009.
inline Result<double> connectivity_error(const Input& prediction, const Input& truth, const Region& region = {},
                                         ConnectivityOptions options = {}) {
  if (auto error = detail::refuse(prediction, truth, region)) return *error;
  const auto map = connectivity_error_map(prediction, truth, options);
  if (!map) return map.error();
  return detail::region_sum(*map, *map, region, [](double e, double) { return e; }).total / 1000;
}

}  // namespace hairline::metrics

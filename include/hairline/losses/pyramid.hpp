#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace hairline::losses::detail {

/// One plane of a pyramid.
struct Level {
  int height = 0, width = 0;
  std::vector<double> values;

  Level() = default;
  Level(int h, int w) : height(h), width(w), values(static_cast<std::size_t>(h) * static_cast<std::size_t>(w)) {}
  double& at(int y, int x) { return values[index(y, x)]; }
  double at(int y, int x) const { return values[index(y, x)]; }
  std::size_t index(int y, int x) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  }
};

/// A linear map of rows of `from` to rows of `to` values, as one list of products; its transpose is as easy.
struct Resampling {
  struct Tap {
    int to, from;
    double weight;
  };
  int from = 0, to = 0;
  std::vector<Tap> taps;

  /// Burt and Adelson's reduction: every second value of the row blurred with [1 4 6 4 1]/16, borders replicated.
  static Resampling reduce(int n) {
    static constexpr double kernel[5] = {1.0 / 16, 4.0 / 16, 6.0 / 16, 4.0 / 16, 1.0 / 16};
    Resampling r{n, (n + 1) / 2, {}};
    for (int i = 0; i < r.to; ++i)
      for (int k = -2; k <= 2; ++k) r.taps.push_back({i, std::clamp(2 * i + k, 0, n - 1), kernel[k + 2]});
    return r;
  }
  /// Its expansion to n values: the same kernel, doubled, over values with zeros between; borders replicated.
  static Resampling expand(int n) {
    const int coarse = (n + 1) / 2;
    Resampling r{coarse, n, {}};
    const auto add = [&](int to, int from, double w) { r.taps.push_back({to, std::clamp(from, 0, coarse - 1), w}); };
    for (int i = 0; i < n; ++i) {
      if (i % 2 == 0) {
        add(i, i / 2 - 1, 1.0 / 8);
        add(i, i / 2, 6.0 / 8);
        add(i, i / 2 + 1, 1.0 / 8);
      } else {
        add(i, i / 2, 0.5);
        add(i, i / 2 + 1, 0.5);
      }
    }
    return r;
  }
  /// Mean of neighbours, two by two; a last odd value is dropped.
  static Resampling halve(int n) {
    Resampling r{n, n / 2, {}};
    for (int i = 0; i < r.to; ++i)
      for (int k = 0; k < 2; ++k) r.taps.push_back({i, 2 * i + k, 0.5});
    return r;
  }
  Resampling transposed() const {
    Resampling r{to, from, taps};
    for (Tap& t : r.taps) std::swap(t.to, t.from);
    return r;
  }
};

/// Both axes, each with a map of its own.
inline Level resample(const Level& in, const Resampling& down_columns, const Resampling& along_rows) {
  Level middle(down_columns.to, in.width), out(down_columns.to, along_rows.to);
  for (const auto& t : down_columns.taps)
    for (int x = 0; x < in.width; ++x) middle.at(t.to, x) += t.weight * in.at(t.from, x);
  for (int y = 0; y < out.height; ++y)
    for (const auto& t : along_rows.taps) out.at(y, t.to) += t.weight * middle.at(y, t.from);
  return out;
}

/// A 5x5 filter, row by row.
using Kernel5 = std::array<double, 25>;

template <class F>
Kernel5 kernel_from(F&& value) {
  Kernel5 k{};
  double sum = 0;
  for (int y = -2; y <= 2; ++y)
    for (int x = -2; x <= 2; ++x) sum += k[static_cast<std::size_t>((y + 2) * 5 + x + 2)] = value(y, x);
  for (double& v : k) v /= sum;
  return k;
}
/// A Gaussian: the product of one along x and one along y.
inline Kernel5 gaussian_kernel(double sigma) {
  return kernel_from([=](int y, int x) { return std::exp(-(y * y + x * x) / (2 * sigma * sigma)); });
}
/// What circulates under the name of a Gaussian: the *sum* of squared Gaussians along x and along y. It is shaped like
/// a cross, and its corners do not vanish.
inline Kernel5 summed_squares_kernel(double sigma) {
  return kernel_from([=](int y, int x) {
    const double gy = std::exp(-y * y / (2 * sigma * sigma)), gx = std::exp(-x * x / (2 * sigma * sigma));
    return gy * gy + gx * gx;
  });
}

/// Correlates with a kernel, borders replicated; or applies the transpose of that.
inline Level blur(const Level& in, const Kernel5& kernel, bool transposed = false) {
  Level out(in.height, in.width);
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < in.width; ++x)
      for (int dy = -2; dy <= 2; ++dy)
        for (int dx = -2; dx <= 2; ++dx) {
          const int fy = std::clamp(y + dy, 0, in.height - 1), fx = std::clamp(x + dx, 0, in.width - 1);
          const double k = kernel[static_cast<std::size_t>((dy + 2) * 5 + dx + 2)];
          if (transposed)
            out.at(fy, fx) += k * in.at(y, x);
          else
            out.at(y, x) += k * in.at(fy, fx);
        }
  return out;
}

}  // namespace hairline::losses::detail

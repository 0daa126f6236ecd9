#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include "hairline/core/image.hpp"
#include "hairline/core/random.hpp"
#include "hairline/core/result.hpp"

namespace hairline::augment {

/// How a picture is read between its pixels. Cubic is OpenCV's (a = -0.75), Lanczos over 8 pixels as well.
enum class Interpolation { nearest, linear, cubic, lanczos4 };

/// GCA-Matting's random_interp: any of the four, evenly.
inline Interpolation random_interpolation(Random& r) { return static_cast<Interpolation>(r.whole(0, 3)); }

/// Where an output position comes from: input = (a x + b y + c, d x + e y + f), in pixels whose centres are at + 0.5.
struct Affine {
  double a = 1, b = 0, c = 0, d = 0, e = 1, f = 0;
};

namespace detail {
// The weights of 2, 4 or 8 neighbours for a position t in [0,1) after the first.
inline int weights(Interpolation how, double t, std::array<double, 8>& w) {
  if (how == Interpolation::linear) {
    w[0] = 1 - t;
    w[1] = t;
    return 2;
  }
  if (how == Interpolation::cubic) {
    constexpr double a = -0.75;
    const auto near = [](double x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
    const auto far = [](double x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
    w[0] = far(1 + t);
    w[1] = near(t);
    w[2] = near(1 - t);
    w[3] = far(2 - t);
    return 4;
  }
  double sum = 0;
  for (int i = 0; i < 8; ++i) {
    const double x = (t + 3 - i) * 3.14159265358979;
    w[static_cast<std::size_t>(i)] = std::abs(x) < 1e-9 ? 1 : std::sin(x) * std::sin(x / 4) / (x * x / 4);
    sum += w[static_cast<std::size_t>(i)];
  }
  for (double& v : w) v /= sum;
  return 8;
}
}  // namespace detail

/// What a picture looks like through an affine map: output (height, width, C).
/// @param fill what lies outside the picture; NaN repeats its border instead
/// Cubic and Lanczos may leave [0,1]: clamp where that matters. Shrinking is not smoothed, as in the papers' programs.
inline Image<float> warp(const Image<float>& from, const Affine& m, int height, int width, Interpolation how,
                         float fill = 0) {
  Image<float> out(Shape{height, width, from.channels()});
  if (from.empty()) return out;
  const bool repeat = std::isnan(fill);
  const auto pixel = [&](int y, int x, int c) {
    if (y >= 0 && x >= 0 && y < from.height() && x < from.width()) return from(y, x, c);
    return repeat ? from(std::clamp(y, 0, from.height() - 1), std::clamp(x, 0, from.width() - 1), c) : fill;
  };
  std::array<double, 8> wx{}, wy{};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const double ox = x + 0.5, oy = y + 0.5, px = m.a * ox + m.b * oy + m.c, py = m.d * ox + m.e * oy + m.f;
      const double limit = 1e9;
      if (!(std::abs(px) < limit && std::abs(py) < limit)) continue;
      if (how == Interpolation::nearest) {
        for (int c = 0; c < from.channels(); ++c)
          out(y, x, c) = pixel(static_cast<int>(std::floor(py)), static_cast<int>(std::floor(px)), c);
        continue;
      }
      const double fx = std::floor(px - 0.5), fy = std::floor(py - 0.5);
      const int n = detail::weights(how, px - 0.5 - fx, wx);
      detail::weights(how, py - 0.5 - fy, wy);
      const int left = static_cast<int>(fx) - n / 2 + 1, top = static_cast<int>(fy) - n / 2 + 1;
      for (int c = 0; c < from.channels(); ++c) {
        double sum = 0;
        for (int i = 0; i < n; ++i)
          for (int j = 0; j < n; ++j)
            sum += wy[static_cast<std::size_t>(i)] * wx[static_cast<std::size_t>(j)] *
                   static_cast<double>(pixel(top + i, left + j, c));
        out(y, x, c) = static_cast<float>(sum);
      }
    }
  return out;
}

/// A picture in another size, half-pixel centres, borders repeated.  @pre height, width >= 1
inline Image<float> resized(const Image<float>& from, int height, int width, Interpolation how) {
  const Affine m{static_cast<double>(from.width()) / width, 0, 0, 0, static_cast<double>(from.height()) / height, 0};
  return warp(from, m, height, width, how, NAN);
}

}  // namespace hairline::augment

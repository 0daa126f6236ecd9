#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "hairline/core/image.hpp"
#include "hairline/core/xtensor.hpp"
#include "hairline/weights/seeded.hpp"

namespace hairline::losses_test {

/// The pictures of python/golden/losses.py.
inline Image<double> picture(std::string_view name, int height, int width, int channels) {
  Image<double> image(Shape{height, width, channels});
  const auto u = seeded_uniform(name, image.size());
  for (std::size_t i = 0; i < u.size(); ++i) image.data()[i] = std::clamp(u[i] * 1.6 - 0.3, 0.0, 1.0);
  return image;
}

struct Inputs {
  Image<double> alpha, true_alpha, foreground, true_foreground, background, true_background, picture, error, weights,
      unknown;
};

inline Inputs inputs(int height, int width) {
  const auto make = [&](std::string_view name, int channels) {
    return losses_test::picture(name, height, width, channels);
  };
  Inputs x{make("alpha", 1),      make("true_alpha", 1),      make("foreground", 3), make("true_foreground", 3),
           make("background", 3), make("true_background", 3), make("picture", 3),    make("error", 1),
           make("weights", 1),    make("unknown", 1)};
  const Image<double> equal = make("equal", 1);
  for (int y = 0; y < height; ++y)
    for (int c = 0; c < width; ++c) {
      x.unknown(y, c) = x.unknown(y, c) > 0.35 ? 1 : 0;
      if (!(equal(y, c) < 0.1)) continue;  // exactly right: derivative 0
      x.alpha(y, c) = x.true_alpha(y, c);
      for (int k = 0; k < 3; ++k) x.foreground(y, c, k) = x.true_foreground(y, c, k);
    }
  return x;
}

/// The same pictures stored as another type.
template <class T>
Image<T> as(const Image<double>& from) {
  Image<T> to(from.shape());
  for (std::size_t i = 0; i < from.size(); ++i) to.data()[i] = static_cast<T>(from.data()[i]);
  return to;
}

/// Greatest distance of a gradient from central differences of the loss around x, over all pixels, as a part of the
/// gradient's greatest value. Meant where the loss is smooth within `step`.
inline double worst_difference(Image<double> x, const Image<double>& gradient,
                               const std::function<double(const Image<double>&)>& loss, double step = 1e-6) {
  double worst = 0, range = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double at = x.data()[i];
    x.data()[i] = at + step;
    const double above = loss(x);
    x.data()[i] = at - step;
    const double below = loss(x);
    x.data()[i] = at;
    worst = std::max(worst, std::abs((above - below) / (2 * step) - gradient.data()[i]));
    range = std::max(range, std::abs(gradient.data()[i]));
  }
  return range > 0 ? worst / range : worst;
}

}  // namespace hairline::losses_test

#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace hairline::detail {

template <class Scalar>
using Rgb = std::array<Scalar, 3>;

template <class Scalar>
Scalar square_distance(const Rgb<Scalar>& a, const Rgb<Scalar>& b) {
  return (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) + (a[2] - b[2]) * (a[2] - b[2]);
}

/// Position of a colour between background and foreground, clipped to [0,1].
template <class Scalar>
Scalar alpha_between(const Rgb<Scalar>& colour, const Rgb<Scalar>& f, const Rgb<Scalar>& b) {
  Scalar dot = 0;
  for (std::size_t c = 0; c < 3; ++c) dot += (colour[c] - b[c]) * (f[c] - b[c]);
  return std::clamp(dot / (square_distance(f, b) + Scalar(1e-5)), Scalar(0), Scalar(1));
}

/// Squared distance of a colour from the best mix of a pair.
template <class Scalar>
Scalar distortion(const Rgb<Scalar>& colour, const Rgb<Scalar>& f, const Rgb<Scalar>& b) {
  const Scalar a = alpha_between(colour, f, b);
  Rgb<Scalar> mix;
  for (std::size_t c = 0; c < 3; ++c) mix[c] = a * f[c] + (1 - a) * b[c];
  return square_distance(mix, colour);
}

/// Integral of |gradient . step| from one pixel to another, in at most 10 steps.
/// @param picture  picture(x, y): the colour there, of the nearest pixel where outside
template <class Scalar, class Picture>
Scalar path_integral(Picture&& picture, int x, int y, int to_x, int to_y) {
  const double length = std::hypot(to_x - x, to_y - y);
  if (length == 0) return 0;
  const int steps = std::clamp(static_cast<int>(std::ceil(length)), 1, 10);
  const double step_x = static_cast<double>(to_x - x) / steps, step_y = static_cast<double>(to_y - y) / steps;
  Scalar sum = 0;
  for (int i = 0; i <= steps; ++i) {
    const int at_x = static_cast<int>(x + i * step_x), at_y = static_cast<int>(y + i * step_y);
    const Rgb<Scalar>&left = picture(at_x - 1, at_y), &right = picture(at_x + 1, at_y);
    const Rgb<Scalar>&above = picture(at_x, at_y - 1), &below = picture(at_x, at_y + 1);
    Scalar square = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      const Scalar change = static_cast<Scalar>(step_x / 2) * (right[c] - left[c]) +
                            static_cast<Scalar>(step_y / 2) * (below[c] - above[c]);
      square += change * change;
    }
    sum += std::sqrt(square);
  }
  return sum;
}

}  // namespace hairline::detail

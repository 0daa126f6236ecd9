#pragma once
#include <cmath>
#include <complex>
#include <cstddef>
#include <utility>
#include <vector>

#include "hairline/core/random.hpp"
#include "hairline/synth/geometry.hpp"

namespace hairline::synth {

/// A square of smooth noise that repeats without a seam, mean 0 and deviation 1.
class Field {
 public:
  static constexpr int side = 256;

  /// Noise whose amplitude falls as 1 / frequency^beta (photographs: about 1 in amplitude).
  /// @param stretch how many times longer the features are along y than along x
  static Field noise(Random& r, float beta, float stretch = 1) {
    Field f;
    std::vector<std::complex<float>> s(side * side);
    for (int i = 0; i < side; ++i)
      for (int j = 0; j < side; ++j) {
        const float fy = static_cast<float>(i < side / 2 ? i : i - side) * stretch;
        const auto fx = static_cast<float>(j < side / 2 ? j : j - side);
        const float size = std::sqrt(fx * fx + fy * fy);
        const float re = r.normal(), im = r.normal();
        if (size > 0) s[index(i, j)] = std::pow(size, -beta) * std::complex<float>(re, im);
      }
    transform(s);
    double sum = 0, squares = 0;
    for (const auto& v : s) {
      sum += v.real();
      squares += static_cast<double>(v.real()) * v.real();
    }
    const double mean = sum / (side * side);
    const double deviation = std::sqrt(std::max(squares / (side * side) - mean * mean, 1e-20));
    for (std::size_t i = 0; i < s.size(); ++i) f.values_[i] = static_cast<float>((s[i].real() - mean) / deviation);
    return f;
  }

  float at(int y, int x) const { return values_[index(y & (side - 1), x & (side - 1))]; }
  /// Bilinear; the tile repeats every 1.
  float operator()(float u, float v) const {
    const float x = u * side, y = v * side;
    const int j = floor_int(x), i = floor_int(y);
    const float a = x - static_cast<float>(j), b = y - static_cast<float>(i);
    const float top = at(i, j) + a * (at(i, j + 1) - at(i, j));
    const float bottom = at(i + 1, j) + a * (at(i + 1, j + 1) - at(i + 1, j));
    return top + b * (bottom - top);
  }

 private:
  Field() : values_(side * side) {}
  static std::size_t index(int i, int j) { return static_cast<std::size_t>(i) * side + static_cast<std::size_t>(j); }
  // Radix-2 transform of one row, in place; `stride` apart.
  static void transform_line(std::complex<float>* s, std::size_t stride,
                             const std::vector<std::complex<float>>& roots) {
    for (std::size_t i = 1, j = 0; i < side; ++i) {
      std::size_t bit = side >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) std::swap(s[i * stride], s[j * stride]);
    }
    for (std::size_t n = 2; n <= side; n <<= 1)
      for (std::size_t i = 0; i < side; i += n)
        for (std::size_t k = 0; k < n / 2; ++k) {
          auto& a = s[(i + k) * stride];
          auto& b = s[(i + k + n / 2) * stride];
          const auto w = roots[k * (side / n)];
          const std::complex<float> t(b.real() * w.real() - b.imag() * w.imag(),
                                      b.real() * w.imag() + b.imag() * w.real());
          b = a - t;
          a += t;
        }
  }
  static void transform(std::vector<std::complex<float>>& s) {
    std::vector<std::complex<float>> roots(side / 2), line(side);
    for (std::size_t k = 0; k < roots.size(); ++k)
      roots[k] = std::polar(1.0f, 6.2831853f * static_cast<float>(k) / side);
    for (int i = 0; i < side; ++i) transform_line(&s[index(i, 0)], 1, roots);
    for (int j = 0; j < side; ++j) {
      for (int i = 0; i < side; ++i) line[static_cast<std::size_t>(i)] = s[index(i, j)];
      transform_line(line.data(), 1, roots);
      for (int i = 0; i < side; ++i) s[index(i, j)] = line[static_cast<std::size_t>(i)];
    }
  }
  std::vector<float> values_;
};

}  // namespace hairline::synth

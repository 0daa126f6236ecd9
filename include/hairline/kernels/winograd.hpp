#pragma once
#include <array>
#include <cstddef>

namespace hairline::kernels {

/// Winograd's convolution F(M x M, 3 x 3): M x M results of a 3 x 3 kernel from (M+2) x (M+2) products instead of 9
/// M^2. The transforms evaluate polynomials at the points 0, a, -a, b, -b ... and infinity:
///     Y = output * [(weights * g * weights^T) . (input * d * input^T)] * output^T
/// This is the one definition: the kernels' transforms are generated from it, and the runtime's weights are made by it.
/// Lavin and Gray, arXiv 1509.09308; Barabasz et al., arXiv 1803.10986 on how points decide the accuracy.
/// @tparam M  2 or 4
template <int M>
struct Winograd {
  static_assert(M == 2 || M == 4, "F(2x2) and F(4x4)");
  static constexpr int taps = 3, size = M + taps - 1;
  template <int Rows, int Columns>
  using Matrix = std::array<std::array<double, static_cast<std::size_t>(Columns)>, static_cast<std::size_t>(Rows)>;

  /// 0, then pairs of opposite points; infinity comes last and is not listed.
  static constexpr std::array<double, static_cast<std::size_t>(size - 1)> points = [] {
    if constexpr (M == 2)
      return std::array<double, 3>{0.0, 1.0, -1.0};
    else
      return std::array<double, 5>{0.0, 0.625, -0.625, 1.5, -1.5};
  }();

  /// Row k: the coefficients, lowest first, of the product of (z - q) over the other points q; the last row: over all.
  static constexpr Matrix<size, size> input = [] {
    Matrix<size, size> m{};
    for (std::size_t k = 0; k < m.size(); ++k) {
      auto& row = m[k];
      row[0] = 1;
      std::size_t degree = 0;
      for (std::size_t q = 0; q < points.size(); ++q) {
        if (q == k) continue;
        ++degree;
        for (std::size_t i = degree; i > 0; --i) row[i] = row[i - 1] - points[q] * row[i];
        row[0] *= -points[q];
      }
    }
    return m;
  }();

  /// Row k: 1, p, p^2 over the product of (p - q); the last row picks the last tap.
  static constexpr Matrix<size, taps> weights = [] {
    Matrix<size, taps> m{};
    for (std::size_t k = 0; k < points.size(); ++k) {
      double product = 1, power = 1;
      for (std::size_t q = 0; q < points.size(); ++q)
        if (q != k) product *= points[k] - points[q];
      for (double& v : m[k]) {
        v = power / product;
        power *= points[k];
      }
    }
    m.back().back() = 1;
    return m;
  }();

  /// Row i: the i-th powers of the points; infinity counts in the last row only.
  static constexpr Matrix<M, size> output = [] {
    Matrix<M, size> m{};
    for (std::size_t k = 0; k < points.size(); ++k) {
      double power = 1;
      for (auto& row : m) {
        row[k] = power;
        power *= points[k];
      }
    }
    m.back().back() = 1;
    return m;
  }();

  /// Weights of one pair of channels as the kernels want them.
  /// @param taps9  3 x 3, x next to each other (ky * 3 + kx)
  /// @return size x size, x next to each other; worked out in double
  static std::array<float, static_cast<std::size_t>(size* size)> transform_weights(const float* taps9) {
    std::array<float, static_cast<std::size_t>(size * size)> result{};
    for (std::size_t j = 0; j < weights.size(); ++j)
      for (std::size_t i = 0; i < weights.size(); ++i) {
        double sum = 0;
        for (std::size_t ky = 0; ky < 3; ++ky)
          for (std::size_t kx = 0; kx < 3; ++kx)
            sum += weights[j][ky] * weights[i][kx] * static_cast<double>(taps9[ky * 3 + kx]);
        result[j * weights.size() + i] = static_cast<float>(sum);
      }
    return result;
  }
};

}  // namespace hairline::kernels

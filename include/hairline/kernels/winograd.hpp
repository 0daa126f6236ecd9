#pragma once
#include <array>
#include <cstddef>

namespace hairline::kernels {

/// Winograd's convolution F(M x N, 3 x 3): M x N results of a 3 x 3 kernel from (M+2)(N+2) products instead of 9 M N.
/// The transforms of either axis evaluate polynomials at the points 0, a, -a, b, -b ... and infinity:
///     Y = output * [(weights * g * weights^T) . (input * d * input^T)] * output^T
/// This is the one definition: the kernels' transforms are generated from it, and the runtime's weights are made by it.
/// Points were chosen by the error of float sums over 256 channels: against F(4), F(5) and F(6) have three and four
/// times as much. F(1) is the convolution itself, for an axis that is left as it is.
/// Lavin and Gray, arXiv 1509.09308; Barabasz et al., arXiv 1803.10986 on how points decide the accuracy.
/// @tparam M  1 to 6
template <int M>
struct Winograd {
  static_assert(M >= 1 && M <= 6, "F(1) to F(6)");
  static constexpr int taps = 3, size = M + taps - 1;
  template <int Rows, int Columns>
  using Matrix = std::array<std::array<double, static_cast<std::size_t>(Columns)>, static_cast<std::size_t>(Rows)>;

  /// 0, pairs of opposite points, one without its opposite if M is odd; infinity comes last and is not listed.
  static constexpr std::array<double, static_cast<std::size_t>(size - 1)> points = [] {
    if constexpr (M == 1)
      return std::array<double, 2>{};  // not used
    else if constexpr (M == 2)
      return std::array<double, 3>{0.0, 1.0, -1.0};
    else if constexpr (M == 3)
      return std::array<double, 4>{0.0, 0.75, -0.75, 2.0};
    else if constexpr (M == 4)
      return std::array<double, 5>{0.0, 0.625, -0.625, 1.5, -1.5};
    else if constexpr (M == 5)
      return std::array<double, 6>{0.0, 0.875, -0.875, 1.75, -1.75, 0.375};
    else
      return std::array<double, 7>{0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0};
  }();

  /// Row k: the coefficients, lowest first, of the product of (z - q) over the other points q; the last row: over all.
  static constexpr Matrix<size, size> input = [] {
    Matrix<size, size> m{};
    if constexpr (M == 1) {
      for (std::size_t k = 0; k < m.size(); ++k) m[k][k] = 1;
      return m;
    }
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
    if constexpr (M == 1) {
      for (std::size_t k = 0; k < m.size(); ++k) m[k][k] = 1;
      return m;
    }
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
    if constexpr (M == 1) {
      m[0].fill(1);
      return m;
    }
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
};

/// The weights' transform of F(m) as rows of three numbers, m + 2 of them.  @pre 1 <= m <= 6
inline const double* winograd_weights(int m) {
  switch (m) {
    case 1:
      return Winograd<1>::weights[0].data();
    case 2:
      return Winograd<2>::weights[0].data();
    case 3:
      return Winograd<3>::weights[0].data();
    case 4:
      return Winograd<4>::weights[0].data();
    case 5:
      return Winograd<5>::weights[0].data();
    default:
      return Winograd<6>::weights[0].data();
  }
}

}  // namespace hairline::kernels

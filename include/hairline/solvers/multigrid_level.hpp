#pragma once
#include <Eigen/Core>
#include <Eigen/LU>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/solvers/stencil.hpp"

// The coarse levels of Multigrid: cells on a grid, four unknowns each, coupled with their eight neighbours.
namespace hairline::detail {

using Block = Eigen::Matrix4d;
using BlockF = Eigen::Matrix4f;
using FourF = Eigen::Vector4f;

// Step lengths of two cycles that make the most of a coarse preconditioner with eigenvalues in [0.2, 1]: the inverse
// roots of the Chebyshev polynomial T2 of that interval, and the factor that keeps the largest eigenvalue at 1.
inline constexpr float chebyshev_steps[2] = {1.132707F, 3.152978F};
inline constexpr float chebyshev_scale = 0.7777778F;

// Damping of a Jacobi step from an estimate of the largest eigenvalue of D^-1 A, with room for the estimate's error.
inline double damping(double largest) { return 1.6 / largest; }

// A fixed pattern of signs without regularity, to start power iterations from.
inline float scatter_sign(std::ptrdiff_t i) {
  auto v = static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15ULL;
  v ^= v >> 29;
  v *= 0xBF58476D1CE4E5B9ULL;
  return ((v >> 40) & 1) != 0 ? 1.0F : -1.0F;
}

// A Galerkin operator while the hierarchy is built.
struct Coarse {
  int rows = 0, columns = 0;            // of the grid of cells
  std::vector<std::int32_t> index;      // cell on the grid -> number, -1 if it holds no unknown pixel
  std::vector<std::int32_t> place;      // number -> cell on the grid
  std::vector<std::array<Block, 9>> a;  // to the neighbour (dy, dx) at 3 * (dy + 1) + dx + 1
  std::vector<Block> near_null;         // columns: the coefficients of 1, R, G, B in the cell's basis
  std::ptrdiff_t size() const { return static_cast<std::ptrdiff_t>(place.size()); }

  std::int32_t neighbour(std::int32_t cell, int k) const {
    const int y = place[static_cast<std::size_t>(cell)] / columns + k / 3 - 1;
    const int x = place[static_cast<std::size_t>(cell)] % columns + k % 3 - 1;
    if (y < 0 || x < 0 || y >= rows || x >= columns) return -1;
    return index[static_cast<std::size_t>(y) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(x)];
  }

  // Basis functions that a cell lacks become unknowns of their own, so that every block can be inverted.
  void complete(std::int32_t cell) {
    Block& own = a[static_cast<std::size_t>(cell)][4];
    for (int d = 0; d < 4; ++d)
      if (near_null[static_cast<std::size_t>(cell)].row(d).isZero(0)) own(d, d) = 1;
  }

  Eigen::MatrixXd dense() const {
    Eigen::MatrixXd m = Eigen::MatrixXd::Zero(4 * size(), 4 * size());
    for (std::int32_t i = 0; i < size(); ++i)
      for (int k = 0; k < 9; ++k) {
        const std::int32_t j = neighbour(i, k);
        if (j >= 0) m.block<4, 4>(4 * i, 4 * j) = a[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)];
      }
    return m;
  }
};

// Orthonormal columns q with q * (q^T x) = x up to nearly dependent columns of x, which are left out (zero in q).
// Modified Gram-Schmidt with pivoting.  x, q: (m, 4); the result: q^T x.
template <class Matrix>
Block orthonormalise(const Matrix& x, Matrix& q) {
  Matrix rest = x;
  q = Matrix::Zero(x.rows(), 4);
  const double smallest = 1e-4 * x.col(0).norm();
  for (int k = 0; k < 4; ++k) {
    Eigen::Index pivot = 0;
    const double norm = std::sqrt(rest.colwise().squaredNorm().maxCoeff(&pivot));
    if (!(norm > smallest)) break;
    auto column = q.col(k);
    column = rest.col(pivot) / norm;
    for (int j = 0; j < k; ++j) column -= q.col(j) * q.col(j).dot(column);
    column.normalize();
    for (int j = 0; j < 4; ++j) rest.col(j) -= column * column.dot(rest.col(j));
    rest.col(pivot).setZero();
  }
  return q.transpose() * x;
}

// Pixels <-> cells: per unknown pixel the values of its cell's four basis functions.
struct CellTransfer {
  std::vector<std::int32_t> first{0};  // per cell, into member; one more than cells
  std::vector<std::int32_t> member;    // slots
  std::vector<FourF> basis;            // by member

  std::ptrdiff_t cells() const { return static_cast<std::ptrdiff_t>(first.size()) - 1; }

  // coarse = P^T fine
  void restrict_to(const Vector<float>& fine, Vector<float>& coarse, ThreadPool& pool) const {
    pool.parallel_for(0, cells(), 2048, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (std::ptrdiff_t c = begin; c < end; ++c) {
        FourF sum = FourF::Zero();
        for (std::int32_t m = first[static_cast<std::size_t>(c)]; m < first[static_cast<std::size_t>(c) + 1]; ++m)
          sum += basis[static_cast<std::size_t>(m)] * fine[member[static_cast<std::size_t>(m)]];
        coarse.segment<4>(4 * c) = sum;
      }
    });
  }

  // fine += P coarse
  void prolong_add(const Vector<float>& coarse, Vector<float>& fine, ThreadPool& pool) const {
    pool.parallel_for(0, cells(), 2048, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (std::ptrdiff_t c = begin; c < end; ++c) {
        const FourF v = coarse.segment<4>(4 * c);
        for (std::int32_t m = first[static_cast<std::size_t>(c)]; m < first[static_cast<std::size_t>(c) + 1]; ++m)
          fine[member[static_cast<std::size_t>(m)]] += basis[static_cast<std::size_t>(m)].dot(v);
      }
    });
  }
};

// Cells <-> cells twice as wide.
struct BlockTransfer {
  std::vector<std::array<std::int32_t, 4>> child;  // -1: none
  std::vector<std::array<BlockF, 4>> basis;        // child's unknowns from the parent's

  void restrict_to(const Vector<float>& fine, Vector<float>& coarse, ThreadPool& pool) const {
    pool.parallel_for(0, static_cast<std::ptrdiff_t>(child.size()), 2048,
                      [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
                        for (auto p = static_cast<std::size_t>(begin); p < static_cast<std::size_t>(end); ++p) {
                          FourF sum = FourF::Zero();
                          for (std::size_t k = 0; k < 4; ++k)
                            if (child[p][k] >= 0)
                              sum.noalias() += basis[p][k].transpose() * fine.segment<4>(4 * child[p][k]);
                          coarse.segment<4>(4 * static_cast<std::ptrdiff_t>(p)) = sum;
                        }
                      });
  }
  void prolong_add(const Vector<float>& coarse, Vector<float>& fine, ThreadPool& pool) const {
    pool.parallel_for(0, static_cast<std::ptrdiff_t>(child.size()), 2048,
                      [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
                        for (auto p = static_cast<std::size_t>(begin); p < static_cast<std::size_t>(end); ++p) {
                          const FourF v = coarse.segment<4>(4 * static_cast<std::ptrdiff_t>(p));
                          for (std::size_t k = 0; k < 4; ++k)
                            if (child[p][k] >= 0) fine.segment<4>(4 * child[p][k]) += basis[p][k] * v;
                        }
                      });
  }
};

// A level's operator as the cycle uses it, in float. Vectors have four entries per cell and four zeros at the end,
// which stand for neighbours that are not there.
//
// Smoothing is Gauss-Seidel over blocks in four colours (even or odd row, even or odd column): cells of a colour are
// not coupled, so a sweep runs in parallel and gives the same numbers in any order. It converges for every positive
// definite operator, without damping.
class BlockOperator {
 public:
  BlockOperator() = default;
  BlockOperator(const Coarse& level, ThreadPool& pool) : size_(level.size()) {
    const auto n = static_cast<std::size_t>(size_);
    neighbour_.resize(n);
    a_.resize(n);
    inverse_.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      const int y = level.place[i] / level.columns, x = level.place[i] % level.columns;
      coloured_[static_cast<std::size_t>(2 * (y % 2) + x % 2)].push_back(static_cast<std::int32_t>(i));
    }
    pool.parallel_for(0, size_, 1024, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (std::ptrdiff_t i = begin; i < end; ++i) {
        const auto at = static_cast<std::size_t>(i);
        for (std::size_t k = 0; k < 9; ++k) {
          const std::int32_t j = level.neighbour(static_cast<std::int32_t>(i), static_cast<int>(k));
          neighbour_[at][k] = j < 0 ? static_cast<std::int32_t>(size_) : j;
          a_[at][k] = level.a[at][k].cast<float>();
        }
        const Block inverse = level.a[at][4].inverse();
        inverse_[at] = (0.5 * (inverse + inverse.transpose())).cast<float>();
      }
    });
  }

  std::ptrdiff_t size() const { return size_; }
  std::ptrdiff_t length() const { return 4 * (size_ + 1); }

  // y = b - A x
  void residual(const Vector<float>& b, const Vector<float>& x, Vector<float>& y, ThreadPool& pool) const {
    pool.parallel_for(0, size_, 512, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (std::ptrdiff_t i = begin; i < end; ++i)
        y.segment<4>(4 * i) = b.segment<4>(4 * i) - product<0, 1, 2, 3, 4, 5, 6, 7, 8>(static_cast<std::size_t>(i), x);
    });
  }
  // x = one sweep from zero, r = b - A x. After its own turn a cell's residual is zero until a later colour changes it.
  void smooth_from_zero(const Vector<float>& b, Vector<float>& x, Vector<float>& r, ThreadPool& pool) const {
    const auto set = [&](std::int32_t i, const FourF& rest) {
      x.segment<4>(4 * i).noalias() = inverse_[static_cast<std::size_t>(i)] * (b.segment<4>(4 * i) - rest);
    };
    each_of(0, pool, [&](std::int32_t i) { set(i, FourF::Zero()); });
    each_of(1, pool, [&](std::int32_t i) { set(i, product<3, 5>(static_cast<std::size_t>(i), x)); });
    each_of(2, pool, [&](std::int32_t i) { set(i, product<0, 1, 2, 6, 7, 8>(static_cast<std::size_t>(i), x)); });
    each_of(3, pool, [&](std::int32_t i) { set(i, product<0, 1, 2, 3, 5, 6, 7, 8>(static_cast<std::size_t>(i), x)); });
    each_of(0, pool, [&](std::int32_t i) {
      r.segment<4>(4 * i) = -product<0, 1, 2, 3, 5, 6, 7, 8>(static_cast<std::size_t>(i), x);
    });
    each_of(1, pool,
            [&](std::int32_t i) { r.segment<4>(4 * i) = -product<0, 1, 2, 6, 7, 8>(static_cast<std::size_t>(i), x); });
    each_of(2, pool, [&](std::int32_t i) { r.segment<4>(4 * i) = -product<3, 5>(static_cast<std::size_t>(i), x); });
    each_of(3, pool, [&](std::int32_t i) { r.segment<4>(4 * i).setZero(); });
  }
  // x = one sweep from x, the colours in opposite order: the adjoint of the other sweep.
  void smooth(const Vector<float>& b, Vector<float>& x, ThreadPool& pool) const {
    for (std::size_t colour = 4; colour-- > 0;)
      each_of(colour, pool, [&](std::int32_t i) {
        const FourF r = b.segment<4>(4 * i) - product<0, 1, 2, 3, 5, 6, 7, 8>(static_cast<std::size_t>(i), x);
        x.segment<4>(4 * i).noalias() = inverse_[static_cast<std::size_t>(i)] * r;
      });
  }

 private:
  template <class F>
  void each_of(std::size_t colour, ThreadPool& pool, F&& f) const {
    const auto& cells = coloured_[colour];
    pool.parallel_for(0, static_cast<std::ptrdiff_t>(cells.size()), 512, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (std::ptrdiff_t k = begin; k < end; ++k) f(cells[static_cast<std::size_t>(k)]);
    });
  }
  // The part of A x that comes from the given neighbours.
  template <std::size_t... K>
  FourF product(std::size_t at, const Vector<float>& x) const {
    FourF sum = FourF::Zero();
    ((sum.noalias() += a_[at][K] * x.segment<4>(4 * neighbour_[at][K])), ...);
    return sum;
  }

  std::ptrdiff_t size_ = 0;
  std::array<std::vector<std::int32_t>, 4> coloured_;
  std::vector<std::array<std::int32_t, 9>> neighbour_;
  std::vector<std::array<BlockF, 9>> a_;
  std::vector<BlockF> inverse_;
};

}  // namespace hairline::detail

#pragma once
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/LU>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hairline/core/first_touch.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/solvers/stencil.hpp"

// The coarse levels of Multigrid: cells on a grid, four unknowns each, coupled with their eight neighbours.
namespace hairline::detail {

using CellBlock = Eigen::Matrix4d;
using BlockF = Eigen::Matrix4f;
using FourF = Eigen::Vector4f;

// Step lengths of two cycles that make the most of a coarse preconditioner with eigenvalues in [0.2, 1]: the inverse
// roots of the Chebyshev polynomial T2 of that interval, and the factor that keeps the largest eigenvalue at 1.
inline constexpr float chebyshev_steps[2] = {1.132707F, 3.152978F};
inline constexpr float chebyshev_scale = 0.7777778F;

// How far a Jacobi step goes beyond the one that certainly does not over-correct. Below 2 it remains a contraction.
inline constexpr float relaxation = 1.9F;

// An upper bound of a block's largest singular value, at most 1.2 times too large.
inline float norm_bound(const BlockF& s) {
  const BlockF m = s.transpose() * s;
  return std::sqrt(std::sqrt((m * m).norm()));
}

// A Galerkin operator while the hierarchy is built.
struct Coarse {
  int rows = 0, columns = 0;                // of the grid of cells
  std::vector<std::int32_t> index;          // cell on the grid -> number, -1 if it holds no unknown pixel
  std::vector<std::int32_t> place;          // number -> cell on the grid
  std::vector<std::array<CellBlock, 9>> a;  // to the neighbour (dy, dx) at 3 * (dy + 1) + dx + 1
  std::vector<CellBlock> near_null;         // columns: the coefficients of 1, R, G, B in the cell's basis
  std::ptrdiff_t size() const { return static_cast<std::ptrdiff_t>(place.size()); }

  std::int32_t neighbour(std::int32_t cell, int k) const {
    const int y = place[static_cast<std::size_t>(cell)] / columns + k / 3 - 1;
    const int x = place[static_cast<std::size_t>(cell)] % columns + k % 3 - 1;
    if (y < 0 || x < 0 || y >= rows || x >= columns) return -1;
    return index[static_cast<std::size_t>(y) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(x)];
  }

  // Basis functions that a cell lacks become unknowns of their own, so that every block can be inverted.
  void complete(std::int32_t cell) {
    CellBlock& own = a[static_cast<std::size_t>(cell)][4];
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
CellBlock orthonormalise(const Matrix& x, Matrix& q) {
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
class BlockOperator {
 public:
  BlockOperator() = default;
  BlockOperator(const Coarse& level, ThreadPool& pool) : size_(level.size()) {
    const auto n = static_cast<std::size_t>(size_);
    resize_on_all_threads(neighbour_, n, pool);
    resize_on_all_threads(a_, n, pool);
    resize_on_all_threads(inverse_, n, pool);
    pool.parallel_for(0, size_, 1024, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (std::ptrdiff_t i = begin; i < end; ++i) {
        const auto at = static_cast<std::size_t>(i);
        for (std::size_t k = 0; k < 9; ++k) {
          const std::int32_t j = level.neighbour(static_cast<std::int32_t>(i), static_cast<int>(k));
          neighbour_[at][k] = j < 0 ? static_cast<std::int32_t>(size_) : j;
          a_[at][k] = level.a[at][k].cast<float>();
        }
        const CellBlock inverse = level.a[at][4].inverse();
        inverse_[at] = (0.5 * (inverse + inverse.transpose())).cast<float>();
      }
    });
    damp(level, pool);
  }

  std::ptrdiff_t size() const { return size_; }
  std::ptrdiff_t length() const { return 4 * (size_ + 1); }

  // y = b - A x
  void residual(const Vector<float>& b, const Vector<float>& x, Vector<float>& y, ThreadPool& pool) const {
    each_cell(pool,
              [&](std::ptrdiff_t i, std::size_t at) { y.segment<4>(4 * i) = b.segment<4>(4 * i) - product(at, x); });
  }
  // y = D^-1 b
  void smooth_from_zero(const Vector<float>& b, Vector<float>& y, ThreadPool& pool) const {
    each_cell(pool, [&](std::ptrdiff_t i, std::size_t at) {
      y.segment<4>(4 * i).noalias() = inverse_[at] * b.segment<4>(4 * i);
    });
  }
  // y = x + D^-1 (b - A x)
  void relax(const Vector<float>& b, const Vector<float>& x, Vector<float>& y, ThreadPool& pool) const {
    each_cell(pool, [&](std::ptrdiff_t i, std::size_t at) {
      const FourF r = b.segment<4>(4 * i) - product(at, x);
      y.segment<4>(4 * i) = x.segment<4>(4 * i) + inverse_[at] * r;
    });
  }

 private:
  template <class F>
  void each_cell(ThreadPool& pool, F&& f) const {
    pool.parallel_for(0, size_, 512, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (std::ptrdiff_t i = begin; i < end; ++i) f(i, static_cast<std::size_t>(i));
    });
  }
  FourF product(std::size_t at, const Vector<float>& x) const {
    FourF sum = FourF::Zero();
    for (std::size_t k = 0; k < 9; ++k) sum.noalias() += a_[at][k] * x.segment<4>(4 * neighbour_[at][k]);
    return sum;
  }
  // Scales inverse_ so that a step is a contraction: with blocks D on the diagonal, a row's sum of the norms of
  // D_i^-1/2 A_ij D_j^-1/2 is to the blocks what a row's sum of magnitudes is to numbers.
  void damp(const Coarse& level, ThreadPool& pool) {
    std::vector<BlockF> root(a_.size() + 1, BlockF::Zero());  // R with R R^T = D^-1
    pool.parallel_for(0, size_, 1024, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (auto at = static_cast<std::size_t>(begin); at < static_cast<std::size_t>(end); ++at)
        root[at] = CellBlock(level.a[at][4].llt().matrixU().solve(CellBlock::Identity())).cast<float>();
    });
    each_cell(pool, [&](std::ptrdiff_t, std::size_t at) {
      float sum = 0;
      for (std::size_t k = 0; k < 9; ++k)
        if (neighbour_[at][k] != size_)
          sum += norm_bound(root[at].transpose() * a_[at][k] * root[static_cast<std::size_t>(neighbour_[at][k])]);
      inverse_[at] *= relaxation / sum;
    });
  }

  std::ptrdiff_t size_ = 0;
  std::vector<std::array<std::int32_t, 9>> neighbour_;
  std::vector<std::array<BlockF, 9>> a_;
  std::vector<BlockF> inverse_;
};

}  // namespace hairline::detail

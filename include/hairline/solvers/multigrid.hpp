#pragma once
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/solvers/multigrid_build.hpp"
#include "hairline/solvers/stencil.hpp"

namespace hairline {

/// Multigrid for matting Laplacians on the unknown pixels, as a preconditioner for conjugate gradients
/// (`precondition(r, z)` over slots): symmetric, positive definite, and about as good for every picture size.
///
/// What a matting Laplacian barely sees is alpha that is locally linear in colour, not alpha that is smooth, so
/// bilinear coarse grids fail at every edge of the picture. Here the pixels are grouped into cells of 3x3, and each
/// cell carries four coarse unknowns: the factors of 1, R, G and B (orthonormalised over the cell's unknown pixels).
/// Four cells make a cell of the next level. The coarse operators are Galerkin products; with cells at least as wide as
/// the stencil reaches, every one couples a cell with its eight neighbours only. Smoothing is Jacobi,
/// damped by each row's sum of magnitudes, so that it never over-corrects; on the cells by 4x4 blocks. (An estimate of
/// the largest eigenvalue saves a tenth of the steps where it is right, and breaks the cycle where it is not.
/// Four-colour Gauss-Seidel saves a tenth of the steps and costs a third more time, because it passes over memory more
/// often.) Each coarse level is solved by two cycles with Chebyshev step lengths (algebraic multilevel iteration),
/// scaled so that the whole is never an over-correction. Numbers are float.
///
/// Cost: about ten products with the matrix per call. Memory: about 170 bytes per unknown pixel, 270 while it is built.
/// Axelsson & Vassilevski 1989; Vanek, Mandel & Brezina 1996; Notay 2010.
/// @tparam Scalar of the vectors
template <class Scalar>
class Multigrid {
 public:
  /// @pre the stencil's region, the image (RGB, of the region's size) and the pool outlive the constructor; the region
  /// and the pool outlive this
  Multigrid(const Stencil<Scalar>& fine, const Image<Scalar>& image, ThreadPool& pool)
      : pool_(&pool), blocks_(fine.region().slots(), &pool), fine_(fine.template cast<float>(pool)) {
    damp_fine();
    const int cell = std::max(3, fine.region().reach());
    auto built = detail::first_level(fine, image, cell, pool);
    transfer_ = std::move(built.transfer);
    levels_.emplace_back();
    for (;;) {
      levels_.back().set(built.level, pool);
      if (built.level.size() <= direct_limit || levels_.size() > 30) break;
      auto next = detail::next_level(built.level, pool);
      levels_.back().transfer = std::move(next.transfer);
      built.level = std::move(next.level);
      levels_.emplace_back();
    }
    usable_ = usable_ && factorise(built.level);
    r_.resize(fine.region().slots());
    x_.resize(fine.region().slots());
    y_.resize(fine.region().slots());
  }

  /// False if the coarsest operator had no Cholesky factor (numbers that are not finite, say).
  bool usable() const { return usable_; }
  /// Number of levels, the pixels' own included.
  int levels() const { return static_cast<int>(levels_.size()) + 1; }

  /// z = M^-1 r.  Not for several threads at once.
  void operator()(const Vector<Scalar>& r, Vector<Scalar>& z) {
    if constexpr (std::is_same_v<Scalar, float>) {
      cycle(r);
      z = y_;
    } else {
      // Float cannot hold the tail of a small residual: scaled to one, and back.
      double scale = blocks_.largest_magnitude(r);
      if (!(scale > 0)) scale = 1;
      input_.resize(r.size());
      blocks_.each([&](std::ptrdiff_t at, std::ptrdiff_t n) {
        input_.segment(at, n) = (r.segment(at, n) / scale).template cast<float>();
      });
      cycle(input_);
      z.resize(r.size());
      blocks_.each([&](std::ptrdiff_t at, std::ptrdiff_t n) {
        z.segment(at, n) = y_.segment(at, n).template cast<double>() * scale;
      });
    }
  }

 private:
  static constexpr std::ptrdiff_t direct_limit = 48;  // cells; times four unknowns
  using VectorF = Vector<float>;

  // Weights that make the Jacobi step a contraction, whatever the matrix is: a symmetric matrix is never above the
  // diagonal matrix of its rows' sums of magnitudes.
  void damp_fine() {
    damped_ = fine_.row_magnitudes(*pool_);
    usable_ = damped_.allFinite();
    for (auto& d : damped_) d = d > 0 ? detail::relaxation / d : 0;
  }

  bool factorise(const detail::Coarse& level) {
    const Eigen::MatrixXd a = level.dense();
    direct_.compute(a);
    return direct_.info() == Eigen::Success && direct_.matrixLLT().allFinite();
  }

  // One cycle over all levels; the answer is in y_.
  void cycle(const VectorF& b) {
    blocks_.each([&](std::ptrdiff_t at, std::ptrdiff_t n) {
      x_.segment(at, n) = damped_.segment(at, n).cwiseProduct(b.segment(at, n));
    });
    fine_.residual(b, x_, r_, *pool_);
    auto& top = levels_.front();
    transfer_.restrict_to(r_, top.b, *pool_);
    solve(0);
    transfer_.prolong_add(top.x, x_, *pool_);
    fine_.relax(b, damped_, x_, y_, *pool_);
  }

  // levels_[l].x = approximately A_l^-1 levels_[l].b
  void solve(std::size_t l) {
    auto& level = levels_[l];
    if (l + 1 == levels_.size()) {
      const std::ptrdiff_t n = 4 * level.a.size();
      level.x.head(n) = direct_.solve(level.b.head(n).template cast<double>()).template cast<float>();
      return;
    }
    level.keep = level.b;
    one_cycle(l);
    level.sum = detail::chebyshev_steps[0] * level.x;
    level.a.residual(level.keep, level.sum, level.b, *pool_);
    one_cycle(l);
    level.x = detail::chebyshev_scale * (level.sum + detail::chebyshev_steps[1] * level.x);
  }

  // levels_[l].x = one cycle on levels_[l].b
  void one_cycle(std::size_t l) {
    auto& level = levels_[l];
    auto& next = levels_[l + 1];
    level.a.smooth_from_zero(level.b, level.y, *pool_);
    level.a.residual(level.b, level.y, level.r, *pool_);
    level.transfer.restrict_to(level.r, next.b, *pool_);
    solve(l + 1);
    level.transfer.prolong_add(next.x, level.y, *pool_);
    level.a.relax(level.b, level.y, level.x, *pool_);
  }

  struct Level {
    detail::BlockOperator a;
    detail::BlockTransfer transfer;  // to the next
    VectorF b, x, y, r, keep, sum;
    void set(const detail::Coarse& level, ThreadPool& pool) {
      a = detail::BlockOperator(level, pool);
      for (VectorF* v : {&b, &x, &y, &r, &keep, &sum}) v->setZero(a.length());
    }
  };

  ThreadPool* pool_;
  detail::Blocks blocks_;
  Stencil<float> fine_;
  VectorF damped_;  // damping / diagonal
  detail::CellTransfer transfer_;
  std::vector<Level> levels_;
  Eigen::LLT<Eigen::MatrixXd> direct_;
  VectorF r_, x_, y_, input_;
  bool usable_ = true;
};

}  // namespace hairline

#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/cg.hpp"
#include "hairline/solvers/incomplete_cholesky.hpp"
#include "hairline/solvers/jacobi.hpp"
#include "hairline/solvers/unknown_system.hpp"

namespace hairline {

/// Poisson's equation on some pixels of a grid with four neighbours each, the other pixels' values being given
/// (Dirichlet), nothing beyond the picture's edge (Neumann). The matrix and its preconditioner are made once and serve
/// any number of right-hand sides.
template <class Scalar>
class GridPoisson {
 public:
  /// @param unknown pixel indices y * width + x, ascending
  /// Errors: multigrid as preconditioner (unsupported). Automatic is incomplete Cholesky.
  static Result<GridPoisson> make(const Shape& shape, std::vector<int> unknown, SolveOptions options,
                                  ThreadPool& pool) {
    if (options.preconditioner == Preconditioner::automatic)
      options.preconditioner = Preconditioner::incomplete_cholesky;
    if (options.preconditioner == Preconditioner::multigrid)
      return Error{ErrorCode::unsupported,
                   "this method cannot be preconditioned by multigrid, wanted automatic, none, jacobi or "
                   "incomplete_cholesky"};
    return GridPoisson(shape, std::move(unknown), options, pool);
  }

  const std::vector<int>& unknown() const { return unknown_; }

  /// The x that minimises the sum of (x_q - x_p - rise(p, q))^2 over the neighbours p, q of which one is unknown.
  /// @param rise  rise(p, q) of two pixel indices, = -rise(q, p); zero gives the membrane
  /// @param known  known(q): the value of a pixel that is not unknown
  /// @param start  first iterate, one per unknown pixel, or empty
  template <class Rise, class Known>
  CgResult<Scalar> solve(Rise&& rise, Known&& known, const Vector<Scalar>& start) const {
    Vector<Scalar> rhs = Vector<Scalar>::Zero(static_cast<Eigen::Index>(unknown_.size()));
    pool_->parallel_for(0, rhs.size(), 4096, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (std::ptrdiff_t u = begin; u < end; ++u) {
        const int p = unknown_[static_cast<std::size_t>(u)];
        for_neighbours(p, [&](int q) {
          rhs[u] -= rise(p, q);
          if (number_[static_cast<std::size_t>(q)] < 0) rhs[u] += known(q);
        });
      }
    });
    const auto apply = [&](const Vector<Scalar>& x, Vector<Scalar>& y) { multiply<Scalar>(matrix_, x, y, *pool_); };
    auto result = conjugate_gradients<Scalar>(rhs, apply, precondition_, options_, start);
    result.report.preconditioner = options_.preconditioner;
    result.report.preconditioner_replaced = replaced_;
    return result;
  }

 private:
  GridPoisson(const Shape& shape, std::vector<int> unknown, const SolveOptions& options, ThreadPool& pool)
      : height_(shape.height),
        width_(shape.width),
        unknown_(std::move(unknown)),
        number_(shape.pixels(), -1),
        options_(options),
        pool_(&pool) {
    for (std::size_t u = 0; u < unknown_.size(); ++u)
      number_[static_cast<std::size_t>(unknown_[u])] = static_cast<int>(u);
    const auto row = [&](int u, auto&& add) {
      Scalar degree = 0;
      for_neighbours(unknown_[static_cast<std::size_t>(u)], [&](int q) {
        degree += 1;
        if (number_[static_cast<std::size_t>(q)] >= 0) add(number_[static_cast<std::size_t>(q)], Scalar(-1));
      });
      add(u, degree);
    };
    matrix_ = assemble_rows<Scalar>(static_cast<int>(unknown_.size()), row, pool);
    if (options_.preconditioner == Preconditioner::incomplete_cholesky) {
      // On a grid of equal weights the usual threshold of 1e-4 keeps far more of the factor than its steps are worth.
      IncompleteCholeskyOptions kept;
      kept.threshold = 1e-3;
      const auto factor = std::make_shared<const IncompleteCholesky<Scalar>>(matrix_, kept);
      precondition_ = [factor](const Vector<Scalar>& r, Vector<Scalar>& z) { (*factor)(r, z); };
      options_.preconditioner = factor->kind();
      replaced_ = factor->replaced();
    } else if (options_.preconditioner == Preconditioner::jacobi) {
      precondition_ = Jacobi<Scalar>(matrix_);
    } else {
      precondition_ = [](const Vector<Scalar>& r, Vector<Scalar>& z) { z = r; };
    }
  }

  template <class F>
  void for_neighbours(int p, F&& f) const {
    const int y = p / width_, x = p % width_;
    if (y > 0) f(p - width_);
    if (x > 0) f(p - 1);
    if (x + 1 < width_) f(p + 1);
    if (y + 1 < height_) f(p + width_);
  }

  int height_, width_;
  std::vector<int> unknown_, number_;
  SolveOptions options_;
  ThreadPool* pool_;
  typename UnknownSystem<Scalar>::Matrix matrix_;
  std::function<void(const Vector<Scalar>&, Vector<Scalar>&)> precondition_;
  bool replaced_ = false;
};

}  // namespace hairline

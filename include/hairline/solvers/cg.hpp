#pragma once
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "hairline/core/parallel.hpp"
#include "hairline/solvers/problem.hpp"

namespace hairline {

template <class Scalar>
using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

/// The solution of a linear system and how it was found.
template <class Scalar>
struct CgResult {
  Vector<Scalar> x;
  SolveReport report;
};

namespace detail {

// Vector operations over fixed blocks, in the pool if there is one. Sums are taken per block in double and then in
// order, so they do not depend on the number of threads, nor on whether there is a pool.
class Blocks {
 public:
  static constexpr std::ptrdiff_t length = 16384;
  Blocks(std::ptrdiff_t size, ThreadPool* pool)
      : size_(size), pool_(pool), partial_(static_cast<std::size_t>((size + length - 1) / length)) {}

  // Calls f(begin, length) for each block.
  template <class F>
  void each(F&& f) {
    const auto part = [&](std::ptrdiff_t begin, std::ptrdiff_t end) { f(begin, end - begin); };
    if (pool_ != nullptr) {
      pool_->parallel_for(0, size_, length, part);
    } else {
      for (std::ptrdiff_t b = 0; b < size_; b += length) part(b, std::min(b + length, size_));
    }
  }

  // The sum of f(begin, length) over the blocks.
  template <class F>
  double sum(F&& f) {
    fill(f);
    double total = 0;
    for (const double p : partial_) total += p;
    return total;
  }

  template <class Scalar>
  double largest_magnitude(const Vector<Scalar>& v) {
    fill(
        [&](std::ptrdiff_t b, std::ptrdiff_t n) { return static_cast<double>(v.segment(b, n).cwiseAbs().maxCoeff()); });
    return std::accumulate(partial_.begin(), partial_.end(), 0.0, [](double a, double b) { return std::max(a, b); });
  }

  template <class Scalar>
  double dot(const Vector<Scalar>& u, const Vector<Scalar>& v) {
    return sum([&](std::ptrdiff_t b, std::ptrdiff_t n) {
      return u.segment(b, n).template cast<double>().dot(v.segment(b, n).template cast<double>());
    });
  }

 private:
  template <class F>
  void fill(F&& f) {
    each([&](std::ptrdiff_t b, std::ptrdiff_t n) { partial_[static_cast<std::size_t>(b / length)] = f(b, n); });
  }

  std::ptrdiff_t size_;
  ThreadPool* pool_;
  std::vector<double> partial_;
};

}  // namespace detail

/// Preconditioned conjugate gradients for a symmetric positive semidefinite operator.
/// @param apply  apply(x, y): y = A x          @param precondition  precondition(r, z): z = M^-1 r
/// @param start  first iterate, of b's length, or empty for zero
/// @param pool   runs the vector passes; the result is the same without and for every number of threads
/// Stops when |r| <= max(absolute, relative * |b|). Not converged: the best iterate seen, and the status says why.
/// Cost: one apply, one precondition, four vector passes per step; six vectors of memory.
/// Hestenes & Stiefel 1952.
template <class Scalar, class Apply, class Precondition>
CgResult<Scalar> conjugate_gradients(const Vector<Scalar>& b, Apply&& apply, Precondition&& precondition,
                                     const SolveOptions& options, Vector<Scalar> start = {},
                                     ThreadPool* pool = nullptr) {
  detail::Blocks blocks(b.size(), pool);
  CgResult<Scalar> result;
  const double b_norm = std::sqrt(blocks.dot(b, b));
  if (b.size() == 0 || b_norm == 0) {
    result.x = Vector<Scalar>::Zero(b.size());
    result.report.status = SolveStatus::nothing_to_solve;
    return result;
  }
  const double target = std::max(options.absolute_tolerance, options.relative_tolerance * b_norm);
  const bool warm = start.size() == b.size();
  Vector<Scalar> x(b.size()), r(b.size()), z(b.size()), q(b.size());
  if (warm) x = std::move(start);
  blocks.each([&](std::ptrdiff_t at, std::ptrdiff_t n) {
    if (!warm) x.segment(at, n).setZero();
    r.segment(at, n) = b.segment(at, n);
  });
  if (warm) {
    apply(x, q);
    r -= q;
  }
  double r_norm = std::sqrt(blocks.dot(r, r));
  Vector<Scalar> best;  // the best iterate so far, but for the last halving of the residual
  double best_norm = r_norm;
  Vector<Scalar> p(b.size());
  double rz = 0;
  SolveStatus status = SolveStatus::iteration_limit;
  int step = 0;
  for (; step < options.max_iterations; ++step) {
    if (r_norm <= target) break;
    precondition(r, z);
    const double rz_next = blocks.dot(r, z);
    const auto turn = static_cast<Scalar>(step == 0 ? 0.0 : rz_next / rz);
    rz = rz_next;
    if (!(rz > 0) || !std::isfinite(rz)) {
      status = SolveStatus::breakdown;
      break;
    }
    if (step == 0) {
      p = z;
    } else {
      blocks.each(
          [&](std::ptrdiff_t at, std::ptrdiff_t n) { p.segment(at, n) = z.segment(at, n) + turn * p.segment(at, n); });
    }
    apply(p, q);
    const double curvature = blocks.dot(p, q);
    if (!(curvature > 0) || !std::isfinite(curvature)) {
      status = SolveStatus::breakdown;
      break;
    }
    const auto length = static_cast<Scalar>(rz / curvature);
    if (best.size() == 0 || r_norm < 0.5 * best_norm) {  // a copy only now and then; close enough to the best
      best = x;
      best_norm = r_norm;
    }
    const double r_squared = blocks.sum([&](std::ptrdiff_t at, std::ptrdiff_t n) {
      x.segment(at, n) += length * p.segment(at, n);
      r.segment(at, n) -= length * q.segment(at, n);
      return r.segment(at, n).template cast<double>().squaredNorm();
    });
    r_norm = std::sqrt(r_squared);
  }
  if (r_norm <= target) status = SolveStatus::converged;
  if (status != SolveStatus::converged && best.size() != 0 && !(r_norm <= best_norm)) {
    x = std::move(best);
    r_norm = best_norm;
  }
  result.x = std::move(x);
  result.report = SolveReport{step, r_norm / b_norm, status, options.preconditioner, false};
  return result;
}

}  // namespace hairline

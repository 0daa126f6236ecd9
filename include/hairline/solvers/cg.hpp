#pragma once
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <utility>

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

/// Preconditioned conjugate gradients for a symmetric positive semidefinite operator.
/// @param apply  apply(x, y): y = A x          @param precondition  precondition(r, z): z = M^-1 r
/// @param start  first iterate, of b's length, or empty for zero
/// Stops when |r| <= max(absolute, relative * |b|). Not converged: the best iterate seen, and the status says why.
/// Cost: one apply, one precondition, six vector passes per step; five vectors of memory.
/// Hestenes & Stiefel 1952.
template <class Scalar, class Apply, class Precondition>
CgResult<Scalar> conjugate_gradients(const Vector<Scalar>& b, Apply&& apply, Precondition&& precondition,
                                     const SolveOptions& options, Vector<Scalar> start = {}) {
  const auto dot = [](const Vector<Scalar>& u, const Vector<Scalar>& v) {
    return u.template cast<double>().dot(v.template cast<double>());
  };
  CgResult<Scalar> result;
  const double b_norm = std::sqrt(dot(b, b));
  if (b.size() == 0 || b_norm == 0) {
    result.x = Vector<Scalar>::Zero(b.size());
    result.report.status = SolveStatus::nothing_to_solve;
    return result;
  }
  const double target = std::max(options.absolute_tolerance, options.relative_tolerance * b_norm);
  Vector<Scalar> x = start.size() == b.size() ? std::move(start) : Vector<Scalar>(Vector<Scalar>::Zero(b.size()));
  Vector<Scalar> r(b.size()), z(b.size()), q(b.size());
  apply(x, q);
  r = b - q;
  double r_norm = std::sqrt(dot(r, r));
  Vector<Scalar> best = x;
  double best_norm = r_norm;
  precondition(r, z);
  Vector<Scalar> p = z;
  double rz = dot(r, z);
  SolveStatus status = SolveStatus::iteration_limit;
  int step = 0;
  for (; step < options.max_iterations; ++step) {
    if (r_norm <= target) {
      status = SolveStatus::converged;
      break;
    }
    apply(p, q);
    const double curvature = dot(p, q);
    if (!(curvature > 0) || !std::isfinite(curvature) || !(rz > 0)) {
      status = SolveStatus::breakdown;
      break;
    }
    const Scalar length = static_cast<Scalar>(rz / curvature);
    x += length * p;
    r -= length * q;
    r_norm = std::sqrt(dot(r, r));
    if (r_norm < 0.5 * best_norm) {  // a copy only now and then; close enough to the best
      best = x;
      best_norm = r_norm;
    }
    precondition(r, z);
    const double rz_next = dot(r, z);
    p = z + static_cast<Scalar>(rz_next / rz) * p;
    rz = rz_next;
  }
  if (status == SolveStatus::iteration_limit && r_norm <= target) status = SolveStatus::converged;
  if (status != SolveStatus::converged && best_norm < r_norm) {
    x = std::move(best);
    r_norm = best_norm;
  }
  result.x = std::move(x);
  result.report = SolveReport{step, r_norm / b_norm, status, options.preconditioner, false};
  return result;
}

}  // namespace hairline

#pragma once
#include <Eigen/Core>
#include <Eigen/SparseCore>

#include "hairline/solvers/cg.hpp"

namespace hairline {

/// Division by a matrix' diagonal, the cheapest preconditioner. Rows whose diagonal is not positive are passed through.
/// Usable as `precondition(r, z)` in conjugate_gradients.
template <class Scalar>
class Jacobi {
 public:
  Jacobi() = default;
  explicit Jacobi(const Vector<Scalar>& diagonal)
      : inverse_(diagonal.unaryExpr([](Scalar d) { return d > Scalar(0) ? Scalar(1) / d : Scalar(1); })) {}
  template <int Order, class Index>
  explicit Jacobi(const Eigen::SparseMatrix<Scalar, Order, Index>& matrix)
      : Jacobi(Vector<Scalar>(matrix.diagonal())) {}

  void operator()(const Vector<Scalar>& r, Vector<Scalar>& z) const { z = r.cwiseProduct(inverse_); }

 private:
  Vector<Scalar> inverse_;
};

}  // namespace hairline

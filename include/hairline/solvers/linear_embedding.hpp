#pragma once
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cstddef>

namespace hairline {

/// Weights, summing to 1, with which a mix of the neighbours' colours comes nearest to a colour:
/// minimises |target - neighbours w|^2 + regularization |w|^2. Negative weights occur.
/// Solved as a 3x3 system whatever the number of neighbours (Woodbury): w is proportional to
/// 1 - Z' (Z Z' + regularization E)^-1 Z 1, Z the neighbours less the target.
/// @param neighbours (3, n), n >= 1   @pre regularization > 0   Roweis & Saul 2000.
inline Eigen::VectorXd linear_embedding(const Eigen::Vector3d& target, const Eigen::Matrix3Xd& neighbours,
                                        double regularization = 1e-10) {
  const Eigen::Matrix3Xd z = neighbours.colwise() - target;
  const Eigen::Matrix3d inner = z * z.transpose() + regularization * Eigen::Matrix3d::Identity();
  const Eigen::Vector3d pull = inner.llt().solve(z.rowwise().sum().eval());
  Eigen::VectorXd w = Eigen::VectorXd::Ones(neighbours.cols()) - z.transpose() * pull;
  const double sum = w.sum();
  // The sum is the least squared distance that weights of sum 1 can reach, over the regularisation; above 0 but for
  // rounding, when the neighbours are equally good.
  if (!(sum > 0)) return Eigen::VectorXd::Constant(neighbours.cols(), 1.0 / static_cast<double>(neighbours.cols()));
  return w / sum;
}

}  // namespace hairline

#pragma once
#include <algorithm>
#include <cmath>
#include <string>

#include "hairline/solvers/local_windows.hpp"
#include "hairline/solvers/unknown_system.hpp"

namespace hairline {

struct LearningBasedOptions {
  double epsilon = 1e-7;  ///< ridge of the local linear models; larger is smoother and converges in fewer steps
  int radius = 1;         ///< local models are learned in (2 radius + 1)^2 windows
  TrimapThresholds thresholds{};
  SolveOptions solve{};
};

/// Learning-based matting: in each small window alpha is predicted from colour by ridge regression.
/// Picture (H, W, 1|3|4), trimap (H, W). Close to closed-form matting for small epsilon.
/// Errors: bad picture or trimap; epsilon not above 0, radius below 1; a side shorter than 2 radius + 1.
/// Cost: a 4x4 inverse per window, (2 radius + 1)^4 multiply-adds and (4 radius + 1)^2 entries per unknown pixel.
/// Zheng & Kambhamettu 2009.
template <class Scalar = double>
Result<AlphaResult<Scalar>> learning_based(AnyView image, AnyView trimap, const LearningBasedOptions& options = {}) {
  if (!(options.epsilon > 0) || !std::isfinite(options.epsilon) || options.radius < 1)
    return Error{ErrorCode::invalid_argument, "learning-based matting wants epsilon > 0 and radius >= 1, given " +
                                                  std::to_string(options.epsilon) + " and " +
                                                  std::to_string(options.radius)};
  auto problem = matting_problem<Scalar>(image, trimap, options.thresholds, options.solve);
  if (!problem) return problem.error();
  if (problem->unknown.empty()) return finish_known(*problem);
  if (options.radius > (std::min(image.height(), image.width()) - 1) / 2)
    return Error{ErrorCode::invalid_argument, "learning-based matting of radius " + std::to_string(options.radius) +
                                                  " wants sides of at least 2 radius + 1 pixels, given " +
                                                  size_string(image.shape())};
  ThreadPool pool(options.solve.threads);
  const detail::LocalWindows windows(*problem, detail::LocalModel::learning_based, options.epsilon, options.radius,
                                     pool);
  const auto system = detail::local_system(*problem, windows, pool);
  auto solved = solve_system(system, options.solve, Preconditioner::incomplete_cholesky, problem->start, pool);
  if (!solved) return solved.error();
  return finish(*problem, *solved);
}

}  // namespace hairline

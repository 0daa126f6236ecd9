#pragma once
#include "hairline/core/any_view.hpp"
#include "hairline/core/image.hpp"

namespace hairline {

/// How a linear solve ended.
enum class SolveStatus {
  converged,         ///< the residual fell below the tolerance
  nothing_to_solve,  ///< no unknown pixel, or none that anything known reaches: the answer was known at once
  iteration_limit,   ///< not converged; the best iterate is returned
  breakdown,         ///< the operator was not positive definite along a search direction; the best iterate is returned
};

/// What makes conjugate gradients converge in fewer steps.
enum class Preconditioner {
  automatic,  ///< the solver's own choice for the problem's size
  none,
  jacobi,               ///< division by the diagonal
  incomplete_cholesky,  ///< thresholded; replaced by jacobi if no shift makes it succeed
  multigrid,            ///< one symmetric V-cycle on the pixel grid
};

constexpr const char* name(SolveStatus s) {
  switch (s) {
    case SolveStatus::converged:
      return "converged";
    case SolveStatus::nothing_to_solve:
      return "nothing_to_solve";
    case SolveStatus::iteration_limit:
      return "iteration_limit";
    case SolveStatus::breakdown:
      return "breakdown";
  }
  return "?";
}

constexpr const char* name(Preconditioner p) {
  switch (p) {
    case Preconditioner::automatic:
      return "automatic";
    case Preconditioner::none:
      return "none";
    case Preconditioner::jacobi:
      return "jacobi";
    case Preconditioner::incomplete_cholesky:
      return "incomplete_cholesky";
    case Preconditioner::multigrid:
      return "multigrid";
  }
  return "?";
}

/// Options that every linear solve shares.
struct SolveOptions {
  double relative_tolerance = 1e-7;  ///< on |r| / |b|
  double absolute_tolerance = 0;     ///< on |r|
  int max_iterations = 10000;
  Preconditioner preconditioner = Preconditioner::automatic;
  int threads = 0;  ///< 0: one per hardware thread
  AnyView start{};  ///< an earlier alpha of the same size to start from (the last frame of a video, say)
};

/// How a solve went.
struct SolveReport {
  int iterations = 0;
  double residual = 0;  ///< final |r| / |b|
  SolveStatus status = SolveStatus::converged;
  Preconditioner preconditioner = Preconditioner::none;  ///< the one that really ran
  bool preconditioner_replaced = false;                  ///< the wanted one broke down
};

/// An alpha matte and how it was found.
template <class Scalar = float>
struct AlphaResult {
  Image<Scalar> alpha;  ///< (H, W), in [0,1]; known pixels are exactly 0 or 1
  SolveReport report;
};

}  // namespace hairline

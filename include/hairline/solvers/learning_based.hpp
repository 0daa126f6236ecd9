#pragma once
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "hairline/solvers/unknown_system.hpp"

namespace hairline {

struct LearningBasedOptions {
  double epsilon = 1e-7;  ///< ridge of the local linear models; larger is smoother and converges in fewer steps
  int radius = 1;         ///< local models are learned in (2 radius + 1)^2 windows
  TrimapThresholds thresholds{};
  SolveOptions solve{};
};

namespace detail {

/// Local ridge regressions from colour to alpha, one per window that lies inside the picture and holds an unknown
/// pixel. A window with pixel rows z = (colour - mean, 1) adds  delta_ij - z_i' M z_j  to the Laplacian.
///
/// With X the rows (colour, 1) and f = X (X'X + eps E)^-1 X' (the Woodbury form of (XX' + eps E)^-1 XX'), the paper's
/// (E - f)(E - f)' is E - X (G^-1 + eps G^-2) X', G = X'X + eps E. Centring the colours keeps flat windows accurate:
/// with H = diag(scatter, A) + eps Q and Q what the ridge becomes in centred coordinates, M = H^-1 + eps H^-1 Q H^-1.
class LearningWindows {
 public:
  using Row = Eigen::Vector4d;
  struct Window {
    Eigen::Vector3d mean;
    Eigen::Matrix4d m;
  };

  template <class Scalar>
  LearningWindows(const MattingProblem<Scalar>& problem, double epsilon, int radius, ThreadPool& pool)
      : width_(problem.colour.width()), height_(problem.colour.height()), radius_(radius) {
    number_.assign(problem.number.size(), -1);
    for (const int pixel : problem.unknown)
      for (int y = std::max(radius, pixel / width_ - radius);
           y <= std::min(height_ - 1 - radius, pixel / width_ + radius); ++y)
        for (int x = std::max(radius, pixel % width_ - radius);
             x <= std::min(width_ - 1 - radius, pixel % width_ + radius); ++x)
          number_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x)] = 0;
    std::vector<int> centres;
    for (std::size_t i = 0; i < number_.size(); ++i)
      if (number_[i] == 0) {
        number_[i] = static_cast<int>(centres.size());
        centres.push_back(static_cast<int>(i));
      }
    windows_.resize(centres.size());
    pool.parallel_for(0, static_cast<std::ptrdiff_t>(centres.size()), 1024, [&](std::ptrdiff_t b, std::ptrdiff_t e) {
      for (std::ptrdiff_t k = b; k < e; ++k)
        windows_[static_cast<std::size_t>(k)] = learn(problem.colour, centres[static_cast<std::size_t>(k)], epsilon);
    });
  }

  /// The window centred there, or null where none was needed or it would leave the picture.
  const Window* at(int y, int x) const {
    if (y < 0 || x < 0 || y >= height_ || x >= width_) return nullptr;
    const int k = number_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x)];
    return k < 0 ? nullptr : &windows_[static_cast<std::size_t>(k)];
  }

 private:
  template <class Scalar>
  Window learn(const Image<Scalar>& colour, int centre, double epsilon) const {
    const int cy = centre / width_;
    const int cx = centre % width_;
    const double area = (2 * radius_ + 1) * (2 * radius_ + 1);
    Eigen::Vector3d mean = Eigen::Vector3d::Zero();
    for (int y = cy - radius_; y <= cy + radius_; ++y)
      for (int x = cx - radius_; x <= cx + radius_; ++x)
        mean += Eigen::Map<const Eigen::Matrix<Scalar, 3, 1>>(&colour(y, x)).template cast<double>();
    mean /= area;
    Eigen::Matrix4d h = Eigen::Matrix4d::Zero();
    for (int y = cy - radius_; y <= cy + radius_; ++y)
      for (int x = cx - radius_; x <= cx + radius_; ++x) {
        const Eigen::Vector3d d =
            Eigen::Map<const Eigen::Matrix<Scalar, 3, 1>>(&colour(y, x)).template cast<double>() - mean;
        h.topLeftCorner<3, 3>() += d * d.transpose();
      }
    h(3, 3) = area;
    Eigen::Matrix4d q;
    q << Eigen::Matrix3d::Identity() + mean * mean.transpose(), -mean, -mean.transpose(), 1.0;
    h += epsilon * q;
    const Eigen::Matrix4d inverse = h.llt().solve(Eigen::Matrix4d::Identity());
    Window window{mean, inverse + epsilon * inverse * q * inverse};
    window.m = 0.5 * (window.m + window.m.transpose()).eval();
    return window;
  }

  int width_;
  int height_;
  int radius_;
  std::vector<int> number_;
  std::vector<Window> windows_;
};

/// The Laplacian's rows of the unknown pixels, gathered from the windows that hold each: one stencil per pixel.
template <class Scalar>
UnknownSystem<Scalar> learning_based_system(const MattingProblem<Scalar>& problem, double epsilon, int radius,
                                            ThreadPool& pool) {
  const LearningWindows windows(problem, epsilon, radius, pool);
  const auto& colour = problem.colour;
  const int width = colour.width();
  const int side = 4 * radius + 1;
  UnknownSystem<Scalar> system;
  system.rhs = Vector<Scalar>::Zero(static_cast<Eigen::Index>(problem.unknown.size()));
  const auto row = [&](int u, auto&& add) {
    const int pixel = problem.unknown[static_cast<std::size_t>(u)];
    const int py = pixel / width;
    const int px = pixel % width;
    const auto colour_at = [&](int y, int x) -> Eigen::Vector3d {
      return Eigen::Map<const Eigen::Matrix<Scalar, 3, 1>>(&colour(y, x)).template cast<double>();
    };
    double small[25] = {};
    std::vector<double> large(radius > 1 ? static_cast<std::size_t>(side * side) : 0);
    double* stencil = radius > 1 ? large.data() : small;
    for (int cy = py - radius; cy <= py + radius; ++cy)
      for (int cx = px - radius; cx <= px + radius; ++cx) {
        const auto* window = windows.at(cy, cx);
        if (window == nullptr) continue;
        LearningWindows::Row z;
        z << colour_at(py, px) - window->mean, 1.0;
        const LearningWindows::Row mz = window->m * z;
        stencil[2 * radius * side + 2 * radius] += 1;
        for (int y = cy - radius; y <= cy + radius; ++y)
          for (int x = cx - radius; x <= cx + radius; ++x)
            stencil[(y - py + 2 * radius) * side + x - px + 2 * radius] -=
                mz.head<3>().dot(colour_at(y, x) - window->mean) + mz[3];
      }
    double rhs = 0;
    for (int k = 0; k < side * side; ++k) {
      const int y = py + k / side - 2 * radius;
      const int x = px + k % side - 2 * radius;
      if (y < 0 || x < 0 || y >= colour.height() || x >= width) continue;
      const int other = y * width + x;
      const int v = problem.number[static_cast<std::size_t>(other)];
      if (v >= 0)
        add(v, static_cast<Scalar>(stencil[k]));
      else if (problem.is_foreground(other))
        rhs -= stencil[k];
    }
    system.rhs[u] = static_cast<Scalar>(rhs);
  };
  system.matrix = assemble_rows<Scalar>(static_cast<int>(problem.unknown.size()), row, pool);
  return system;
}

}  // namespace detail

/// Learning-based matting: in each small window alpha is predicted from colour by ridge regression.
/// Picture (H, W, 1|3|4), trimap (H, W). Close to closed-form matting for small epsilon.
/// Errors: bad picture or trimap; epsilon not above 0, radius below 1. A picture smaller than a window has no
/// equation: its unknown pixels come out as 0 and the status says nothing_to_solve.
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
  ThreadPool pool(options.solve.threads);
  const auto system = detail::learning_based_system(*problem, options.epsilon, options.radius, pool);
  auto solved = solve_system(system, options.solve, problem->start, pool);
  if (!solved) return solved.error();
  return finish(*problem, *solved);
}

}  // namespace hairline

#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "hairline/solvers/unknown_system.hpp"

namespace hairline {

struct RandomWalkOptions {
  double sigma = 1.0 / 30;       ///< colour distance at which a step's likelihood has fallen to 1/e
  int radius = 1;                ///< steps lead to any pixel of the (2 radius + 1)^2 window
  double regularization = 1e-8;  ///< pull towards background, in units of a pixel's total weight
  TrimapThresholds thresholds{};
  SolveOptions solve{};
};

namespace detail {

/// How often a step from `from` to `to` exists along one side of a picture whose border pixels are repeated outside.
inline int clamped_steps(int from, int to, int size, int radius) {
  if (std::abs(from - to) > radius) return 0;
  int steps = 1;
  if (to == 0) steps += std::max(0, radius - from);
  if (to == size - 1) steps += std::max(0, radius - (size - 1 - from));
  return steps;
}

template <class Scalar>
UnknownSystem<Scalar> random_walk_system(const MattingProblem<Scalar>& problem, double sigma, int radius,
                                         double regularization, ThreadPool& pool) {
  const auto& colour = problem.colour;
  const int height = colour.height();
  const int width = colour.width();
  UnknownSystem<Scalar> system;
  system.rhs = Vector<Scalar>::Zero(static_cast<Eigen::Index>(problem.unknown.size()));
  const double scale = -1 / (sigma * sigma);
  const auto row = [&](int u, auto&& add) {
    const int pixel = problem.unknown[static_cast<std::size_t>(u)];
    const int y = pixel / width;
    const int x = pixel % width;
    double diagonal = 0;
    double rhs = 0;
    double all = 0;
    for (int y2 = std::max(0, y - radius); y2 <= std::min(height - 1, y + radius); ++y2)
      for (int x2 = std::max(0, x - radius); x2 <= std::min(width - 1, x + radius); ++x2) {
        // Repeated border pixels are stepped to more often than from: the mean of both directions is symmetric.
        const int there = clamped_steps(y, y2, height, radius) * clamped_steps(x, x2, width, radius);
        const int back = clamped_steps(y2, y, height, radius) * clamped_steps(x2, x, width, radius);
        double distance = 0;
        for (int c = 0; c < 3; ++c) {
          const double difference = static_cast<double>(colour(y2, x2, c)) - static_cast<double>(colour(y, x, c));
          distance += difference * difference;
        }
        const double weight = 0.5 * (there + back) * std::exp(scale * distance);
        all += weight;
        const int other = y2 * width + x2;
        if (other == pixel) continue;
        diagonal += weight;
        const int v = problem.number[static_cast<std::size_t>(other)];
        if (v >= 0)
          add(v, static_cast<Scalar>(-weight));
        else if (problem.is_foreground(other))
          rhs += weight;
      }
    add(u, static_cast<Scalar>(diagonal + regularization * all));
    system.rhs[u] = static_cast<Scalar>(rhs);
  };
  system.matrix = assemble_rows<Scalar>(static_cast<int>(problem.unknown.size()), row, pool);
  return system;
}

}  // namespace detail

/// Random walk matting: alpha is how likely a walk that prefers similar colours meets foreground before background.
/// Picture (H, W, 1|3|4), trimap (H, W). Weight of a step: exp(-|colour difference|^2 / sigma^2).
/// Errors: bad picture or trimap; sigma not above 0, radius not in 1..32767, regularization below 0.
/// Cost: (2 radius + 1)^2 entries per unknown pixel.  Grady, Schiwietz, Aharon & Westermann 2005.
template <class Scalar = double>
Result<AlphaResult<Scalar>> random_walk(AnyView image, AnyView trimap, const RandomWalkOptions& options = {}) {
  if (!(options.sigma > 0) || options.radius < 1 || options.radius > 32767 || !(options.regularization >= 0) ||
      !std::isfinite(options.regularization))
    return Error{ErrorCode::invalid_argument,
                 "random walk matting wants sigma > 0, radius 1..32767, regularization >= 0, given " +
                     std::to_string(options.sigma) + ", " + std::to_string(options.radius) + ", " +
                     std::to_string(options.regularization)};
  auto problem = matting_problem<Scalar>(image, trimap, options.thresholds, options.solve);
  if (!problem) return problem.error();
  if (problem->unknown.empty()) return finish_known(*problem);
  ThreadPool pool(options.solve.threads);
  const auto system = detail::random_walk_system(*problem, options.sigma, options.radius, options.regularization, pool);
  auto solved = solve_system(system, options.solve, Preconditioner::incomplete_cholesky, problem->start, pool);
  if (!solved) return solved.error();
  return finish(*problem, *solved);
}

}  // namespace hairline

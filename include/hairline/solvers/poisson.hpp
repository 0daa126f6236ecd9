#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/grid_poisson.hpp"
#include "hairline/solvers/nearest_pixel.hpp"
#include "hairline/solvers/plate_filters.hpp"
#include "hairline/solvers/problem.hpp"
#include "hairline/solvers/unknown_system.hpp"

namespace hairline {

/// Options of poisson_matting. The paper leaves the numbers open, these are our own.
struct PoissonOptions {
  int rounds = 10;                 ///< of colours, then alpha; at least 1
  double change = 1e-3;            ///< rounds end when the mean change of alpha over the unknown pixels is below
  double foreground_above = 0.95;  ///< unknown pixels with a larger alpha and nearly foreground colour lend theirs
  double background_below = 0.05;  ///< likewise
  double colour_tolerance = 0.1;   ///< what "nearly" is, as a distance in RGB
  double blur = 2;                 ///< sigma of the Gaussian over F - B, pixels; 0: none
  double least_difference = 0.1;   ///< |F - B| counts as at least this much, or noise becomes alpha
  TrimapThresholds thresholds{};
  SolveOptions solve{};
};

namespace detail {

/// Smoothed F - B: each pixel's colours are those of the nearest samples of either class.
template <class Scalar>
Image<float> colour_difference(const Image<Scalar>& colour, const Image<std::uint8_t>& foreground,
                               const Image<std::uint8_t>& background, double blur, ThreadPool& pool) {
  const Image<int> f = nearest_pixel(foreground, pool), b = nearest_pixel(background, pool);
  Image<float> difference(colour.shape());
  for (std::size_t i = 0; i < f.size(); ++i)
    for (int c = 0; c < 3; ++c)
      difference.data()[3 * i + static_cast<std::size_t>(c)] =
          static_cast<float>(colour.data()[3 * f.data()[i] + c] - colour.data()[3 * b.data()[i] + c]);
  return gaussian_blur(difference, blur, pool);
}

/// How much alpha should rise from pixel p to q: the change of colour along F - B, in units of |F - B|.
template <class Scalar>
Scalar alpha_rise(const Image<Scalar>& colour, const Image<float>& difference, double least, int p, int q) {
  double along = 0, square = 0;
  for (int c = 0; c < 3; ++c) {
    const double d = 0.5 * (static_cast<double>(difference.data()[3 * p + c]) + difference.data()[3 * q + c]);
    along += d * (static_cast<double>(colour.data()[3 * q + c]) - colour.data()[3 * p + c]);
    square += d * d;
  }
  return static_cast<Scalar>(along / std::max(square, least * least));
}

/// Adds to the samples of both classes the unknown pixels that alpha and colour show to be (nearly) pure.
/// Returns whether there are any new ones.
template <class Scalar>
bool add_samples(const MattingProblem<Scalar>& problem, const Vector<Scalar>& alpha, const PoissonOptions& options,
                 Image<std::uint8_t>& foreground, Image<std::uint8_t>& background, ThreadPool& pool) {
  const Image<int> f = nearest_pixel(foreground, pool), b = nearest_pixel(background, pool);
  const auto alike = [&](int p, int q) {
    double square = 0;
    for (int c = 0; c < 3; ++c) {
      const double d = static_cast<double>(problem.colour.data()[3 * p + c]) - problem.colour.data()[3 * q + c];
      square += d * d;
    }
    return square <= options.colour_tolerance * options.colour_tolerance;
  };
  bool any = false;
  for (std::size_t u = 0; u < problem.unknown.size(); ++u) {
    const int p = problem.unknown[u];
    const Scalar a = alpha[static_cast<Eigen::Index>(u)];
    const auto lend = [&](Image<std::uint8_t>& samples, const Image<int>& nearest) {
      if (samples.data()[p] || !alike(p, nearest.data()[p])) return;
      samples.data()[p] = 1;
      any = true;
    };
    if (a > options.foreground_above) lend(foreground, f);
    if (a < options.background_below) lend(background, b);
  }
  return any;
}

}  // namespace detail

/// Poisson matting (Sun, Jia, Tang, Shum 2004, the global method): alpha's gradient is the picture's, divided by F - B,
/// in the least-squares sense; F and B come from the nearest known pixels, F - B is smoothed, and unknown pixels that
/// turn out to be pure lend their colours to the next round. The trimap alone bounds alpha.
/// The paper works on a grey picture; here the change of colour is projected on F - B in RGB, which is the same on grey
/// pictures and sees differences that grey does not. Good where both colours are smooth; texture becomes alpha.
/// @param image (H, W) grey, RGB or RGBA (fourth channel unused), [0,1]   @param trimap (H, W)
/// report: steps of all rounds together; iteration_limit also if alpha still changed in the last round.
/// Errors: those of working_colour and classify_trimap; options out of range; multigrid as preconditioner.
/// Cost: one five-point factorisation; per round O(pixels) and some ten steps over the unknown pixels.
template <class Scalar = double>
Result<AlphaResult<Scalar>> poisson_matting(AnyView image, AnyView trimap, const PoissonOptions& options = {}) {
  if (options.rounds < 1 || !(options.least_difference > 0) || !(options.blur >= 0) || !(options.blur <= 1000) ||
      !(options.colour_tolerance >= 0))
    return Error{
        ErrorCode::invalid_argument,
        "poisson_matting wants rounds >= 1, least_difference > 0, blur of 0 to 1000 and colour_tolerance >= 0, "
        "given " +
            std::to_string(options.rounds) + ", " + std::to_string(options.least_difference) + ", " +
            std::to_string(options.blur) + " and " + std::to_string(options.colour_tolerance)};
  auto made = matting_problem<Scalar>(image, trimap, options.thresholds, options.solve);
  if (!made) return made.error();
  const MattingProblem<Scalar>& problem = *made;
  ThreadPool pool(options.solve.threads);
  const auto system = GridPoisson<Scalar>::make(problem.shape(), problem.unknown, options.solve, pool);
  if (!system) return system.error();
  if (problem.unknown.empty()) return finish_known(problem);

  Image<std::uint8_t> foreground(problem.shape()), background(problem.shape());
  for (std::size_t i = 0; i < foreground.size(); ++i) {
    foreground.data()[i] = problem.labels.map.data()[i] == Label::foreground;
    background.data()[i] = problem.labels.map.data()[i] == Label::background;
  }
  CgResult<Scalar> solved{problem.start, {}};
  int steps = 0;
  bool settled = false;
  for (int round = 0; round < options.rounds && !settled; ++round) {
    const Image<float> difference =
        detail::colour_difference(problem.colour, foreground, background, options.blur, pool);
    const auto rise = [&](int p, int q) {
      return detail::alpha_rise(problem.colour, difference, options.least_difference, p, q);
    };
    const auto known = [&](int q) { return Scalar(problem.is_foreground(q) ? 1 : 0); };
    const Vector<Scalar> before = std::move(solved.x);
    solved = system->solve(rise, known, before);
    steps += solved.report.iterations;
    const bool more = detail::add_samples(problem, solved.x, options, foreground, background, pool);
    const bool still = round > 0 && (solved.x - before).template lpNorm<1>() <=
                                        options.change * static_cast<double>(problem.unknown.size());
    settled = !more || still;
  }
  solved.report.iterations = steps;
  if (!settled && options.rounds > 1 && solved.report.status == SolveStatus::converged)
    solved.report.status = SolveStatus::iteration_limit;
  return finish(problem, solved);
}

}  // namespace hairline

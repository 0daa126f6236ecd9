#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/cg.hpp"
#include "hairline/solvers/constraints.hpp"
#include "hairline/solvers/foreground_result.hpp"
#include "hairline/solvers/incomplete_cholesky.hpp"
#include "hairline/solvers/jacobi.hpp"
#include "hairline/solvers/unknown_system.hpp"

namespace hairline {

/// Options of foreground_closed_form.
struct ForegroundClosedFormOptions {
  double regularization = 1e-5;  ///< smoothness where alpha is constant, > 0
  AnyView foreground_start{};    ///< a first guess of the picture's size, 3 channels; the picture itself if empty
  AnyView background_start{};
  IncompleteCholeskyOptions cholesky{};
  /// `automatic` is incomplete Cholesky. `start` is not used.
  SolveOptions solve{.relative_tolerance = 1e-5};
};

namespace detail {

/// U^T U + blockdiag(S, S) with the unknowns F_0 B_0 F_1 B_1 ..., U = [diag(alpha) diag(1 - alpha)], S the grid's
/// Laplacian with edge weights 2 (regularization + |alpha difference|): each edge is met from both its ends.
template <class Scalar>
typename UnknownSystem<Scalar>::Matrix colour_matrix(const Image<Scalar>& alpha, double regularization,
                                                     ThreadPool& pool) {
  const int height = alpha.height(), width = alpha.width();
  const auto row = [&](int unknown, auto&& add) {
    const int pixel = unknown / 2, layer = unknown % 2, y = pixel / width, x = pixel % width;
    const Scalar a = alpha(y, x);
    const Scalar own = layer == 0 ? a : 1 - a;
    Scalar diagonal = own * own;
    const auto edge = [&](int v, int u) {
      if (v < 0 || v >= height || u < 0 || u >= width) return;
      const Scalar weight = 2 * (static_cast<Scalar>(regularization) + std::abs(a - alpha(v, u)));
      diagonal += weight;
      add(2 * (v * width + u) + layer, -weight);
    };
    edge(y - 1, x);
    edge(y, x - 1);
    edge(y, x + 1);
    edge(y + 1, x);
    add(unknown, diagonal);
    add(2 * pixel + 1 - layer, a * (1 - a));
  };
  return assemble_rows<Scalar>(2 * height * width, row, pool);
}

/// Solves the three channels with one matrix and one preconditioner.
template <class Scalar, class Precondition>
ForegroundResult<Scalar> solve_colours(const typename UnknownSystem<Scalar>::Matrix& matrix,
                                       const Image<Scalar>& colour, const Image<Scalar>& alpha,
                                       const std::array<Image<Scalar>, 2>& start, Precondition&& precondition,
                                       const SolveOptions& options, ThreadPool& pool) {
  ForegroundResult<Scalar> result{Image<Scalar>(colour.shape()), Image<Scalar>(colour.shape()), {}};
  result.report.status = SolveStatus::nothing_to_solve;
  const auto apply = [&](const Vector<Scalar>& x, Vector<Scalar>& y) { multiply<Scalar>(matrix, x, y, pool); };
  const auto pixels = static_cast<Eigen::Index>(alpha.size());
  Vector<Scalar> rhs(2 * pixels), first(2 * pixels);
  for (int c = 0; c < 3; ++c) {
    for (Eigen::Index i = 0; i < pixels; ++i) {
      const Scalar a = alpha.data()[i], value = colour.data()[3 * i + c];
      rhs[2 * i] = a * value;
      rhs[2 * i + 1] = (1 - a) * value;
      for (std::size_t layer = 0; layer < 2; ++layer)
        first[2 * i + static_cast<Eigen::Index>(layer)] = start[layer].empty() ? value : start[layer].data()[3 * i + c];
    }
    const auto solved = conjugate_gradients<Scalar>(rhs, apply, precondition, options, first);
    add_to(result.report, solved.report);
    for (Eigen::Index i = 0; i < pixels; ++i) {
      result.foreground.data()[3 * i + c] = std::clamp(solved.x[2 * i], Scalar(0), Scalar(1));
      result.background.data()[3 * i + c] = std::clamp(solved.x[2 * i + 1], Scalar(0), Scalar(1));
    }
  }
  result.report.preconditioner = options.preconditioner;
  return result;
}

}  // namespace detail

/// Foreground and background colours that are smooth where alpha is, and mix to the picture (Levin, Lischinski, Weiss
/// 2008, section 5, in PyMatting's form): per channel the least of
///   sum (alpha F + (1 - alpha) B - I)^2 + sum over neighbours (regularization + |alpha difference|) (|dF|^2 + |dB|^2),
/// both ends of an edge counted, solved to the relative residual in options.solve. Foreground is extended where alpha
/// is 0, background where it is 1.
/// @param image (H, W) grey, RGB or RGBA (fourth channel unused), [0,1]   @param alpha (H, W), one channel, [0,1]
/// Errors: no pixels, more than 2^27 pixels, another size, channels, NaN, regularization <= 0, multigrid (unsupported).
/// Far from anything visible the usual tolerance leaves a blurred first guess; foreground_multilevel makes a better one
/// than the picture itself. Cost: 2 unknowns per pixel, 12 matrix entries, an incomplete factor; a few steps for
/// each channel. foreground_multilevel is tens of times as quick, and as good for most uses.
template <class Scalar = double>
Result<ForegroundResult<Scalar>> foreground_closed_form(AnyView image, AnyView alpha,
                                                        const ForegroundClosedFormOptions& options = {}) {
  if (!(options.regularization > 0) || !std::isfinite(options.regularization))
    return Error{ErrorCode::invalid_argument,
                 "foreground_closed_form wants regularization > 0, given " + std::to_string(options.regularization)};
  if (image.shape().pixels() > (std::size_t{1} << 27))
    return Error{ErrorCode::unsupported,
                 "foreground_closed_form takes at most 2^27 pixels, given " + size_string(image.shape())};
  auto colour = working_colour<Scalar>(image);
  if (!colour) return colour.error();
  auto matte = working_alpha<Scalar>(alpha, image.shape());
  if (!matte) return matte.error();
  std::array<Image<Scalar>, 2> start;
  for (std::size_t layer = 0; layer < 2; ++layer) {
    const AnyView guess = layer == 0 ? options.foreground_start : options.background_start;
    if (guess.empty()) continue;
    auto converted = working_colour<Scalar>(guess, "first guess");
    if (!converted) return converted.error();
    if (!guess.shape().same_pixels(image.shape()))
      return Error{ErrorCode::invalid_argument, "the first guess has " + size_string(guess.shape()) +
                                                    " pixels, wanted " + size_string(image.shape()) +
                                                    ", the size of the picture"};
    start[layer] = std::move(*converted);
  }

  ThreadPool pool(options.solve.threads);
  const auto matrix = detail::colour_matrix(*matte, options.regularization, pool);
  SolveOptions solve = options.solve;
  if (solve.preconditioner == Preconditioner::automatic) solve.preconditioner = Preconditioner::incomplete_cholesky;
  const auto with = [&](auto&& precondition) {
    return detail::solve_colours<Scalar>(matrix, *colour, *matte, start, precondition, solve, pool);
  };
  switch (solve.preconditioner) {
    case Preconditioner::none:
      return with([](const Vector<Scalar>& r, Vector<Scalar>& z) { z = r; });
    case Preconditioner::jacobi:
      return with(Jacobi<Scalar>(matrix));
    case Preconditioner::incomplete_cholesky: {
      const IncompleteCholesky<Scalar> cholesky(matrix, options.cholesky);
      auto result = with(cholesky);
      result.report.preconditioner = cholesky.kind();
      result.report.preconditioner_replaced = cholesky.replaced();
      return result;
    }
    default:
      return Error{ErrorCode::unsupported, std::string("foreground_closed_form cannot be preconditioned by ") +
                                               name(solve.preconditioner) +
                                               ", wanted automatic, none, jacobi or incomplete_cholesky"};
  }
}

}  // namespace hairline

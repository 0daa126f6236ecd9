#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/constraints.hpp"
#include "hairline/solvers/foreground_result.hpp"
#include "hairline/solvers/grid_poisson.hpp"

namespace hairline {

/// Options of foreground_membrane.
struct ForegroundMembraneOptions {
  double opaque =
      0.999;  ///< alpha from which on the picture is taken for foreground; background at or below 1 - opaque
  SolveOptions solve{.relative_tolerance = 1e-4};
};

/// Foreground and background colours by membranes: the picture itself where alpha is 1 (or 0, for the background),
/// elsewhere the smoothest colours between (Laplace's equation), whatever the picture shows there. The plainest
/// extension of a colour: it knows nothing of half-transparent pixels, which foreground_multilevel does.
/// @param image (H, W) grey, RGB or RGBA (fourth channel unused), [0,1]   @param alpha (H, W), one channel, [0,1]
/// Errors: those of working_colour and working_alpha; no opaque or no empty pixel; opaque not in (0.5, 1]; multigrid.
/// Cost: two five-point factorisations, some ten steps for each channel and layer.
template <class Scalar = double>
Result<ForegroundResult<Scalar>> foreground_membrane(AnyView image, AnyView alpha,
                                                     const ForegroundMembraneOptions& options = {}) {
  if (!(options.opaque > 0.5) || !(options.opaque <= 1))
    return Error{ErrorCode::invalid_argument,
                 "foreground_membrane wants opaque in (0.5, 1], given " + std::to_string(options.opaque)};
  const auto colour = working_colour<Scalar>(image);
  if (!colour) return colour.error();
  const auto matte = working_alpha<Scalar>(alpha, image.shape());
  if (!matte) return matte.error();
  ThreadPool pool(options.solve.threads);
  ForegroundResult<Scalar> result{*colour, *colour, {}};
  result.report.status = SolveStatus::nothing_to_solve;
  for (const bool is_foreground : {true, false}) {
    std::vector<int> unknown;
    for (std::size_t i = 0; i < matte->size(); ++i) {
      const double share = is_foreground ? matte->data()[i] : 1.0 - matte->data()[i];
      if (!(share >= options.opaque)) unknown.push_back(static_cast<int>(i));
    }
    if (unknown.size() == matte->size())
      return Error{ErrorCode::invalid_argument,
                   std::string("foreground_membrane wants at least one pixel that is all ") +
                       (is_foreground ? "foreground (alpha 1)" : "background (alpha 0)") + ", given none"};
    const auto system = GridPoisson<Scalar>::make(matte->shape(), std::move(unknown), options.solve, pool);
    if (!system) return system.error();
    Image<Scalar>& out = is_foreground ? result.foreground : result.background;
    for (int c = 0; c < 3 && !system->unknown().empty(); ++c) {
      Vector<Scalar> start(static_cast<Eigen::Index>(system->unknown().size()));
      for (Eigen::Index u = 0; u < start.size(); ++u)
        start[u] = colour->data()[3 * system->unknown()[static_cast<std::size_t>(u)] + c];
      const auto solved =
          system->solve([](int, int) { return Scalar(0); }, [&](int q) { return colour->data()[3 * q + c]; }, start);
      for (Eigen::Index u = 0; u < start.size(); ++u)
        out.data()[3 * system->unknown()[static_cast<std::size_t>(u)] + c] = solved.x[u];
      add_to(result.report, solved.report);
    }
    for (Scalar& v : out) v = std::clamp(v, Scalar(0), Scalar(1));
  }
  return result;
}

}  // namespace hairline

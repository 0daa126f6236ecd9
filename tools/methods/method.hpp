#pragma once
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "hairline/core/convert.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/problem.hpp"

namespace hairline::tool {

/// What a method works on; the trimap or the plate is empty, whichever the method does not take.
struct MatteInput {
  Image<float> picture;
  Plane trimap;
  Image<float> plate;
};

/// What the command line says about the method.
struct MethodSettings {
  SolveOptions solve{};
  std::optional<double> epsilon;
  std::optional<int> radius;
  bool doubles = true;
  bool align = false;  ///< the plate was shot from the hand
};

struct Matte {
  Plane alpha;
  SolveReport report;
  Plane trimap;  ///< the one that a plate method found; else empty
};

/// One way to an alpha, under the paper's short name.
struct Method {
  std::string name, long_name, about;
  bool takes_plate = false;
  bool has_epsilon = false, has_radius = false, has_start = false, has_preconditioner = false, has_align = false;
  bool iterates = true;                  ///< --tolerance and --max-iterations mean something
  bool single_only = false;              ///< works in one precision whatever is asked: --precision f64 is refused
  SolveOptions (*defaults)() = nullptr;  ///< the solver's own tolerance and limit
  Result<Matte> (*run)(const MatteInput&, const MethodSettings&) = nullptr;
};

/// All methods of this build, in the order that help and `info` show.
const std::vector<Method>& methods();

/// The method of that short or long name, or null.
const Method* find_method(const std::string& name);

/// Calls f<Scalar>() in the precision asked for.
template <class F>
Result<Matte> in_precision(const MethodSettings& settings, F&& f) {
  return settings.doubles ? f(double{}) : f(float{});
}

/// A solver's result as the tool passes it on.
template <class Found>
Result<Matte> to_matte(Result<Found> result) {
  if (!result) return result.error();
  if constexpr (std::is_same_v<typename decltype(Found::alpha)::value_type, float>) {
    return Matte{std::move(result->alpha), result->report, {}};
  } else {
    return Matte{convert<float>(result->alpha), result->report, {}};
  }
}

}  // namespace hairline::tool

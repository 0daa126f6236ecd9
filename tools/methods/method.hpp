#pragma once
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "hairline/core/any_image.hpp"
#include "hairline/core/convert.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/problem.hpp"

namespace hairline::tool {

/// What a method works on; the trimap or the plate is empty, whichever the method does not take.
struct MatteInput {
  AnyImage picture, trimap, plate;
};

/// What the command line says about the method.
struct MethodSettings {
  SolveOptions solve{};
  std::optional<double> epsilon;
  std::optional<int> radius;
  bool doubles = true;
  bool align = false;   ///< the plate was shot from the hand
  bool settle = false;  ///< the plate may be some pixels off and lit otherwise
  bool colour = false;  ///< the subject's colour is asked for
};

/// What the command line says about a network; what it does not say is the network's own default.
struct NetworkSettings {
  std::string weights, engine, device = "cpu", precision = "f32";
  std::optional<double> backbone_scale, refine_threshold, refine_least_error, refine_fade;
  std::optional<std::string> refine_mode;  ///< sampling, thresholding, full or none
  std::optional<int> refine_sample_pixels, refine_kernel_size;
  std::optional<bool> refine_prevent_oversampling;

  bool refinement_asked() const { return refine_mode || refine_sample_pixels || refine_threshold; }
};

struct Matte {
  Plane alpha;
  SolveReport report{};       ///< of methods that solve
  Plane trimap{};             ///< the one that a plate method found; else empty
  Image<float> foreground{};  ///< of networks that find it, if asked for; else empty
  Plane error{};              ///< of networks that judge themselves; else empty
  Plane refined{};            ///< of networks that refine cells: one pixel a cell, 0 or 1; else empty
  AnyImage plate{};     ///< of networks: the plate where they took it to lie, if not where it was given; else empty
  double align_ms = 0;  ///< of networks: how long that took, if it was asked for
  double backbone_scale = 0;  ///< of networks with a coarse stage: its size; else 0
};

/// Mattes one picture.
using MatteFunction = std::function<Result<Matte>(const MatteInput&, const MethodSettings&)>;

struct OpenNetwork;  // methods/network.hpp

/// One way to an alpha, under the paper's short name.
struct Method {
  std::string name, long_name, about;
  bool takes_plate = false;
  bool has_epsilon = false, has_radius = false, has_start = false, has_preconditioner = false, has_align = false;
  bool has_refinement = false;           ///< finds errors and refines cells: --refine-*, --error, --refined
  bool iterates = true;                  ///< --tolerance and --max-iterations mean something
  bool brings_weights = false;           ///< networks: without --weights those in this program
  double islands = 0;                    ///< the default of --islands
  double pits = 0;                       ///< the default of --pits
  bool has_settle = false;               ///< --settle
  bool settle = false;                   ///< its default
  bool has_colours = false;              ///< --colours
  bool colours = false;                  ///< its default
  bool single_only = false;              ///< computes in f32 whatever is asked: --precision f64 is refused
  SolveOptions (*defaults)() = nullptr;  ///< the solver's own tolerance and limit
  Result<Matte> (*run)(const MatteInput&, const MethodSettings&) = nullptr;  ///< null for networks
  /// Networks: what is done once before the first picture. Throws WrongUse, NotAvailable, or an exception about a file.
  std::function<OpenNetwork(const NetworkSettings&)> open = nullptr;
  bool is_network() const { return open != nullptr; }
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
    return Matte{.alpha = std::move(result->alpha), .report = result->report};
  } else {
    return Matte{.alpha = convert<float>(result->alpha), .report = result->report};
  }
}

}  // namespace hairline::tool

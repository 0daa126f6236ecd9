#include "network.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <tuple>
#include <utility>

#include "hairline/solvers/plate_settling.hpp"

namespace hairline::tool {

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::round(std::chrono::duration<double, std::milli>(Clock::now() - start).count() * 1000) / 1000;
}

// Weights can hold what is no number; the picture then would too.
Result<void> want_numbers(const Plane& alpha) {
  for (int y = 0; y < alpha.height(); ++y)
    for (int x = 0; x < alpha.width(); ++x)
      if (!std::isfinite(alpha(y, x)))
        return Error{ErrorCode::bad_file, "the network's alpha is no number at column " + std::to_string(x) + ", row " +
                                              std::to_string(y) + "; the weights must be damaged"};
  return {};
}

OpenNetwork open(const NetworkMethod& network, const NetworkSettings& settings) {
  const NetworkPlan plan = network.plan(settings);
  OpenNetwork opened;
  opened.about = {{"net", network.method.name},
                  {"graph", std::string(plan.network->name)},
                  {"engine", settings.engine},
                  {"weights", settings.weights.empty() ? "embedded" : settings.weights},
                  {"options", plan.described}};
  if (network.sized && !settings.backbone_scale) opened.about["options"]["backbone_scale"] = "by size";
  if (network.sized && !settings.refine_sample_pixels) opened.about["options"]["refine_sample_pixels"] = "by size";
  if (network.sized && !settings.refinement_asked()) opened.about["options"]["refine_mode"] = "by size";
  const auto start = Clock::now();
  const OpenEngine engine =
      open_engine(settings.engine, settings.device, settings.precision, *plan.network, settings.weights, plan.unread);
  opened.about["device"] = engine.device;
  if (!engine.device_name.empty()) opened.about["device_name"] = engine.device_name;
  opened.load_ms = milliseconds_since(start);
  opened.run = [forward = engine.forward, network, settings, plan](const MatteInput& input,
                                                                   const MethodSettings& s) -> Result<Matte> {
    const auto& [inputs, results, sized] = std::tie(network.inputs, network.results, network.sized);
    const RunOptions options = sized ? sized(settings, plan.options, input.picture.shape()) : plan.options;
    Image<float> plate;
    double align_ms = 0;
    if (s.align || s.settle) {
      const auto start = Clock::now();
      ThreadPool pool(s.solve.threads);
      plate = moved_plate(input.picture.view(), input.plate.view(), s.align, pool);
      align_ms = milliseconds_since(start);
    }
    std::vector<std::string_view> unwanted;
    if (!s.colour && !network.colour.empty()) unwanted.push_back(network.colour);
    const AnyView behind = plate.empty() ? input.plate.view() : AnyView(plate);
    auto found = forward(inputs(input.picture.view(), behind), unwanted, options, s.solve.threads);
    if (!found) return found.error();
    Matte matte = results(std::move(*found));
    matte.backbone_scale = options.get("backbone_scale", 0);
    if (const auto good = want_numbers(matte.alpha); !good) return good.error();
    if (!plate.empty()) matte.plate = std::move(plate);
    matte.align_ms = align_ms;
    return matte;
  };
  return opened;
}

}  // namespace

Method network_method(NetworkMethod network) {
  Method m = network.method;
  m.iterates = false;
  m.single_only = true;
  m.defaults = [] { return SolveOptions{}; };
  m.open = [network = std::move(network)](const NetworkSettings& settings) { return open(network, settings); };
  return m;
}

}  // namespace hairline::tool

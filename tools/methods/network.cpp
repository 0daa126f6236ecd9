#include "network.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <tuple>
#include <utility>

#include "hairline/solvers/plate_settling.hpp"

namespace hairline::tool {

namespace {

// Weights can hold what is no number; the picture then would too.
Result<void> want_numbers(const Plane& alpha) {
  for (int y = 0; y < alpha.height(); ++y)
    for (int x = 0; x < alpha.width(); ++x)
      if (!std::isfinite(alpha(y, x)))
        return Error{ErrorCode::bad_file, "the network's alpha is no number at column " + std::to_string(x) + ", row " +
                                              std::to_string(y) + "; the weights must be damaged"};
  return {};
}

// The input with its plate as the picture's camera would have seen it; where it saw nothing, the picture itself.
// Nothing if the plate is best as it is.
MatteInput aligned(const MatteInput& input, bool from_hand, int threads) {
  const Image<float> picture = convert<float>(input.picture), plate = convert<float>(input.plate);
  ThreadPool pool(threads);
  const PlateAlignment found = find_alignment(picture, plate, from_hand, pool);
  if (found.is_identity()) return {};
  AlignedPlate moved = apply_alignment(plate, found, pool);
  pool.parallel_for(0, picture.height(), 16, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (int y = static_cast<int>(begin); y < static_cast<int>(end); ++y)
      for (int x = 0; x < picture.width(); ++x)
        for (int c = 0; c < 3; ++c) {
          float& v = moved.plate(y, x, c);
          v = moved.inside(y, x) != 0 ? std::clamp(v, 0.0f, 1.0f) : picture(y, x, c);
        }
  });
  return {input.picture, {}, std::move(moved.plate)};
}

OpenNetwork open(const NetworkMethod& network, const NetworkSettings& settings) {
  using Clock = std::chrono::steady_clock;
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
  opened.load_ms = std::round(std::chrono::duration<double, std::milli>(Clock::now() - start).count() * 1000) / 1000;
  opened.run = [forward = engine.forward, network, settings, plan](const MatteInput& input,
                                                                   const MethodSettings& s) -> Result<Matte> {
    const auto& [inputs, results, sized] = std::tie(network.inputs, network.results, network.sized);
    const RunOptions options = sized ? sized(settings, plan.options, input.picture.shape()) : plan.options;
    MatteInput moved = s.align || s.settle ? aligned(input, s.align, s.solve.threads) : MatteInput{};
    std::vector<std::string_view> unwanted;
    if (!s.colour && !network.colour.empty()) unwanted.push_back(network.colour);
    auto found = forward(inputs(moved.plate.empty() ? input : moved), unwanted, options, s.solve.threads);
    if (!found) return found.error();
    Matte matte = results(std::move(*found));
    matte.backbone_scale = options.get("backbone_scale", 0);
    if (const auto good = want_numbers(matte.alpha); !good) return good.error();
    matte.plate = std::move(moved.plate);
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

#include "network.hpp"

#include <chrono>
#include <cmath>
#include <utility>

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

OpenNetwork open(const NetworkMethod& network, const NetworkSettings& settings) {
  using Clock = std::chrono::steady_clock;
  const NetworkPlan plan = network.plan(settings);
  OpenNetwork opened;
  opened.about = {{"net", network.method.name},
                  {"graph", std::string(plan.network->name)},
                  {"engine", settings.engine},
                  {"weights", settings.weights.empty() ? "embedded" : settings.weights},
                  {"options", plan.described}};
  const auto start = Clock::now();
  const Forward forward = open_engine(settings.engine, *plan.network, settings.weights, plan.unread);
  opened.load_ms = std::round(std::chrono::duration<double, std::milli>(Clock::now() - start).count() * 1000) / 1000;
  opened.run = [forward, options = plan.options, inputs = network.inputs, results = network.results](
                   const MatteInput& input, const MethodSettings& s) -> Result<Matte> {
    auto found = forward(inputs(input), options, s.solve.threads);
    if (!found) return found.error();
    Matte matte = results(*found);
    if (const auto good = want_numbers(matte.alpha); !good) return good.error();
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

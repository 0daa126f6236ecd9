#include "engine.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

#include "hairline/weights/load.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace {

Weights load(const Network& network, const std::string& file, const std::vector<std::string>& unread) {
  auto weights = load_weights(network.graph, file, unread);
  if (weights) return std::move(*weights);
  if (weights.error().code == ErrorCode::not_found) throw NotAvailable{weights.error().message};
  throw std::runtime_error(weights.error().message);
}

}  // namespace

// The one place where engines plug in.
Forward open_engine(const std::string& engine, const Network& network, const std::string& weights_file,
                    const std::vector<std::string>& unread) {
  if (engine == "kernels")
    throw NotAvailable{"this build holds no compiled kernels for " + std::string(network.name) +
                       "; --engine reference computes it with plain loops"};
  const auto weights = std::make_shared<const Weights>(load(network, weights_file, unread));
  return [weights, graph = network.graph](std::vector<Tensor> inputs, const RunOptions& options, int threads) {
    return run_reference(graph, *weights, std::move(inputs), options, threads);
  };
}

}  // namespace hairline::tool

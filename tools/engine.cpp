#include "engine.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include "default_weights.hpp"
#include "device.hpp"
#include "hairline/kernels/load_network.hpp"
#include "hairline/kernels/session.hpp"
#include "hairline/nets/pictures.hpp"
#include "hairline/nets/shapes.hpp"
#include "hairline/weights/load.hpp"
#include "network_kernels.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace {

[[noreturn]] void give_up(const Error& error) {
  if (error.code == ErrorCode::not_found) throw NotAvailable{error.message};
  throw std::runtime_error(error.message);
}

Result<TensorStore> embedded_weights() {
  const auto bytes = default_weights();
  return parse_weights(std::vector<std::uint8_t>(bytes.begin(), bytes.end()), "the weights in this program");
}

Weights load(const Network& network, const std::string& file, const std::vector<std::string>& unread) {
  const auto read = file.empty() ? embedded_weights() : read_weights(file);
  // Those in this program are tested when it is built.
  const auto test = file.empty() ? SelfTestUse::skip : SelfTestUse::run;
  auto weights = read ? accept_weights(network.graph, *read, unread, test) : Result<Weights>(read.error());
  if (weights) return std::move(*weights);
  give_up(weights.error());
}

// Sessions of one set of weights: a call takes one that is free, or makes one.
class Sessions {
 public:
  explicit Sessions(std::shared_ptr<const kernels::PackedNetwork> net) : net_(std::move(net)) {}
  std::unique_ptr<kernels::Session> take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<kernels::Session>(net_);
    auto one = std::move(free_.back());
    free_.pop_back();
    return one;
  }
  void give_back(std::unique_ptr<kernels::Session> one) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(one));
  }
  const kernels::PackedNetwork& net() const { return *net_; }

 private:
  std::shared_ptr<const kernels::PackedNetwork> net_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<kernels::Session>> free_;
};

using Unwanted = std::span<const std::string_view>;

bool wanted(std::string_view name, Unwanted unwanted) {
  return std::find(unwanted.begin(), unwanted.end(), name) == unwanted.end();
}

Result<NamedImages> run_sessions(Sessions& sessions, std::span<const AnyView> pictures, Unwanted unwanted,
                                 const RunOptions& options) {
  const Graph& graph = sessions.net().graph;
  const auto sizes = shapes(graph, pictures[0].height(), pictures[0].width(), options);
  NamedImages results;
  std::vector<kernels::ResultTarget> targets;
  for (const Output& o : graph.outputs) {
    if (!wanted(o.name, unwanted)) continue;
    const TensorShape& s = sizes[static_cast<std::size_t>(o.node)];
    Image<float>& image = results[std::string(o.name)] = Image<float>(Shape{s.height, s.width, s.channels});
    targets.emplace_back(o.name, image.view());
  }
  auto session = sessions.take();
  const auto report = session->run(pictures, targets, options);
  sessions.give_back(std::move(session));
  if (!report) return report.error();
  return results;
}

Result<NamedImages> run_loops(const Graph& graph, const Weights& weights, std::span<const AnyView> pictures,
                              Unwanted unwanted, const RunOptions& options, int threads) {
  std::vector<Tensor> inputs;
  for (const AnyView& picture : pictures) inputs.push_back(to_tensor(picture));
  auto found = run_reference(graph, weights, std::move(inputs), options, threads);
  if (!found) return found.error();
  NamedImages results;
  for (const auto& [name, tensor] : *found)
    if (wanted(name, unwanted)) results[name] = to_image(tensor);
  return results;
}

OpenEngine open_kernels(const DeviceChoice& device, kernels::Precision precision, const Network& network,
                        const std::string& file, const std::vector<std::string>& unread) {
  const OpenDevice on = kernel_backend(device, network.name, precision);
  auto packed = file.empty() ? kernels::pack_network(network.graph, load(network, file, unread), on.backend)
                             : kernels::load_network(network.graph, file, on.backend, unread);
  if (!packed) give_up(packed.error());
  auto sessions = std::make_shared<Sessions>(*packed);
  return {[sessions](std::span<const AnyView> pictures, Unwanted unwanted, const RunOptions& options, int) {
            return run_sessions(*sessions, pictures, unwanted, options);
          },
          device.text(), device.cpu() ? "" : on.name};
}

}  // namespace

// The one place where engines plug in.
OpenEngine open_engine(const std::string& engine, const std::string& device, const std::string& precision,
                       const Network& network, const std::string& weights_file,
                       const std::vector<std::string>& unread) {
  if (engine == "kernels")
    return open_kernels(parse_device(device), precision_named(precision), network, weights_file, unread);
  want_cpu(device, "--engine " + engine);
  const auto weights = std::make_shared<const Weights>(load(network, weights_file, unread));
  return {[weights, graph = network.graph](std::span<const AnyView> pictures, Unwanted unwanted,
                                           const RunOptions& options, int threads) {
            return run_loops(graph, *weights, pictures, unwanted, options, threads);
          },
          "cpu", ""};
}

}  // namespace hairline::tool

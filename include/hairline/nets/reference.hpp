#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/layers/forward.hpp"
#include "hairline/nets/cost.hpp"
#include "hairline/nets/parameters.hpp"
#include "hairline/weights/weights.hpp"

namespace hairline {

/// The named results of a run.
using NetworkResults = std::map<std::string, Tensor, std::less<>>;

namespace detail {
/// The parameters of each node as spans, or the list of what does not fit.
inline Result<std::vector<std::vector<std::span<const float>>>> bind_weights(const Graph& graph,
                                                                             const Weights& weights) {
  std::vector<std::vector<std::span<const float>>> bound(graph.nodes.size());
  std::string faults;
  for (const NamedParameter& p : parameters(graph)) {
    auto& own = bound[static_cast<std::size_t>(p.node)];
    if (p.parameter.counter) {
      own.emplace_back();
      continue;
    }
    const auto found = weights.tensors.find(p.name);
    if (found == weights.tensors.end()) {
      faults += "\n  missing " + p.name;
    } else if (found->second.values.size() != p.parameter.size()) {
      faults += "\n  " + p.name + " has " + std::to_string(found->second.values.size()) + " values, wanted " +
                std::to_string(p.parameter.size());
    } else {
      own.emplace_back(found->second.values);
      continue;
    }
    own.emplace_back();
  }
  if (!faults.empty()) return Error{ErrorCode::not_found, "the weights do not fit the network:" + faults};
  return bound;
}

inline Result<void> check_inputs(const Graph& graph, const std::vector<Tensor>& inputs) {
  if (inputs.size() != static_cast<std::size_t>(graph.input_count))
    return Error{ErrorCode::invalid_argument, "the network reads " + std::to_string(graph.input_count) +
                                                  " pictures, given " + std::to_string(inputs.size())};
  const auto text = [](const TensorShape& s) {
    return std::to_string(s.batch) + "x" + std::to_string(s.height) + "x" + std::to_string(s.width) + "x" +
           std::to_string(s.channels);
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    TensorShape wanted = inputs[0].shape;
    wanted.channels = graph.nodes[i].channels;
    if (inputs[i].shape != wanted || inputs[i].data.size() != wanted.size() || wanted.size() == 0)
      return Error{ErrorCode::invalid_argument, "picture '" + std::string(graph.nodes[i].name.view()) + "' has shape " +
                                                    text(inputs[i].shape) + ", wanted " + text(wanted) +
                                                    " (batch x height x width x channels)"};
  }
  return {};
}
}  // namespace detail

/// The plain forward pass: one node after the other, every value in f32, tensors freed after their last use.
/// The second opinion of every kernel; use compiled kernels where speed matters.
/// Errors: a missing or mis-shaped tensor (all of them in one text), pictures of differing size, channel count or
/// batch.
inline Result<NetworkResults> run_reference(const Graph& graph, const Weights& weights, std::vector<Tensor> inputs,
                                            const RunOptions& options = {}, int threads = 0) {
  if (const auto good = detail::check_inputs(graph, inputs); !good) return good.error();
  const auto bound = detail::bind_weights(graph, weights);
  if (!bound) return bound.error();
  ThreadPool pool(threads);
  const std::vector<std::size_t> last = last_uses(graph);
  std::vector<std::vector<std::size_t>> dying(graph.nodes.size() + 1);
  for (std::size_t i = 0; i < last.size(); ++i) dying[last[i]].push_back(i);

  std::vector<Tensor> values = std::move(inputs);
  values.resize(graph.nodes.size());
  for (std::size_t i = static_cast<std::size_t>(graph.input_count); i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    std::vector<const Tensor*> in;
    std::vector<TensorShape> in_shapes;
    for (int k = 0; k < node.input_count; ++k) {
      in.push_back(&values[static_cast<std::size_t>(node.inputs[static_cast<std::size_t>(k)])]);
      in_shapes.push_back(in.back()->shape);
    }
    const TensorShape shape = node.op->shape(node, in_shapes, options);
    if (shape.height <= 0 || shape.width <= 0)
      return Error{ErrorCode::invalid_argument,
                   "the pictures are too small for this network: nothing is left of them at '" +
                       std::string(node.name.view()) + "' (" + std::string(node.op->name) + ")"};
    values[i] = Tensor(shape);
    node.op->forward({node, in, (*bound)[i], values[i], options, pool});
    for (std::size_t d : dying[i]) values[d] = Tensor();
  }
  NetworkResults results;
  for (const Output& o : graph.outputs) results[std::string(o.name)] = values[static_cast<std::size_t>(o.node)];
  return results;
}

}  // namespace hairline

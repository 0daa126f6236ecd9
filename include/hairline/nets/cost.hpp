#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include "hairline/nets/shapes.hpp"

namespace hairline {

/// What one node, or a whole network, costs in f32.
struct Cost {
  double multiply_adds = 0;  ///< of convolutions
  double bytes_read = 0;     ///< inputs and parameters, each once
  double bytes_written = 0;
  double parameter_bytes = 0;
};

/// The cost of each node for inputs of one size (upper bound where pixels decide how much is refined).
inline std::vector<Cost> node_costs(const Graph& graph, const std::vector<TensorShape>& shapes) {
  std::vector<Cost> all(graph.nodes.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Node& node = graph.nodes[i];
    Cost& cost = all[i];
    if (node.op->multiply_adds) cost.multiply_adds = node.op->multiply_adds(node, shapes[i]);
    if (node.op->parameters) {
      const ParameterList list = node.op->parameters(node);
      for (int k = 0; k < list.count; ++k)
        if (!list.items[static_cast<std::size_t>(k)].counter)
          cost.parameter_bytes += 4.0 * static_cast<double>(list.items[static_cast<std::size_t>(k)].size());
    }
    cost.bytes_read = cost.parameter_bytes;
    for (int k = 0; k < node.input_count; ++k)
      cost.bytes_read +=
          4.0 * static_cast<double>(shapes[static_cast<std::size_t>(node.inputs[static_cast<std::size_t>(k)])].size());
    cost.bytes_written = 4.0 * static_cast<double>(shapes[i].size());
  }
  return all;
}

/// Index of the last node that reads each node's result (results of the network live to the end).
inline std::vector<std::size_t> last_uses(const Graph& graph) {
  std::vector<std::size_t> last(graph.nodes.size());
  for (std::size_t i = 0; i < last.size(); ++i) {
    last[i] = i;
    const Node& node = graph.nodes[i];
    for (int k = 0; k < node.input_count; ++k)
      last[static_cast<std::size_t>(node.inputs[static_cast<std::size_t>(k)])] = i;
  }
  for (const Output& o : graph.outputs) last[static_cast<std::size_t>(o.node)] = last.size();
  return last;
}

/// Totals of a network; activation_peak is the most that live tensors need at once when each is freed after its last
/// use.
struct NetworkCost {
  Cost total;
  double activation_peak = 0;  ///< bytes
};

inline NetworkCost network_cost(const Graph& graph, const std::vector<TensorShape>& shapes) {
  NetworkCost sum;
  for (const Cost& c : node_costs(graph, shapes)) {
    sum.total.multiply_adds += c.multiply_adds;
    sum.total.bytes_read += c.bytes_read;
    sum.total.bytes_written += c.bytes_written;
    sum.total.parameter_bytes += c.parameter_bytes;
  }
  const std::vector<std::size_t> last = last_uses(graph);
  double live = 0;
  std::vector<std::vector<std::size_t>> dying(graph.nodes.size() + 1);
  for (std::size_t i = 0; i < last.size(); ++i) dying[last[i]].push_back(i);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    live += 4.0 * static_cast<double>(shapes[i].size());
    sum.activation_peak = std::max(sum.activation_peak, live);
    for (std::size_t d : dying[i]) live -= 4.0 * static_cast<double>(shapes[d].size());
  }
  return sum;
}

}  // namespace hairline

#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "hairline/layers/graph.hpp"

namespace hairline {

/// A tensor of a network under its published name.
struct NamedParameter {
  std::string name;
  Parameter parameter;
  int node = -1;
  int index = 0;  ///< among the node's own
};

/// Every tensor of the network, in the order of the published state dict.
inline std::vector<NamedParameter> parameters(const Graph& graph) {
  std::vector<NamedParameter> all;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (!node.op->parameters) continue;
    const ParameterList list = node.op->parameters(node);
    for (int k = 0; k < list.count; ++k) {
      const Parameter& p = list.items[static_cast<std::size_t>(k)];
      std::string name(node.name.view());
      if (!name.empty()) name += '.';
      name += p.suffix;
      all.push_back({std::move(name), p, static_cast<int>(i), k});
    }
  }
  return all;
}

/// How many numbers are trained (running statistics are not).
constexpr std::size_t parameter_count(const Graph& graph) {
  std::size_t count = 0;
  for (const Node& node : graph.nodes) {
    if (!node.op->parameters) continue;
    const ParameterList list = node.op->parameters(node);
    for (int k = 0; k < list.count; ++k)
      if (list.items[static_cast<std::size_t>(k)].trained) count += list.items[static_cast<std::size_t>(k)].size();
  }
  return count;
}

/// How many tensors there are, counters included.
constexpr std::size_t tensor_count(const Graph& graph) {
  std::size_t count = 0;
  for (const Node& node : graph.nodes)
    if (node.op->parameters) count += static_cast<std::size_t>(node.op->parameters(node).count);
  return count;
}

}  // namespace hairline

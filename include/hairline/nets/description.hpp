#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hairline/nets/cost.hpp"
#include "hairline/nets/parameters.hpp"
#include "hairline/nets/shapes.hpp"

namespace hairline {

/// The graph as JSON: inputs, nodes (op, name, inputs, attributes, parameters), blocks, outputs. Everything that
/// another program needs to build the same network; python/hairline_torch makes a torch.nn.Module of it.
inline nlohmann::ordered_json describe(const Graph& graph) {
  using Json = nlohmann::ordered_json;
  Json nodes = Json::array();
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    Json attributes = Json::object();
    for (int k = 0; k < node.attribute_count; ++k) {
      const Attribute& a = node.attributes[static_cast<std::size_t>(k)];
      const bool whole = a.value == static_cast<double>(static_cast<long>(a.value));
      attributes[std::string(a.name)] = whole ? Json(static_cast<long>(a.value)) : Json(a.value);
    }
    Json own = Json::array();
    if (node.op->parameters) {
      const ParameterList list = node.op->parameters(node);
      for (int k = 0; k < list.count; ++k) {
        const Parameter& p = list.items[static_cast<std::size_t>(k)];
        own.push_back({{"name", std::string(p.suffix)},
                       {"shape", std::vector<int>(p.dims.begin(), p.dims.begin() + p.rank)},
                       {"trained", p.trained},
                       {"counter", p.counter}});
      }
    }
    nodes.push_back({{"index", i},
                     {"op", std::string(node.op->name)},
                     {"name", std::string(node.name.view())},
                     {"inputs", std::vector<int>(node.inputs.begin(), node.inputs.begin() + node.input_count)},
                     {"in_channels", node.in_channels},
                     {"channels", node.channels},
                     {"attributes", std::move(attributes)},
                     {"parameters", std::move(own)},
                     {"block", node.block}});
  }
  Json blocks = Json::array();
  for (const Block& b : graph.blocks)
    blocks.push_back({{"kind", std::string(b.kind)}, {"name", std::string(b.name.view())}});
  Json outputs = Json::array();
  for (const Output& o : graph.outputs) outputs.push_back({{"name", std::string(o.name)}, {"node", o.node}});
  return {{"format", "hairline graph 1"}, {"name", std::string(graph.name)},
          {"inputs", graph.input_count},  {"parameter_count", parameter_count(graph)},
          {"nodes", std::move(nodes)},    {"blocks", std::move(blocks)},
          {"outputs", std::move(outputs)}};
}

}  // namespace hairline

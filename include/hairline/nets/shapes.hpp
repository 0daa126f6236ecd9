#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "hairline/layers/graph.hpp"
#include "hairline/nets/net.hpp"

namespace hairline {

namespace detail {
/// Fills in the shape of every node. @pre one entry a node, those of the inputs given
constexpr void walk_shapes(const Graph& graph, std::span<TensorShape> shapes, const RunOptions& options) {
  for (std::size_t i = static_cast<std::size_t>(graph.input_count); i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    std::array<TensorShape, 8> in{};
    for (int k = 0; k < node.input_count; ++k)
      in[static_cast<std::size_t>(k)] = shapes[static_cast<std::size_t>(node.inputs[static_cast<std::size_t>(k)])];
    shapes[i] = node.op->shape(
        node, std::span<const TensorShape>(in.data(), static_cast<std::size_t>(node.input_count)), options);
  }
}
}  // namespace detail

/// The shape of every node's result for inputs of one height and width. Lists of cells have their upper bound.
inline std::vector<TensorShape> shapes(const Graph& graph, int height, int width, const RunOptions& options = {},
                                       int batch = 1) {
  std::vector<TensorShape> all(graph.nodes.size());
  for (int i = 0; i < graph.input_count; ++i)
    all[static_cast<std::size_t>(i)] = {batch, height, width, graph.nodes[static_cast<std::size_t>(i)].channels};
  detail::walk_shapes(graph, all, options);
  return all;
}

/// The shape of one named result at compile time; all extents are 0 if there is no such result.
template <class N>
constexpr TensorShape result_shape(std::string_view result, int height, int width, const RunOptions& options = {}) {
  constexpr Graph g = graph<N>();
  std::array<TensorShape, g.nodes.size()> all{};
  for (int i = 0; i < g.input_count; ++i)
    all[static_cast<std::size_t>(i)] = {1, height, width, g.nodes[static_cast<std::size_t>(i)].channels};
  detail::walk_shapes(g, all, options);
  for (const Output& o : g.outputs)
    if (o.name == result) return all[static_cast<std::size_t>(o.node)];
  return {};
}

}  // namespace hairline

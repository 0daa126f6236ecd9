#pragma once
// A layer that hairline has never seen, defined outside the toolkit: one operation and one type.
#include <cstddef>
#include <span>

#include "hairline/layers/builder.hpp"
#include "hairline/layers/compose.hpp"
#include "hairline/layers/conv2d.hpp"
#include "hairline/layers/forward.hpp"
#include "hairline/nets/net.hpp"

namespace example {

using namespace hairline;

// [layer]
/// What the layer does, as ordinary functions of a node.
inline constexpr Op parametric_relu_op{
    "parametric_relu",
    // The shape of the result.
    [](const Node&, std::span<const TensorShape> in, const RunOptions&) { return in[0]; },
    // The tensors that it owns, in the order of the state dict: one slope a channel.
    [](const Node& node) {
      ParameterList list;
      list.add({"weight", {node.channels}, 1});
      return list;
    },
    nullptr,  // its multiply-adds: none, as only convolutions count
    // The plain computation.
    [](const ForwardCall& call) {
      const std::span<const float> slope = call.parameters[0];
      for (std::size_t i = 0; i < call.out.data.size(); ++i) {
        const float x = call.in[0]->data[i];
        call.out.data[i] = x > 0 ? x : x * slope[i % slope.size()];  // channels lie innermost
      }
    }};

/// max(x, 0) + slope * min(x, 0), a trained slope for each channel; key weight (Channels).  He et al. 2015.
template <int Channels>
struct ParametricRelu {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    b.expect_channels(Channels, in.channels);  // a mismatch is a compile error with both numbers
    return b.add(Node{&parametric_relu_op}, in, Channels);
  }
};
// [/layer]

// [use]
/// 3 channels -> 4 -> 1, with the new layer in between; its slopes are the tensor act.weight.
using WithOwnLayer = Net<"with_own_layer", Inputs<Input<"src", 3>>, Take<"src">, Named<"conv", Conv2d<3, 4>>,
                         Named<"act", ParametricRelu<4>>, Named<"out", Conv2d<4, 1>>, Keep<"y">, Give<"y">>;
// [/use]

}  // namespace example

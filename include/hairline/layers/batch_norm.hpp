#pragma once
#include <cmath>

#include "hairline/layers/builder.hpp"
#include "hairline/layers/forward.hpp"

namespace hairline {

namespace detail {
constexpr ParameterList batch_norm_parameters(const Node& node) {
  ParameterList list;
  list.add({"weight", {node.channels}, 1});
  list.add({"bias", {node.channels}, 1});
  list.add({"running_mean", {node.channels}, 1, false});
  list.add({"running_var", {node.channels}, 1, false});
  list.add({"num_batches_tracked", {}, 0, false, true});
  return list;
}
inline void batch_norm_forward(const ForwardCall& call) {
  const auto &weight = call.parameters[0], &bias = call.parameters[1], &mean = call.parameters[2],
             &variance = call.parameters[3];
  const double epsilon = call.node.get("epsilon");
  std::vector<float> scale(weight.size()), shift(weight.size());
  for (std::size_t c = 0; c < scale.size(); ++c) {
    const double s = static_cast<double>(weight[c]) / std::sqrt(static_cast<double>(variance[c]) + epsilon);
    scale[c] = static_cast<float>(s);
    shift[c] = static_cast<float>(static_cast<double>(bias[c]) - static_cast<double>(mean[c]) * s);
  }
  for_each_row(call.pool, call.out.shape, [&](int b, int y) {
    const float* from = call.in[0]->at(b, y, 0);
    float* to = call.out.at(b, y, 0);
    for (int x = 0; x < call.out.shape.width; ++x)
      for (std::size_t c = 0; c < scale.size(); ++c) *to++ = *from++ * scale[c] + shift[c];
  });
}
}  // namespace detail

inline constexpr Op batch_norm_op{"batch_norm", detail::same_shape, detail::batch_norm_parameters, nullptr,
                                  detail::batch_norm_forward};

/// Batch normalisation at inference: (x - running_mean) / sqrt(running_var + 1e-5) * weight + bias, per channel.
/// Five keys, of which num_batches_tracked is ignored.  Ioffe & Szegedy 2015.
template <int Channels>
struct BatchNorm {
  static constexpr double epsilon = 1e-5;
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    b.expect_channels(Channels, in.channels);
    Node n{&batch_norm_op};
    n.set("epsilon", epsilon);
    return b.add(n, in, Channels);
  }
};

}  // namespace hairline

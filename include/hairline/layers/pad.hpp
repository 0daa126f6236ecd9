#pragma once
#include <algorithm>

#include "hairline/core/fixed_string.hpp"
#include "hairline/layers/builder.hpp"
#include "hairline/layers/forward.hpp"

namespace hairline {

namespace detail {
constexpr TensorShape padded_shape(const Node& node, std::span<const TensorShape> in, const RunOptions&) {
  const int m = node.integer("multiple");
  return {in[0].batch, (in[0].height + m - 1) / m * m, (in[0].width + m - 1) / m * m, node.channels};
}
// Pads by repeating the last row and column, or crops: both read the nearest pixel that exists.
inline void clamp_copy_forward(const ForwardCall& call) {
  const Tensor& in = *call.in[0];
  for_each_row(call.pool, call.out.shape, [&](int b, int y) {
    for (int x = 0; x < call.out.shape.width; ++x)
      std::copy_n(in.at(b, std::min(y, in.shape.height - 1), std::min(x, in.shape.width - 1)), in.shape.channels,
                  call.out.at(b, y, x));
  });
}
constexpr TensorShape crop_shape(const Node& node, std::span<const TensorShape> in, const RunOptions&) {
  return {in[0].batch, in[1].height, in[1].width, node.channels};
}
}  // namespace detail

inline constexpr Op pad_op{"pad_to_multiple", detail::padded_shape, nullptr, nullptr, detail::clamp_copy_forward};
inline constexpr Op crop_op{"crop_like", detail::crop_shape, nullptr, nullptr, detail::clamp_copy_forward};

/// Repeats the last row and column until both sides are multiples of Multiple.
template <int Multiple>
struct PadToMultiple {
  static_assert(Multiple >= 1, "PadToMultiple: the multiple is at least 1");
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    Node n{&pad_op};
    n.set("multiple", Multiple);
    return b.add(n, in, in.channels);
  }
};

/// The top left part, as high and wide as a kept value.  @pre it is not larger
template <FixedString Like>
struct CropLike {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    const Value inputs[2] = {in, b.kept(Like.view())};
    return b.add(Node{&crop_op}, inputs, in.channels);
  }
};

}  // namespace hairline

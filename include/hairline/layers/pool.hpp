#pragma once
#include <algorithm>
#include <limits>

#include "hairline/layers/attributes.hpp"
#include "hairline/layers/builder.hpp"
#include "hairline/layers/conv2d.hpp"
#include "hairline/layers/forward.hpp"

namespace hairline {

namespace detail {
inline void max_pool_forward(const ForwardCall& call) {
  const int k = call.node.integer("kernel"), stride = call.node.integer("stride"),
            padding = call.node.integer("padding");
  const Tensor& in = *call.in[0];
  for_each_row(call.pool, call.out.shape, [&](int b, int y) {
    for (int x = 0; x < call.out.shape.width; ++x) {
      float* best = call.out.at(b, y, x);
      std::fill_n(best, call.out.shape.channels, -std::numeric_limits<float>::infinity());
      for (int ky = 0; ky < k; ++ky)
        for (int kx = 0; kx < k; ++kx) {
          const int sy = y * stride + ky - padding, sx = x * stride + kx - padding;
          if (sy < 0 || sx < 0 || sy >= in.shape.height || sx >= in.shape.width) continue;
          const float* pixel = in.at(b, sy, sx);
          for (int c = 0; c < call.out.shape.channels; ++c) best[c] = std::max(best[c], pixel[c]);
        }
    }
  });
}
inline void global_pool_forward(const ForwardCall& call) {
  const Tensor& in = *call.in[0];
  const double pixels = static_cast<double>(in.shape.height) * in.shape.width;
  call.pool.parallel_for(0, in.shape.batch, 1, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (; begin < end; ++begin) {
      const int b = static_cast<int>(begin);
      std::vector<double> sum(static_cast<std::size_t>(in.shape.channels), 0.0);
      for (int y = 0; y < in.shape.height; ++y)
        for (int x = 0; x < in.shape.width; ++x) {
          const float* pixel = in.at(b, y, x);
          for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += static_cast<double>(pixel[c]);
        }
      for (std::size_t c = 0; c < sum.size(); ++c) call.out.at(b, 0, 0)[c] = static_cast<float>(sum[c] / pixels);
    }
  });
}
constexpr TensorShape global_pool_shape(const Node& node, std::span<const TensorShape> in, const RunOptions&) {
  return {in[0].batch, 1, 1, node.channels};
}
}  // namespace detail

inline constexpr Op max_pool_op{"max_pool", detail::conv_shape, nullptr, nullptr, detail::max_pool_forward};
inline constexpr Op global_pool_op{"global_average_pool", detail::global_pool_shape, nullptr, nullptr,
                                   detail::global_pool_forward};

/// Maximum over a window; padding never wins.
/// @tparam Given any of Kernel{3}, Stride{2}, Padding{(kernel - 1) / 2}
template <auto... Given>
struct MaxPool {
  static constexpr int kernel = detail::attribute_or<Kernel, Given...>(Kernel{3}).v;
  static constexpr int stride = detail::attribute_or<Stride, Given...>(Stride{2}).v;
  static constexpr int padding = detail::attribute_or<Padding, Given...>(Padding{(kernel - 1) / 2}).v;
  static_assert((detail::is_one_of<decltype(Given), Kernel, Stride, Padding> && ...),
                "MaxPool takes Kernel, Stride and Padding");
  static_assert(kernel > 0 && stride > 0 && padding >= 0 && padding < kernel, "MaxPool: a window must see a pixel");
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    Node n{&max_pool_op};
    n.set("kernel", kernel).set("stride", stride).set("dilation", 1).set("padding", padding);
    return b.add(n, in, in.channels);
  }
};

/// Mean over the whole picture, one value a channel (batch x 1 x 1 x C). Makes a network depend on the whole frame.
struct GlobalAveragePool {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    return b.add(Node{&global_pool_op}, in, in.channels);
  }
};

}  // namespace hairline

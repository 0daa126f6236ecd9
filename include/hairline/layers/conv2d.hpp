#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include "hairline/layers/attributes.hpp"
#include "hairline/layers/builder.hpp"
#include "hairline/layers/forward.hpp"

namespace hairline {

namespace detail {
constexpr int conv_extent(int n, const Node& node) {
  const int reach = node.integer("dilation") * (node.integer("kernel") - 1) + 1;
  const int padded = n + 2 * node.integer("padding");
  return padded < reach ? 0 : (padded - reach) / node.integer("stride") + 1;
}
constexpr TensorShape conv_shape(const Node& node, std::span<const TensorShape> in, const RunOptions&) {
  return {in[0].batch, conv_extent(in[0].height, node), conv_extent(in[0].width, node), node.channels};
}
constexpr ParameterList conv_parameters(const Node& node) {
  const int k = node.integer("kernel");
  ParameterList list;
  list.add({"weight", {node.channels, node.in_channels / node.integer("groups"), k, k}, 4});
  if (node.integer("bias")) list.add({"bias", {node.channels}, 1});
  return list;
}
constexpr double conv_multiply_adds(const Node& node, const TensorShape& out) {
  const double k = node.integer("kernel");
  return static_cast<double>(out.size()) * k * k * (node.in_channels / node.integer("groups"));
}
inline void conv_forward(const ForwardCall& call) {
  const Node& n = call.node;
  const int k = n.integer("kernel"), stride = n.integer("stride"), dilation = n.integer("dilation");
  const int padding = n.integer("padding"), groups = n.integer("groups");
  const int in_per_group = n.in_channels / groups, out_per_group = n.channels / groups;
  const Tensor& in = *call.in[0];
  const float* weight = call.parameters[0].data();  // (out, in / groups, k, k)
  // The same weights with output channels innermost, so that the inner loop runs over contiguous memory; in strips of
  // 16 channels, because for small pictures this is most of the work.
  std::vector<float> taps(call.parameters[0].size());  // (k, k, in / groups, out)
  constexpr int strip = 16;
  call.pool.parallel_for(0, (n.channels + strip - 1) / strip, 1, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    const int first = static_cast<int>(begin) * strip, last = std::min(static_cast<int>(end) * strip, n.channels);
    for (int from = first; from < last; from += strip)
      for (int i = 0; i < in_per_group; ++i)
        for (int t = 0; t < k * k; ++t)
          for (int o = from; o < std::min(from + strip, last); ++o)
            taps[static_cast<std::size_t>((t * in_per_group + i) * n.channels + o)] =
                weight[static_cast<std::size_t>((o * in_per_group + i) * k * k + t)];
  });
  for_each_row(call.pool, call.out.shape, [&](int b, int y) {
    for (int x = 0; x < call.out.shape.width; ++x) {
      float* sum = call.out.at(b, y, x);
      for (int o = 0; o < n.channels; ++o)
        sum[o] = n.integer("bias") ? call.parameters[1][static_cast<std::size_t>(o)] : 0.0f;
      for (int ky = 0; ky < k; ++ky) {
        const int sy = y * stride + ky * dilation - padding;
        if (sy < 0 || sy >= in.shape.height) continue;
        for (int kx = 0; kx < k; ++kx) {
          const int sx = x * stride + kx * dilation - padding;
          if (sx < 0 || sx >= in.shape.width) continue;
          const float* pixel = in.at(b, sy, sx);
          for (int g = 0; g < groups; ++g)
            for (int i = 0; i < in_per_group; ++i) {
              const float value = pixel[g * in_per_group + i];
              const float* w =
                  &taps[static_cast<std::size_t>(((ky * k + kx) * in_per_group + i) * n.channels + g * out_per_group)];
              float* s = sum + g * out_per_group;
              for (int o = 0; o < out_per_group; ++o) s[o] += value * w[o];
            }
        }
      }
    }
  });
}
}  // namespace detail

inline constexpr Op conv2d_op{"conv2d", detail::conv_shape, detail::conv_parameters, detail::conv_multiply_adds,
                              detail::conv_forward};

/// 2-D convolution (cross-correlation, as in PyTorch), zero padded; keys weight (Out, In/groups, k, k) and bias (Out).
/// @tparam In,Out channels
/// @tparam Given  any of Kernel{3}, Stride{1}, Dilation{1}, Padding{dilation * (kernel - 1) / 2}, Groups{1}, Bias{true}
/// Cost: k * k * In / groups * Out multiply-adds a result pixel.
template <int In, int Out, auto... Given>
struct Conv2d {
  static constexpr int kernel = detail::attribute_or<Kernel, Given...>(Kernel{3}).v;
  static constexpr int stride = detail::attribute_or<Stride, Given...>(Stride{1}).v;
  static constexpr int dilation = detail::attribute_or<Dilation, Given...>(Dilation{1}).v;
  static constexpr int padding = detail::attribute_or<Padding, Given...>(Padding{dilation * (kernel - 1) / 2}).v;
  static constexpr int groups = detail::attribute_or<Groups, Given...>(Groups{1}).v;
  static constexpr bool bias = detail::attribute_or<Bias, Given...>(Bias{true}).v;
  static_assert((detail::is_one_of<decltype(Given), Kernel, Stride, Dilation, Padding, Groups, Bias> && ...),
                "Conv2d takes Kernel, Stride, Dilation, Padding, Groups and Bias");
  static_assert(detail::count_of<Kernel, Given...> <= 1 && detail::count_of<Stride, Given...> <= 1 &&
                    detail::count_of<Dilation, Given...> <= 1 && detail::count_of<Padding, Given...> <= 1 &&
                    detail::count_of<Groups, Given...> <= 1 && detail::count_of<Bias, Given...> <= 1,
                "Conv2d takes each attribute once");
  static_assert(In > 0 && Out > 0, "Conv2d needs at least one channel on each side");
  static_assert(kernel > 0 && stride > 0 && dilation > 0 && padding >= 0,
                "Conv2d: kernel, stride, dilation > 0, padding >= 0");
  static_assert(groups > 0 && In % groups == 0 && Out % groups == 0, "Conv2d: groups must divide both channel counts");

  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    b.expect_channels(In, in.channels);
    Node n{&conv2d_op};
    n.set("kernel", kernel).set("stride", stride).set("dilation", dilation).set("padding", padding);
    n.set("groups", groups).set("bias", bias ? 1 : 0);
    return b.add(n, in, Out);
  }
};

}  // namespace hairline

#pragma once
#include <algorithm>
#include <cmath>

#include "hairline/core/fixed_string.hpp"
#include "hairline/layers/builder.hpp"
#include "hairline/layers/forward.hpp"

namespace hairline {

namespace detail {
/// Where a bilinear sample falls: two neighbours and the weight of the second (align_corners = false).
struct BilinearTap {
  int first = 0, second = 0;
  float weight = 0;
};
inline BilinearTap bilinear_tap(int d, int from, int to) {
  const float scale = static_cast<float>(from) / static_cast<float>(to);
  const float s = std::max((static_cast<float>(d) + 0.5f) * scale - 0.5f, 0.0f);
  const int i = std::min(static_cast<int>(s), from - 1);
  return {i, std::min(i + 1, from - 1), s - static_cast<float>(i)};
}
inline void bilinear_forward(const ForwardCall& call) {
  const Tensor& in = *call.in[0];
  const TensorShape& s = call.out.shape;
  for_each_row(call.pool, s, [&](int b, int y) {
    const BilinearTap v = bilinear_tap(y, in.shape.height, s.height);
    for (int x = 0; x < s.width; ++x) {
      const BilinearTap h = bilinear_tap(x, in.shape.width, s.width);
      const float *a0 = in.at(b, v.first, h.first), *a1 = in.at(b, v.first, h.second);
      const float *b0 = in.at(b, v.second, h.first), *b1 = in.at(b, v.second, h.second);
      float* to = call.out.at(b, y, x);
      for (int c = 0; c < s.channels; ++c) {
        const float top = a0[c] * (1 - h.weight) + a1[c] * h.weight;
        const float low = b0[c] * (1 - h.weight) + b1[c] * h.weight;
        to[c] = top * (1 - v.weight) + low * v.weight;
      }
    }
  });
}
inline void nearest_forward(const ForwardCall& call) {
  const Tensor& in = *call.in[0];
  const TensorShape& s = call.out.shape;
  for_each_row(call.pool, s, [&](int b, int y) {
    const int sy = static_cast<int>(static_cast<long>(y) * in.shape.height / s.height);
    for (int x = 0; x < s.width; ++x)
      std::copy_n(in.at(b, sy, static_cast<int>(static_cast<long>(x) * in.shape.width / s.width)), s.channels,
                  call.out.at(b, y, x));
  });
}
constexpr TensorShape like_shape(const Node& node, std::span<const TensorShape> in, const RunOptions&) {
  const int divisor = node.integer("divisor", 1);
  return {in[0].batch, in[1].height / divisor, in[1].width / divisor, node.channels};
}
constexpr TensorShape factor_shape(const Node& node, std::span<const TensorShape> in, const RunOptions&) {
  const int f = node.integer("factor");
  return {in[0].batch, in[0].height * f, in[0].width * f, node.channels};
}
constexpr TensorShape divided_shape(const Node& node, std::span<const TensorShape> in, const RunOptions&) {
  const int f = node.integer("divisor");
  return {in[0].batch, in[0].height / f, in[0].width / f, node.channels};
}
constexpr TensorShape backbone_shape(const Node& node, std::span<const TensorShape> in, const RunOptions& options) {
  const double scale = options.get("backbone_scale", node.get("scale"));
  return {in[0].batch, static_cast<int>(in[0].height * scale), static_cast<int>(in[0].width * scale), node.channels};
}
}  // namespace detail

inline constexpr Op resize_like_op{"resize_bilinear_like", detail::like_shape, nullptr, nullptr,
                                   detail::bilinear_forward};
inline constexpr Op upsample_nearest_op{"upsample_nearest", detail::factor_shape, nullptr, nullptr,
                                        detail::nearest_forward};
inline constexpr Op downsample_op{"downsample_bilinear", detail::divided_shape, nullptr, nullptr,
                                  detail::bilinear_forward};
inline constexpr Op scale_op{"scale_bilinear", detail::backbone_shape, nullptr, nullptr, detail::bilinear_forward};

/// Bilinear resize (align_corners = false, no antialias) to the height and width of a kept value, divided by Divisor.
template <FixedString Like, int Divisor = 1>
struct ResizeLike {
  static_assert(Divisor >= 1, "ResizeLike: the divisor is at least 1");
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    const Value inputs[2] = {in, b.kept(Like.view())};
    Node n{&resize_like_op};
    n.set("divisor", Divisor);
    return b.add(n, inputs, in.channels);
  }
};

/// Each pixel repeated Factor times in both directions.
template <int Factor>
struct UpsampleNearest {
  static_assert(Factor >= 1, "UpsampleNearest: the factor is at least 1");
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    Node n{&upsample_nearest_op};
    n.set("factor", Factor);
    return b.add(n, in, in.channels);
  }
};

/// Bilinear resize to floor(size / Divisor); at 2 the mean of each 2x2 block.
template <int Divisor>
struct DownsampleBilinear {
  static_assert(Divisor >= 1, "DownsampleBilinear: the divisor is at least 1");
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    Node n{&downsample_op};
    n.set("divisor", Divisor);
    return b.add(n, in, in.channels);
  }
};

/// Bilinear resize to floor(size * backbone_scale), an option of the run (default 1/4).
struct ScaleToBackbone {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    Node n{&scale_op};
    n.set("scale", 0.25);
    return b.add(n, in, in.channels);
  }
};

}  // namespace hairline

#pragma once
#include <algorithm>

#include "hairline/layers/builder.hpp"
#include "hairline/layers/forward.hpp"

namespace hairline {

inline constexpr Op relu_op{"relu", detail::same_shape, nullptr, nullptr, [](const ForwardCall& call) {
                              detail::map_elements(call, [](float v) { return std::max(v, 0.0f); });
                            }};
inline constexpr Op relu6_op{"relu6", detail::same_shape, nullptr, nullptr, [](const ForwardCall& call) {
                               detail::map_elements(call, [](float v) { return std::clamp(v, 0.0f, 6.0f); });
                             }};
inline constexpr Op clamp01_op{"clamp01", detail::same_shape, nullptr, nullptr, [](const ForwardCall& call) {
                                 detail::map_elements(call, [](float v) { return std::clamp(v, 0.0f, 1.0f); });
                               }};

namespace detail {
template <const Op& Which>
struct Elementwise {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    return b.add(Node{&Which}, in, in.channels);
  }
};
}  // namespace detail

/// max(x, 0)
struct Relu : detail::Elementwise<relu_op> {};
/// min(max(x, 0), 6)
struct Relu6 : detail::Elementwise<relu6_op> {};
/// min(max(x, 0), 1): the range of alpha, foreground and error
struct Clamp01 : detail::Elementwise<clamp01_op> {};

/// Dropout: nothing at inference, so it makes no node. It stands in the type because indices of the published keys
/// count it.
struct Dropout {
  template <class B>
  static constexpr Value flatten(B&, Value in) {
    return in;
  }
};

}  // namespace hairline

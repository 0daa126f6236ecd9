#pragma once
#include <array>
#include <string_view>

#include "hairline/core/fixed_string.hpp"
#include "hairline/layers/builder.hpp"
#include "hairline/layers/forward.hpp"

namespace hairline {

/// Layers one after the other.
template <class... Layers>
struct Chain {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    ((in = Layers::flatten(b, in)), ...);
    return in;
  }
};

/// A layer under a part of the published key: Named<"conv1", Conv2d<...>> owns conv1.weight.
template <FixedString Part, class Layer>
struct Named {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    const auto mark = b.path_mark();
    b.enter(Part.view());
    const Value out = Layer::flatten(b, in);
    b.leave(mark);
    return out;
  }
};

/// Marks what one kernel may compute in one go; has no effect on the result.
template <FixedString Kind, class Layer>
struct BlockOf {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    const bool outermost = b.begin_block(Kind.view());
    const Value out = Layer::flatten(b, in);
    if (outermost) b.end_block();
    return out;
  }
};

/// Keeps the present value under a name for later (a tap); passes it on.
template <FixedString As>
struct Keep {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    b.keep(As.view(), in);
    return in;
  }
};

/// Goes on from a kept value instead of the present one.
template <FixedString From>
struct Take {
  template <class B>
  static constexpr Value flatten(B& b, Value) {
    return b.kept(From.view());
  }
};

/// Applies a layer to a kept value and keeps the result under To; the present value stays.
template <FixedString From, FixedString To, class Layer>
struct Apply {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    b.keep(To.view(), Layer::flatten(b, b.kept(From.view())));
    return in;
  }
};

/// Names a kept value as a result of the network, under the same name or another; the present value stays.
template <FixedString From, FixedString As = From>
struct Give {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    b.output(As.view(), b.kept(From.view()));
    return in;
  }
};

namespace detail {
inline void add_forward(const ForwardCall& call) {
  const std::size_t row =
      static_cast<std::size_t>(call.out.shape.width) * static_cast<std::size_t>(call.out.shape.channels);
  for_each_row(call.pool, call.out.shape, [&](int b, int y) {
    const float *u = call.in[0]->at(b, y, 0), *v = call.in[1]->at(b, y, 0);
    float* to = call.out.at(b, y, 0);
    for (std::size_t i = 0; i < row; ++i) to[i] = u[i] + v[i];
  });
}
inline void concat_forward(const ForwardCall& call) {
  for_each_row(call.pool, call.out.shape, [&](int b, int y) {
    for (int x = 0; x < call.out.shape.width; ++x) {
      float* to = call.out.at(b, y, x);
      for (const Tensor* part : call.in) to = std::copy_n(part->at(b, y, x), part->shape.channels, to);
    }
  });
}
constexpr TensorShape concat_shape(const Node& node, std::span<const TensorShape> in, const RunOptions&) {
  return {in[0].batch, in[0].height, in[0].width, node.channels};
}
inline void slice_forward(const ForwardCall& call) {
  const int first = call.node.integer("first");
  for_each_row(call.pool, call.out.shape, [&](int b, int y) {
    for (int x = 0; x < call.out.shape.width; ++x)
      std::copy_n(call.in[0]->at(b, y, x) + first, call.out.shape.channels, call.out.at(b, y, x));
  });
}
}  // namespace detail

inline constexpr Op add_op{"add", detail::same_shape, nullptr, nullptr, detail::add_forward};
inline constexpr Op concat_op{"concat", detail::concat_shape, nullptr, nullptr, detail::concat_forward};
inline constexpr Op slice_op{"slice", detail::concat_shape, nullptr, nullptr, detail::slice_forward};

/// What a concatenation can name besides kept values: the value that arrives.
struct Here {
  template <class B>
  static constexpr Value value(B&, Value in) {
    return in;
  }
};
template <FixedString Name>
struct Kept {
  template <class B>
  static constexpr Value value(B& b, Value) {
    return b.kept(Name.view());
  }
};

/// Channels of several values side by side, in the order given: Concat<Here, Kept<"x3">>.
template <class... Parts>
struct Concat {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    const std::array<Value, sizeof...(Parts)> parts{Parts::value(b, in)...};
    int channels = 0;
    for (const Value& p : parts) channels += p.channels;
    return b.add(Node{&concat_op}, parts, channels);
  }
};

/// Parallel branches from the same input; their channels side by side.
template <class... Layers>
struct Branches {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    const std::array<Value, sizeof...(Layers)> parts{Layers::flatten(b, in)...};  // braces: left to right
    int channels = 0;
    for (const Value& p : parts) channels += p.channels;
    return b.add(Node{&concat_op}, parts, channels);
  }
};

/// Does nothing; the plain shortcut of a residual.
struct Identity {
  template <class B>
  static constexpr Value flatten(B&, Value in) {
    return in;
  }
};

/// main(x) + shortcut(x).  He et al. 2016.
template <class Main, class Shortcut = Identity>
struct Residual {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    const Value sides[2] = {Main::flatten(b, in), Shortcut::flatten(b, in)};
    b.expect_channels(sides[0].channels, sides[1].channels);
    return b.add(Node{&add_op}, sides, sides[0].channels);
  }
};

/// One head of a Split: keeps the next Channels channels, after Then, under Name.
template <FixedString As, int Channels, class Then = Identity>
struct Head {
  static_assert(Channels > 0, "Head needs at least one channel");
  static constexpr int channels = Channels;
  template <class B>
  static constexpr int flatten(B& b, Value in, int first) {
    Node n{&slice_op};
    n.set("first", first);
    b.keep(As.view(), Then::flatten(b, b.add(n, in, Channels)));
    return first + Channels;
  }
};

/// Cuts the channels into named heads, which must use them all; the present value stays.
template <class... Heads>
struct Split {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    b.expect_channels((Heads::channels + ...), in.channels);
    int first = 0;
    ((first = Heads::flatten(b, in, first)), ...);
    return in;
  }
};

}  // namespace hairline

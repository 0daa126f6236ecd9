#pragma once
#include <array>
#include <cstddef>

#include "hairline/core/fixed_string.hpp"
#include "hairline/layers/builder.hpp"
#include "hairline/layers/forward.hpp"
#include "hairline/layers/graph.hpp"

namespace hairline {

inline constexpr Op input_op{"input", detail::same_shape, nullptr, nullptr, nullptr};

/// A picture that the network is given: its name and channels.
template <FixedString Name, int Channels>
struct Input {
  static_assert(Channels > 0, "Input needs at least one channel");
  template <class B>
  static constexpr void flatten(B& b) {
    const auto mark = b.path_mark();
    b.enter(Name.view());
    b.keep(Name.view(), b.add(Node{&input_op}, std::span<const Value>{}, Channels));
    b.leave(mark);
    ++b.input_count;
  }
};

/// What a network reads.
template <class... Each>
struct Inputs {
  template <class B>
  static constexpr void flatten(B& b) {
    (Each::flatten(b), ...);
  }
};

/// A network: its name, what it reads, and its layers. Results are named by Give<"...">.
template <FixedString NetName, class In, class... Layers>
struct Net {
  static constexpr std::string_view name = NetName.view();
  template <class B>
  static constexpr void build(B& b) {
    In::flatten(b);
    Value present{0, 0};
    ((present = Layers::flatten(b, present)), ...);
  }
};

/// Names in the compiler's message when two layers do not fit: what the layer at Where wants and what it is given.
template <Name Where, int Wants, int Gets>
struct ChannelMismatch;
/// Names in the compiler's message when a layer refers to a value that nothing before it keeps.
template <Name Where>
struct NoSuchKeptValue;

namespace detail {
template <class N>
struct Counts {
  std::size_t nodes, blocks, outputs;
  Fault fault;
  int inputs;
};
template <class N>
constexpr Counts<N> count_nodes() {
  Builder<0, 0, 0> b;
  N::build(b);
  return {b.node_count, b.block_count, b.output_count, b.fault, b.input_count};
}
template <class N>
inline constexpr Counts<N> counts = count_nodes<N>();

template <class N>
constexpr bool check_fault() {
  constexpr Fault fault = counts<N>.fault;
  if constexpr (fault.kind == Fault::Kind::channels) {
    return sizeof(ChannelMismatch<fault.where, fault.wanted, fault.given>) == 0;
  } else if constexpr (fault.kind == Fault::Kind::missing_value) {
    return sizeof(NoSuchKeptValue<fault.where>) == 0;
  }
  return true;
}

template <class N>
constexpr auto build_nodes() {
  static_assert(check_fault<N>(), "the layers of this network do not fit together");
  Builder<counts<N>.nodes, counts<N>.blocks, counts<N>.outputs> b;
  N::build(b);
  struct Storage {
    std::array<Node, counts<N>.nodes> nodes;
    std::array<Block, counts<N>.blocks> blocks;
    std::array<Output, counts<N>.outputs> outputs;
  };
  return Storage{b.nodes, b.blocks, b.outputs};
}
template <class N>
inline constexpr auto storage = build_nodes<N>();
}  // namespace detail

/// The one value that a network's type flattens to. Layers that do not fit are a compile error with both numbers.
template <class N>
constexpr Graph graph() {
  const auto& s = detail::storage<N>;
  return {s.nodes, s.blocks, s.outputs, detail::counts<N>.inputs, N::name};
}

}  // namespace hairline

#pragma once
#include <array>
#include <cstddef>
#include <string_view>

#include "hairline/layers/graph.hpp"

namespace hairline {

/// A value during flattening: which node makes it, and how many channels it has.
struct Value {
  int node = -1;
  int channels = 0;
};

/// The first thing found wrong while flattening; its numbers end up in the compiler's message.
struct Fault {
  enum class Kind { none, channels, missing_value, duplicate_value, capacity } kind = Kind::none;
  Name where;
  int wanted = 0;
  int given = 0;
};

/// Collects the nodes of a network while its type is walked. With capacity 0 it only counts.
template <std::size_t Nodes, std::size_t Blocks, std::size_t Outputs>
class Builder {
 public:
  std::array<Node, Nodes> nodes{};
  std::array<Block, Blocks> blocks{};
  std::array<Output, Outputs> outputs{};
  std::size_t node_count = 0, block_count = 0, output_count = 0;
  int input_count = 0;
  Fault fault{};

  constexpr void enter(std::string_view part) { path_.append_part(part); }
  constexpr std::size_t path_mark() const { return path_.length; }
  constexpr void leave(std::size_t mark) {
    for (std::size_t i = mark; i < path_.length; ++i) path_.text[i] = 0;
    path_.length = mark;
  }

  /// Nodes added until end_block belong to one fusible block; blocks do not nest (an inner one is part of the outer).
  constexpr bool begin_block(std::string_view kind) {
    if (block_ >= 0) return false;
    block_ = static_cast<int>(block_count);
    if (block_count < Blocks) blocks[block_count] = Block{kind, path_};
    ++block_count;
    return true;
  }
  constexpr void end_block() { block_ = -1; }

  constexpr Value add(Node node, std::span<const Value> in, int channels) {
    node.name = path_;
    node.block = block_;
    node.channels = channels;
    node.in_channels = in.empty() ? 0 : in[0].channels;
    node.input_count = static_cast<int>(in.size());
    for (std::size_t i = 0; i < in.size(); ++i) node.inputs.at(i) = in[i].node;
    if (node_count < Nodes) nodes[node_count] = node;
    return {static_cast<int>(node_count++), channels};
  }
  constexpr Value add(const Node& node, Value in, int channels) {
    const Value one[1] = {in};
    return add(node, one, channels);
  }

  /// Records a mismatch; flattening goes on, so that the compiler can name both numbers.
  constexpr void expect_channels(int wanted, int given) {
    if (wanted != given) fail(Fault::Kind::channels, wanted, given);
  }

  constexpr void keep(std::string_view name, Value value) {
    for (std::size_t i = 0; i < kept_count_; ++i)
      if (kept_[i].name == name) {
        kept_[i].value = value;
        return;
      }
    kept_.at(kept_count_++) = {name, value};
  }
  constexpr Value kept(std::string_view name) {
    for (std::size_t i = 0; i < kept_count_; ++i)
      if (kept_[i].name == name) return kept_[i].value;
    fail(Fault::Kind::missing_value, 0, 0, name);
    return {0, 0};
  }
  constexpr void output(std::string_view name, Value value) {
    if (output_count < Outputs) outputs[output_count] = {name, value.node};
    ++output_count;
  }

 private:
  struct Kept {
    std::string_view name;
    Value value;
  };
  constexpr void fail(Fault::Kind kind, int wanted, int given, std::string_view name = {}) {
    if (fault.kind != Fault::Kind::none) return;
    fault.kind = kind;
    fault.where = path_;
    if (!name.empty()) fault.where.append_part(name);
    fault.wanted = wanted;
    fault.given = given;
  }
  Name path_{};
  int block_ = -1;
  std::array<Kept, 32> kept_{};
  std::size_t kept_count_ = 0;
};

}  // namespace hairline

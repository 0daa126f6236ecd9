#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string_view>

#include "hairline/core/shape.hpp"

namespace hairline {

/// A tensor's extent at run time: pictures (or patches) in a batch, rows, columns, channels.
struct TensorShape {
  int batch = 1;
  int height = 0;
  int width = 0;
  int channels = 0;
  constexpr std::size_t size() const {
    return static_cast<std::size_t>(batch) * static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
           static_cast<std::size_t>(channels);
  }
  friend constexpr bool operator==(const TensorShape&, const TensorShape&) = default;
};

/// A short text that lives inside constexpr values: the dotted path of a node, as in the published checkpoint.
struct Name {
  static constexpr std::size_t capacity = 80;
  char text[capacity]{};
  std::size_t length = 0;

  constexpr Name() = default;
  constexpr Name(std::string_view s) { append(s); }  // NOLINT: implicit on purpose
  constexpr void append(std::string_view s) {
    if (length + s.size() >= capacity) throw std::length_error("hairline::Name: longer than 79 characters");
    for (char c : s) text[length++] = c;
  }
  constexpr void append_part(std::string_view s) {
    if (length > 0) append(".");
    append(s);
  }
  constexpr std::string_view view() const { return {text, length}; }
  friend constexpr bool operator==(const Name& a, const Name& b) { return a.view() == b.view(); }
};

/// One fact about a node: kernel = 3, stride = 2 ...
struct Attribute {
  std::string_view name;
  double value = 0;
};

/// Options that are chosen at run time and that some nodes obey, by name: backbone_scale, refine_sample_pixels ...
struct RunOptions {
  std::array<Attribute, 12> values{};
  int count = 0;
  constexpr void set(std::string_view name, double value) {
    for (int i = 0; i < count; ++i)
      if (values[static_cast<std::size_t>(i)].name == name) {
        values[static_cast<std::size_t>(i)].value = value;
        return;
      }
    values.at(static_cast<std::size_t>(count++)) = {name, value};
  }
  constexpr double get(std::string_view name, double otherwise) const {
    for (int i = 0; i < count; ++i)
      if (values[static_cast<std::size_t>(i)].name == name) return values[static_cast<std::size_t>(i)].value;
    return otherwise;
  }
};

/// A tensor that a node owns: the last part of its published key and its shape, slowest dimension first.
struct Parameter {
  std::string_view suffix;
  std::array<int, 4> dims{};
  int rank = 0;
  bool trained = true;   ///< counts as a parameter (running statistics do not)
  bool counter = false;  ///< an integer scalar that inference ignores (num_batches_tracked)
  constexpr std::size_t size() const {
    std::size_t n = 1;
    for (int i = 0; i < rank; ++i) n *= static_cast<std::size_t>(dims[static_cast<std::size_t>(i)]);
    return n;
  }
};

struct ParameterList {
  std::array<Parameter, 6> items{};
  int count = 0;
  constexpr void add(Parameter p) { items.at(static_cast<std::size_t>(count++)) = p; }
};

struct Op;

/// One operation of a network: what it is, what it reads, what it is called, and the facts that shape it.
struct Node {
  const Op* op = nullptr;
  Name name;                    ///< dotted path, as in the checkpoint; empty parts are left out
  std::array<int, 8> inputs{};  ///< indices of the nodes it reads
  int input_count = 0;
  int in_channels = 0;  ///< of the first input
  int channels = 0;     ///< of the result
  std::array<Attribute, 8> attributes{};
  int attribute_count = 0;
  int block = -1;  ///< index of the fusible block it belongs to, -1 for none

  constexpr Node() = default;
  constexpr explicit Node(const Op* kind) : op(kind) {}
  constexpr Node& set(std::string_view attribute, double value) {
    attributes.at(static_cast<std::size_t>(attribute_count++)) = {attribute, value};
    return *this;
  }
  constexpr double get(std::string_view attribute, double otherwise = 0) const {
    for (int i = 0; i < attribute_count; ++i)
      if (attributes[static_cast<std::size_t>(i)].name == attribute)
        return attributes[static_cast<std::size_t>(i)].value;
    return otherwise;
  }
  constexpr int integer(std::string_view attribute, int otherwise = 0) const {
    return static_cast<int>(get(attribute, otherwise));
  }
};

struct ForwardCall;  // layers/forward.hpp

/// A function or none. Knows which without comparing its address with null, which GCC does not do in constants under
/// UndefinedBehaviorSanitizer.
template <class Signature>
class OptionalFunction;
template <class R, class... Arguments>
class OptionalFunction<R(Arguments...)> {
 public:
  constexpr OptionalFunction(std::nullptr_t = nullptr) {}  // NOLINT: implicit on purpose
  template <std::convertible_to<R (*)(Arguments...)> F>
  constexpr OptionalFunction(F function) : function_(function), given_(true) {}  // NOLINT: implicit on purpose
  constexpr explicit operator bool() const { return given_; }
  constexpr R operator()(Arguments... arguments) const { return function_(arguments...); }

 private:
  R (*function_)(Arguments...) = nullptr;
  bool given_ = false;
};

/// What a kind of node can do; each layer's file defines one, so that a new layer is one file.
struct Op {
  std::string_view name;
  /// Shape of the result for the shapes of the inputs.
  TensorShape (*shape)(const Node&, std::span<const TensorShape> in, const RunOptions&) = nullptr;
  /// Tensors the node owns, in the order of the published state dict.
  OptionalFunction<ParameterList(const Node&)> parameters = nullptr;
  /// Multiply-adds for a result of this shape.
  OptionalFunction<double(const Node&, const TensorShape& out)> multiply_adds = nullptr;
  /// The plain, slow, obviously right computation.
  void (*forward)(const ForwardCall&) = nullptr;
};

/// A run of nodes that one kernel can compute: a bottleneck, an inverted residual, a decoder step ...
struct Block {
  std::string_view kind;
  Name name;
};

/// A named result.
struct Output {
  std::string_view name;
  int node = -1;
};

/// A network as a value: nodes in the order of computation, inputs first. Refers to storage that lives as long as the
/// program when it comes from graph<Net>().
struct Graph {
  std::span<const Node> nodes;
  std::span<const Block> blocks;
  std::span<const Output> outputs;
  int input_count = 0;  ///< the first nodes are the inputs
  std::string_view name;
};

}  // namespace hairline

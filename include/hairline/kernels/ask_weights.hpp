#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/kernels/argument.hpp"
#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/call.hpp"
#include "hairline/kernels/fuse_blocks.hpp"
#include "hairline/kernels/kernel_list.hpp"
#include "hairline/kernels/library.hpp"
#include "hairline/kernels/lower.hpp"
#include "hairline/kernels/pack_weights.hpp"
#include "hairline/kernels/packed_network.hpp"

namespace hairline::kernels {

namespace detail {

inline std::vector<float> padded_to(std::vector<float> v, std::size_t size, float with = 0.0f) {
  v.resize(size, with);
  return v;
}

/// Asks a kernel which extents and numbers it wants for its weights: a call without data only answers that.
inline Result<std::array<int, 5>> ask_weights(const Backend& on, const std::string& kernel,
                                              std::vector<void*> arguments, Argument& weights) {
  weights.buffer.host = nullptr;
  if (auto ok = kernels::detail::run(on, kernel, arguments.data()); !ok) return ok.error();
  std::array<int, 5> extents{};
  for (std::size_t i = 0; i < 5; ++i) extents[i] = weights.axes[i].extent;
  return extents;
}

inline std::vector<PackedPart> packed_parts(const Step& step) {
  std::vector<PackedPart> parts;
  for (const StepInput& in : step.inputs) parts.push_back({in.counted_from, in.place.channels});
  return parts;
}

/// A convolution whose weights are still to be packed.
struct Unpacked {
  PackedStep* step = nullptr;
  FoldedConv folded;
  std::string name = {};  ///< of the layer
  std::vector<PackedPart> parts = {};
  bool depthwise = false;
  std::size_t at = 0, floats = 0;  ///< of its weights in the network's memory
  int done = 0;                    ///< tiles
};

/// A convolution and the batch norm behind it (-1: none) as one: by fold_conv, or without numbers.
using Fold = std::function<FoldedConv(int conv, int norm)>;

inline void take_bounds(const Step& step, PackedStep& packed) {
  packed.low = padded_to(step.low, packed.bias.size());
  packed.high = padded_to(step.high, packed.bias.size());
}

/// What every convolution's packing begins with; all there is to know of a depthwise one.
inline void begin_packing(const Step& step, Unpacked& u) {
  PackedStep& packed = *u.step;
  const auto out = static_cast<std::size_t>(padded_channels(u.folded.out));
  packed.bias = padded_to(u.folded.bias, out);
  take_bounds(step, packed);
  u.parts = packed_parts(step);
  u.depthwise = step.kind == StepKind::depthwise;
  packed.numbers = step.half_weights ? Precision::f16 : Precision::f32;
  if (u.depthwise) packed.extents = {static_cast<int>(out), u.folded.kernel, u.folded.kernel, 1, 1};
}

inline Result<void> ask_step(const PackedNetwork& net, const Step& step, Unpacked& u) {
  PackedStep& packed = *u.step;
  begin_packing(step, u);
  if (u.depthwise) return {};
  const std::size_t out = packed.bias.size();
  // A picture of a convenient size; only the weights' extents are wanted.
  constexpr int side = 64;
  std::vector<Argument> inputs;
  float nothing = 0;
  const auto typed = [&](int storage, const Argument& a) {
    return a.of_type(net.lowered.precision(storage), net.on.target);
  };
  for (const StepInput& in : step.inputs)
    inputs.push_back(
        typed(in.place.storage,
              Argument::of(&nothing, std::array<BufferAxis, 3>{BufferAxis{0, in.place.pitch, 1, 0},
                                                               BufferAxis{0, side, in.place.pitch, 0},
                                                               BufferAxis{0, side, in.place.pitch * side, 0}})));
  Argument asked = Argument::dense(nullptr, std::array<int, 5>{1, 1, 1, 1, 1});
  const auto vector = [&] { return Argument::dense(&nothing, std::array<int, 1>{static_cast<int>(out)}); };
  Argument bias = vector(), low = vector(), high = vector();
  const auto picture = [&](int height, int width) {
    return Argument::dense(&nothing, std::array<int, 3>{static_cast<int>(out), width, height});
  };
  const Node& n = net.graph.nodes[static_cast<std::size_t>(step.conv)];
  const int reach = n.integer("dilation") * (n.integer("kernel") - 1) + 1;
  const int result_side = (side + 2 * n.integer("padding") - reach) / n.integer("stride") + 1;
  Argument added = typed(step.addend.place.storage, picture(result_side, result_side));
  Argument result = typed(step.storage, picture(result_side, result_side));
  int height = side, width = side, tasks = 1;
  std::vector<void*> arguments = {nullptr};
  for (Argument& in : inputs) arguments.push_back(in.pointer());
  arguments.push_back(asked.pointer());
  arguments.push_back(bias.pointer());
  if (!step.low.empty()) {
    arguments.push_back(low.pointer());
    arguments.push_back(high.pointer());
  }
  if (step.addend.place.storage >= 0) arguments.push_back(added.pointer());
  for (int* scalar : {&height, &width, &tasks}) arguments.push_back(scalar);
  arguments.push_back(result.pointer());
  auto extents = ask_weights(net.on, step.kernel.name, arguments, asked);
  if (!extents) return extents.error();
  packed.extents = *extents;
  packed.numbers = asked.precision();
  return {};
}

/// A fused block: each of its convolutions' weights, in the kernel's order.
inline Result<void> ask_block(const PackedNetwork& net, const Step& step, const std::vector<Unpacked*>& parts) {
  constexpr int side = 64;
  float nothing = 0;
  std::vector<Argument> weights, biases;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Unpacked& u = *parts[i];
    begin_packing(step.parts[i], *parts[i]);
    const std::array<int, 5>& e = u.step->extents;
    weights.push_back(
        u.depthwise
            ? Argument::dense(&nothing, std::array<int, 3>{e[0], e[1], e[2]}).of_type(u.step->numbers, net.on.target)
            : Argument::dense(nullptr, std::array<int, 5>{1, 1, 1, 1, 1}));
    biases.push_back(Argument::dense(&nothing, std::array<int, 1>{static_cast<int>(u.step->bias.size())}));
  }
  int result_side = side;
  for (const Step& part : step.parts) {
    const Node& n = net.graph.nodes[static_cast<std::size_t>(part.conv)];
    const int reach = n.integer("dilation") * (n.integer("kernel") - 1) + 1;
    result_side = (result_side + 2 * n.integer("padding") - reach) / n.integer("stride") + 1;
  }
  const int pitch = step.inputs[0].place.pitch, out = static_cast<int>(parts.back()->step->bias.size());
  const auto picture = [&](int storage, int channels, int extent) {
    return Argument::dense(&nothing, std::array<int, 3>{channels, extent, extent})
        .of_type(net.lowered.precision(storage), net.on.target);
  };
  Argument input = picture(step.inputs[0].place.storage, pitch, side);
  Argument added = picture(step.addend.place.storage, out, result_side);
  Argument result = picture(step.storage, out, result_side);
  int tasks = 1;
  std::vector<void*> arguments = {nullptr, input.pointer()};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    arguments.push_back(weights[i].pointer());
    arguments.push_back(biases[i].pointer());
  }
  if (step.addend.place.storage >= 0) arguments.push_back(added.pointer());
  arguments.push_back(&tasks);
  arguments.push_back(result.pointer());
  for (std::size_t i = 0; i < parts.size(); ++i) {  // one call answers for all
    if (parts[i]->depthwise) continue;
    auto extents = ask_weights(net.on, step.kernel.name, arguments, weights[i]);
    if (!extents) return extents.error();
    parts[i]->step->extents = *extents;
    parts[i]->step->numbers = weights[i].precision();
  }
  return {};
}

/// The refiner's four convolutions for one size of tiles; what a kernel asks for does not depend on the pictures.
inline Result<void> ask_refine(PackedNetwork& net, const Fold& fold, std::size_t size, std::deque<Unpacked>& all) {
  const int tile = refine_tiles[size];
  const RefineStage& r = net.lowered.refine;
  constexpr int side = 64;
  std::vector<std::uint8_t> nothing(64);
  Argument pictures[2] = {Argument::dense(nothing.data(), std::array<int, 3>{side, side, 3}, 1, 8),
                          Argument::dense(nothing.data(), std::array<int, 3>{side, side, 3}, 1, 8)};
  Argument coarse = Argument::dense(nothing.data(), std::array<int, 3>{r.coarse.pitch, side / 4, side / 4});
  Argument cells = Argument::dense(nothing.data(), std::array<int, 2>{2, 1}, 0, 32);
  Argument patches = Argument::dense(nothing.data(), std::array<int, 4>{4, 4 * tile, 4 * tile, 1});
  int width = side, height = side, tasks = 1;
  const int outs[] = {r.widths[0], r.widths[1], r.widths[2], 4};
  const int ins[] = {r.hidden + 4 + 6, r.widths[0], r.widths[1] + 6, r.widths[2]};
  for (std::size_t which = 0; which < 4; ++which) {
    std::array<Argument, 4> w, b;
    for (std::size_t k = 0; k < 4; ++k) {
      w[k] = Argument::dense(nothing.data(), std::array<int, 5>{outs[k], ins[k], r.kernel, r.kernel, 1});
      b[k] = Argument::dense(nothing.data(), std::array<int, 1>{padded_channels(outs[k])});
    }
    // All four ask at once: a call with any data missing is a question.
    for (std::size_t k = 0; k < 4; ++k) w[k].buffer.host = nullptr;
    std::vector<void*> arguments = {nullptr, pictures[0].pointer(), pictures[1].pointer(), coarse.pointer(),
                                    cells.pointer()};
    for (auto& a : w) arguments.push_back(a.pointer());
    for (auto& a : b) arguments.push_back(a.pointer());
    for (int* scalar : {&width, &height, &tasks}) arguments.push_back(scalar);
    arguments.push_back(patches.pointer());
    auto extents = ask_weights(net.on, refine_kernel_name(r, tile) + "_u8", arguments, w[which]);
    if (!extents) return extents.error();
    PackedStep& own = net.refine[size][which];
    Unpacked& u = all.emplace_back();
    u.step = &own;
    u.folded = fold(r.conv[which], which < 3 ? r.norm[which] : -1);
    u.parts = {{0, u.folded.in}};
    own.extents = *extents;
    own.bias = padded_to(u.folded.bias, static_cast<std::size_t>(padded_channels(u.folded.out)));
  }
  return {};
}

/// Lowers a network and asks its kernels how they want their weights, which are still to come.
/// @param all  receives the convolutions, always in the same order
inline Result<std::shared_ptr<PackedNetwork>> ask_network(const Graph& graph, const Backend& on, const Fold& fold,
                                                          std::deque<Unpacked>& all) {
  auto lowered = lower(graph, on.precision());
  if (!lowered) return lowered.error();
  fuse_blocks(*lowered, [&](const std::string& kernel) { return find(*on.library, kernel, on.target) != nullptr; });
  auto net = std::make_shared<PackedNetwork>();
  net->graph = graph;
  net->lowered = std::move(*lowered);
  net->on = on;
  net->steps.resize(net->lowered.steps.size());
  for (std::size_t i = 0; i < net->steps.size(); ++i) {
    const Step& step = net->lowered.steps[i];
    const auto begin = [&](const Step& conv, PackedStep& packed) {
      Unpacked& u = all.emplace_back();
      u.step = &packed;
      u.folded = fold(conv.conv, conv.norm);
      u.name = conv.name;
      return &u;
    };
    if (step.conv >= 0)
      if (auto ok = ask_step(*net, step, *begin(step, net->steps[i])); !ok) return ok.error();
    if (step.parts.empty()) continue;
    net->steps[i].parts.resize(step.parts.size());
    std::vector<Unpacked*> parts;
    for (std::size_t k = 0; k < step.parts.size(); ++k) parts.push_back(begin(step.parts[k], net->steps[i].parts[k]));
    if (auto ok = ask_block(*net, step, parts); !ok) return ok.error();
  }
  if (net->lowered.refine.refines)
    for (std::size_t size : {0, 1})
      if (auto ok = ask_refine(*net, fold, size, all); !ok) return ok.error();
  return net;
}

/// Gives all of them their place in one block of memory. @return its size, floats
inline std::size_t place_all(std::deque<Unpacked>& all) {
  std::size_t size = 0;
  for (Unpacked& u : all) {
    u.at = size;
    u.floats = packed_size(u.step->extents) / (u.step->numbers == Precision::f32 ? 1 : 2);
    size += (u.floats + 15) / 16 * 16;
  }
  return size;
}

}  // namespace detail

}  // namespace hairline::kernels

#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/kernels/argument.hpp"
#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/call.hpp"
#include "hairline/kernels/device_buffer.hpp"
#include "hairline/kernels/fuse_blocks.hpp"
#include "hairline/kernels/kernel_list.hpp"
#include "hairline/kernels/library.hpp"
#include "hairline/kernels/lower.hpp"
#include "hairline/kernels/pack_weights.hpp"
#include "hairline/kernels/pages.hpp"
#include "hairline/nets/parameters.hpp"
#include "hairline/weights/weights_view.hpp"

namespace hairline::kernels {

namespace detail {

/// Told which weights will not be read again.
using ReleaseWeights = std::function<void(std::span<const float>)>;

inline std::vector<float> padded_to(std::vector<float> v, std::size_t size, float with = 0.0f) {
  v.resize(size, with);
  return v;
}

/// What one step keeps from load to load.
struct PackedStep {
  std::array<int, 5> extents{};    ///< of weights
  bool narrow = false;             ///< weights are bfloat16
  std::span<const float> weights;  ///< the memory they are in
  std::vector<float> bias, low, high;
  DeviceBuffer on_device[4];      ///< the same four, where kernels run on a device
  std::vector<PackedStep> parts;  ///< of a fused block instead
};

}  // namespace detail

/// A network's weights folded and packed for the kernels of one library at one level. Made once, shared by all
/// sessions; never changed afterwards, so any number of threads may use it.
struct PackedNetwork {
  Graph graph;
  LoweredNetwork lowered;
  Backend on;
  std::vector<detail::PackedStep> steps;
  std::array<std::array<detail::PackedStep, 4>, 2> refine;  ///< for each size of tiles
  Pages memory;                                             ///< of all weights
  mutable std::atomic<bool> warm = false;                   ///< a device's driver has compiled the kernels
};

namespace detail {

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
  std::vector<PackedPart> parts;
  bool depthwise = false;
  std::size_t at = 0, floats = 0;  ///< of its weights in the network's memory
  int done = 0;                    ///< tiles
};

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
  const auto typed = [&](int storage, const Argument& a) { return net.lowered.narrow(storage) ? a.narrow() : a; };
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
  packed.narrow = asked.is_narrow();
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
    weights.push_back(u.depthwise ? Argument::dense(&nothing, std::array<int, 3>{e[0], e[1], e[2]})
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
  Argument input = Argument::dense(&nothing, std::array<int, 3>{pitch, side, side});
  Argument result = Argument::dense(&nothing, std::array<int, 3>{out, result_side, result_side});
  int tasks = 1;
  std::vector<void*> arguments = {nullptr, input.pointer()};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    arguments.push_back(weights[i].pointer());
    arguments.push_back(biases[i].pointer());
  }
  arguments.push_back(&tasks);
  arguments.push_back(result.pointer());
  for (std::size_t i = 0; i < parts.size(); ++i) {  // one call answers for all
    if (parts[i]->depthwise) continue;
    auto extents = ask_weights(net.on, step.kernel.name, arguments, weights[i]);
    if (!extents) return extents.error();
    parts[i]->step->extents = *extents;
  }
  return {};
}

/// The refiner's four convolutions for one size of tiles; what a kernel asks for does not depend on the pictures.
inline Result<void> ask_refine(PackedNetwork& net, const WeightsView& weights, std::size_t size,
                               std::deque<Unpacked>& all) {
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
    u.folded = fold_conv(net.graph, weights, r.conv[which], which < 3 ? r.norm[which] : -1);
    u.parts = {{0, u.folded.in}};
    own.extents = *extents;
    own.bias = padded_to(u.folded.bias, static_cast<std::size_t>(padded_channels(u.folded.out)));
  }
  return {};
}

inline void pack_depthwise(const FoldedConv& f, std::size_t pitch, float* to) {
  const auto taps = static_cast<std::size_t>(f.kernel * f.kernel);
  for (std::size_t c = 0; c < static_cast<std::size_t>(f.out); ++c)
    for (std::size_t t = 0; t < taps; ++t)
      to[t * pitch + c] = static_cast<float>(f.scale[c] * static_cast<double>(f.weights[c * taps + t]));
}

/// Gives all of them their place in one block of memory and fills it, tile by tile on several threads.
/// @param release  told each convolution's weights once they are not needed any more; on any thread
inline Result<void> pack_all(PackedNetwork& net, std::deque<Unpacked>& all, int threads,
                             const ReleaseWeights& release) {
  std::size_t size = 0;
  std::vector<std::pair<Unpacked*, int>> tiles;
  for (Unpacked& u : all) {
    u.at = size;
    u.floats = packed_size(u.step->extents) / (u.step->narrow ? 2 : 1);
    size += (u.floats + 15) / 16 * 16;
    for (int t = 0; t < (u.depthwise ? 1 : u.step->extents[4]); ++t) tiles.emplace_back(&u, t);
  }
  net.memory = Pages(size);
  if (net.memory.data() == nullptr)
    return Error{ErrorCode::out_of_memory, "no " + std::to_string(size * sizeof(float) >> 20) +
                                               " MiB for the packed weights of network " + net.lowered.name};
  for (Unpacked& u : all) u.step->weights = {net.memory.data() + u.at, u.floats};
  std::mutex mutex;
  ThreadPool pool(threads);
  pool.parallel_for(0, static_cast<std::ptrdiff_t>(tiles.size()), 1, [&](std::ptrdiff_t from, std::ptrdiff_t to) {
    for (std::ptrdiff_t i = from; i < to; ++i) {
      const auto& [u, which] = tiles[static_cast<std::size_t>(i)];
      float* const memory = net.memory.data() + u->at;
      const std::size_t tile =
          u->floats / static_cast<std::size_t>(u->step->extents[4]) * static_cast<std::size_t>(which);
      if (u->depthwise)
        pack_depthwise(u->folded, static_cast<std::size_t>(u->step->extents[0]), memory);
      else if (u->step->narrow)
        pack_tile_pairs(u->folded, u->step->extents, u->parts, which, reinterpret_cast<std::uint16_t*>(memory + tile));
      else
        pack_tile(u->folded, u->step->extents, u->parts, which, memory + tile);
      const std::lock_guard lock(mutex);
      if (release && ++u->done == u->step->extents[4]) release(u->folded.weights);
    }
  });
  return {};
}

/// Copies everything packed to the device, once.
inline Result<void> upload_all(PackedNetwork& net) {
  const auto upload = [&](PackedStep& step) -> Result<void> {
    const std::span<const float> all[] = {step.weights, step.bias, step.low, step.high};
    for (std::size_t i = 0; i < 4; ++i)
      if (!all[i].empty())
        if (auto ok = step.on_device[i].upload(net.on, all[i].data(), all[i].size_bytes()); !ok) return ok;
    return {};
  };
  for (PackedStep& step : net.steps) {
    if (auto ok = upload(step); !ok) return ok;
    for (PackedStep& part : step.parts)
      if (auto ok = upload(part); !ok) return ok;
  }
  for (auto& size : net.refine)
    for (PackedStep& step : size)
      if (auto ok = upload(step); !ok) return ok;
  return {};
}

inline Result<void> check_weights(const Graph& graph, const WeightsView& weights) {
  std::string faults;
  for (const NamedParameter& p : parameters(graph)) {
    if (p.parameter.counter) continue;
    const auto found = weights.tensors.find(p.name);
    if (found == weights.tensors.end())
      faults += "\n  missing " + p.name;
    else if (found->second.size() != p.parameter.size())
      faults += "\n  " + p.name + " has " + std::to_string(found->second.size()) + " values, wanted " +
                std::to_string(p.parameter.size());
  }
  if (faults.empty()) return {};
  return Error{ErrorCode::not_found, "the weights do not fit the network:" + faults};
}

}  // namespace detail

/// How weights are packed.
struct PackOptions {
  int threads = 0;                 ///< 0: one for each processor
  detail::ReleaseWeights release;  ///< told which weights have been packed, in any order, on any thread, one at a time
};

/// Lowers a network, folds batch norms into convolutions and packs weights as the library's kernels want them. The
/// result does not depend on the number of threads and refers to nothing of `weights`.
/// Cost: one pass over the weights.
/// Errors: a layer that no kernel computes; weights that are missing or of another size (all in one text); a kernel
/// that the library does not have; a level that the machine does not have; memory.
inline Result<std::shared_ptr<const PackedNetwork>> pack_network(const Graph& graph, const WeightsView& weights,
                                                                 const Backend& on, const PackOptions& options = {}) {
  if (on.error) return *on.error;
  auto lowered = lower(graph, on.precision());
  if (!lowered) return lowered.error();
  if (auto ok = detail::check_weights(graph, weights); !ok) return ok.error();
  fuse_blocks(*lowered, [&](const std::string& kernel) { return find(*on.library, kernel, on.target) != nullptr; });
  auto net = std::make_shared<PackedNetwork>();
  net->graph = graph;
  net->lowered = std::move(*lowered);
  net->on = on;
  net->steps.resize(net->lowered.steps.size());
  std::deque<detail::Unpacked> all;
  for (std::size_t i = 0; i < net->steps.size(); ++i) {
    const Step& step = net->lowered.steps[i];
    const auto begin = [&](const Step& conv, detail::PackedStep& packed) {
      detail::Unpacked& u = all.emplace_back();
      u.step = &packed;
      u.folded = detail::fold_conv(net->graph, weights, conv.conv, conv.norm);
      return &u;
    };
    if (step.conv >= 0)
      if (auto ok = detail::ask_step(*net, step, *begin(step, net->steps[i])); !ok) return ok.error();
    if (step.parts.empty()) continue;
    net->steps[i].parts.resize(step.parts.size());
    std::vector<detail::Unpacked*> parts;
    for (std::size_t k = 0; k < step.parts.size(); ++k) parts.push_back(begin(step.parts[k], net->steps[i].parts[k]));
    if (auto ok = detail::ask_block(*net, step, parts); !ok) return ok.error();
  }
  if (net->lowered.refine.refines)
    for (std::size_t size : {0, 1})
      if (auto ok = detail::ask_refine(*net, weights, size, all); !ok) return ok.error();
  if (auto ok = detail::pack_all(*net, all, options.threads, options.release); !ok) return ok.error();
  if (on.on_device)
    if (auto ok = detail::upload_all(*net); !ok) return ok.error();
  return std::shared_ptr<const PackedNetwork>(std::move(net));
}

}  // namespace hairline::kernels

#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/kernels/argument.hpp"
#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/call.hpp"
#include "hairline/kernels/kernel_list.hpp"
#include "hairline/kernels/library.hpp"
#include "hairline/kernels/lower.hpp"
#include "hairline/kernels/winograd.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/weights/weights.hpp"

namespace hairline::kernels {

namespace detail {

/// A convolution's weights (out, in, y, x) with the batch norm behind it folded in.
struct FoldedConv {
  int out = 0, in = 0, kernel = 0;
  std::vector<float> weights, bias;
};

inline FoldedConv fold_conv(const Graph& graph, const Weights& weights, int conv, int norm) {
  const auto values = [&](int node, const char* suffix) -> const std::vector<float>& {
    const std::string_view path = graph.nodes[static_cast<std::size_t>(node)].name.view();
    return weights.tensors.find(path.empty() ? std::string(suffix) : std::string(path) + "." + suffix)->second.values;
  };
  const Node& n = graph.nodes[static_cast<std::size_t>(conv)];
  FoldedConv f{n.channels, n.in_channels / n.integer("groups", 1), n.integer("kernel"), values(conv, "weight"), {}};
  const auto out = static_cast<std::size_t>(f.out);
  f.bias = n.integer("bias") ? values(conv, "bias") : std::vector<float>(out, 0.0f);
  if (norm < 0) return f;
  const auto &gain = values(norm, "weight"), &shift = values(norm, "bias"), &mean = values(norm, "running_mean"),
             &variance = values(norm, "running_var");
  const double epsilon = graph.nodes[static_cast<std::size_t>(norm)].get("epsilon");
  const std::size_t each = f.weights.size() / out;
  for (std::size_t o = 0; o < out; ++o) {
    const double s = static_cast<double>(gain[o]) / std::sqrt(static_cast<double>(variance[o]) + epsilon);
    for (std::size_t i = 0; i < each; ++i)
      f.weights[o * each + i] = static_cast<float>(s * static_cast<double>(f.weights[o * each + i]));
    f.bias[o] = static_cast<float>(static_cast<double>(shift[o]) +
                                   s * (static_cast<double>(f.bias[o]) - static_cast<double>(mean[o])));
  }
  return f;
}

/// Weights in the order that a kernel asked for: channel in tile, input channel, x, y, tile.
/// @param parts  channels of the values that are joined; each but the last is padded to a block in the kernel's count
inline std::vector<float> pack_conv(const FoldedConv& f, const std::array<int, 5>& asked,
                                    const std::vector<int>& parts) {
  const auto [tile, in, kx, ky, tiles] = asked;
  std::vector<float> packed(static_cast<std::size_t>(tile) * static_cast<std::size_t>(in) *
                                static_cast<std::size_t>(kx) * static_cast<std::size_t>(ky) *
                                static_cast<std::size_t>(tiles),
                            0.0f);
  const auto plane = static_cast<std::size_t>(kx) * static_cast<std::size_t>(ky);
  const auto kernel = static_cast<std::size_t>(f.kernel) * static_cast<std::size_t>(f.kernel);
  int real = 0, counted = 0;
  for (int part : parts) {
    for (int i = 0; i < part; ++i)
      for (int o = 0; o < f.out; ++o) {
        const float* taps = &f.weights[(static_cast<std::size_t>(o) * static_cast<std::size_t>(f.in) +
                                        static_cast<std::size_t>(real + i)) *
                                       kernel];
        std::array<float, 36> transformed{};
        if (kx == 6 && f.kernel == 3) {
          transformed = Winograd<4>::transform_weights(taps);
          taps = transformed.data();
        } else if (kx == 4 && f.kernel == 3) {
          const auto small = Winograd<2>::transform_weights(taps);
          std::copy(small.begin(), small.end(), transformed.begin());
          taps = transformed.data();
        }
        for (std::size_t t = 0; t < plane; ++t)
          packed[((static_cast<std::size_t>(o / tile) * plane + t) * static_cast<std::size_t>(in) +
                  static_cast<std::size_t>(counted + i)) *
                     static_cast<std::size_t>(tile) +
                 static_cast<std::size_t>(o % tile)] = taps[t];
      }
    real += part;
    counted += padded_channels(part);
  }
  return packed;
}

inline std::vector<float> padded_to(std::vector<float> v, std::size_t size, float with = 0.0f) {
  v.resize(size, with);
  return v;
}

/// What one step keeps from load to load.
struct PackedStep {
  std::array<int, 5> extents{};  ///< of weights
  std::vector<float> weights, bias, low, high;
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
};

namespace detail {

/// Asks a kernel which extents it wants for its weights: a call without data only answers that.
inline Result<std::array<int, 5>> ask_weights(const Backend& on, const std::string& kernel,
                                              std::vector<void*> arguments, Argument& weights) {
  weights.buffer.host = nullptr;
  if (auto ok = kernels::detail::run(on, kernel, arguments.data()); !ok) return ok.error();
  std::array<int, 5> extents{};
  for (std::size_t i = 0; i < 5; ++i) extents[i] = weights.axes[i].extent;
  return extents;
}

inline std::vector<int> part_channels(const Step& step) {
  std::vector<int> parts;
  for (const StepInput& in : step.inputs) parts.push_back(in.place.channels);
  return parts;
}

inline Result<PackedStep> pack_step(const PackedNetwork& net, const Step& step, const Weights& weights) {
  PackedStep packed;
  const FoldedConv folded = fold_conv(net.graph, weights, step.conv, step.norm);
  const auto out = static_cast<std::size_t>(padded_channels(folded.out));
  packed.bias = padded_to(folded.bias, out);
  packed.low = padded_to(step.low, out);
  packed.high = padded_to(step.high, out);
  if (step.kind == StepKind::depthwise) {
    const int k = folded.kernel;
    packed.extents = {static_cast<int>(out), k, k, 1, 1};
    packed.weights.assign(out * static_cast<std::size_t>(k * k), 0.0f);
    for (std::size_t c = 0; c < static_cast<std::size_t>(folded.out); ++c)
      for (std::size_t t = 0; t < static_cast<std::size_t>(k * k); ++t)
        packed.weights[t * out + c] = folded.weights[c * static_cast<std::size_t>(k * k) + t];
    return packed;
  }
  // A picture of a convenient size; only the weights' extents are wanted.
  constexpr int side = 64;
  std::vector<Argument> inputs;
  float nothing = 0;
  for (const StepInput& in : step.inputs)
    inputs.push_back(Argument::of(
        &nothing, std::array<BufferAxis, 3>{BufferAxis{0, in.place.pitch, 1, 0}, BufferAxis{0, side, in.place.pitch, 0},
                                            BufferAxis{0, side, in.place.pitch * side, 0}}));
  Argument asked = Argument::dense(nullptr, std::array<int, 5>{1, 1, 1, 1, 1});
  const auto vector = [&] { return Argument::dense(&nothing, std::array<int, 1>{static_cast<int>(out)}); };
  Argument bias = vector(), low = vector(), high = vector();
  const auto picture = [&](int height, int width) {
    return Argument::dense(&nothing, std::array<int, 3>{static_cast<int>(out), width, height});
  };
  const Node& n = net.graph.nodes[static_cast<std::size_t>(step.conv)];
  const int reach = n.integer("dilation") * (n.integer("kernel") - 1) + 1;
  const int result_side = (side + 2 * n.integer("padding") - reach) / n.integer("stride") + 1;
  Argument added = picture(result_side, result_side), result = picture(result_side, result_side);
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
  packed.weights = pack_conv(folded, packed.extents, part_channels(step));
  return packed;
}

/// The refiner's four convolutions for one size of tiles; what a kernel asks for does not depend on the pictures.
inline Result<void> pack_refine(PackedNetwork& net, const Weights& weights, std::size_t size) {
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
    const FoldedConv folded = fold_conv(net.graph, weights, r.conv[which], which < 3 ? r.norm[which] : -1);
    net.refine[size][which].extents = *extents;
    net.refine[size][which].weights = pack_conv(folded, *extents, {folded.in});
    net.refine[size][which].bias = padded_to(folded.bias, static_cast<std::size_t>(padded_channels(folded.out)));
  }
  return {};
}

}  // namespace detail

/// Lowers a network, folds batch norms into convolutions and packs weights as the library's kernels want them.
/// Cost: one pass over the weights.
/// Errors: a layer that no kernel computes; weights that are missing or of another shape (all in one text); a kernel
/// that the library does not have; a level that the machine does not have.
inline Result<std::shared_ptr<const PackedNetwork>> pack_network(const Graph& graph, const Weights& weights,
                                                                 const Backend& on) {
  if (on.error) return *on.error;
  auto lowered = lower(graph);
  if (!lowered) return lowered.error();
  if (const auto bound = hairline::detail::bind_weights(graph, weights); !bound) return bound.error();
  auto net = std::make_shared<PackedNetwork>();
  net->graph = graph;
  net->lowered = std::move(*lowered);
  net->on = on;
  for (const Step& step : net->lowered.steps) {
    if (step.conv < 0) {
      net->steps.emplace_back();
      continue;
    }
    auto packed = detail::pack_step(*net, step, weights);
    if (!packed) return packed.error();
    net->steps.push_back(std::move(*packed));
  }
  if (net->lowered.refine.refines)
    for (std::size_t size : {0, 1})
      if (auto ok = detail::pack_refine(*net, weights, size); !ok) return ok.error();
  return std::shared_ptr<const PackedNetwork>(std::move(net));
}

}  // namespace hairline::kernels

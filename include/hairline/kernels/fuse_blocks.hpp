#pragma once
#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hairline/kernels/lowered.hpp"

namespace hairline::kernels {

namespace detail {

/// Finds steps of a network that one kernel can do.
class BlockFinder {
 public:
  explicit BlockFinder(const LoweredNetwork& network) : network_(network) {}

  /// Every block whose depthwise convolution is this step, the longest first.
  std::vector<Step> blocks(std::size_t depthwise) const {
    std::vector<Step> found;
    if (network_.steps[depthwise].kind != StepKind::depthwise) return found;
    if (auto block = inverted_residual(depthwise)) found.push_back(std::move(*block));
    if (auto block = depthwise_separable(depthwise)) found.push_back(std::move(*block));
    return found;
  }

 private:
  /// The 1x1 convolution that alone reads a depthwise convolution's result, or null.
  const Step* pointwise(const Step& light) const {
    const int behind = only_reader(light.storage);
    if (behind < 0) return nullptr;
    const Step& narrow = network_.steps[static_cast<std::size_t>(behind)];
    return plain(narrow) && constant(narrow, "kernel") == "1" ? &narrow : nullptr;
  }

  /// Whether a step is behind another depthwise convolution already: blocks have no step in common.
  bool ends_block(const Step& step) const {
    return std::any_of(network_.steps.begin(), network_.steps.end(), [&](const Step& light) {
      return light.kind == StepKind::depthwise && pointwise(light) == &step;
    });
  }

  /// A dense convolution before the depthwise one, if there is one that nothing else reads (1x1, or a stem), and the
  /// 1x1 convolution behind it, which may add the block's own input.
  std::optional<Step> inverted_residual(std::size_t depthwise) const {
    const Step& light = network_.steps[depthwise];
    const Step* const behind = pointwise(light);
    if (behind == nullptr) return std::nullopt;
    const Step& narrow = *behind;
    const Step* wide = nullptr;
    for (const Step& step : network_.steps)
      if (step.storage == light.inputs[0].place.storage && plain(step) && step.addend.place.storage < 0 &&
          only_reader(step.storage) == static_cast<int>(depthwise) && !ends_block(step))
        wide = &step;
    const StepInput& input = wide != nullptr ? wide->inputs[0] : light.inputs[0];
    const bool residual = narrow.addend.place.storage >= 0;
    const bool own = narrow.addend.place.storage == input.place.storage && input.place.first == 0 &&
                     input.place.pitch == padded_channels(input.place.channels);
    if (residual && !own) return std::nullopt;
    Step block = joined(StepKind::inverted_residual, input, narrow);
    if (wide != nullptr) block.parts.push_back(*wide);
    block.parts.push_back(light);
    block.parts.push_back(narrow);
    block.kernel = descriptor(wide, light, narrow, input.place);
    return block;
  }

  /// A depthwise convolution and the 1x1 convolution behind it, which may add anything. Both read and add whole
  /// buffers.
  std::optional<Step> depthwise_separable(std::size_t depthwise) const {
    const Step& light = network_.steps[depthwise];
    const Step* const narrow = pointwise(light);
    if (narrow == nullptr || light.inputs[0].place.first != 0) return std::nullopt;
    const Place &input = light.inputs[0].place, &added = narrow->addend.place;
    if (added.storage >= 0 && (added.first != 0 || added.pitch != padded_channels(added.channels))) return std::nullopt;
    Step block = joined(StepKind::depthwise_separable, light.inputs[0], *narrow);
    block.addend = narrow->addend;
    block.parts = {light, *narrow};
    std::string types;
    for (int storage : {input.storage, added.storage, narrow->storage})
      if (storage >= 0) types += letter(network_.precision(storage));
    if (types.find_first_not_of('f') == std::string::npos) types.clear();
    // What lies between the two is float, and has no say in what weights are.
    for (Step& part : block.parts) part.half_weights = types.find('h') != std::string::npos;
    block.kernel = block_kernel("depthwise_separable", light, input);
    block.kernel.name += "_o" + constant(*narrow, "channels") + (added.storage >= 0 ? "_add" : "") + "_" +
                         constant(light, "activation") + "_" + constant(*narrow, "activation") +
                         (types.empty() ? "" : "_" + types);
    add(block.kernel, {{"channels", constant(*narrow, "channels")},
                       {"addend", added.storage >= 0 ? "true" : "false"},
                       {"depthwise_activation", constant(light, "activation")},
                       {"activation", constant(*narrow, "activation")}});
    if (!types.empty()) add(block.kernel, {{"types", types}});
    return block;
  }

  /// What a block is called, reads and writes; the last of its parts writes it.
  static Step joined(StepKind kind, const StepInput& input, const Step& last) {
    Step block;
    block.kind = kind;
    block.name = last.name.substr(0, last.name.rfind('.'));
    block.inputs = {input};
    block.node = last.node;
    block.size_node = input.node;
    block.storage = last.storage;
    return block;
  }

  /// The beginning of a block's kernel: its depthwise convolution's window and what it reads.
  static KernelDescriptor block_kernel(const std::string& kind, const Step& light, const Place& input) {
    const std::string in = std::to_string(input.channels), pitch = std::to_string(input.pitch);
    KernelDescriptor kernel{kind + "_", "hairline_" + kind, {}};
    for (const char* what : {"kernel", "stride", "dilation", "padding"}) {
      kernel.name.append(1, what[0]).append(constant(light, what));
      add(kernel, {{what, constant(light, what)}});
    }
    kernel.name += "_" + in + (input.pitch != padded_channels(input.channels) ? "p" + pitch : std::string());
    add(kernel, {{"in_channels", in}, {"pitch", pitch}});
    return kernel;
  }

  static void add(KernelDescriptor& kernel, std::initializer_list<std::pair<std::string, std::string>> constants) {
    kernel.constants.insert(kernel.constants.end(), constants);
  }

  static const std::string& constant(const Step& step, std::string_view name) {
    const auto& list = step.kernel.constants;
    return std::find_if(list.begin(), list.end(), [&](const auto& c) { return c.first == name; })->second;
  }

  /// A dense convolution of one input as it lies in memory, nothing computed for it; 1x1 without stride or padding.
  static bool plain(const Step& step) {
    if (step.kind != StepKind::conv2d || step.inputs.size() != 1 || step.inputs[0].resized || step.bias.storage >= 0 ||
        !step.low.empty() || constant(step, "dilation") != "1")
      return false;
    return constant(step, "kernel") != "1" || (constant(step, "stride") == "1" && constant(step, "padding") == "0");
  }

  /// The one step that reads a buffer, as an input and nothing else, or -1.
  int only_reader(int storage) const {
    int reader = -1, times = 0;
    for (std::size_t s = 0; s < network_.steps.size(); ++s) {
      const Step& step = network_.steps[s];
      for (const StepInput& in : step.inputs)
        if (in.place.storage == storage) {
          reader = static_cast<int>(s);
          ++times;
        }
      if (step.addend.place.storage == storage || step.bias.storage == storage) return -1;
    }
    for (const Delivery& d : network_.results)
      if (d.place.storage == storage) return -1;
    if (network_.refine.coarse.storage == storage || network_.refine.error.storage == storage) return -1;
    return times == 1 ? reader : -1;
  }

  static KernelDescriptor descriptor(const Step* wide, const Step& light, const Step& narrow, const Place& input) {
    const bool residual = narrow.addend.place.storage >= 0;
    const std::string &light_channels = constant(light, "channels"), &channels = constant(narrow, "channels");
    const auto of_wide = [&](std::string_view what, const char* otherwise) {
      return wide != nullptr ? constant(*wide, what) : std::string(otherwise);
    };
    const std::string reach = of_wide("kernel", "1"), step = of_wide("stride", "1"), border = of_wide("padding", "0");
    const std::string first = of_wide("activation", "none");
    KernelDescriptor kernel = block_kernel("inverted_residual", light, input);
    kernel.name += (reach != "1" ? "_k" + reach + "s" + step + "p" + border : "") +
                   (wide != nullptr ? "_w" + light_channels : std::string()) + "_o" + channels +
                   (residual ? "_add" : "") + (wide != nullptr ? "_" + first : std::string()) + "_" +
                   constant(light, "activation") + "_" + constant(narrow, "activation");
    add(kernel, {{"wide_channels", light_channels},
                 {"channels", channels},
                 {"expands", wide != nullptr ? "true" : "false"},
                 {"wide_kernel", reach},
                 {"wide_stride", step},
                 {"wide_padding", border},
                 {"residual", residual ? "true" : "false"},
                 {"wide_activation", first},
                 {"light_activation", constant(light, "activation")},
                 {"activation", constant(narrow, "activation")}});
    return kernel;
  }

  const LoweredNetwork& network_;
};

}  // namespace detail

/// Puts one step in the place of those that a fused kernel does, wherever `has` says that there is that kernel: then
/// what lies between them needs no memory. Of several blocks around one convolution the longest is taken. Cost:
/// quadratic in the steps.
/// @param has  bool(const std::string& kernel)
template <class Has>
void fuse_blocks(LoweredNetwork& network, Has has) {
  const detail::BlockFinder finder(network);
  std::vector<Step> blocks;
  for (std::size_t s = 0; s < network.steps.size(); ++s) {
    std::vector<Step> found = finder.blocks(s);
    const auto taken = std::find_if(found.begin(), found.end(), [&](const Step& b) { return has(b.kernel.name); });
    if (taken != found.end()) blocks.push_back(std::move(*taken));
  }
  std::vector<Step> steps;
  for (Step& step : network.steps) {
    Step* within = nullptr;
    for (Step& block : blocks)
      for (const Step& part : block.parts)
        if (part.storage == step.storage) within = &block;
    if (within == nullptr)
      steps.push_back(std::move(step));
    else if (within->storage == step.storage)  // the last part
      steps.push_back(std::move(*within));
  }
  network.steps = std::move(steps);
}

}  // namespace hairline::kernels

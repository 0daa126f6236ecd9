#pragma once
#include <algorithm>
#include <cstddef>
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

  /// The block whose depthwise convolution is this step: a dense convolution before it, if there is one that nothing
  /// else reads (1x1, or a stem), and the 1x1 convolution behind it, which may add the block's own input.
  std::optional<Step> inverted_residual(std::size_t depthwise) const {
    const Step& light = network_.steps[depthwise];
    if (light.kind != StepKind::depthwise) return std::nullopt;
    const int behind = only_reader(light.storage);
    if (behind < 0) return std::nullopt;
    const Step& narrow = network_.steps[static_cast<std::size_t>(behind)];
    if (!plain(narrow) || constant(narrow, "kernel") != "1" || narrow.inputs[0].place.storage != light.storage)
      return std::nullopt;
    const Step* wide = nullptr;
    for (const Step& step : network_.steps)
      if (step.storage == light.inputs[0].place.storage && plain(step) && step.addend.place.storage < 0 &&
          only_reader(step.storage) == static_cast<int>(depthwise))
        wide = &step;
    const StepInput& input = wide != nullptr ? wide->inputs[0] : light.inputs[0];
    const bool residual = narrow.addend.place.storage >= 0;
    const bool own = narrow.addend.place.storage == input.place.storage && input.place.first == 0 &&
                     input.place.pitch == padded_channels(input.place.channels);
    if (residual && !own) return std::nullopt;
    Step block;
    block.kind = StepKind::inverted_residual;
    block.name = narrow.name.substr(0, narrow.name.rfind('.'));
    block.inputs = {input};
    block.node = narrow.node;
    block.size_node = input.node;
    block.storage = narrow.storage;
    if (wide != nullptr) block.parts.push_back(*wide);
    block.parts.push_back(light);
    block.parts.push_back(narrow);
    block.kernel = descriptor(wide, light, narrow, input.place);
    return block;
  }

 private:
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
    const std::string in = std::to_string(input.channels), pitch = std::to_string(input.pitch);
    const std::string& channels = constant(light, "channels");
    const std::string none = "none";
    const std::string& first = wide != nullptr ? constant(*wide, "activation") : none;
    std::string name = "inverted_residual_";
    for (const char* what : {"kernel", "stride", "dilation", "padding"})
      name.append(1, what[0]).append(constant(light, what));
    const auto of_wide = [&](std::string_view what, const char* otherwise) {
      return wide != nullptr ? constant(*wide, what) : std::string(otherwise);
    };
    const std::string reach = of_wide("kernel", "1"), step = of_wide("stride", "1"), border = of_wide("padding", "0");
    name += "_" + in + (input.pitch != padded_channels(input.channels) ? "p" + pitch : std::string()) +
            (reach != "1" ? "_k" + reach + "s" + step + "p" + border : "") +
            (wide != nullptr ? "_w" + channels : std::string()) + "_o" + constant(narrow, "channels") +
            (residual ? "_add" : "") + (wide != nullptr ? "_" + first : std::string()) + "_" +
            constant(light, "activation") + "_" + constant(narrow, "activation");
    return {name,
            "hairline_inverted_residual",
            {{"kernel", constant(light, "kernel")},
             {"stride", constant(light, "stride")},
             {"dilation", constant(light, "dilation")},
             {"padding", constant(light, "padding")},
             {"in_channels", in},
             {"pitch", pitch},
             {"wide_channels", channels},
             {"channels", constant(narrow, "channels")},
             {"expands", wide != nullptr ? "true" : "false"},
             {"wide_kernel", reach},
             {"wide_stride", step},
             {"wide_padding", border},
             {"residual", residual ? "true" : "false"},
             {"wide_activation", first},
             {"light_activation", constant(light, "activation")},
             {"activation", constant(narrow, "activation")}}};
  }

  const LoweredNetwork& network_;
};

}  // namespace detail

/// Puts one step in the place of those that a fused kernel does, wherever `has` says that there is that kernel: then
/// what lies between them needs no memory. Cost: quadratic in the steps.
/// @param has  bool(const std::string& kernel)
template <class Has>
void fuse_blocks(LoweredNetwork& network, Has has) {
  const detail::BlockFinder finder(network);
  std::vector<Step> blocks;
  for (std::size_t s = 0; s < network.steps.size(); ++s)
    if (auto block = finder.inverted_residual(s); block && has(block->kernel.name)) blocks.push_back(std::move(*block));
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

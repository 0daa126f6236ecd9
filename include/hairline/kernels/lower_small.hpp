#pragma once
// How the layers between convolutions are lowered; included by lower.hpp.
#include <algorithm>
#include <string>
#include <utility>

#include "hairline/kernels/lower.hpp"

namespace hairline::kernels::detail {

/// Pooling, resizing and adding as steps of their own.
inline Result<void> Lowering::lower_small(int i) {
  const Node& n = node(i);
  Step step;
  step.name = std::string(n.name.view().empty() ? op(i) : n.name.view());
  const int sides = op(i) == "add" ? 2 : 1;
  for (int k = 0; k < sides; ++k) {
    auto place = placed(in(i, k));
    if (!place) return place.error();
    step.inputs.push_back({*place, in(i, k), false});
  }
  step.size_node = in(i, 0);
  const std::string c = std::to_string(n.channels), pitch = std::to_string(step.inputs[0].place.pitch);
  const auto text = [&](const char* a) { return std::to_string(n.integer(a)); };
  int last = i;
  if (op(i) == "max_pool") {
    step.kind = StepKind::max_pool;
    step.kernel = {"max_pool_k" + text("kernel") + "s" + text("stride") + "p" + text("padding") + "_c" + c,
                   "hairline_max_pool",
                   {{"kernel", text("kernel")},
                    {"stride", text("stride")},
                    {"padding", text("padding")},
                    {"channels", c},
                    {"pitch", pitch}}};
  } else if (op(i) == "global_average_pool") {
    step.kind = StepKind::global_average;
    step.kernel = {"global_average_c" + c, "hairline_global_average", {{"channels", c}, {"pitch", pitch}}};
  } else if (op(i) == "resize_bilinear_like" || op(i) == "downsample_bilinear") {
    step.kind = StepKind::resize;
    step.kernel = {"resize_c" + c + "p" + pitch, "hairline_resize_activation", {{"channels", c}, {"pitch", pitch}}};
  } else {
    step.kind = StepKind::sum;
    std::string activation = "none";
    if (const int next = only_user(i); next >= 0 && is_activation(op(next))) {
      activation = std::string(op(next));
      last = next;
      at(next).done = true;
    }
    const std::string pitch1 = std::to_string(step.inputs[1].place.pitch);
    step.kernel = {"sum_c" + c + "p" + pitch + "p" + pitch1 + "_" + activation,
                   "hairline_sum",
                   {{"channels", c}, {"pitch0", pitch}, {"pitch1", pitch1}, {"activation", activation}}};
  }
  step.node = last;
  step.storage = new_storage(n.channels, last);
  at(last).place = whole(step.storage, n.channels);
  out_.steps.push_back(std::move(step));
  return {};
}

/// Whether a value is one pixel, whatever the size of the pictures: a mean over everything and what is made of it.
inline bool Lowering::one_pixel(int i) const {
  if (op(i) == "global_average_pool") return true;
  const bool keeps =
      is_activation(op(i)) || op(i) == "batch_norm" || (op(i) == "conv2d" && node(i).integer("kernel") == 1);
  return keeps && one_pixel(in(i, 0));
}

/// One pixel that is spread over the picture and joined to other inputs of a 1x1 convolution adds the same to each of
/// its results: a step of its own computes that as the bias of the rest.
inline void Lowering::fold_pooled(Step& step) {
  const Node& n = node(step.conv);
  if (n.integer("kernel") != 1 || n.integer("padding") != 0 || step.inputs.size() < 2) return;
  const auto spread = [&](const StepInput& in) { return in.resized && one_pixel(in.node); };
  const auto found = std::find_if(step.inputs.begin(), step.inputs.end(), spread);
  if (found == step.inputs.end()) return;
  Step pooled;
  pooled.name = step.name + " of the pooled";
  pooled.conv = step.conv;
  pooled.norm = step.norm;
  pooled.node = pooled.size_node = found->node;
  pooled.inputs = {*found};
  pooled.inputs[0].resized = false;
  step.inputs.erase(found);
  const std::string out = std::to_string(n.channels), parts = parts_text(pooled);
  pooled.storage = new_storage(n.channels, pooled.node);
  pooled.kernel = {"conv2d_k1s1d1p0_" + parts + "_o" + out + "_none",
                   "hairline_conv2d",
                   {{"kernel", "1"},
                    {"stride", "1"},
                    {"dilation", "1"},
                    {"padding", "0"},
                    {"parts", parts},
                    {"channels", out},
                    {"addend", "false"},
                    {"activation", "none"}}};
  step.bias = whole(pooled.storage, n.channels);
  out_.steps.push_back(std::move(pooled));
}

}  // namespace hairline::kernels::detail

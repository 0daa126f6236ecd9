#pragma once
#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/kernels/lowered.hpp"
#include "hairline/layers/graph.hpp"

namespace hairline::kernels {

namespace detail {

/// Turns a graph into calls of kernels. A convolution takes along what surrounds it: the resize and concatenation
/// before it, the batch norm, addition and activation behind it.
class Lowering {
 public:
  Lowering(const Graph& graph, Precision precision) : graph_(graph), precision_(precision), nodes_(graph.nodes.size()) {
    users_.resize(graph.nodes.size());
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
      for (int k = 0; k < graph.nodes[i].input_count; ++k)
        users_[input(static_cast<int>(i), k)].push_back(static_cast<int>(i));
    for (const Output& o : graph.outputs) users_[static_cast<std::size_t>(o.node)].push_back(-1);
  }

  Result<LoweredNetwork> run() {
    out_.name = std::string(graph_.name);
    out_.pictures = graph_.input_count;
    for (int i = 0; i < graph_.input_count; ++i) {
      out_.channels.push_back(node(i).channels);
      at(i).picture = i;
    }
    find_refine_stage();
    for (int i = graph_.input_count; i < static_cast<int>(graph_.nodes.size()); ++i) {
      if (at(i).done || (out_.refine.present && i >= out_.refine.first_node && !needed_beside_refine(i))) continue;
      if (auto ok = lower_node(i); !ok) return ok.error();
    }
    if (out_.refine.present) finish_refine_stage();
    for (const Output& o : graph_.outputs)
      if (auto ok = deliver(o); !ok) return ok.error();
    choose_types();
    return out_;
  }

 private:
  struct State {
    bool done = false;  ///< part of another step
    int picture = -1;   ///< a picture of the input, perhaps padded or scaled
    bool scaled = false;
    Place place;              ///< where its value lies, once a step has written it
    bool is_virtual = false;  ///< made by whoever reads it
  };

  const Node& node(int i) const { return graph_.nodes[static_cast<std::size_t>(i)]; }
  State& at(int i) { return nodes_[static_cast<std::size_t>(i)]; }
  std::size_t input(int i, int k) const {
    return static_cast<std::size_t>(node(i).inputs[static_cast<std::size_t>(k)]);
  }
  int in(int i, int k) const { return node(i).inputs[static_cast<std::size_t>(k)]; }
  std::string_view op(int i) const { return node(i).op->name; }
  const std::vector<int>& users(int i) const { return users_[static_cast<std::size_t>(i)]; }
  /// The one node that reads this, or -1.
  int only_user(int i) const { return users(i).size() == 1 ? users(i)[0] : -1; }
  static bool is_activation(std::string_view o) { return o == "relu" || o == "relu6" || o == "clamp01"; }

  int new_storage(int channels, int shape_node, int pitch = 0) {
    out_.storage_pitch.push_back(pitch > 0 ? pitch : padded_channels(channels));
    out_.storage_node.push_back(shape_node);
    return static_cast<int>(out_.storage_pitch.size()) - 1;
  }
  Place whole(int storage, int channels) const {
    return {storage, 0, channels, out_.storage_pitch[static_cast<std::size_t>(storage)]};
  }

  Error no_kernel(int i) const {
    return Error{ErrorCode::unsupported, "network " + std::string(graph_.name) + ": no kernel for '" +
                                             std::string(node(i).name.view()) + "' (" + std::string(op(i)) + ")"};
  }

  Result<void> lower_node(int i);
  Result<void> lower_conv(int i);
  Result<void> lower_depthwise(int i);
  Result<void> lower_small(int i);
  Result<void> add_parts(int i, Step& step);
  static std::string parts_text(const Step& step);
  bool one_pixel(int i) const;
  void fold_pooled(Step& step);
  Result<void> pictures_step(int i, const std::vector<int>& parts);
  Result<Place> placed(int i);
  bool feeds_convolutions(int i, bool in_memory = false) const;
  void take_tail(int i, Step& step, std::string& activation);
  void find_refine_stage();
  void find_plain_finish();
  void finish_refine_stage();
  bool needed_beside_refine(int i);
  Result<void> deliver(const Output& o);
  void choose_types();

  const Graph& graph_;
  Precision precision_;
  std::vector<State> nodes_;
  std::vector<std::vector<int>> users_;
  LoweredNetwork out_;
};

/// The place of a value, which some step has written by now.
inline Result<Place> Lowering::placed(int i) {
  if (at(i).place.storage >= 0) return at(i).place;
  if (at(i).picture >= 0) {
    if (auto ok = pictures_step(i, {i}); !ok) return ok.error();
    return at(i).place;
  }
  return no_kernel(i);
}

inline Result<void> Lowering::pictures_step(int i, const std::vector<int>& parts) {
  Step step;
  step.kind = StepKind::pictures;
  step.name = std::string(node(i).name.view().empty() ? "pictures" : node(i).name.view());
  const int channels = node(parts[0]).channels, count = static_cast<int>(parts.size());
  for (int p : parts) {
    if (node(p).channels != channels) return no_kernel(i);
    StepInput one;
    one.node = p;
    one.place.storage = -1 - at(p).picture;  // not a buffer of ours
    step.inputs.push_back(one);
  }
  step.kernel.generator = "hairline_pictures";
  step.kernel.name = "pictures_" + std::to_string(count) + "x" + std::to_string(channels);
  step.kernel.constants = {{"count", std::to_string(count)}, {"channels", std::to_string(channels)}};
  step.node = i;
  step.size_node = parts[0];
  // Convolutions take few channels with less padding.
  const int pitch = count * channels <= picture_pitch && feeds_convolutions(i, true)
                        ? picture_pitch
                        : padded_channels(count * channels);
  step.kernel.name += pitch == picture_pitch ? "p" + std::to_string(pitch) : "";
  step.kernel.constants.emplace_back("pitch", std::to_string(pitch));
  step.storage = new_storage(count * channels, i, pitch);
  at(i).place = whole(step.storage, count * channels);
  for (int k = 0; k < count; ++k) {
    Place& part = at(parts[static_cast<std::size_t>(k)]).place;
    if (part.storage < 0) part = {step.storage, k * channels, channels, at(i).place.pitch};
  }
  out_.steps.push_back(std::move(step));
  return {};
}

/// What a convolution reads: parts side by side, each resized or as it is.
inline Result<void> Lowering::add_parts(int i, Step& step) {
  std::vector<int> parts = {i};
  if (at(i).is_virtual && op(i) == "concat") {
    parts.clear();
    for (int k = 0; k < node(i).input_count; ++k) parts.push_back(in(i, k));
  }
  step.size_node = i;
  int counted = 0;
  for (int p : parts) {
    StepInput one;
    one.counted_from = counted;
    counted += node(p).channels;
    one.resized = at(p).is_virtual;
    one.node = one.resized ? in(p, 0) : p;
    auto place = placed(one.node);
    if (!place) return place.error();
    one.place = *place;
    step.inputs.push_back(one);
  }
  return {};
}

/// The inputs as generators want them: "48u,6p80".
inline std::string Lowering::parts_text(const Step& step) {
  std::string text;
  for (const StepInput& in : step.inputs) {
    if (!text.empty()) text += ",";
    text += std::to_string(in.place.channels) + (in.resized ? "u" : "");
    if (in.place.pitch != padded_channels(in.place.channels)) text.append("p").append(std::to_string(in.place.pitch));
  }
  return text;
}

/// Batch norm, addition, activation, or heads with activations of their own, behind a convolution.
inline void Lowering::take_tail(int i, Step& step, std::string& activation) {
  int last = i;
  activation = "none";
  if (const int next = only_user(last); next >= 0 && op(next) == "batch_norm") {
    step.norm = next;
    last = next;
    at(next).done = true;
  }
  if (const int next = only_user(last); step.kind == StepKind::conv2d && next >= 0 && op(next) == "add") {
    const int other = in(next, 0) == last ? in(next, 1) : in(next, 0);
    if (other != last && at(other).place.storage >= 0 &&
        at(other).place.pitch == padded_channels(node(other).channels)) {
      step.addend.place = at(other).place;
      step.addend.node = other;
      last = next;
      at(next).done = true;
    }
  }
  if (const int next = only_user(last); next >= 0 && is_activation(op(next))) {
    activation = std::string(op(next));
    last = next;
    at(next).done = true;
  }
  step.node = last;
  step.storage = new_storage(node(last).channels, last);
  at(last).place = whole(step.storage, node(last).channels);
  // Heads: slices that nothing but an activation reads become ranges of channels.
  if (step.kind != StepKind::conv2d || activation != "none" || users(last).empty()) return;
  std::vector<std::pair<int, int>> heads;  // slice, what to alias
  bool ranged = false;
  for (int u : users(last)) {
    if (u < 0 || op(u) != "slice") return;
    int end = u;
    if (const int next = only_user(u); next >= 0 && is_activation(op(next))) {
      end = next;
      ranged = true;
    }
    heads.emplace_back(u, end);
  }
  if (!ranged) return;
  const float infinity = std::numeric_limits<float>::infinity();
  step.low.assign(static_cast<std::size_t>(node(last).channels), -infinity);
  step.high.assign(static_cast<std::size_t>(node(last).channels), infinity);
  for (const auto& [slice, end] : heads) {
    const int first = node(slice).integer("first");
    for (int c = first; end != slice && c < first + node(slice).channels; ++c) {
      step.low[static_cast<std::size_t>(c)] = 0;
      if (op(end) != "relu") step.high[static_cast<std::size_t>(c)] = op(end) == "relu6" ? 6.0f : 1.0f;
    }
    Place place = at(last).place;
    place.first = first;
    place.channels = node(slice).channels;
    at(slice).place = at(end).place = place;
    at(slice).done = at(end).done = true;
  }
  activation = "bounds";
}

inline Result<void> Lowering::lower_conv(int i) {
  const Node& n = node(i);
  Step step;
  step.kind = StepKind::conv2d;
  step.name = std::string(n.name.view());
  step.conv = i;
  std::string activation;
  if (auto ok = add_parts(in(i, 0), step); !ok) return ok;
  take_tail(i, step, activation);
  fold_pooled(step);
  const auto text = [&](const char* a) { return std::to_string(n.integer(a)); };
  const std::string parts = parts_text(step);
  std::string list = parts;
  for (char& c : list) c = c == ',' ? '_' : c;
  const bool added = step.addend.place.storage >= 0;
  step.kernel.generator = "hairline_conv2d";
  step.kernel.name = "conv2d_k" + text("kernel") + "s" + text("stride") + "d" + text("dilation") + "p" +
                     text("padding") + "_" + list + "_o" + std::to_string(n.channels) + (added ? "_add" : "") + "_" +
                     activation;
  step.kernel.constants = {
      {"kernel", text("kernel")},           {"stride", text("stride")}, {"dilation", text("dilation")},
      {"padding", text("padding")},         {"parts", parts},           {"channels", std::to_string(n.channels)},
      {"addend", added ? "true" : "false"}, {"activation", activation}};
  out_.steps.push_back(std::move(step));
  return {};
}

inline Result<void> Lowering::lower_depthwise(int i) {
  const Node& n = node(i);
  auto place = placed(in(i, 0));
  if (!place) return place.error();
  Step step;
  step.kind = StepKind::depthwise;
  step.name = std::string(n.name.view());
  step.conv = i;
  step.inputs.push_back({*place, in(i, 0), false});
  step.size_node = in(i, 0);
  std::string activation;
  take_tail(i, step, activation);
  const auto text = [&](const char* a) { return std::to_string(n.integer(a)); };
  step.kernel.generator = "hairline_depthwise";
  step.kernel.name = "depthwise_k" + text("kernel") + "s" + text("stride") + "d" + text("dilation") + "p" +
                     text("padding") + "_c" + std::to_string(n.channels) + "_" + activation;
  step.kernel.constants = {{"kernel", text("kernel")},
                           {"stride", text("stride")},
                           {"dilation", text("dilation")},
                           {"padding", text("padding")},
                           {"channels", std::to_string(n.channels)},
                           {"pitch", std::to_string(place->pitch)},
                           {"activation", activation}};
  if (place->pitch != padded_channels(n.channels) || place->first != 0) return no_kernel(i);
  out_.steps.push_back(std::move(step));
  return {};
}

/// Whether nothing but dense convolutions reads a value, perhaps joined to others; what is joined already must be in
/// memory to be joined again.
inline bool Lowering::feeds_convolutions(int i, bool in_memory) const {
  return !users(i).empty() && std::all_of(users(i).begin(), users(i).end(), [&](int u) {
    if (u < 0) return false;
    if (op(u) == "conv2d") return node(u).integer("groups", 1) == 1;
    if (op(u) == "resize_bilinear_like" && in(u, 0) != i) return true;  // looks at its size alone
    return op(u) == "concat" && (op(i) != "concat" || in_memory) && feeds_convolutions(u);
  });
}

inline Result<void> Lowering::lower_node(int i) {
  const Node& n = node(i);
  const std::string_view o = op(i);
  if (o == "pad_to_multiple" || o == "scale_bilinear") {
    const State& source = at(in(i, 0));
    if (source.picture < 0 || source.scaled) return no_kernel(i);
    at(i).picture = source.picture;
    at(i).scaled = o == "scale_bilinear";
    return {};
  }
  if (o == "concat") {
    bool pictures = true;
    std::vector<int> parts;
    for (int k = 0; k < n.input_count; ++k) {
      parts.push_back(in(i, k));
      pictures = pictures && at(in(i, k)).picture >= 0;
    }
    if (pictures) return pictures_step(i, parts);
    if (!feeds_convolutions(i)) return no_kernel(i);
    at(i).is_virtual = true;
    return {};
  }
  if (o == "resize_bilinear_like" && feeds_convolutions(i)) {
    at(i).is_virtual = true;
    return {};
  }
  if (o == "conv2d") {
    const int groups = n.integer("groups", 1);
    if (groups == 1) return lower_conv(i);
    if (groups == n.channels && groups == n.in_channels) return lower_depthwise(i);
    return no_kernel(i);
  }
  if (o == "slice") {
    auto place = placed(in(i, 0));
    if (!place) return place.error();
    at(i).place = *place;
    at(i).place.first += n.integer("first");
    at(i).place.channels = n.channels;
    return {};
  }
  if (o == "max_pool" || o == "global_average_pool" || o == "resize_bilinear_like" || o == "downsample_bilinear" ||
      o == "add")
    return lower_small(i);
  return no_kernel(i);
}

inline Result<void> Lowering::deliver(const Output& o) {
  Delivery d;
  d.name = std::string(o.name);
  d.node = o.node;
  int i = o.node;
  if (at(i).place.storage >= 0) {
    d.place = at(i).place;
  } else if (out_.refine.present && op(i) == "cells_mask") {
    d.kind = Delivery::Kind::cells;
  } else if (out_.refine.present) {
    if (op(i) == "crop_like") i = in(i, 0);
    if (op(i) != "clamp01") return no_kernel(o.node);
    i = in(i, 0);
    if (op(i) == "slice")
      d.kind = Delivery::Kind::alpha;
    else if (op(i) == "add")
      d.kind = Delivery::Kind::foreground;
    else
      return no_kernel(o.node);
  } else {
    auto place = placed(i);
    if (!place) return place.error();
    d.place = *place;
  }
  out_.results.push_back(std::move(d));
  return {};
}

}  // namespace detail

/// A network as calls of kernels, in the order of computation. Cost: linear in the nodes.
/// @param precision  of the values between layers
/// Error: a layer that no kernel computes, by name.
inline Result<LoweredNetwork> lower(const Graph& graph, Precision precision = Precision::f32) {
  return detail::Lowering(graph, precision).run();
}

}  // namespace hairline::kernels

// The layers between convolutions, and what is made of the mean of a picture.
#include "hairline/kernels/lower_small.hpp"
// The refiner, and the numbers between layers.
#include "hairline/kernels/lower_refine.hpp"
#include "hairline/kernels/lower_types.hpp"

#pragma once
// Which values are bfloat16 or half floats; included by lower.hpp.
#include <string>
#include <vector>

#include "hairline/kernels/lower.hpp"

namespace hairline::kernels::detail {

/// Which numbers lie in each buffer. Pictures, results and what the refiner reads are float whatever the precision.
inline void Lowering::choose_types() {
  auto& storage = out_.storage_precision;
  storage.assign(out_.storage_pitch.size(), precision_);
  const auto keep = [&](int which) {
    if (which >= 0) storage[static_cast<std::size_t>(which)] = Precision::f32;
  };
  for (const Step& step : out_.steps)
    if (step.kind == StepKind::pictures)
      keep(step.storage);
    else
      keep(step.bias.storage);
  for (const Delivery& d : out_.results) keep(d.place.storage);
  if (out_.refine.present) keep(out_.refine.coarse.storage);
  if (out_.refine.refines) keep(out_.refine.error.storage);
  // Decoders join what they resize with earlier values. bfloat16 ends there, and in what the last of them joins: on the
  // way back to the picture's size its rounding would show, and Winograd's products are float anyway. Half floats have
  // eight times finer steps, and most of what passes through memory passes there.
  bool decoding = false;
  const Step* last_join = nullptr;
  for (const Step& step : out_.steps) {
    if (precision_ == Precision::f16) break;
    bool resized = false;
    for (const StepInput& in : step.inputs) resized = resized || in.resized;
    const bool joins = resized && step.inputs.size() == 2;
    decoding = decoding || joins;
    if (joins) last_join = &step;
    if (decoding) keep(step.storage);
  }
  if (last_join != nullptr)
    for (const StepInput& in : last_join->inputs) keep(in.place.storage);
  for (Step& step : out_.steps) {
    if (step.kind == StepKind::pictures) continue;
    std::vector<int> ports;
    for (const StepInput& in : step.inputs) ports.push_back(in.place.storage);
    if (step.addend.place.storage >= 0) ports.push_back(step.addend.place.storage);
    ports.push_back(step.storage);
    std::string types;
    for (int port : ports) types += letter(out_.precision(port));
    const bool any = types.find_first_not_of('f') != std::string::npos;
    if (any) step.kernel.name += "_" + types;
    // bfloat16 weights are the kernel's choice, by its products; half floats are kept for memory's sake.
    step.half_weights = types.find('h') != std::string::npos;
    if (step.kind == StepKind::conv2d) {
      if (any) step.kernel.constants.emplace_back("types", types);
      continue;
    }
    const auto halide = [](char c) { return c == 'b' ? "bfloat16" : c == 'h' ? "float16" : "float32"; };
    if (step.kind == StepKind::depthwise)
      step.kernel.constants.emplace_back("weights.type", step.half_weights ? "float16" : "float32");
    const bool two = step.kind == StepKind::sum;
    const char* const names[] = {two ? "first.type" : "input.type", two ? "second.type" : "result.type", "result.type"};
    for (std::size_t i = 0; i < ports.size(); ++i) step.kernel.constants.emplace_back(names[i], halide(types[i]));
  }
}

}  // namespace hairline::kernels::detail

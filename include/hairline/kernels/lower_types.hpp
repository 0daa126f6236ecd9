#pragma once
// Which values are bfloat16; included by lower.hpp.
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
  // Decoders join what they resize with earlier values; from the first on, values are float: on the way back to the
  // picture's size rounding would show, and Winograd's products are float anyway.
  bool decoding = false;
  for (const Step& step : out_.steps) {
    bool resized = false;
    for (const StepInput& in : step.inputs) resized = resized || in.resized;
    decoding = decoding || (resized && step.inputs.size() == 2);
    if (decoding) keep(step.storage);
  }
  for (Step& step : out_.steps) {
    if (step.kind == StepKind::pictures) continue;
    std::vector<int> ports;
    for (const StepInput& in : step.inputs) ports.push_back(in.place.storage);
    if (step.addend.place.storage >= 0) ports.push_back(step.addend.place.storage);
    ports.push_back(step.storage);
    std::string types;
    for (int port : ports) types += out_.narrow(port) ? 'b' : 'f';
    const bool any = types.find('b') != std::string::npos;
    if (any) step.kernel.name += "_" + types;
    if (step.kind == StepKind::conv2d) {
      if (any) step.kernel.constants.emplace_back("types", types);
      continue;
    }
    const bool two = step.kind == StepKind::sum;
    const char* const names[] = {two ? "first.type" : "input.type", two ? "second.type" : "result.type", "result.type"};
    for (std::size_t i = 0; i < ports.size(); ++i)
      step.kernel.constants.emplace_back(names[i], types[i] == 'b' ? "bfloat16" : "float32");
  }
}

}  // namespace hairline::kernels::detail

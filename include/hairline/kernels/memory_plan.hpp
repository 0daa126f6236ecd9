#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include "hairline/kernels/lowered.hpp"
#include "hairline/layers/graph.hpp"

namespace hairline::kernels {

/// Where each buffer of a network lies in one block of memory, for pictures of one size. Buffers that are never needed
/// at the same time share memory.
struct MemoryPlan {
  std::vector<std::size_t> offset;  ///< in floats, multiples of 16
  std::size_t size = 0;             ///< floats
};

/// First fit over the order of computation, largest buffers first.
inline MemoryPlan plan_memory(const LoweredNetwork& network, const std::vector<TensorShape>& shapes) {
  const std::size_t count = network.storage_pitch.size(), steps = network.steps.size();
  std::vector<std::size_t> from(count, steps), to(count, 0), size(count, 0);
  const auto used = [&](const Place& place, std::size_t step) {
    if (place.storage < 0) return;
    auto& last = to[static_cast<std::size_t>(place.storage)];
    last = std::max(last, step);
  };
  for (std::size_t s = 0; s < steps; ++s) {
    const Step& step = network.steps[s];
    const auto own = static_cast<std::size_t>(step.storage);
    from[own] = s;
    to[own] = std::max(to[own], s);
    for (const StepInput& in : step.inputs) used(in.place, s);
    used(step.addend.place, s);
  }
  for (const Delivery& d : network.results) used(d.place, steps);
  if (network.refine.present) {
    used(network.refine.coarse, steps);
    if (network.refine.refines) used(network.refine.error, steps);
  }
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) {
    order[i] = i;
    const TensorShape& s = shapes[static_cast<std::size_t>(network.storage_node[i])];
    const std::size_t floats = static_cast<std::size_t>(s.height) * static_cast<std::size_t>(s.width) *
                               static_cast<std::size_t>(network.storage_pitch[i]);
    size[i] = (floats + 15) / 16 * 16 + 16;  // one vector may be read behind the last pixel
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return size[a] > size[b]; });
  MemoryPlan plan;
  plan.offset.assign(count, 0);
  std::vector<std::size_t> placed;
  for (std::size_t i : order) {
    std::vector<std::pair<std::size_t, std::size_t>> taken;  // of those alive at the same time
    for (std::size_t p : placed)
      if (from[p] <= to[i] && from[i] <= to[p]) taken.emplace_back(plan.offset[p], plan.offset[p] + size[p]);
    std::sort(taken.begin(), taken.end());
    std::size_t at = 0;
    for (const auto& [begin, end] : taken) {
      if (at + size[i] <= begin) break;
      at = std::max(at, end);
    }
    plan.offset[i] = at;
    plan.size = std::max(plan.size, at + size[i]);
    placed.push_back(i);
  }
  return plan;
}

}  // namespace hairline::kernels

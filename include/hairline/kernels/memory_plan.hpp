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

namespace detail {
/// Of each buffer: the first and the last step that it is needed in, and how large it is in floats.
struct Lifetimes {
  std::vector<std::size_t> from, to, size;
  std::vector<std::size_t> largest_first;
  bool overlap(std::size_t a, std::size_t b) const { return from[a] <= to[b] && from[b] <= to[a]; }
};

inline Lifetimes lifetimes(const LoweredNetwork& network, const std::vector<TensorShape>& shapes) {
  const std::size_t count = network.storage_pitch.size(), steps = network.steps.size();
  Lifetimes life;
  std::vector<std::size_t>&from = life.from, &to = life.to, &size = life.size, &order = life.largest_first;
  from.assign(count, steps);
  to.assign(count, 0);
  size.assign(count, 0);
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
    used(step.bias, s);
  }
  for (const Delivery& d : network.results) used(d.place, steps);
  if (network.refine.present) {
    used(network.refine.coarse, steps);
    if (network.refine.refines) used(network.refine.error, steps);
  }
  order.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    order[i] = i;
    const TensorShape& s = shapes[static_cast<std::size_t>(network.storage_node[i])];
    const std::size_t floats = static_cast<std::size_t>(s.height) * static_cast<std::size_t>(s.width) *
                               static_cast<std::size_t>(network.storage_pitch[i]) /
                               (network.narrow(static_cast<int>(i)) ? 2 : 1);
    size[i] = from[i] == steps ? 0 : (floats + 15) / 16 * 16 + 16;  // one vector may be read behind the last pixel
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return size[a] > size[b]; });
  return life;
}
}  // namespace detail

namespace detail {
/// A convolution's result takes the place of its addend where nothing needs that afterwards: each number is read once,
/// and then written. Returns the buffer in whose place each one lies; its lifetime then covers both.
inline std::vector<std::size_t> share_addends(const LoweredNetwork& network, Lifetimes& life) {
  std::vector<std::size_t> owner(life.size.size());
  for (std::size_t i = 0; i < owner.size(); ++i) owner[i] = i;
  for (std::size_t s = 0; s < network.steps.size(); ++s) {
    const Step& step = network.steps[s];
    if (step.addend.place.storage < 0 || step.addend.place.first != 0) continue;
    const auto own = static_cast<std::size_t>(step.storage);
    const std::size_t added = owner[static_cast<std::size_t>(step.addend.place.storage)];
    const auto reads = [&](const StepInput& in) {
      return in.place.storage >= 0 && owner[static_cast<std::size_t>(in.place.storage)] == added;
    };
    if (life.to[added] != s || life.from[own] != s || life.size[own] != life.size[added] ||
        std::any_of(step.inputs.begin(), step.inputs.end(), reads))
      continue;
    owner[own] = added;
    life.to[added] = life.to[own];
  }
  return owner;
}
}  // namespace detail

/// First fit over the order of computation, largest buffers first.
inline MemoryPlan plan_memory(const LoweredNetwork& network, const std::vector<TensorShape>& shapes) {
  detail::Lifetimes life = detail::lifetimes(network, shapes);
  const std::vector<std::size_t> owner = detail::share_addends(network, life);
  const auto& size = life.size;
  MemoryPlan plan;
  plan.offset.assign(size.size(), 0);
  std::vector<std::size_t> placed;
  for (std::size_t i : life.largest_first) {
    if (owner[i] != i) continue;
    std::vector<std::pair<std::size_t, std::size_t>> taken;  // of those alive at the same time
    for (std::size_t p : placed)
      if (life.overlap(p, i)) taken.emplace_back(plan.offset[p], plan.offset[p] + size[p]);
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
  for (std::size_t i = 0; i < owner.size(); ++i) plan.offset[i] = plan.offset[owner[i]];
  return plan;
}

/// The same for devices, whose memory comes in blocks: which block each buffer uses, and how large the blocks are.
struct BlockPlan {
  std::vector<std::size_t> block;
  std::vector<std::size_t> floats;
};

inline BlockPlan plan_blocks(const LoweredNetwork& network, const std::vector<TensorShape>& shapes) {
  const detail::Lifetimes life = detail::lifetimes(network, shapes);
  BlockPlan plan;
  plan.block.assign(life.size.size(), 0);
  std::vector<std::vector<std::size_t>> users;  // of each block
  for (std::size_t i : life.largest_first) {
    std::size_t b = 0;
    const auto taken = [&] {
      return std::any_of(users[b].begin(), users[b].end(), [&](std::size_t u) { return life.overlap(u, i); });
    };
    while (b < users.size() && taken()) ++b;
    if (b == users.size()) {
      users.emplace_back();
      plan.floats.push_back(life.size[i]);  // the largest comes first
    }
    users[b].push_back(i);
    plan.block[i] = b;
  }
  return plan;
}

}  // namespace hairline::kernels

#pragma once
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
#include "hairline/kernels/ask_weights.hpp"
#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/pack_weights.hpp"
#include "hairline/kernels/packed_network.hpp"
#include "hairline/kernels/pages.hpp"
#include "hairline/nets/parameters.hpp"
#include "hairline/weights/weights_view.hpp"

namespace hairline::kernels {

namespace detail {

/// Told which weights will not be read again.
using ReleaseWeights = std::function<void(std::span<const float>)>;

inline void pack_depthwise(const FoldedConv& f, std::size_t pitch, float* to) {
  const auto taps = static_cast<std::size_t>(f.kernel * f.kernel);
  for (std::size_t c = 0; c < static_cast<std::size_t>(f.out); ++c)
    for (std::size_t t = 0; t < taps; ++t)
      to[t * pitch + c] = static_cast<float>(f.scale[c] * static_cast<double>(f.weights[c * taps + t]));
}

/// Packs a tile of a convolution, or a whole depthwise one. @return whether its numbers hold the weights
inline bool pack_one(const Unpacked& u, int which, float* own) {
  const std::array<int, 5>& extents = u.step->extents;
  float* const tile = own + u.floats / static_cast<std::size_t>(extents[4]) * static_cast<std::size_t>(which);
  if (u.step->numbers == Precision::bf16) {
    pack_tile_pairs(u.folded, extents, u.parts, which, reinterpret_cast<std::uint16_t*>(tile));
    return true;
  }
  const bool half = u.step->numbers == Precision::f16;
  std::vector<float> values(half ? packed_size({extents[0], extents[1], extents[2], extents[3], 1}) : 0);
  float* const to = half ? values.data() : tile;
  if (u.depthwise)
    pack_depthwise(u.folded, static_cast<std::size_t>(extents[0]), to);
  else
    pack_tile(u.folded, extents, u.parts, which, to);
  return !half || pack_halves(values, reinterpret_cast<std::uint16_t*>(tile));
}

/// Fills the block of memory, tile by tile on several threads.
/// @param release  told each convolution's weights once they are not needed any more; on any thread
inline Result<void> pack_all(PackedNetwork& net, std::deque<Unpacked>& all, int threads,
                             const ReleaseWeights& release) {
  const std::size_t size = place_all(all);
  std::vector<std::pair<Unpacked*, int>> tiles;
  for (Unpacked& u : all)
    for (int t = 0; t < (u.depthwise ? 1 : u.step->extents[4]); ++t) tiles.emplace_back(&u, t);
  net.memory = Pages(size);
  float* const memory = net.memory.data();
  if (memory == nullptr)
    return Error{ErrorCode::out_of_memory, "no " + std::to_string(size * sizeof(float) >> 20) +
                                               " MiB for the packed weights of network " + net.lowered.name};
  net.weights = {memory, size};
  for (Unpacked& u : all) u.step->weights = {memory + u.at, u.floats};
  std::mutex mutex;
  const Unpacked* large = nullptr;  // the first convolution with a weight that is too large
  ThreadPool pool(threads);
  pool.parallel_for(0, static_cast<std::ptrdiff_t>(tiles.size()), 1, [&](std::ptrdiff_t from, std::ptrdiff_t to) {
    for (std::ptrdiff_t i = from; i < to; ++i) {
      const auto& [u, which] = tiles[static_cast<std::size_t>(i)];
      const bool fits = pack_one(*u, which, memory + u->at);
      const std::lock_guard lock(mutex);
      if (!fits && (large == nullptr || u->at < large->at)) large = u;
      if (release && ++u->done == u->step->extents[4]) release(u->folded.weights);
    }
  });
  if (large == nullptr) return {};
  return Error{ErrorCode::unsupported,
               "network " + net.lowered.name + ": a weight of '" + large->name +
                   "', with the batch norm behind it, does not fit a half float (at most 65504): use f32"};
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
/// that the library does not have; a level that the machine does not have; a weight that half floats do not reach;
/// memory.
inline Result<std::shared_ptr<const PackedNetwork>> pack_network(const Graph& graph, const WeightsView& weights,
                                                                 const Backend& on, const PackOptions& options = {}) {
  if (on.error) return *on.error;
  if (auto ok = detail::check_weights(graph, weights); !ok) return ok.error();
  std::deque<detail::Unpacked> all;
  auto net = detail::ask_network(
      graph, on, [&](int conv, int norm) { return detail::fold_conv(graph, weights, conv, norm); }, all);
  if (!net) return net.error();
  if (auto ok = detail::pack_all(**net, all, options.threads, options.release); !ok) return ok.error();
  if (on.on_device)
    if (auto ok = detail::upload_all(**net); !ok) return ok.error();
  return std::shared_ptr<const PackedNetwork>(std::move(*net));
}

}  // namespace hairline::kernels

#pragma once
#include <algorithm>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/kernels/ask_weights.hpp"
#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/pack_network.hpp"
#include "hairline/kernels/packed_network.hpp"
#include "hairline/weights/fingerprint.hpp"
#include "hairline/weights/safetensors_write.hpp"
#include "hairline/weights/tensor_store.hpp"

// A packed network on disk: a safetensors file of one tensor, the block of memory that sessions read, with the biases
// behind it, and in its remarks what it was packed for. It is mapped as it lies, so loading neither computes nor
// copies, and processes share it.

namespace hairline::kernels {

namespace detail {

/// Raised with every change of how weights are packed that their extents do not show.
inline constexpr int packing_version = 1;

/// The convolutions in the order that ask_network() gives them, in which they lie in memory.
inline std::vector<const PackedStep*> packed_steps(const PackedNetwork& net) {
  std::vector<const PackedStep*> all;
  for (std::size_t i = 0; i < net.steps.size(); ++i) {
    if (net.lowered.steps[i].conv >= 0) all.push_back(&net.steps[i]);
    for (const PackedStep& part : net.steps[i].parts) all.push_back(&part);
  }
  if (net.lowered.refine.refines)
    for (const auto& size : net.refine)
      for (const PackedStep& step : size) all.push_back(&step);
  return all;
}

/// What weights were packed for, as remarks of the file.
using PackedRemarks = std::vector<std::pair<std::string, std::string>>;
inline PackedRemarks packed_remarks(const PackedNetwork& net) {
  std::string extents;
  for (const PackedStep* step : packed_steps(net))
    for (std::size_t i = 0; i < step->extents.size(); ++i)
      extents.append(i > 0 ? "," : extents.empty() ? "" : ";").append(std::to_string(step->extents[i]));
  const std::string mark(packed_mark);
  return {{mark, std::to_string(packing_version) + "." + std::to_string(library_version)},
          {mark + ".network", std::string(net.graph.name)},
          {mark + ".target", std::string(name(net.on.target)) + (net.on.numbers == Precision::f16 ? "_f16" : "")},
          {mark + ".extents", extents}};
}

/// The fingerprint of what the file holds, by pieces on several threads.
inline std::string packed_fingerprint(std::span<const std::byte> bytes, int threads) {
  constexpr std::size_t piece = std::size_t{4} << 20;
  std::vector<std::uint64_t> each((bytes.size() + piece - 1) / piece);
  ThreadPool pool(threads);
  pool.parallel_for(0, static_cast<std::ptrdiff_t>(each.size()), 1, [&](std::ptrdiff_t from, std::ptrdiff_t to) {
    for (auto i = static_cast<std::size_t>(from); i < static_cast<std::size_t>(to); ++i)
      each[i] = fingerprint({NumberType::u8, {}, bytes.subspan(i * piece, std::min(piece, bytes.size() - i * piece))});
  });
  char text[24];
  std::snprintf(text, sizeof text, "%016" PRIx64, fingerprint({NumberType::i64, {}, std::as_bytes(std::span(each))}));
  return text;
}

inline std::size_t bias_count(const PackedNetwork& net) {
  std::size_t floats = 0;
  for (const PackedStep* step : packed_steps(net)) floats += step->bias.size();
  return floats;
}

inline Result<void> check_packed_for(const TensorStore& store, const PackedRemarks& wanted) {
  for (const auto& [key, value] : wanted) {
    const auto found = store.metadata.find(key);
    if (found != store.metadata.end() && found->second == value) continue;
    const std::string what = key == packed_mark ? "version" : key.substr(packed_mark.size() + 1);
    const bool shown = what != "extents" && found != store.metadata.end();
    return Error{ErrorCode::unsupported, store.path + ": was packed for other kernels (" + what +
                                             (shown ? " " + found->second + ", wanted " + value : " differ") +
                                             "); pack the weights again with this build, on such a machine"};
  }
  return {};
}
}  // namespace detail

/// The bytes of a packed file.  Cost: one pass over the packed weights, and as much memory again.
/// Errors: as encode_safetensors.
inline Result<std::vector<std::uint8_t>> encode_packed(const PackedNetwork& net) {
  std::vector<float> block(net.weights.size() + detail::bias_count(net));
  float* end = std::copy(net.weights.begin(), net.weights.end(), block.data());
  for (const detail::PackedStep* step : detail::packed_steps(net))
    end = std::copy(step->bias.begin(), step->bias.end(), end);
  const std::span<const std::byte> bytes = std::as_bytes(std::span(block));
  std::map<std::string, std::string, std::less<>> remarks;
  for (auto& [key, value] : detail::packed_remarks(net)) remarks[key] = std::move(value);
  remarks[std::string(packed_mark) + ".fingerprint"] = detail::packed_fingerprint(bytes, 0);
  return encode_safetensors({{"packed", NumberType::f32, {static_cast<std::int64_t>(block.size())}, bytes}}, remarks);
}

/// A network from a packed file; `store` should be mapped.
/// @param verify  whether the fingerprint is checked, one pass over the file
/// Errors: as pack_network; a file packed for another network, target or version of the kernels; a fingerprint that is
/// another.
inline Result<std::shared_ptr<const PackedNetwork>> attach_packed(const Graph& graph, TensorStore store,
                                                                  const Backend& on, bool verify = true,
                                                                  int threads = 0) {
  if (on.error) return *on.error;
  std::deque<detail::Unpacked> all;
  auto made = detail::ask_network(
      graph, on, [&](int conv, int) { return detail::unfolded_conv(graph, conv); }, all);
  if (!made) return made.error();
  PackedNetwork& net = **made;
  if (auto ok = detail::check_packed_for(store, detail::packed_remarks(net)); !ok) return ok.error();
  const auto bad = [&](const std::string& what) { return Error{ErrorCode::bad_file, store.path + ": " + what}; };
  const std::size_t floats = detail::place_all(all), biases = detail::bias_count(net);
  const auto found = store.tensors.find("packed");
  if (found == store.tensors.end() || found->second.type != NumberType::f32 ||
      found->second.bytes.size() != (floats + biases) * sizeof(float))
    return bad("wanted a tensor 'packed' of " + std::to_string(floats + biases) + " f32 numbers, given " +
               (found == store.tensors.end() ? "none" : std::to_string(found->second.bytes.size()) + " bytes"));
  const std::span<const std::byte> bytes = found->second.bytes;
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 64 != 0) return bad("its data does not begin at a cache line");
  const auto mark = store.metadata.find(std::string(packed_mark) + ".fingerprint");
  if (verify && (mark == store.metadata.end() || mark->second != detail::packed_fingerprint(bytes, threads)))
    return bad("its contents are not those that were written (fingerprint differs)");
  net.weights = {reinterpret_cast<const float*>(bytes.data()), floats};
  const float* bias = net.weights.data() + floats;
  for (detail::Unpacked& u : all) {
    u.step->weights = net.weights.subspan(u.at, u.floats);
    std::copy_n(bias, u.step->bias.size(), u.step->bias.begin());
    bias += u.step->bias.size();
  }
  net.file = std::move(store.file);
  if (on.on_device)
    if (auto ok = detail::upload_all(net); !ok) return ok.error();
  return std::shared_ptr<const PackedNetwork>(std::move(*made));
}

}  // namespace hairline::kernels

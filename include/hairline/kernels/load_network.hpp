#pragma once
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/kernels/pack_network.hpp"
#include "hairline/kernels/packed_file.hpp"
#include "hairline/weights/load.hpp"
#include "hairline/weights/weights_view.hpp"

namespace hairline::kernels {

/// Packs a network straight from its weights file, which is mapped: no tensor is ever in memory a second time as it was
/// in the file. A self-test in the file is run first, as in accept_weights. A packed file (packed_file.hpp) is used as
/// it lies, its fingerprint checked instead.
/// @param threads  0: one for each processor
/// Errors: as load_weights, pack_network and attach_packed.
inline Result<std::shared_ptr<const PackedNetwork>> load_network(const Graph& graph, const std::string& path,
                                                                 const Backend& on,
                                                                 const std::vector<std::string>& ignored_prefixes = {},
                                                                 SelfTestUse use = SelfTestUse::run, int threads = 0) {
  auto store = map_weights(path);
  if (!store) return store.error();
  if (is_packed(*store)) return attach_packed(graph, std::move(*store), on, use == SelfTestUse::run, threads);
  const auto view = view_weights(graph, *store, ignored_prefixes);
  if (!view) return view.error();
  const auto test = store->tensors.lower_bound(self_test_prefix);
  if (use == SelfTestUse::run && test != store->tensors.end() && test->first.starts_with(self_test_prefix))
    if (const auto passed = accept_weights(graph, *store, ignored_prefixes, use); !passed) return passed.error();
  PackOptions options;
  options.threads = threads;
  options.release = [&](std::span<const float> used) { store->file.release(std::as_bytes(used)); };
  return pack_network(graph, *view, on, options);
}

}  // namespace hairline::kernels

#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/nets/parameters.hpp"
#include "hairline/weights/fit.hpp"
#include "hairline/weights/tensor_store.hpp"
#include "hairline/weights/weights.hpp"

namespace hairline {

/// Weights by published name, where they lie: of a file as it is in memory, or of a Weights, which has to stay. Tensors
/// that are no f32 numbers, or not where f32 numbers may lie, are converted.
struct WeightsView {
  std::map<std::string, std::span<const float>, std::less<>> tensors;
  std::deque<std::vector<float>> converted;  ///< never moved by growing

  WeightsView() = default;
  WeightsView(const Weights& weights) {  // NOLINT: implicit, it is the same thing seen
    for (const auto& [name, tensor] : weights.tensors) tensors.emplace(name, tensor.values);
  }
};

/// The network's weights in a file, if it fits: as fit_weights, but nothing is copied that need not be. `store` has to
/// stay.  Errors: one that lists every fault.
inline Result<WeightsView> view_weights(const Graph& graph, const TensorStore& store,
                                        const std::vector<std::string>& ignored_prefixes = {}) {
  const FitReport report = compare_weights(graph, store, ignored_prefixes);
  if (!report.fits()) return misfit(graph, store, report);
  WeightsView view;
  for (const NamedParameter& p : parameters(graph)) {
    const auto found = store.tensors.find(report.prefix + p.name);
    if (found == store.tensors.end()) continue;
    const StoredTensor& t = found->second;
    if (t.type == NumberType::f32 && reinterpret_cast<std::uintptr_t>(t.bytes.data()) % alignof(float) == 0) {
      view.tensors.emplace(p.name, std::span(reinterpret_cast<const float*>(t.bytes.data()), t.bytes.size() / 4));
    } else {
      view.converted.push_back(to_floats(t.bytes, t.type));
      view.tensors.emplace(p.name, view.converted.back());
    }
  }
  return view;
}

}  // namespace hairline

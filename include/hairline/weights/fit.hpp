#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hairline/nets/parameters.hpp"
#include "hairline/weights/tensor_store.hpp"

namespace hairline {

/// How a weights file fits a network: everything that is wrong, not just the first.
struct FitReport {
  std::string prefix;                   ///< taken off every name of the file ("module.", "model.", or nothing)
  std::vector<std::string> missing;     ///< the network has it, the file does not
  std::vector<std::string> unexpected;  ///< the file has it, the network does not
  std::vector<std::string> misshaped;   ///< both have it, with the wanted and the given shape
  bool fits() const { return missing.empty() && unexpected.empty() && misshaped.empty(); }
};

namespace detail {
template <class Ints>
std::string shape_text(const Ints& dims) {
  std::string text = "[";
  for (const auto& d : dims) text += (text.size() > 1 ? ", " : "") + std::to_string(d);
  return text + "]";
}

/// The prefix that makes most names of the file known to the network.
inline std::string find_prefix(const TensorStore& store, const std::set<std::string, std::less<>>& known) {
  std::string best;
  std::size_t most = 0;
  for (const char* prefix : {"", "module.", "model.", "model.module.", "module.model."}) {
    std::size_t hits = 0;
    for (const auto& [name, tensor] : store.tensors)
      if (name.starts_with(prefix) && known.count(name.substr(std::string_view(prefix).size()))) ++hits;
    if (hits > most) {
      most = hits;
      best = prefix;
    }
  }
  return best;
}
}  // namespace detail

/// Compares a file's directory with what a network wants. Counters (num_batches_tracked) may be absent; with any of the
/// names in `ignored_prefixes` the file may hold more than the network (a refiner that is not used, say). An embedded
/// self-test (weights/self_test.hpp) is never unexpected.
inline FitReport compare_weights(const Graph& graph, const TensorStore& store,
                                 const std::vector<std::string>& ignored_prefixes = {}) {
  const std::vector<NamedParameter> wanted = parameters(graph);
  std::set<std::string, std::less<>> known;
  for (const NamedParameter& p : wanted) known.insert(p.name);
  FitReport report;
  report.prefix = detail::find_prefix(store, known);
  for (const NamedParameter& p : wanted) {
    const auto found = store.tensors.find(report.prefix + p.name);
    if (found == store.tensors.end()) {
      if (!p.parameter.counter) report.missing.push_back(p.name);
      continue;
    }
    const std::vector<std::int64_t> dims(p.parameter.dims.begin(), p.parameter.dims.begin() + p.parameter.rank);
    if (found->second.dims != dims && !p.parameter.counter)
      report.misshaped.push_back(p.name + ": wanted " + detail::shape_text(dims) + ", given " +
                                 detail::shape_text(found->second.dims));
  }
  for (const auto& [name, tensor] : store.tensors) {
    if (name.starts_with(self_test_prefix)) continue;
    const std::string_view bare =
        std::string_view(name).substr(name.starts_with(report.prefix) ? report.prefix.size() : 0);
    bool expected = name.starts_with(report.prefix) && known.count(bare);
    for (const std::string& ignored : ignored_prefixes) expected = expected || bare.starts_with(ignored);
    if (!expected) report.unexpected.push_back(name);
  }
  return report;
}

/// The report as one text, every fault on a line of its own.
inline std::string to_string(const FitReport& report) {
  std::string text;
  for (const auto& name : report.missing) text += "\n  missing     " + name;
  for (const auto& name : report.unexpected) text += "\n  unexpected  " + name;
  for (const auto& line : report.misshaped) text += "\n  mis-shaped  " + line;
  return text;
}

/// The error of a file that does not fit: every fault.
inline Error misfit(const Graph& graph, const TensorStore& store, const FitReport& report) {
  if (is_packed(store))
    return Error{ErrorCode::bad_file, store.path +
                                          ": holds weights packed for compiled kernels, which only these can use; "
                                          "wanted the file that they were packed from"};
  return Error{ErrorCode::bad_file, store.path + ": these weights do not fit " + std::string(graph.name) + " (" +
                                        std::to_string(report.missing.size()) + " missing, " +
                                        std::to_string(report.unexpected.size()) + " unexpected, " +
                                        std::to_string(report.misshaped.size()) + " mis-shaped)" + to_string(report)};
}

/// The network's weights in f32, if the file fits; else one error that lists every fault.
inline Result<Weights> fit_weights(const Graph& graph, const TensorStore& store,
                                   const std::vector<std::string>& ignored_prefixes = {}) {
  const FitReport report = compare_weights(graph, store, ignored_prefixes);
  if (!report.fits()) return misfit(graph, store, report);
  Weights weights;
  for (const NamedParameter& p : parameters(graph)) {
    const auto found = store.tensors.find(report.prefix + p.name);
    if (found == store.tensors.end()) continue;
    weights.tensors[p.name] = {std::vector<int>(p.parameter.dims.begin(), p.parameter.dims.begin() + p.parameter.rank),
                               to_floats(found->second.bytes, found->second.type)};
  }
  return weights;
}

}  // namespace hairline

#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hairline/weights/fit.hpp"
#include "hairline/weights/safetensors_write.hpp"
#include "hairline/weights/self_test_file.hpp"

namespace hairline {

/// How the numbers of converted weights are stored. Biases and batch norms (tensors of one dimension) are few and need
/// their range: the 16-bit types leave those of 32 and 64 bits in f32. Counters stay as they are.
enum class StoreAs { keep, f32, f16, bf16 };

struct ConvertOptions {
  StoreAs as = StoreAs::keep;
  SelfTestOptions self_test;
  double allowed_rounding = 0;  ///< of a result's range; 0: what the type's precision and the network's depth explain
};

/// Converted weights: the bytes of a .safetensors file and what is known about them.
struct Conversion {
  std::vector<std::uint8_t> file;
  SelfTest self_test;
  SelfTestReport rounding;      ///< how far the results moved because numbers were rounded; 0 where none were
  double rounding_allowed = 0;  ///< by the type's precision and the network's depth
  std::size_t tensors = 0;      ///< without those of the self-test
};

namespace detail {
inline NumberType stored_type(const StoredTensor& t, StoreAs as) {
  if (as == StoreAs::keep || !is_real(t.type)) return t.type;
  if (as == StoreAs::f32) return NumberType::f32;
  const bool small = t.dims.size() <= 1;
  if (small) return size_of(t.type) > 2 ? NumberType::f32 : t.type;
  return as == StoreAs::f16 ? NumberType::f16 : NumberType::bf16;
}

/// Rounding moves every weight by at most half a unit in the last place, each on its own; so the errors of the layers
/// add up like a random walk, here over the convolutions, with a factor of 2 for layers that amplify. Seeded networks
/// stay below a sixth of it.
inline double explained_rounding(const Graph& graph, StoreAs as) {
  const double unit = as == StoreAs::f16 ? 0x1p-11 : as == StoreAs::bf16 ? 0x1p-8 : 0x1p-24;
  const auto layers = std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                    [](const Node& n) { return bool(n.op->multiply_adds); });
  return 2 * unit * std::sqrt(static_cast<double>(std::max<std::ptrdiff_t>(layers, 1)));
}

/// The file's tensors under the network's names and shapes, in the wanted types; `bytes` keeps those that are new.
inline Result<std::vector<TensorToWrite>> converted_tensors(const Graph& graph, const TensorStore& store, StoreAs as,
                                                            std::deque<std::vector<std::byte>>& bytes) {
  const std::string prefix = compare_weights(graph, store).prefix;
  std::vector<TensorToWrite> tensors;
  std::string faults;
  for (const NamedParameter& p : parameters(graph)) {
    const auto found = store.tensors.find(prefix + p.name);
    if (found == store.tensors.end()) continue;
    const StoredTensor& t = found->second;
    TensorToWrite out{p.name, stored_type(t, as), t.dims, t.bytes};
    // A counter may come as [1] instead of [].
    const std::vector<std::int64_t> dims(p.parameter.dims.begin(), p.parameter.dims.begin() + p.parameter.rank);
    if (element_count(dims) == element_count(t.dims)) out.dims = dims;
    const std::vector<float> values = to_floats(t.bytes, t.type);
    const auto finite = [](const std::vector<float>& v) {
      return std::all_of(v.begin(), v.end(), [](float x) { return std::isfinite(x); });
    };
    if (!finite(values)) faults += "\n  not finite  " + out.name;
    if (out.type != t.type) {
      bytes.push_back(from_floats(values, out.type));
      out.bytes = bytes.back();
      if (finite(values) && !finite(to_floats(out.bytes, out.type)))
        faults += "\n  beyond the range of " + std::string(hairline::name(out.type)) + "  " + out.name;
    }
    tensors.push_back(std::move(out));
  }
  if (!faults.empty()) return Error{ErrorCode::bad_file, store.path + ": weights that cannot be used:" + faults};
  return tensors;
}
}  // namespace detail

/// Makes a .safetensors file of a checkpoint that fits the network: names as published, numbers in the wanted type, and
/// a self-test of the numbers as stored. The bytes are read back and tested before they are returned.
/// Errors: a checkpoint that does not fit or does not pass its own self-test, numbers that are not finite (before or
/// after rounding), results that rounding moved further than the type's precision explains.
inline Result<Conversion> convert_weights(const Graph& graph, const TensorStore& store,
                                          const ConvertOptions& options = {}) {
  const auto given = fit_weights(graph, store);
  if (!given) return given.error();
  if (const auto passed = pass_self_test(graph, *given, store, options.self_test.threads); !passed)
    return passed.error();
  std::deque<std::vector<std::byte>> bytes;
  auto tensors = detail::converted_tensors(graph, store, options.as, bytes);
  if (!tensors) return tensors.error();

  TensorStore converted{store.path, "safetensors", {}, {}, {}, {}};
  for (const TensorToWrite& t : *tensors) converted.tensors.emplace(t.name, StoredTensor{t.type, t.dims, t.bytes});
  const auto weights = fit_weights(graph, converted);
  if (!weights) return weights.error();
  auto test = make_self_test(graph, *weights, options.self_test);
  if (!test) return Error{test.error().code, store.path + ": " + test.error().message};
  auto rounding = run_self_test(graph, *given, *test, options.self_test.threads);
  if (!rounding) return rounding.error();
  Conversion result{
      {},
      std::move(*test),
      std::move(*rounding),
      options.allowed_rounding > 0 ? options.allowed_rounding : detail::explained_rounding(graph, options.as),
      tensors->size()};
  result.rounding.passed = result.rounding.largest <= result.rounding_allowed;
  if (!result.rounding.passed)
    return Error{ErrorCode::bad_file, store.path + ": rounding moves '" + result.rounding.worst + "' by " +
                                          std::to_string(result.rounding.largest) + ", at most " +
                                          std::to_string(result.rounding_allowed) +
                                          " is explained by the type's precision; wanted a type of more bits"};
  const StoredSelfTest stored = store_self_test(result.self_test, fingerprints(converted.tensors));
  tensors->insert(tensors->end(), stored.tensors.begin(), stored.tensors.end());
  auto file = encode_safetensors(std::move(*tensors), stored.metadata);
  if (!file) return Error{file.error().code, store.path + ": " + file.error().message};
  auto again = parse_safetensors(std::move(*file), store.path + " (converted)");
  if (!again) return again.error();
  const auto read_back = fit_weights(graph, *again);
  if (!read_back) return read_back.error();
  if (const auto passed = pass_self_test(graph, *read_back, *again, options.self_test.threads); !passed)
    return passed.error();
  result.file = std::move(again->file).take();
  return result;
}

}  // namespace hairline

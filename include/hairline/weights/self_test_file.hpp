#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hairline/weights/fingerprint.hpp"
#include "hairline/weights/safetensors_write.hpp"
#include "hairline/weights/self_test.hpp"

// How a self-test lies in a .safetensors file: tensors under reserved names beside the network's, so that any reader of
// safetensors shows them, and two texts in the metadata.
//   hairline.self_test.input.NAME      f32 (B, C, H, W)     what the network is given
//   hairline.self_test.output.NAME     f32 (B, C, H, W)     what it must give
//   hairline.self_test.option.NAME     f64 ()               a run option
//   hairline.self_test.tolerance       f64 ()
//   hairline.self_test.fingerprints    i64 (N)              of the file's other tensors in the order of their names
//   __metadata__: hairline.self_test.network, hairline.self_test.reason

namespace hairline {

/// A self-test as tensors and metadata; the bytes live here.
struct StoredSelfTest {
  std::vector<TensorToWrite> tensors;
  std::map<std::string, std::string, std::less<>> metadata;
  std::deque<std::vector<std::byte>> bytes;  ///< what `tensors` refer to; never moved by growing
};

namespace detail {
template <class T>
void add_self_test_tensor(StoredSelfTest& to, const std::string& name, NumberType type, std::vector<std::int64_t> dims,
                          const std::vector<T>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  to.bytes.push_back(std::move(bytes));
  to.tensors.push_back({std::string(self_test_prefix) + name, type, std::move(dims), to.bytes.back()});
}

/// Moves channels from the innermost place to the second, or back.
inline std::vector<float> swap_channels(const TensorShape& s, const std::vector<float>& from, bool to_planes) {
  std::vector<float> to(from.size());
  const auto pixels = static_cast<std::size_t>(s.height) * static_cast<std::size_t>(s.width);
  const auto channels = static_cast<std::size_t>(s.channels);
  for (std::size_t b = 0; b < static_cast<std::size_t>(s.batch); ++b)
    for (std::size_t p = 0; p < pixels; ++p)
      for (std::size_t c = 0; c < channels; ++c) {
        const std::size_t interleaved = (b * pixels + p) * channels + c, planar = (b * channels + c) * pixels + p;
        to[to_planes ? planar : interleaved] = from[to_planes ? interleaved : planar];
      }
  return to;
}

inline void add_self_test_tensors(StoredSelfTest& to, const std::string& kind,
                                  const std::map<std::string, Tensor, std::less<>>& tensors) {
  for (const auto& [name, t] : tensors)
    add_self_test_tensor(to, kind + name, NumberType::f32,
                         {t.shape.batch, t.shape.channels, t.shape.height, t.shape.width},
                         swap_channels(t.shape, t.data, true));
}

inline Result<Tensor> stored_picture(const std::string& name, const StoredTensor& t) {
  const auto bad = [&] { return Error{ErrorCode::bad_file, "'" + name + "' is no f32 tensor (B, C, H, W)"}; };
  if (t.type != NumberType::f32 || t.dims.size() != 4) return bad();
  for (const std::int64_t d : t.dims)
    if (d < 0 || d > 65536) return bad();
  const auto extent = [&](std::size_t i) { return static_cast<int>(t.dims[i]); };
  Tensor picture;  // filled, not allocated by shape: the file decides how much there is
  picture.shape = {extent(0), extent(2), extent(3), extent(1)};
  picture.data = swap_channels(picture.shape, to_floats(t.bytes, t.type), false);
  return picture;
}

inline Result<double> stored_number(const std::string& name, const StoredTensor& t) {
  double value = 0;
  if (t.type != NumberType::f64 || t.bytes.size() != sizeof value)
    return Error{ErrorCode::bad_file, "'" + name + "' is no f64 number"};
  std::memcpy(&value, t.bytes.data(), sizeof value);
  return value;
}

inline std::string text_or(const TensorStore& store, const std::string& key) {
  const auto found = store.metadata.find(key);
  return found == store.metadata.end() ? std::string() : found->second;
}

/// Takes one tensor of a self-test; says what is wrong, or nothing.
inline Result<void> take_self_test_tensor(const std::string& full, const StoredTensor& stored, SelfTest& test,
                                          bool& toleranced) {
  const std::string_view name = std::string_view(full).substr(self_test_prefix.size());
  const auto is = [&](std::string_view kind) { return name.starts_with(kind) && name.size() > kind.size(); };
  if (is("input.") || is("output.")) {
    auto picture = stored_picture(full, stored);
    if (!picture) return picture.error();
    auto& to = name[0] == 'i' ? test.inputs : test.expected;
    to[std::string(name.substr(name.find('.') + 1))] = std::move(*picture);
  } else if (is("option.") || name == "tolerance") {
    const auto value = stored_number(full, stored);
    if (!value) return value.error();
    if (name == "tolerance") {
      test.tolerance = *value;
      toleranced = true;
    } else {
      test.options.emplace_back(std::string(name.substr(7)), *value);
    }
  } else if (name != "fingerprints") {
    return Error{ErrorCode::unsupported, "'" + full + "' is not known to this version"};
  }
  return {};
}
}  // namespace detail

/// A self-test ready to be written beside the tensors that it is for.
inline StoredSelfTest store_self_test(const SelfTest& test, const std::vector<std::uint64_t>& fingerprints) {
  StoredSelfTest to;
  const std::string prefix(self_test_prefix);
  to.metadata = {{prefix + "network", test.network}, {prefix + "reason", test.reason}};
  detail::add_self_test_tensors(to, "input.", test.inputs);
  detail::add_self_test_tensors(to, "output.", test.expected);
  for (const auto& [name, value] : test.options)
    detail::add_self_test_tensor(to, "option." + name, NumberType::f64, {}, std::vector<double>{value});
  detail::add_self_test_tensor(to, "tolerance", NumberType::f64, {}, std::vector<double>{test.tolerance});
  detail::add_self_test_tensor(to, "fingerprints", NumberType::i64, {static_cast<std::int64_t>(fingerprints.size())},
                               fingerprints);
  return to;
}

/// The self-test of a file, or nothing if it has none.
/// Errors: parts of one that are damaged, missing, or of a newer version.
inline Result<std::optional<SelfTest>> read_self_test(const TensorStore& store) {
  SelfTest test;
  bool any = false, toleranced = false;
  for (auto it = store.tensors.lower_bound(self_test_prefix);
       it != store.tensors.end() && it->first.starts_with(self_test_prefix); ++it) {
    any = true;
    const auto taken = detail::take_self_test_tensor(it->first, it->second, test, toleranced);
    if (!taken) return Error{taken.error().code, store.path + ": its self-test is broken: " + taken.error().message};
  }
  if (!any) return std::optional<SelfTest>();
  const std::string prefix(self_test_prefix);
  test.network = detail::text_or(store, prefix + "network");
  test.reason = detail::text_or(store, prefix + "reason");
  if (!toleranced || test.inputs.empty() || test.expected.empty() || test.network.empty())
    return Error{
        ErrorCode::bad_file,
        store.path + ": its self-test is broken: it lacks a tolerance, an input, an output or the network's name"};
  return std::optional<SelfTest>(std::move(test));
}

/// Whether the file's tensors are those that its self-test was made with; nothing to say without fingerprints.
/// Errors: the tensors that are not, all by name.
inline Result<void> check_fingerprints(const TensorStore& store) {
  const auto found = store.tensors.find(std::string(self_test_prefix) + "fingerprints");
  if (found == store.tensors.end()) return {};
  const std::vector<std::uint64_t> given = fingerprints(store.tensors);
  std::vector<std::uint64_t> wanted(found->second.bytes.size() / 8);
  if (found->second.type != NumberType::i64 || wanted.size() != given.size())
    return Error{ErrorCode::bad_file, store.path + ": the file was changed after its self-test was made: it holds " +
                                          std::to_string(given.size()) + " tensors, wanted " +
                                          std::to_string(wanted.size())};
  if (!wanted.empty()) std::memcpy(wanted.data(), found->second.bytes.data(), 8 * wanted.size());
  std::string changed;
  std::size_t i = 0;
  for (const auto& [name, t] : store.tensors) {
    if (name.starts_with(self_test_prefix)) continue;
    if (wanted[i] != given[i]) changed += (changed.empty() ? "" : ", ") + name;
    ++i;
  }
  if (!changed.empty())
    return Error{ErrorCode::bad_file, store.path + ": the file was changed after its self-test was made: " + changed};
  return {};
}

/// Runs the self-test of a file whose weights have been taken out of it; nothing to say if there is none, or if it is
/// for another network (a file that holds more than `graph` wants).
/// Errors: tensors that were changed, a self-test that is broken or does not pass.
inline Result<void> pass_self_test(const Graph& graph, const Weights& weights, const TensorStore& store,
                                   int threads = 0) {
  const auto test = read_self_test(store);
  if (!test) return test.error();
  if (!test->has_value()) return {};
  if (const auto same = check_fingerprints(store); !same) return same.error();
  if ((*test)->network != graph.name) return {};
  const auto report = run_self_test(graph, weights, **test, threads);
  if (!report) return Error{report.error().code, store.path + ": " + report.error().message};
  if (report->passed) return {};
  char numbers[120];
  std::snprintf(numbers, sizeof numbers,
                "' differs by %.3g from what these weights gave when they were converted, at most %.3g is allowed (",
                report->largest, (*test)->tolerance);
  return Error{ErrorCode::bad_file, store.path + ": the self-test of these weights fails: '" + report->worst + numbers +
                                        (*test)->reason + ")"};
}

}  // namespace hairline

#pragma once
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/io/file.hpp"
#include "hairline/weights/fit.hpp"
#include "hairline/weights/onnx.hpp"
#include "hairline/weights/safetensors.hpp"
#include "hairline/weights/self_test_file.hpp"
#include "hairline/weights/torch_zip.hpp"

namespace hairline {

/// Reads weights of any known format from memory; the content decides, not the name.
/// Errors: damage, an unknown or older format; the text names `path`.
inline Result<TensorStore> parse_weights(FileBytes file, std::string path) {
  const auto begins = [&](std::initializer_list<unsigned> bytes, std::size_t at = 0) {
    if (file.size() < at + bytes.size()) return false;
    for (unsigned b : bytes)
      if (file[at++] != b) return false;
    return true;
  };
  if (file.empty()) return Error{ErrorCode::bad_file, path + ": the file is empty"};
  if (begins({'P', 'K', 3, 4}) || begins({'P', 'K', 5, 6})) return parse_torch_zip(std::move(file), std::move(path));
  if (begins({'{'}, 8)) return parse_safetensors(std::move(file), std::move(path));
  if (begins({0x80, 2}))
    return Error{ErrorCode::unsupported,
                 path + ": a PyTorch checkpoint of the format before 1.6; load and save it again with a newer PyTorch"};
  if (begins({0x08})) return parse_onnx(std::move(file), std::move(path));
  char head[64];
  std::snprintf(head, sizeof head, "%02x %02x %02x %02x", file[0], file.size() > 1 ? file[1] : 0u,
                file.size() > 2 ? file[2] : 0u, file.size() > 3 ? file[3] : 0u);
  return Error{
      ErrorCode::bad_file,
      path + ": wanted safetensors, a PyTorch zip checkpoint or an ONNX model, given a file that begins " + head};
}

/// Reads a weights file. Errors: as parse_weights, and a file that is not there or not readable.
inline Result<TensorStore> read_weights(const std::string& path) {
  io::ReadLimits limits;
  limits.max_bytes = std::uint64_t{16} << 30;
  auto bytes = io::read_file(path, limits);
  if (!bytes) return bytes.error();
  return parse_weights(std::move(*bytes), path);
}

/// Maps a weights file instead of reading it: for whoever goes through the tensors once. See FileBytes::map.
/// Errors: as read_weights.
inline Result<TensorStore> map_weights(const std::string& path) {
  io::ReadLimits limits;
  limits.max_bytes = std::uint64_t{16} << 30;
  auto bytes = FileBytes::map(path, limits);
  if (!bytes) return bytes.error();
  return parse_weights(std::move(*bytes), path);
}

/// Whether weights that carry a self-test must pass it before they are used.
enum class SelfTestUse { run, skip };

/// A network's weights from a file that has been read, strictly; a self-test in it is run (below 0.2 s).
/// Errors: one report of everything that does not fit; a self-test that fails.
inline Result<Weights> accept_weights(const Graph& graph, const TensorStore& store,
                                      const std::vector<std::string>& ignored_prefixes = {},
                                      SelfTestUse use = SelfTestUse::run) {
  auto weights = fit_weights(graph, store, ignored_prefixes);
  if (!weights || use == SelfTestUse::skip) return weights;
  if (const auto passed = pass_self_test(graph, *weights, store); !passed) return passed.error();
  return weights;
}

/// A network's weights from a file of any known format.  Errors: as read_weights and accept_weights.
inline Result<Weights> load_weights(const Graph& graph, const std::string& path,
                                    const std::vector<std::string>& ignored_prefixes = {},
                                    SelfTestUse use = SelfTestUse::run) {
  const auto store = read_weights(path);
  if (!store) return store.error();
  return accept_weights(graph, *store, ignored_prefixes, use);
}

}  // namespace hairline

#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/weights/file_bytes.hpp"
#include "hairline/weights/number_type.hpp"
#include "hairline/weights/weights.hpp"

namespace hairline {

/// Tensors whose names begin so belong to a file's self-test (weights/self_test.hpp), not to the network.
inline constexpr std::string_view self_test_prefix = "hairline.self_test.";

/// A file whose remarks have this name holds weights packed for compiled kernels (kernels/packed_file.hpp).
inline constexpr std::string_view packed_mark = "hairline.packed";

/// One tensor of a weights file, as it is stored.
struct StoredTensor {
  NumberType type = NumberType::f32;
  std::vector<std::int64_t> dims;
  std::span<const std::byte> bytes;  ///< inside TensorStore::file or ::gathered; dense, slowest dimension first
};

/// A weights file in memory with its directory: tensors by name, and the file's own remarks. Tensors refer to `file`.
struct TensorStore {
  std::string path;
  std::string format;  ///< "safetensors", "torch zip", "onnx"
  FileBytes file;
  std::map<std::string, StoredTensor, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata;
  std::vector<std::vector<std::byte>> gathered;  ///< tensors that the file does not hold densely
};

/// Whether a file holds packed weights instead of a network's own.
inline bool is_packed(const TensorStore& store) { return store.metadata.find(packed_mark) != store.metadata.end(); }

}  // namespace hairline

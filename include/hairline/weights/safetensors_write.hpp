#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/io/file.hpp"
#include "hairline/weights/safetensors.hpp"

namespace hairline {

/// A tensor that is to be written: its numbers stay where they are.
struct TensorToWrite {
  std::string name;
  NumberType type = NumberType::f32;
  std::vector<std::int64_t> dims;  ///< slowest dimension first
  std::span<const std::byte> bytes;
};

namespace detail {
constexpr const char* safetensors_type_name(NumberType t) {
  switch (t) {
    case NumberType::f64:
      return "F64";
    case NumberType::f32:
      return "F32";
    case NumberType::f16:
      return "F16";
    case NumberType::bf16:
      return "BF16";
    case NumberType::i64:
      return "I64";
    case NumberType::i32:
      return "I32";
    case NumberType::i16:
      return "I16";
    case NumberType::i8:
      return "I8";
    case NumberType::u8:
      return "U8";
    case NumberType::boolean:
      return "BOOL";
  }
  return "";
}

/// A JSON string; throws nlohmann's type_error if it is not UTF-8.
inline std::string json_text(const std::string& s) { return nlohmann::json(s).dump(); }

/// What is wrong with a tensor that is to be written, or nothing.
inline std::string fault_of(const TensorToWrite& t) {
  if (t.name == "__metadata__") return "has the name of the metadata";
  if (t.dims.size() > 8) return "has more than 8 dimensions";
  const auto count = element_count(t.dims);
  if (!count || *count > SIZE_MAX / 8 || *count * size_of(t.type) != t.bytes.size())
    return "has another number of bytes than its shape and type want";
  return {};
}

/// The header's text: metadata, then the tensors with their places in the data, padded so that the data begins at a
/// cache line.
inline Result<std::string> safetensors_header(const std::vector<TensorToWrite>& tensors,
                                              const std::map<std::string, std::string, std::less<>>& metadata) {
  std::string text = "{";
  const auto more = [&] { text += text.size() > 1 ? "," : ""; };
  std::set<std::string_view> names;
  try {
    if (!metadata.empty()) text += "\"__metadata__\":" + nlohmann::json(metadata).dump();
    std::size_t at = 0;
    for (const TensorToWrite& t : tensors) {
      const std::string fault = names.insert(t.name).second ? fault_of(t) : "is there twice";
      if (!fault.empty()) return Error{ErrorCode::invalid_argument, "safetensors: tensor '" + t.name + "' " + fault};
      more();
      text += json_text(t.name) + ":{\"dtype\":\"" + safetensors_type_name(t.type) + "\",\"shape\":[";
      for (std::size_t k = 0; k < t.dims.size(); ++k) (text += k > 0 ? "," : "") += std::to_string(t.dims[k]);
      text += "],\"data_offsets\":[" + std::to_string(at) + "," + std::to_string(at + t.bytes.size()) + "]}";
      at += t.bytes.size();
    }
  } catch (const nlohmann::json::exception&) {
    return Error{ErrorCode::invalid_argument, "safetensors: a name or remark is not UTF-8"};
  }
  text += "}";
  text.resize((8 + text.size() + 63) / 64 * 64 - 8, ' ');
  if (text.size() > most_safetensors_header)
    return Error{ErrorCode::unsupported, "safetensors: the directory is larger than the 16 MiB that readers accept"};
  return text;
}
}  // namespace detail

/// The bytes of a .safetensors file. The tensors lie in the order of their types' sizes, then of their names, so that
/// each is aligned and equal tensors make equal files.
/// Errors: a name twice or not UTF-8, bytes that do not fill a shape.
inline Result<std::vector<std::uint8_t>> encode_safetensors(
    std::vector<TensorToWrite> tensors, const std::map<std::string, std::string, std::less<>>& metadata = {}) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorToWrite& a, const TensorToWrite& b) {
    return size_of(a.type) != size_of(b.type) ? size_of(a.type) > size_of(b.type) : a.name < b.name;
  });
  const auto header = detail::safetensors_header(tensors, metadata);
  if (!header) return header.error();
  std::size_t size = 8 + header->size();
  for (const TensorToWrite& t : tensors) size += t.bytes.size();
  std::vector<std::uint8_t> file(size);
  const std::uint64_t length = header->size();
  std::memcpy(file.data(), &length, 8);
  std::memcpy(file.data() + 8, header->data(), header->size());
  std::size_t at = 8 + header->size();
  for (const TensorToWrite& t : tensors) {
    if (!t.bytes.empty()) std::memcpy(file.data() + at, t.bytes.data(), t.bytes.size());
    at += t.bytes.size();
  }
  return file;
}

/// Writes a .safetensors file, all or nothing (io::write_file).  Errors: as encode_safetensors and io::write_file.
inline Result<void> write_safetensors(const std::string& path, std::vector<TensorToWrite> tensors,
                                      const std::map<std::string, std::string, std::less<>>& metadata = {}) {
  const auto file = encode_safetensors(std::move(tensors), metadata);
  if (!file) return file.error();
  return io::write_file(path, *file);
}

}  // namespace hairline

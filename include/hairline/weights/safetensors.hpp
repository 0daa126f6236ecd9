#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/weights/tensor_store.hpp"

namespace hairline {

namespace detail {

inline constexpr std::size_t most_safetensors_header = std::size_t{16} << 20;

/// Takes the JSON header apart as it is read, so that nothing but the expected structure is ever built: an object of
/// {"dtype", "shape", "data_offsets"} objects and one "__metadata__" object of strings.
class SafetensorsHeader : public nlohmann::json_sax<nlohmann::json> {
 public:
  struct Entry {
    std::string dtype;
    std::vector<std::int64_t> shape;
    std::vector<std::int64_t> offsets;
  };
  std::map<std::string, Entry, std::less<>> entries;
  std::map<std::string, std::string, std::less<>> metadata;
  std::string fault;

  bool null() override { return reject("null"); }
  bool boolean(bool) override { return reject("a boolean"); }
  bool number_integer(number_integer_t v) override { return number(v); }
  bool number_unsigned(number_unsigned_t v) override {
    return v > static_cast<number_unsigned_t>(INT64_MAX) ? reject("a number beyond 2^63")
                                                         : number(static_cast<std::int64_t>(v));
  }
  bool number_float(number_float_t, const string_t&) override { return reject("a fraction"); }
  bool binary(binary_t&) override { return reject("binary data"); }
  bool string(string_t& v) override {
    if (depth_ != 2) return reject("a string");
    if (in_metadata_) {
      metadata[inner_] = std::move(v);
    } else if (inner_ == "dtype") {
      entries[outer_].dtype = std::move(v);
    } else {
      return reject("a string");
    }
    return true;
  }
  bool start_object(std::size_t) override {
    if (array_ || depth_ >= 2) return reject("a nested object");
    ++depth_;
    return true;
  }
  bool end_object() override {
    if (depth_ == 2 && !in_metadata_) {  // here, not at the end: nothing but whole entries is ever kept
      const Entry& e = entries[outer_];
      if (e.dtype.empty() || e.offsets.size() != 2) return fail("lacks dtype or data_offsets of '" + outer_ + "'");
    }
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    if (array_ || depth_ != 2 || in_metadata_ || (inner_ != "shape" && inner_ != "data_offsets"))
      return reject("an array");
    array_ = true;
    return true;
  }
  bool end_array() override {
    array_ = false;
    return true;
  }
  bool key(string_t& k) override {
    if (depth_ == 1) {
      in_metadata_ = k == "__metadata__";
      if (!in_metadata_ && !entries.emplace(k, Entry{}).second) return fail("names tensor '" + k + "' twice");
      outer_ = std::move(k);
    } else {
      inner_ = std::move(k);
    }
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    return fail("is no JSON at byte " + std::to_string(position));
  }

 private:
  bool number(std::int64_t v) {
    if (!array_) return reject("a number");
    auto& list = inner_ == "shape" ? entries[outer_].shape : entries[outer_].offsets;
    if (list.size() >= 8) return fail("gives '" + outer_ + "' more than 8 numbers of " + inner_);
    list.push_back(v);
    return true;
  }
  bool reject(const std::string& what) {
    return fail("has " + what + " where none belongs" + (outer_.empty() ? "" : ", at '" + outer_ + "'"));
  }
  bool fail(std::string text) {
    if (fault.empty()) fault = std::move(text);
    return false;
  }
  int depth_ = 0;
  bool array_ = false, in_metadata_ = false;
  std::string outer_, inner_;
};

inline std::optional<NumberType> safetensors_type(std::string_view dtype) {
  static constexpr std::pair<const char*, NumberType> known[] = {
      {"F64", NumberType::f64}, {"F32", NumberType::f32},     {"F16", NumberType::f16}, {"BF16", NumberType::bf16},
      {"I64", NumberType::i64}, {"I32", NumberType::i32},     {"I16", NumberType::i16}, {"I8", NumberType::i8},
      {"U8", NumberType::u8},   {"BOOL", NumberType::boolean}};
  for (const auto& [text, type] : known)
    if (dtype == text) return type;
  return std::nullopt;
}

}  // namespace detail

/// Reads a .safetensors file from memory. Every offset is checked: inside the file, as long as type and shape say, no
/// two tensors overlapping, no byte left over. Allocates the directory only; tensors stay where they are.
/// Errors name the file and what is wrong with it.
inline Result<TensorStore> parse_safetensors(FileBytes file, std::string path) {
  const auto bad = [&](const std::string& what) { return Error{ErrorCode::bad_file, path + ": safetensors " + what}; };
  if (file.size() < 8) return bad("file of " + std::to_string(file.size()) + " bytes, wanted at least 8");
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  if (length > file.size() - 8 || length > detail::most_safetensors_header)
    return bad("header claims " + std::to_string(length) + " bytes, the file has " + std::to_string(file.size() - 8) +
               " after it and 16 MiB are allowed");
  detail::SafetensorsHeader header;
  const char* text = reinterpret_cast<const char*>(file.data()) + 8;
  if (!nlohmann::json::sax_parse(text, text + length, &header)) return bad("header " + header.fault);

  TensorStore store{std::move(path), "safetensors", std::move(file), {}, std::move(header.metadata), {}};
  const std::span<const std::byte> data = std::as_bytes(std::span(store.file)).subspan(8 + length);
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  const auto fault = [&](const std::string& name, const std::string& what) {
    return Error{ErrorCode::bad_file, store.path + ": tensor '" + name + "' " + what};
  };
  for (auto& [name, entry] : header.entries) {
    const auto type = detail::safetensors_type(entry.dtype);
    if (!type)
      return fault(name, "has dtype '" + entry.dtype + "', wanted one of F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL");
    const auto count = element_count(entry.shape);
    if (!count || *count > SIZE_MAX / 8) return fault(name, "has a shape that is negative or too large");
    if (entry.offsets.size() != 2 || entry.offsets[0] < 0 || entry.offsets[1] < entry.offsets[0] ||
        static_cast<std::uint64_t>(entry.offsets[1]) > data.size())
      return fault(name, "has data offsets outside the " + std::to_string(data.size()) + " bytes of data, or reversed");
    const auto first = static_cast<std::size_t>(entry.offsets[0]),
               bytes = static_cast<std::size_t>(entry.offsets[1]) - first;
    if (bytes != *count * size_of(*type))
      return fault(name, "has " + std::to_string(bytes) + " bytes, its shape and type want " +
                             std::to_string(*count * size_of(*type)));
    if (bytes > 0) ranges.emplace_back(entry.offsets[0], entry.offsets[1]);
    store.tensors.emplace(name, StoredTensor{*type, std::move(entry.shape), data.subspan(first, bytes)});
  }
  std::sort(ranges.begin(), ranges.end());
  std::int64_t end = 0;
  for (const auto& [from, to] : ranges) {
    if (from != end)
      return Error{ErrorCode::bad_file,
                   store.path + ": tensors overlap or leave a gap at data byte " + std::to_string(end)};
    end = to;
  }
  if (static_cast<std::size_t>(end) != data.size())
    return Error{ErrorCode::bad_file, store.path + ": " + std::to_string(data.size() - static_cast<std::size_t>(end)) +
                                          " bytes after the last tensor"};
  return store;
}

}  // namespace hairline

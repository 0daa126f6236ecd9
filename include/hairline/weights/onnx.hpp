#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
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

/// One field of a protocol-buffers message.
struct ProtoField {
  std::uint32_t number = 0;
  std::uint32_t wire = 0;  ///< 0 varint, 1 eight bytes, 2 a run of bytes, 5 four bytes
  std::uint64_t value = 0;
  std::span<const std::byte> bytes;
};

/// Walks the fields of one message; never recursive, never outside its bytes.
class ProtoWalk {
 public:
  explicit ProtoWalk(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool failed() const { return failed_; }

  std::optional<ProtoField> next() {
    if (failed_ || at_ == bytes_.size()) return std::nullopt;
    ProtoField f;
    const std::uint64_t key = varint();
    f.number = static_cast<std::uint32_t>(key >> 3);
    f.wire = static_cast<std::uint32_t>(key & 7u);
    switch (f.wire) {
      case 0:
        f.value = varint();
        break;
      case 1:
        f.bytes = take(8);
        break;
      case 2:
        f.bytes = take(varint());
        break;
      case 5:
        f.bytes = take(4);
        break;
      default:
        failed_ = true;
    }
    if (failed_) return std::nullopt;
    return f;
  }
  /// The varints of a packed field.
  static std::optional<std::vector<std::int64_t>> packed(std::span<const std::byte> bytes) {
    ProtoWalk walk(bytes);
    std::vector<std::int64_t> values;
    while (walk.at_ < bytes.size() && !walk.failed_) values.push_back(static_cast<std::int64_t>(walk.varint()));
    if (walk.failed_) return std::nullopt;
    return values;
  }

 private:
  std::uint64_t varint() {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ >= bytes_.size()) break;
      const auto b = static_cast<std::uint64_t>(bytes_[at_++]);
      v |= (b & 127u) << shift;
      if (b < 128) return v;
    }
    failed_ = true;
    return 0;
  }
  std::span<const std::byte> take(std::uint64_t n) {
    if (failed_ || n > bytes_.size() - at_) {
      failed_ = true;
      return {};
    }
    at_ += n;
    return bytes_.subspan(at_ - n, n);
  }
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

inline std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What a TensorProto says, before it is judged.
struct OnnxTensor {
  std::string name;
  std::vector<std::int64_t> dims;
  std::uint64_t type = 0;
  std::span<const std::byte> raw;      ///< raw_data
  std::span<const std::byte> floats;   ///< float_data or double_data, packed
  std::vector<std::int64_t> integers;  ///< int32_data or int64_data
  bool external = false, broken = false;
};

inline OnnxTensor read_onnx_tensor(std::span<const std::byte> bytes) {
  OnnxTensor t;
  ProtoWalk walk(bytes);
  const auto append = [&](std::vector<std::int64_t>& to, const ProtoField& f) {
    if (f.wire == 0) return to.push_back(static_cast<std::int64_t>(f.value));
    const auto values = ProtoWalk::packed(f.bytes);
    if (f.wire != 2 || !values) return void(t.broken = true);
    to.insert(to.end(), values->begin(), values->end());
  };
  while (const auto f = walk.next()) {
    switch (f->number) {
      case 1:
        append(t.dims, *f);
        break;
      case 2:
        t.type = f->value;
        break;
      case 4:
      case 10:
        t.floats = f->bytes;
        break;
      case 5:
      case 7:
        append(t.integers, *f);
        break;
      case 8:
        t.name = text_of(f->bytes);
        break;
      case 9:
        t.raw = f->bytes;
        break;
      case 13:
        t.external = true;
        break;
      case 14:
        t.external = t.external || f->value == 1;
        break;
      default:
        break;
    }
    if (t.dims.size() > 8) t.broken = true;
    if (t.broken) break;
  }
  t.broken = t.broken || walk.failed();
  return t;
}

inline std::optional<NumberType> onnx_type(std::uint64_t type) {
  switch (type) {
    case 1:
      return NumberType::f32;
    case 2:
      return NumberType::u8;
    case 3:
      return NumberType::i8;
    case 5:
      return NumberType::i16;
    case 6:
      return NumberType::i32;
    case 7:
      return NumberType::i64;
    case 9:
      return NumberType::boolean;
    case 10:
      return NumberType::f16;
    case 11:
      return NumberType::f64;
    case 16:
      return NumberType::bf16;
    default:
      return std::nullopt;
  }
}

/// Where the numbers are: raw, packed floats, or a dense copy of the packed integers (16-bit floats come so too).
inline std::optional<std::span<const std::byte>> onnx_numbers(const OnnxTensor& t, NumberType type, std::size_t count,
                                                              TensorStore& store) {
  const std::size_t width = size_of(type);
  if (t.raw.size() == count * width) return t.raw;
  if ((type == NumberType::f32 || type == NumberType::f64) && t.floats.size() == count * width) return t.floats;
  if (t.integers.size() != count || type == NumberType::f32 || type == NumberType::f64) return std::nullopt;
  std::vector<std::byte> dense(count * width);
  for (std::size_t i = 0; i < count; ++i) std::memcpy(dense.data() + i * width, &t.integers[i], width);
  store.gathered.push_back(std::move(dense));
  return store.gathered.back();
}

}  // namespace detail

/// Reads the initialisers (stored tensors) of an ONNX model from memory; the operators are not looked at. Names are the
/// exporter's: those that PyTorch folded together have none of the published ones.
/// Errors: damage, numbers kept in other files.
inline Result<TensorStore> parse_onnx(FileBytes file, std::string path) {
  TensorStore store{std::move(path), "onnx", std::move(file), {}, {}, {}};
  const auto bad = [&](const std::string& what) {
    return Error{ErrorCode::bad_file, store.path + ": ONNX model " + what};
  };
  detail::ProtoWalk model(std::as_bytes(std::span(store.file)));
  bool graph_seen = false, version_seen = false;
  while (const auto field = model.next()) {
    if (field->number == 1 && field->wire == 0) version_seen = true;
    if (field->number == 2 && field->wire == 2) store.metadata["producer"] = detail::text_of(field->bytes);
    if (field->number != 7 || field->wire != 2) continue;
    graph_seen = true;
    detail::ProtoWalk graph(field->bytes);
    while (const auto part = graph.next()) {
      if (part->number != 5 || part->wire != 2) continue;
      const detail::OnnxTensor t = detail::read_onnx_tensor(part->bytes);
      if (t.broken) return bad("has a damaged tensor '" + t.name + "'");
      if (t.external) return bad("keeps tensor '" + t.name + "' in another file; wanted it inside");
      const auto type = detail::onnx_type(t.type);
      if (!type) return bad("has tensor '" + t.name + "' of type " + std::to_string(t.type) + ", which is not read");
      const auto count = element_count(t.dims);
      if (!count || *count > store.file.size()) return bad("has tensor '" + t.name + "' with an impossible shape");
      const auto numbers = detail::onnx_numbers(t, *type, *count, store);
      if (!numbers) return bad("has tensor '" + t.name + "' whose numbers do not fill its shape");
      if (!store.tensors.emplace(t.name, StoredTensor{*type, t.dims, *numbers}).second)
        return bad("names tensor '" + t.name + "' twice");
    }
    if (graph.failed()) return bad("is damaged inside its graph");
  }
  if (model.failed() || !graph_seen || !version_seen) return bad("is damaged or is none");
  return store;
}

}  // namespace hairline

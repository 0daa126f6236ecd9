#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/weights/pickle.hpp"
#include "hairline/weights/tensor_store.hpp"
#include "hairline/weights/zip.hpp"

namespace hairline {

namespace detail {

/// Finds the tensors in a taken-apart checkpoint: a state dict, a dict that holds one, or a TorchScript module.
class TorchCheckpoint {
 public:
  /// @param size bytes of the pickle, which limit what may be made of it
  TorchCheckpoint(const Pickle& pickle, const ZipEntries& entries, std::string folder, std::size_t size,
                  TensorStore& store)
      : pickle_(pickle), entries_(entries), folder_(std::move(folder)), store_(store) {
    std::size_t references = 0;
    for (const PickleValue& v : pickle.values) references += v.items.size();
    most_visits_ = 4 * references + 64;
    most_letters_ = 64 * size + 65536;
  }

  /// Names every tensor; the part of the name before '\n' is the path of the dict that holds it.
  Result<void> collect() {
    walk(pickle_.root, "", "", 0);
    if (!fault_.empty()) return Error{ErrorCode::bad_file, store_.path + ": " + fault_};
    return keep_fullest_container();
  }

 private:
  using Kind = PickleValue::Kind;
  static constexpr int deepest = 64;

  const PickleValue& at(int i) const { return pickle_[i]; }

  void walk(int index, const std::string& container, const std::string& name, int depth) {
    if (!fault_.empty()) return;
    // Parts may be shared (tied layers), so a short pickle can describe a tree without end; what a checkpoint needs
    // grows with its pickle.
    letters_ += container.size() + name.size();
    if (depth > deepest || ++visits_ > most_visits_ || letters_ > most_letters_) {
      fault_ = "is nested too deeply, or in a circle";
      return;
    }
    const PickleValue& v = at(index);
    if (v.kind == Kind::dict) return walk_dict(v, container, name, depth);
    if (v.kind != Kind::call || v.items.size() != 2) return;
    const std::string& callee = at(v.items[0]).text;
    if (callee == "torch._utils _rebuild_tensor_v2") return add_tensor(v.items[1], container, name);
    if (callee == "torch._utils _rebuild_parameter") {
      const PickleValue& arguments = at(v.items[1]);
      if (arguments.kind == Kind::tuple && !arguments.items.empty())
        walk(arguments.items[0], container, name, depth + 1);
      return;
    }
    if (v.state >= 0) {
      // A TorchScript module's attributes extend the name; an OrderedDict's items begin a new container.
      const bool module = callee.rfind("__torch__", 0) == 0;
      if (at(v.state).kind != Kind::dict) return;
      if (!module && callee != "collections OrderedDict") {
        if (has_key(at(v.state), "_modules"))
          fault_ = "holds a whole Python module (" + callee + "), not its weights; save module.state_dict() instead";
        return;
      }
      if (module) return walk_members(at(v.state), container, name, depth);
      walk_dict(at(v.state), container, name, depth);
    }
  }

  bool has_key(const PickleValue& dict, std::string_view key) const {
    for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2)
      if (at(dict.items[i]).kind == Kind::text && at(dict.items[i]).text == key) return true;
    return false;
  }
  static std::string join(const std::string& a, const std::string& b) { return a.empty() ? b : a + "." + b; }

  void walk_members(const PickleValue& dict, const std::string& container, const std::string& name, int depth) {
    for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2)
      if (at(dict.items[i]).kind == Kind::text)
        walk(dict.items[i + 1], container, join(name, at(dict.items[i]).text), depth + 1);
  }
  void walk_dict(const PickleValue& dict, const std::string& container, const std::string& name, int depth) {
    walk_members(dict, join(container, name), "", depth);
  }

  std::optional<std::vector<std::int64_t>> integers(int index) const {
    const PickleValue& v = at(index);
    if (v.kind != Kind::tuple && v.kind != Kind::list) return std::nullopt;
    if (v.items.size() > 8) return std::nullopt;
    std::vector<std::int64_t> numbers;
    for (int i : v.items) {
      if (at(i).kind != Kind::integer) return std::nullopt;
      numbers.push_back(at(i).integer);
    }
    return numbers;
  }

  static std::optional<NumberType> storage_type(std::string_view global) {
    static constexpr std::pair<std::string_view, NumberType> known[] = {
        {"torch DoubleStorage", NumberType::f64}, {"torch FloatStorage", NumberType::f32},
        {"torch HalfStorage", NumberType::f16},   {"torch BFloat16Storage", NumberType::bf16},
        {"torch LongStorage", NumberType::i64},   {"torch IntStorage", NumberType::i32},
        {"torch ShortStorage", NumberType::i16},  {"torch CharStorage", NumberType::i8},
        {"torch ByteStorage", NumberType::u8},    {"torch BoolStorage", NumberType::boolean}};
    for (const auto& [text, type] : known)
      if (global == text) return type;
    return std::nullopt;
  }

  void add_tensor(int arguments_index, const std::string& container, const std::string& name) {
    const std::string full = container + "\n" + name;
    const auto bad = [&](const std::string& what) { fault_ = "tensor '" + name + "' " + what; };
    const PickleValue& arguments = at(arguments_index);
    if (arguments.kind != Kind::tuple || arguments.items.size() < 4) return bad("is described wrongly");
    const PickleValue& persistent = at(arguments.items[0]);
    if (persistent.kind != Kind::persistent) return bad("has no storage");
    const PickleValue& id = at(persistent.items[0]);
    if (id.kind != Kind::tuple || id.items.size() < 5 || at(id.items[0]).text != "storage")
      return bad("has no storage");
    const auto type = storage_type(at(id.items[1]).text);
    if (!type) return bad("has numbers of a type that is not read: " + at(id.items[1]).text);
    const auto entry = entries_.find(folder_ + "data/" + at(id.items[2]).text);
    if (entry == entries_.end())
      return bad("refers to storage '" + at(id.items[2]).text + "', which is not in the archive");
    const PickleValue& first = at(arguments.items[1]);
    const auto dims = integers(arguments.items[2]), strides = integers(arguments.items[3]);
    if (first.kind != Kind::integer || first.integer < 0 || !dims || !strides || dims->size() != strides->size())
      return bad("has no usable shape");
    const auto count = element_count(*dims);
    if (!count || *count > entry->second.size() / size_of(*type)) return bad("is larger than its storage");
    StoredTensor tensor{*type, *dims, {}};
    if (!place(tensor, entry->second, static_cast<std::size_t>(first.integer), *strides, *count))
      return bad("reaches outside its storage");
    if (!store_.tensors.emplace(full, std::move(tensor)).second) return bad("is there twice");
  }

  /// Points at the bytes where they lie dense, or gathers a copy where they do not (channels-last weights).
  bool place(StoredTensor& tensor, std::span<const std::byte> storage, std::size_t first,
             const std::vector<std::int64_t>& strides, std::size_t count) {
    const std::size_t width = size_of(tensor.type), elements = storage.size() / width;
    if (count == 0) return first <= elements;
    std::size_t last = first, expected = 1;
    bool dense = true;
    for (std::size_t k = tensor.dims.size(); k-- > 0;) {
      const auto extent = static_cast<std::size_t>(tensor.dims[k]);
      if (extent == 1) continue;
      std::size_t reach = 0;
      if (strides[k] < 0 || __builtin_mul_overflow(static_cast<std::size_t>(strides[k]), extent - 1, &reach) ||
          __builtin_add_overflow(last, reach, &last))
        return false;
      dense = dense && static_cast<std::size_t>(strides[k]) == expected;
      expected *= extent;
    }
    if (last >= elements) return false;
    if (dense) {
      tensor.bytes = storage.subspan(first * width, count * width);
      return true;
    }
    std::vector<std::byte> copy(count * width);
    std::vector<std::size_t> index(tensor.dims.size(), 0);
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t from = first;
      for (std::size_t k = 0; k < index.size(); ++k) from += index[k] * static_cast<std::size_t>(strides[k]);
      std::memcpy(copy.data() + i * width, storage.data() + from * width, width);
      for (std::size_t k = index.size(); k-- > 0;) {
        if (++index[k] < static_cast<std::size_t>(tensor.dims[k])) break;
        index[k] = 0;
      }
    }
    gathered_ += copy.size();
    if (gathered_ > 4 * store_.file.size()) return false;
    store_.gathered.push_back(std::move(copy));
    tensor.bytes = store_.gathered.back();
    return true;
  }

  /// Of several dicts with tensors (weights, an optimiser's state) the one with most is the network's.
  Result<void> keep_fullest_container() {
    std::map<std::string, std::size_t, std::less<>> sizes;
    for (const auto& [full, tensor] : store_.tensors) ++sizes[full.substr(0, full.find('\n'))];
    if (sizes.empty()) return Error{ErrorCode::bad_file, store_.path + ": the checkpoint holds no tensor"};
    auto fullest = sizes.begin();
    for (auto it = sizes.begin(); it != sizes.end(); ++it)
      if (it->second > fullest->second) fullest = it;
    std::map<std::string, StoredTensor, std::less<>> kept;
    for (auto& [full, tensor] : store_.tensors)
      if (full.substr(0, full.find('\n')) == fullest->first)
        kept.emplace(full.substr(full.find('\n') + 1), std::move(tensor));
    for (const auto& [container, size] : sizes)
      if (container != fullest->first) store_.metadata["left out: " + container] = std::to_string(size) + " tensors";
    if (!fullest->first.empty()) store_.metadata["taken from"] = fullest->first;
    store_.tensors = std::move(kept);
    return {};
  }

  const Pickle& pickle_;
  const ZipEntries& entries_;
  std::string folder_;
  TensorStore& store_;
  std::string fault_;
  std::size_t visits_ = 0, letters_ = 0, gathered_ = 0;
  std::size_t most_visits_ = 0, most_letters_ = 0;
};

}  // namespace detail

/// Reads a PyTorch checkpoint (torch.save since 1.6, or a TorchScript archive) from memory. Nothing in it is executed.
/// Errors: damage, the older format, tensors that reach outside their storage.
inline Result<TensorStore> parse_torch_zip(FileBytes file, std::string path) {
  TensorStore store{std::move(path), "torch zip", std::move(file), {}, {}, {}};
  const auto entries = read_zip(std::as_bytes(std::span(store.file)));
  if (!entries) return Error{entries.error().code, store.path + ": " + entries.error().message};
  std::string folder;
  bool found = false;
  for (const auto& [name, bytes] : *entries)
    if (!found && name.size() >= 9 && name.ends_with("/data.pkl") && name.find('/') == name.size() - 9) {
      folder = name.substr(0, name.size() - 8);
      found = true;
    }
  if (!found)
    return Error{ErrorCode::bad_file,
                 store.path + ": a zip archive without an uncompressed NAME/data.pkl is no PyTorch checkpoint"};
  if (const auto order = entries->find(folder + "byteorder"); order != entries->end()) {
    const std::string_view text(reinterpret_cast<const char*>(order->second.data()), order->second.size());
    if (text != "little") return Error{ErrorCode::unsupported, store.path + ": numbers are stored big-endian"};
  }
  const auto pickled = entries->find(folder + "data.pkl")->second;
  const auto pickle = read_pickle(pickled);
  if (!pickle) return Error{pickle.error().code, store.path + ": " + pickle.error().message};
  if (const auto done = detail::TorchCheckpoint(*pickle, *entries, folder, pickled.size(), store).collect(); !done)
    return done.error();
  return store;
}

}  // namespace hairline

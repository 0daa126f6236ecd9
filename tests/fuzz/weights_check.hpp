#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "hairline/weights/load.hpp"
#include "hairline/weights/safetensors_write.hpp"

// What every reader of weights promises for any bytes: tensors that agree with themselves and lie in the file, or an
// error; and no more memory than the file's own size calls for.
namespace hairline::fuzz {

inline void require_weights(bool condition) {
  if (!condition) std::abort();
}

/// Counts what is allocated while it lives. Only sanitizer builds can count; elsewhere it stays at 0.
class AllocationMeter {
 public:
  AllocationMeter() {
    static const bool installed = install();
    (void)installed;
    total() = 0;
  }
  static std::size_t& total() {
    static std::size_t bytes = 0;
    return bytes;
  }

 private:
  static bool install();
};

}  // namespace hairline::fuzz

extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, std::size_t),
                                                         void (*)(const volatile void*)) __attribute__((weak));

namespace hairline::fuzz {

inline bool AllocationMeter::install() {
  if (__sanitizer_install_malloc_and_free_hooks == nullptr) return false;
  return __sanitizer_install_malloc_and_free_hooks([](const volatile void*, std::size_t n) { total() += n; },
                                                   [](const volatile void*) {}) != 0;
}

/// All that is allocated from opening to the end, freed or not: a value of a pickle or an entry of a directory is a few
/// hundred bytes in memory and may be one byte in the file.
inline std::size_t most_allocated(std::size_t file) { return 65536 + 1024 * file; }

inline bool same(const StoredTensor& a, const StoredTensor& b) {
  return a.type == b.type && a.dims == b.dims && a.bytes.size() == b.bytes.size() &&
         std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin());
}

/// What can be read survives being written as safetensors.
inline void check_round_trip(const TensorStore& store) {
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, t] : store.tensors) tensors.push_back({name, t.type, t.dims, t.bytes});
  auto file = encode_safetensors(std::move(tensors), store.metadata);
  if (!file) {
    require_weights(!file.error().message.empty());
    return;
  }
  const auto again = parse_safetensors(std::move(*file), "again");
  require_weights(again.has_value() && again->metadata == store.metadata);
  require_weights(again->tensors.size() == store.tensors.size());
  for (const auto& [name, t] : store.tensors) require_weights(same(t, again->tensors.at(name)));
}

template <class Parse>
void check_weights(const std::uint8_t* data, std::size_t size, Parse parse) {
  std::vector<std::uint8_t> bytes(data, data + size);
  AllocationMeter meter;
  const Result<TensorStore> store = parse(std::move(bytes), std::string("fuzz"));
  const std::size_t allocated = meter.total();
  require_weights(allocated <= most_allocated(size));
  if (!store) {
    require_weights(!store.error().message.empty() && store.error().code != ErrorCode::invalid_argument);
    return;
  }
  const auto* const first = reinterpret_cast<const std::byte*>(store->file.data());
  for (const auto& [name, t] : store->tensors) {
    const auto count = element_count(t.dims);
    require_weights(count.has_value() && t.bytes.size() == *count * size_of(t.type));
    bool inside = t.bytes.empty() || (t.bytes.data() >= first && t.bytes.data() + t.bytes.size() <= first + size);
    for (const auto& copy : store->gathered) inside = inside || copy.data() == t.bytes.data();
    require_weights(inside && to_floats(t.bytes, t.type).size() == *count);
  }
  check_round_trip(*store);
}

}  // namespace hairline::fuzz

#include <algorithm>
#include <span>

#include "tests/fuzz/weights_check.hpp"

// Any bytes as a pickle, and as the pickle of a checkpoint whose storages "0", "1" ... are 64 bytes each. An archive's
// directory would hide the pickle from most mutations.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hairline;
  const auto bytes = std::as_bytes(std::span(data, size));
  fuzz::AllocationMeter meter;
  const auto pickle = read_pickle(bytes);
  fuzz::require_weights(meter.total() <= fuzz::most_allocated(size));
  if (!pickle) {
    fuzz::require_weights(!pickle.error().message.empty());
    return 0;
  }
  const auto exists = [&](int i) { return i >= 0 && static_cast<std::size_t>(i) < pickle->values.size(); };
  fuzz::require_weights(exists(pickle->root));
  for (const PickleValue& v : pickle->values) {
    fuzz::require_weights(v.state == -1 || exists(v.state));
    fuzz::require_weights(std::all_of(v.items.begin(), v.items.end(), exists));
  }
  TensorStore store{"fuzz", "torch zip", std::vector<std::uint8_t>(8 * 64, 0), {}, {}, {}};
  ZipEntries entries;
  for (std::size_t i = 0; i < 8; ++i)
    entries["a/data/" + std::to_string(i)] = std::as_bytes(std::span(store.file)).subspan(64 * i, 64);
  fuzz::AllocationMeter walk;
  const auto done = detail::TorchCheckpoint(*pickle, entries, "a/", size, store).collect();
  fuzz::require_weights(walk.total() <= fuzz::most_allocated(size));
  if (!done) fuzz::require_weights(!done.error().message.empty());
  return 0;
}

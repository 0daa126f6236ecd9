#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hairline::tool {

/// The outputs of one job: written under temporary names beside their places and put in place only when all are
/// complete, so that a job that fails leaves nothing. What is left is removed by the destructor, also when the
/// program is stopped by a signal. Standard output ("-"), devices and pipes are filled at the end instead.
class StagedOutputs {
 public:
  StagedOutputs() = default;
  StagedOutputs(const StagedOutputs&) = delete;
  StagedOutputs& operator=(const StagedOutputs&) = delete;
  ~StagedOutputs();

  /// Reserves a place and returns the temporary path to write to. Throws JobError at once if the place cannot be
  /// written: a missing or read-only folder, a folder of that name.
  std::string add(const std::string& path);
  /// Puts everything in place; throws JobError.
  void commit();

 private:
  struct Item {
    std::string place, temporary;
    bool streamed = false;
    std::size_t signal_slot = 0;
  };
  std::vector<Item> items_;
};

/// Puts the bytes into a temporary of StagedOutputs; throws JobError about `place`.
void fill_temporary(const std::string& temporary, const std::string& place, std::span<const std::uint8_t> bytes);

/// Removes temporaries when the program is stopped by SIGINT, SIGTERM or SIGHUP.
void remove_temporaries_on_signals();

}  // namespace hairline::tool

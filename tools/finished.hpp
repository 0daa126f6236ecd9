#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace hairline::tool {

/// True if every output exists and is no older than any input; empty names do not count. Outputs appear whole or not
/// at all, so one that exists is complete.
inline bool finished(const std::vector<std::string>& inputs, const std::vector<std::string>& outputs) {
  namespace fs = std::filesystem;
  std::error_code error;
  auto newest = fs::file_time_type::min();
  for (const std::string& file : inputs) {
    if (file.empty()) continue;
    const auto time = fs::last_write_time(file, error);
    if (error) return false;
    newest = std::max(newest, time);
  }
  for (const std::string& file : outputs) {
    if (file.empty()) continue;
    if (!fs::is_regular_file(file, error)) return false;
    const auto time = fs::last_write_time(file, error);
    if (error || time < newest) return false;
  }
  return true;
}

}  // namespace hairline::tool

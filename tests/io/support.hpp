#pragma once
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "hairline/io/file.hpp"
#include "tests/support/catch.hpp"

namespace hairline::test {

inline std::filesystem::path golden_folder() { return std::filesystem::path(HAIRLINE_SOURCE_DIR) / "tests/golden/io"; }

inline io::Bytes bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return io::Bytes(std::istreambuf_iterator<char>(in), {});
}

/// A new, empty folder that goes when the test ends.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/hairline_io_XXXXXX";
    path_ = ::mkdtemp(name);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string string() const { return path_.string(); }
  /// Names of what lies in it.
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      out.push_back(entry.path().filename().string());
    return out;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace hairline::test

#pragma once
#include <ImfIO.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <vector>

namespace hairline::io::detail {

/// A file in memory whose first bytes are replaced by a header of the same length.
class ExrInput : public Imf::IStream {
 public:
  ExrInput(const char* name, std::span<const std::uint8_t> bytes, std::span<const char> header)
      : Imf::IStream(name), bytes_(bytes), header_(header) {}

  bool read(char* to, int count) override {
    const auto wanted = static_cast<std::size_t>(std::max(count, 0));
    if (at_ > bytes_.size() || wanted > bytes_.size() - at_) throw std::runtime_error("the file ends too early");
    std::size_t done = 0;
    if (at_ < header_.size()) {
      done = std::min(wanted, header_.size() - static_cast<std::size_t>(at_));
      std::memcpy(to, header_.data() + at_, done);
    }
    if (done < wanted) std::memcpy(to + done, bytes_.data() + at_ + done, wanted - done);
    at_ += wanted;
    return at_ < bytes_.size();
  }
  std::uint64_t tellg() override { return at_; }
  void seekg(std::uint64_t position) override { at_ = position; }

 private:
  std::span<const std::uint8_t> bytes_;
  std::span<const char> header_;
  std::uint64_t at_ = 0;
};

/// A file being written to memory. OpenEXR writes its table in a destructor, where a failed allocation would be lost:
/// failed() tells.
class ExrOutput : public Imf::OStream {
 public:
  explicit ExrOutput(const char* name) : Imf::OStream(name) {}

  void write(const char* from, int count) override {
    const auto n = static_cast<std::size_t>(std::max(count, 0));
    try {
      if (at_ + n > bytes_.size()) bytes_.resize(static_cast<std::size_t>(at_) + n);
    } catch (...) {
      failed_ = true;
      throw;
    }
    if (n > 0) std::memcpy(bytes_.data() + at_, from, n);
    at_ += n;
  }
  std::uint64_t tellp() override { return at_; }
  void seekp(std::uint64_t position) override { at_ = position; }

  bool failed() const { return failed_; }
  std::vector<std::uint8_t>& bytes() { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
  std::uint64_t at_ = 0;
  bool failed_ = false;
};

}  // namespace hairline::io::detail

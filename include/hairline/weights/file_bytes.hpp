#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#if defined(__unix__)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#endif

#include "hairline/core/result.hpp"
#include "hairline/io/file.hpp"

namespace hairline {

/// A file's bytes: read into memory, or mapped, which copies nothing and lets pages that have been used go again.
class FileBytes {
 public:
  FileBytes() = default;
  FileBytes(std::vector<std::uint8_t> bytes)  // NOLINT: implicit, a file in memory is one
      : owned_(std::move(bytes)) {}
  template <class Iterator>
  FileBytes(Iterator first, Iterator last) : owned_(first, last) {}

  const std::uint8_t* data() const { return mapping_ ? mapping_->data : owned_.data(); }
  std::size_t size() const { return mapping_ ? mapping_->size : owned_.size(); }
  bool empty() const { return size() == 0; }
  const std::uint8_t* begin() const { return data(); }
  const std::uint8_t* end() const { return data() + size(); }
  std::uint8_t operator[](std::size_t i) const { return data()[i]; }
  bool mapped() const { return mapping_ != nullptr; }

  /// The bytes as a vector; copied if they are mapped.
  std::vector<std::uint8_t> take() && {
    return mapping_ ? std::vector<std::uint8_t>(begin(), end()) : std::move(owned_);
  }

  /// Says that a piece will not be read soon: a mapped file's whole pages in it leave this process's memory. They stay
  /// readable.
  void release(std::span<const std::byte> piece) const {
#if defined(__unix__)
    if (!mapping_ || piece.empty()) return;
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto first = (reinterpret_cast<std::uintptr_t>(piece.data()) + page - 1) / page * page,
               last = reinterpret_cast<std::uintptr_t>(piece.data() + piece.size()) / page * page;
    if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
#else
    static_cast<void>(piece);
#endif
  }

  /// Maps a regular file; anything else (a pipe, a system without mappings) is read. Whoever shortens a file in place
  /// while it is mapped ends this process, as with every mapping; replacing it by renaming, as write_file does, is
  /// safe. Errors: as io::read_file.
  static Result<FileBytes> map(const std::string& path, const io::ReadLimits& limits = {}) {
#if defined(__unix__)
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return io::detail::open_error(path, errno);
    struct ::stat about {};
    void* at = MAP_FAILED;
    const bool regular = ::fstat(file, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0 &&
                         static_cast<std::uint64_t>(about.st_size) <= limits.max_bytes;
    if (regular) at = ::mmap(nullptr, static_cast<std::size_t>(about.st_size), PROT_READ, MAP_PRIVATE, file, 0);
    ::close(file);
    if (at != MAP_FAILED) {
      FileBytes bytes;
      bytes.mapping_ = std::make_shared<const Mapping>(static_cast<const std::uint8_t*>(at),
                                                       static_cast<std::size_t>(about.st_size));
      return bytes;
    }
#endif
    auto read = io::read_file(path, limits);
    if (!read) return read.error();
    return FileBytes(std::move(*read));
  }

 private:
  struct Mapping {
    const std::uint8_t* data;
    std::size_t size;
    Mapping(const std::uint8_t* d, std::size_t s) : data(d), size(s) {}
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
#if defined(__unix__)
      ::munmap(const_cast<std::uint8_t*>(data), size);
#endif
    }
  };
  std::vector<std::uint8_t> owned_;
  std::shared_ptr<const Mapping> mapping_;
};

}  // namespace hairline

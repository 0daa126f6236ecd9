#pragma once
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <new>
#include <random>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/io/picture.hpp"

namespace hairline::io {

using Bytes = std::vector<std::uint8_t>;

namespace detail {
struct CloseFile {
  void operator()(std::FILE* f) const { std::fclose(f); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

inline std::string system_text(int number) { return std::generic_category().message(number); }

inline Error open_error(const std::string& path, int number) {
  if (number == ENOENT || number == ENOTDIR) return cannot_read(path, ErrorCode::not_found, "there is no such file");
  return cannot_read(path, ErrorCode::io, system_text(number));
}

/// Writes, flushes and closes; 0 or the system's error number.
inline int write_and_close(File file, std::span<const std::uint8_t> bytes) {
  errno = 0;
  if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size())
    return errno != 0 ? errno : EIO;
  if (std::fflush(file.get()) != 0) return errno != 0 ? errno : EIO;
  if (std::fclose(file.release()) != 0) return errno != 0 ? errno : EIO;
  return 0;
}

/// An exclusively created file in `folder`, under a name that no other writer has; null and errno otherwise.
inline std::pair<File, std::filesystem::path> temporary_in(const std::filesystem::path& folder) {
  std::random_device random;
  for (int attempt = 0; attempt < 32; ++attempt) {
    char name[40];
    std::snprintf(name, sizeof name, ".hairline-%08x%08x.tmp", static_cast<unsigned>(random()),
                  static_cast<unsigned>(random()));
    auto path = folder / name;
    errno = 0;
    if (File file{std::fopen(path.string().c_str(), "wbx")}) return {std::move(file), std::move(path)};
    if (errno != EEXIST) break;
  }
  return {};
}

inline Result<void> write_file_unguarded(const std::string& path, std::span<const std::uint8_t> bytes) {
  namespace fs = std::filesystem;
  std::error_code ec;
  if (path.empty()) return cannot_write(path, ErrorCode::invalid_argument, "the file name is empty");
  fs::path target(path);
  for (int hops = 0; fs::is_symlink(fs::symlink_status(target, ec));
       ++hops) {  // replace what a link names, not the link
    if (hops == 40) return cannot_write(path, ErrorCode::io, "its links name each other");
    const fs::path next = fs::read_symlink(target, ec);
    if (ec) return cannot_write(path, ErrorCode::io, ec.message());
    target = next.is_absolute() ? next : target.parent_path() / next;
  }
  const fs::file_status old = fs::status(target, ec);
  if (fs::is_directory(old)) return cannot_write(path, ErrorCode::io, "it is a folder");
  if (fs::exists(old) && !fs::is_regular_file(old)) {  // a pipe or device: nothing to keep, nothing to rename
    errno = 0;
    File file(std::fopen(target.string().c_str(), "wb"));
    const int failure = file ? write_and_close(std::move(file), bytes) : errno;
    if (failure != 0) return cannot_write(path, ErrorCode::io, system_text(failure));
    return {};
  }
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, ec))
    return cannot_write(path, ErrorCode::not_found, "there is no folder " + quoted(folder.string()));
  auto [file, temporary] = temporary_in(folder);
  if (!file)
    return cannot_write(
        path, ErrorCode::io,
        "the folder " + quoted(folder.string()) + " takes no new file: " + system_text(errno != 0 ? errno : EIO));
  int failure = write_and_close(std::move(file), bytes);
  if (failure == 0) {
    std::error_code ignored;
    if (fs::exists(old)) fs::permissions(temporary, old.permissions(), ignored);
    fs::rename(temporary, target, ec);
    if (!ec) return {};
    failure = ec.value();
  }
  std::error_code ignored;
  fs::remove(temporary, ignored);
  return cannot_write(path, ErrorCode::io, system_text(failure));
}

inline Result<Bytes> read_file_unguarded(const std::string& path, const ReadLimits& limits) {
  std::error_code ec;
  const auto status = std::filesystem::status(path, ec);
  if (std::filesystem::is_directory(status)) return cannot_read(path, ErrorCode::io, "it is a folder");
  std::uint64_t expected = 0;
  const auto too_large = [&] {
    return cannot_read(
        path, ErrorCode::bad_file,
        "the file is larger than the limit of " + std::to_string(limits.max_bytes) + " bytes (ReadLimits::max_bytes)");
  };
  if (std::filesystem::is_regular_file(status)) {
    expected = std::filesystem::file_size(path, ec);
    if (ec) expected = 0;
    if (expected > limits.max_bytes) return too_large();
  }
  errno = 0;
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) return open_error(path, errno);
  Bytes bytes;
  bytes.reserve(static_cast<std::size_t>(expected) + 1);
  std::size_t filled = 0;
  for (;;) {  // sizes of pipes are not known beforehand
    const std::size_t room = bytes.capacity() > filled ? bytes.capacity() - filled : filled + 65536;
    bytes.resize(filled + room);
    errno = 0;
    const std::size_t got = std::fread(bytes.data() + filled, 1, room, file.get());
    filled += got;
    if (std::ferror(file.get())) return cannot_read(path, ErrorCode::io, system_text(errno != 0 ? errno : EIO));
    if (filled > limits.max_bytes) return too_large();
    if (got < room) break;
  }
  bytes.resize(filled);
  if (bytes.empty()) return cannot_read(path, ErrorCode::bad_file, "the file is empty");
  return bytes;
}
}  // namespace detail

/// The whole file; an empty one, a folder or one beyond limits.max_bytes is an error.
inline Result<Bytes> read_file(const std::string& path, const ReadLimits& limits = {}) {
  try {
    return detail::read_file_unguarded(path, limits);
  } catch (const std::bad_alloc&) {
    return detail::no_memory_to_read(path);
  }
}

/// Writes all or nothing: the bytes go to a temporary file beside the target, which then takes the target's place.
/// On failure the temporary is gone and an older target is untouched. A target that is a pipe or device is written
/// to directly. Links are followed; the older target's permissions are kept.
inline Result<void> write_file(const std::string& path, std::span<const std::uint8_t> bytes) {
  try {
    return detail::write_file_unguarded(path, bytes);
  } catch (const std::bad_alloc&) {
    return detail::no_memory_to_write(path);
  } catch (const std::exception& e) {  // std::filesystem and std::random_device report what they cannot do this way
    return detail::cannot_write(path, ErrorCode::io, e.what());
  }
}

}  // namespace hairline::io

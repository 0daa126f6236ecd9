#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/result.hpp"

namespace hairline {

/// The uncompressed entries of a zip archive, as spans of the file. No two overlap, none lies outside the file, and
/// nothing is unpacked, so an archive cannot grow. PyTorch stores its tensors uncompressed; compressed entries (the
/// code of a TorchScript archive) are left out.
using ZipEntries = std::map<std::string, std::span<const std::byte>, std::less<>>;

namespace detail {

template <class T>
T little_endian(std::span<const std::byte> bytes, std::size_t at) {
  T v{};
  std::memcpy(&v, bytes.data() + at, sizeof v);
  return v;
}

struct ZipDirectory {
  std::uint64_t entries = 0, size = 0, offset = 0;
};

/// The end-of-central-directory record, in its 64-bit form where there is one.
inline Result<ZipDirectory> find_zip_directory(std::span<const std::byte> file) {
  constexpr std::size_t record = 22, longest_comment = 65535;
  const auto bad = [](const char* what) { return Error{ErrorCode::bad_file, std::string("zip archive ") + what}; };
  if (file.size() < record) return bad("shorter than its directory");
  const std::size_t lowest = file.size() > record + longest_comment ? file.size() - record - longest_comment : 0;
  for (std::size_t at = file.size() - record + 1; at-- > lowest;) {
    if (little_endian<std::uint32_t>(file, at) != 0x06054b50u) continue;
    if (little_endian<std::uint16_t>(file, at + 20) != file.size() - at - record) continue;
    ZipDirectory d{little_endian<std::uint16_t>(file, at + 10), little_endian<std::uint32_t>(file, at + 12),
                   little_endian<std::uint32_t>(file, at + 16)};
    const bool wide = d.entries == 0xffff || d.size == 0xffffffffu || d.offset == 0xffffffffu;
    if (at >= 20 && little_endian<std::uint32_t>(file, at - 20) == 0x07064b50u) {
      const auto end64 = little_endian<std::uint64_t>(file, at - 12);
      if (end64 > file.size() || file.size() - end64 < 56 || little_endian<std::uint32_t>(file, end64) != 0x06064b50u)
        return bad("has a broken 64-bit directory record");
      d = {little_endian<std::uint64_t>(file, end64 + 32), little_endian<std::uint64_t>(file, end64 + 40),
           little_endian<std::uint64_t>(file, end64 + 48)};
    } else if (wide) {
      return bad("lacks its 64-bit directory record");
    }
    if (d.offset > file.size() || d.size > file.size() - d.offset) return bad("has its directory outside the file");
    if (d.entries > d.size / 46) return bad("claims more entries than its directory holds");
    return d;
  }
  return bad("has no end-of-directory record (truncated?)");
}

struct ZipSizes {
  std::uint64_t stored = 0, unpacked = 0, offset = 0;
};

/// Replaces 32-bit sizes of 0xffffffff by those of the zip64 extra field.
inline bool widen_zip_sizes(std::span<const std::byte> extra, ZipSizes& sizes) {
  constexpr std::uint64_t full = 0xffffffffu;
  if (sizes.stored != full && sizes.unpacked != full && sizes.offset != full) return true;
  for (std::size_t at = 0; at + 4 <= extra.size();) {
    const auto id = little_endian<std::uint16_t>(extra, at), length = little_endian<std::uint16_t>(extra, at + 2);
    if (length > extra.size() - at - 4) return false;
    if (id == 1) {
      std::size_t field = at + 4;
      const std::size_t end = field + length;
      for (std::uint64_t* v : {&sizes.unpacked, &sizes.stored, &sizes.offset}) {
        if (*v != full) continue;
        if (field + 8 > end) return false;
        *v = little_endian<std::uint64_t>(extra, field);
        field += 8;
      }
      return true;
    }
    at += 4 + static_cast<std::size_t>(length);
  }
  return false;
}

}  // namespace detail

/// Reads the directory of a zip archive. Errors: damage, encrypted entries, overlaps, names twice.
inline Result<ZipEntries> read_zip(std::span<const std::byte> file) {
  const auto directory = detail::find_zip_directory(file);
  if (!directory) return directory.error();
  ZipEntries entries;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  const auto bad = [](const std::string& name, const char* what) {
    return Error{ErrorCode::bad_file, "zip entry '" + name + "' " + what};
  };
  std::uint64_t at = directory->offset;
  const std::uint64_t end = directory->offset + directory->size;
  for (std::uint64_t i = 0; i < directory->entries; ++i) {
    if (end - at < 46 || detail::little_endian<std::uint32_t>(file, at) != 0x02014b50u)
      return Error{ErrorCode::bad_file, "zip directory is damaged at entry " + std::to_string(i)};
    const auto flags = detail::little_endian<std::uint16_t>(file, at + 8),
               method = detail::little_endian<std::uint16_t>(file, at + 10);
    detail::ZipSizes sizes{detail::little_endian<std::uint32_t>(file, at + 20),
                           detail::little_endian<std::uint32_t>(file, at + 24),
                           detail::little_endian<std::uint32_t>(file, at + 42)};
    const std::uint64_t name_size = detail::little_endian<std::uint16_t>(file, at + 28),
                        extra_size = detail::little_endian<std::uint16_t>(file, at + 30),
                        comment_size = detail::little_endian<std::uint16_t>(file, at + 32);
    if (end - at - 46 < name_size + extra_size + comment_size)
      return Error{ErrorCode::bad_file, "zip directory is damaged at entry " + std::to_string(i)};
    const std::string name(reinterpret_cast<const char*>(file.data()) + at + 46, name_size);
    if (!detail::widen_zip_sizes(file.subspan(at + 46 + name_size, extra_size), sizes))
      return bad(name, "has broken 64-bit sizes");
    if (flags & 1u) return bad(name, "is encrypted");
    if (method == 0 && sizes.stored != sizes.unpacked) return bad(name, "has two different sizes");
    if (sizes.offset > file.size() || file.size() - sizes.offset < 30 ||
        detail::little_endian<std::uint32_t>(file, sizes.offset) != 0x04034b50u)
      return bad(name, "lies outside the file");
    const std::uint64_t first = sizes.offset + 30 + detail::little_endian<std::uint16_t>(file, sizes.offset + 26) +
                                detail::little_endian<std::uint16_t>(file, sizes.offset + 28);
    if (first > file.size() || sizes.stored > file.size() - first) return bad(name, "lies outside the file");
    if (method == 0 && !entries.emplace(name, file.subspan(first, sizes.stored)).second)
      return bad(name, "is there twice");
    ranges.emplace_back(sizes.offset, first + sizes.stored);
    at += 46 + name_size + extra_size + comment_size;
  }
  ranges.emplace_back(directory->offset, end);
  std::sort(ranges.begin(), ranges.end());
  for (std::size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].first < ranges[i - 1].second)
      return Error{ErrorCode::bad_file, "zip entries overlap each other or the directory"};
  return entries;
}

}  // namespace hairline

#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/io/detail/bmp_tga_header.hpp"
#include "hairline/io/picture.hpp"

// OpenEXR allocates what a header asks for, and keeps its own limits in global state. So the header is judged here
// first, from its bytes; and of its attributes OpenEXR gets to interpret only those that the pixels need.

namespace hairline::io::detail {

struct ExrWindow {
  std::int64_t min_x = 0, min_y = 0, max_x = -1, max_y = -1;
  std::int64_t width() const { return max_x - min_x + 1; }
  std::int64_t height() const { return max_y - min_y + 1; }
};

struct ExrChannel {
  std::string name;
  std::uint32_t type = 0;  // 0 unsigned integer, 1 half, 2 float
  bool subsampled = false;
  std::uint64_t bytes() const { return type == 1 ? 2 : 4; }
};

/// What a header says, and a copy of its bytes in which the attributes that are not needed have an unknown type.
struct ExrHeader {
  ExrWindow data, display;
  std::vector<ExrChannel> channels;
  std::uint32_t compression = 0;
  bool tiled = false;
  std::uint64_t tile_width = 0, tile_height = 0;
  std::vector<char> bytes;

  const ExrChannel* channel(std::string_view name) const {
    const auto it = std::find_if(channels.begin(), channels.end(), [&](const auto& c) { return c.name == name; });
    return it == channels.end() ? nullptr : &*it;
  }
  std::string channel_names() const {
    std::string all;
    for (const auto& c : channels) all += (all.empty() ? "" : ", ") + c.name;
    return all;
  }
};

inline bool is_exr(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 4 && bytes[0] == 0x76 && bytes[1] == 0x2f && bytes[2] == 0x31 && bytes[3] == 0x01;
}

/// Reads the attribute list; every step is checked against the end of the data.
class ExrHeaderParser {
 public:
  ExrHeaderParser(std::span<const std::uint8_t> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  Result<ExrHeader> parse() {
    if (!is_exr(bytes_)) return bad("it does not begin like an EXR");
    if (bytes_.size() < 8) return bad("the header is truncated");
    const std::uint32_t version = little_endian32(bytes_.data() + 4);
    if ((version & 0xffu) != 2) return odd("file version " + std::to_string(version & 0xffu));
    if (version & 0x1000u) return odd("more than one part");
    if (version & 0x800u) return odd("deep data");
    if (version & ~0x6ffu) return odd("an unknown file feature");
    header_.tiled = (version & 0x200u) != 0;
    at_ = 8;
    for (;;) {
      const auto attribute = text();
      if (!attribute) return bad("the header is truncated");
      if (attribute->empty()) break;
      const std::size_t type_at = at_;
      const auto type = text();
      if (!type || type->empty() || bytes_.size() - at_ < 4) return bad("the header is truncated");
      const std::uint64_t size = little_endian32(bytes_.data() + at_);
      at_ += 4;
      if (size > bytes_.size() - at_)
        return bad("its attribute '" + printable(*attribute) + "' reaches beyond the end");
      if (is_needed(*attribute)) {
        if (std::find(seen_.begin(), seen_.end(), *attribute) != seen_.end())
          return bad("its attribute '" + printable(*attribute) + "' occurs twice");
        seen_.push_back(*attribute);
        if (!take(*attribute, *type, bytes_.subspan(at_, size)))
          return bad("its attribute '" + printable(*attribute) + "' makes no sense");
      } else {
        ignored_.push_back(type_at);
      }
      at_ += size;
      if (at_ > max_header) return odd("a header beyond " + std::to_string(max_header) + " bytes");
    }
    for (const auto wanted : {"channels", "compression", "dataWindow", "displayWindow", "lineOrder"})
      if (std::find(seen_.begin(), seen_.end(), wanted) == seen_.end())
        return bad("its header lacks the attribute '" + std::string(wanted) + "'");
    if (header_.tiled && header_.tile_width == 0) return bad("its header lacks the attribute 'tiles'");
    const auto* first = reinterpret_cast<const char*>(bytes_.data());
    header_.bytes.assign(first, first + at_);
    for (const std::size_t type_at : ignored_) header_.bytes[type_at] = '-';  // no type begins so: kept uninterpreted
    return std::move(header_);
  }

 private:
  static constexpr std::size_t max_header = std::size_t{1} << 24;

  static bool is_needed(std::string_view name) {
    static constexpr std::string_view needed[] = {"channels",           "compression",       "dataWindow",
                                                  "displayWindow",      "lineOrder",         "pixelAspectRatio",
                                                  "screenWindowCenter", "screenWindowWidth", "tiles"};
    return std::find(std::begin(needed), std::end(needed), name) != std::end(needed);
  }
  static std::string printable(std::string_view text) {
    std::string out(text.substr(0, 40));
    for (char& c : out)
      if (c < 32 || c > 126) c = '?';
    return out;
  }
  Error bad(const std::string& why) const { return bad_raster(name_, "EXR", why); }
  Error odd(const std::string& what) const { return odd_raster(name_, "EXR", what); }

  /// A zero-terminated name of at most 255 bytes.
  std::optional<std::string_view> text() {
    const std::size_t longest = std::min<std::size_t>(bytes_.size() - at_, 256);
    const void* end = longest == 0 ? nullptr : std::memchr(bytes_.data() + at_, 0, longest);
    if (end == nullptr) return std::nullopt;
    const auto length = static_cast<std::size_t>(static_cast<const std::uint8_t*>(end) - (bytes_.data() + at_));
    const std::string_view out(reinterpret_cast<const char*>(bytes_.data() + at_), length);
    at_ += length + 1;
    return out;
  }

  bool take(std::string_view attribute, std::string_view type, std::span<const std::uint8_t> value) {
    if (attribute == "dataWindow") return type == "box2i" && window(value, header_.data);
    if (attribute == "displayWindow") return type == "box2i" && window(value, header_.display);
    if (attribute == "channels") return type == "chlist" && channel_list(value);
    if (attribute == "compression") {
      if (type != "compression" || value.size() != 1 || value[0] > 9) return false;
      header_.compression = value[0];
      return true;
    }
    if (attribute == "lineOrder") return type == "lineOrder" && value.size() == 1 && value[0] <= 2;
    if (attribute == "tiles") {
      if (type != "tiledesc" || value.size() != 9) return false;
      header_.tile_width = little_endian32(value.data());
      header_.tile_height = little_endian32(value.data() + 4);
      const unsigned levels = value[8] & 15u, rounding = value[8] >> 4u;
      return header_.tile_width > 0 && header_.tile_height > 0 && levels <= 2 && rounding <= 1;
    }
    if (attribute == "screenWindowCenter") return type == "v2f" && value.size() == 8;
    return type == "float" && value.size() == 4;  // pixelAspectRatio, screenWindowWidth
  }
  static bool window(std::span<const std::uint8_t> value, ExrWindow& out) {
    if (value.size() != 16) return false;
    const auto number = [&](std::size_t i) {
      return static_cast<std::int64_t>(static_cast<std::int32_t>(little_endian32(value.data() + 4 * i)));
    };
    out = {number(0), number(1), number(2), number(3)};
    // OpenEXR computes with 32 bits.
    constexpr std::int64_t far = 0x3fffffff;
    return out.min_x >= -far && out.min_y >= -far && out.max_x <= far && out.max_y <= far;
  }
  bool channel_list(std::span<const std::uint8_t> value) {
    const std::size_t end = at_ + value.size(), begin = at_;
    while (at_ < end) {
      const auto name = text();
      if (!name || at_ > end) return false;
      if (name->empty()) {
        const bool whole = at_ == end && !header_.channels.empty();
        at_ = begin;
        return whole;
      }
      if (end - at_ < 16 || header_.channels.size() >= 1024) return false;
      const std::uint8_t* p = bytes_.data() + at_;
      ExrChannel channel{std::string(*name), little_endian32(p), false};
      channel.subsampled = little_endian32(p + 8) != 1 || little_endian32(p + 12) != 1;
      if (channel.type > 2 || header_.channel(channel.name) != nullptr) return false;
      header_.channels.push_back(std::move(channel));
      at_ += 16;
    }
    return false;
  }

  std::span<const std::uint8_t> bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
  ExrHeader header_;
  std::vector<std::string_view> seen_;
  std::vector<std::size_t> ignored_;
};

/// Judges sizes: what OpenEXR will allocate follows from them.
inline std::optional<Error> check_exr_size(const ExrHeader& h, std::size_t file_bytes, const std::string& name,
                                           const ReadLimits& limits) {
  if (auto error = check_size(name, "EXR", h.data.width(), h.data.height(), limits)) return error;
  if (auto error = check_size(name, "EXR display window", h.display.width(), h.display.height(), limits)) return error;
  // A small data window may lie in a large empty frame, but a frame beyond 8K needs some pixels in it.
  const auto pixels = [](const ExrWindow& w) { return static_cast<std::uint64_t>(w.width() * w.height()); };
  constexpr std::uint64_t large_frame = std::uint64_t{1} << 25;
  if (pixels(h.display) > large_frame && pixels(h.display) / 64 > pixels(h.data))
    return cannot_read(name, ErrorCode::bad_file,
                       "its EXR display window of " + std::to_string(h.display.width()) + "x" +
                           std::to_string(h.display.height()) + " pixels holds only " + std::to_string(h.data.width()) +
                           "x" + std::to_string(h.data.height()) + " pixels of data");
  for (const auto& c : h.channels)
    if (c.subsampled) return odd_raster(name, "EXR", "the subsampled channel '" + c.name + "' (luminance/chroma)");
  const auto width = static_cast<std::uint64_t>(h.data.width()), height = static_cast<std::uint64_t>(h.data.height());
  static constexpr std::uint64_t lines_per_chunk[10] = {1, 1, 1, 16, 32, 16, 32, 32, 32, 256};
  const std::uint64_t chunk_width = h.tiled ? h.tile_width : width;
  const std::uint64_t chunk_height = h.tiled ? h.tile_height : lines_per_chunk[h.compression];
  std::uint64_t pixel_bytes = 0;
  for (const auto& c : h.channels) pixel_bytes += c.bytes();
  constexpr std::uint64_t max_chunk = std::uint64_t{1} << 30;
  if (chunk_width > max_chunk / pixel_bytes / chunk_height || chunk_width > max_chunk || chunk_height > max_chunk)
    return cannot_read(name, ErrorCode::bad_file,
                       "its EXR header asks for blocks of " + std::to_string(chunk_width) + "x" +
                           std::to_string(chunk_height) + " pixels with " + std::to_string(h.channels.size()) +
                           " channels; the limit is 1 GiB a block");
  if (h.tiled && chunk_width * chunk_height > std::max(width * height, std::uint64_t{1} << 20))
    return cannot_read(name, ErrorCode::bad_file,
                       "its EXR tiles of " + std::to_string(chunk_width) + "x" + std::to_string(chunk_height) +
                           " pixels are larger than the picture");
  const std::uint64_t chunks = ((width - 1) / chunk_width + 1) * ((height - 1) / chunk_height + 1);
  // Each block has an entry in the offset table and a header of its own.
  const std::uint64_t needed = h.bytes.size() + chunks * (8 + (h.tiled ? 20 : 8));
  // The most that the codings can expand: run lengths 64 times, deflate 1032, PIZ's Huffman code 510 bytes from 9 bits.
  // DWA has no useful bound; it may have what a flat 16 megapixel frame needs, and beyond that no more than deflate.
  static constexpr std::uint64_t expansion[10] = {1, 64, 1032, 1032, 454, 1400, 16, 16, 0, 0};
  const std::uint64_t factor = expansion[h.compression], claimed = width * height * pixel_bytes;
  constexpr std::uint64_t always = std::uint64_t{1} << 27;
  if (factor == 0 && claimed > always && (claimed - always) / 1032 > file_bytes)
    return too_short(name, "EXR", h.data.width(), h.data.height(), file_bytes);
  if (needed > file_bytes || (factor != 0 && claimed / factor > file_bytes))
    return too_short(name, "EXR", h.data.width(), h.data.height(), file_bytes);
  return std::nullopt;
}

}  // namespace hairline::io::detail

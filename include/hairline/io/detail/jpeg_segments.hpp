#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "hairline/io/picture.hpp"

// stb_image trusts a JPEG in ways that it should not: code tables of more than 256 entries write past their end, tables
// that were never sent and components that no scan fills are read uninitialised, and a missing restart marker ends the
// decoding quietly. This walk over the segments refuses such files first, and everything that could take memory or time
// out of proportion.

namespace hairline::io::detail {

inline bool is_jpeg(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

class JpegSegments {
 public:
  JpegSegments(std::span<const std::uint8_t> bytes, const std::string& name, const ReadLimits& limits)
      : bytes_(bytes), name_(name), limits_(limits) {}

  /// Nothing if the file is sound.
  std::optional<Error> check() {
    if (!is_jpeg(bytes_)) return bad("it does not begin like a JPEG");
    at_ = 2;
    for (;;) {
      const int marker = next_marker();
      if (marker < 0) return bad("it ends before its end marker (truncated)");
      if (marker == 0xd9) break;  // the end; what follows is not the picture's
      const bool alone = marker == 0x00 || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8);
      if (alone) return bad("an unexpected marker " + std::to_string(marker));
      if (bytes_.size() - at_ < 2) return bad("it ends before its end marker (truncated)");
      const std::size_t length = big16(at_);
      if (length < 2 || length > bytes_.size() - at_) return bad("a segment reaches beyond the end (truncated)");
      const std::size_t begin = at_ + 2;
      at_ += length;
      if (auto error = segment(marker, begin, at_)) return error;
    }
    if (components_ == 0) return bad("it has no picture header");
    for (int i = 0; i < components_; ++i)
      if (!component_[i].started) return bad("no scan holds its component " + std::to_string(i + 1));
    return std::nullopt;
  }

 private:
  struct Component {
    int id = 0, h = 1, v = 1, quantization = 0;
    bool started = false;
  };

  Error bad(const std::string& why) const { return cannot_read(name_, ErrorCode::bad_file, "damaged JPEG: " + why); }
  Error odd(const std::string& what) const {
    return cannot_read(name_, ErrorCode::unsupported, what + " is not supported in JPEG files");
  }
  std::uint32_t big16(std::size_t at) const { return std::uint32_t{bytes_[at]} << 8 | bytes_[at + 1]; }

  /// Skips padding, then 0xff; the byte after it. -1 at the end.
  int next_marker() {
    while (at_ < bytes_.size() && bytes_[at_] != 0xff) ++at_;
    while (at_ < bytes_.size() && bytes_[at_] == 0xff) ++at_;
    return at_ < bytes_.size() ? bytes_[at_++] : -1;
  }

  std::optional<Error> segment(int marker, std::size_t begin, std::size_t end) {
    switch (marker) {
      case 0xc4:
        return code_tables(begin, end);
      case 0xdb:
        return quantization_tables(begin, end);
      case 0xdd:
        if (end - begin != 2) return bad("a restart interval of the wrong length");
        restart_interval_ = big16(begin);
        return std::nullopt;
      case 0xc0:
      case 0xc1:
      case 0xc2:
        progressive_ = marker == 0xc2;
        return frame(begin, end);
      case 0xda:
        return scan(begin, end);
      default:
        break;
    }
    if (marker >= 0xc3 && marker <= 0xcf) return odd("coding process " + std::to_string(marker - 0xc0));
    return std::nullopt;
  }

  std::optional<Error> code_tables(std::size_t at, std::size_t end) {
    while (at < end) {
      if (end - at < 17) return bad("a code table is cut short");
      const unsigned kind = bytes_[at] >> 4u, index = bytes_[at] & 15u;
      if (kind > 1 || index > 3) return bad("a code table of an unknown kind");
      std::size_t values = 0;
      std::uint64_t used = 0;  // of the 2^16 codes of 16 bits
      for (unsigned length = 1; length <= 16; ++length) {
        values += bytes_[at + length];
        used += std::uint64_t{bytes_[at + length]} << (16u - length);
      }
      if (values > 256 || used > 65536) return bad("a code table that cannot be");
      at += 17;
      if (values > end - at) return bad("a code table is cut short");
      at += values;
      codes_[kind][index] = true;
    }
    return std::nullopt;
  }

  std::optional<Error> quantization_tables(std::size_t at, std::size_t end) {
    while (at < end) {
      const unsigned wide = bytes_[at] >> 4u, index = bytes_[at] & 15u;
      const std::size_t size = wide == 0 ? 65 : 129;
      if (wide > 1 || index > 3 || end - at < size) return bad("a quantization table that cannot be");
      quantization_[index] = true;
      at += size;
    }
    return std::nullopt;
  }

  std::optional<Error> frame(std::size_t at, std::size_t end) {
    if (components_ != 0) return bad("a second picture header");
    if (end - at < 6) return bad("the picture header is cut short");
    if (bytes_[at] != 8) return odd(std::to_string(bytes_[at]) + " bits per channel");
    height_ = big16(at + 1);
    width_ = big16(at + 3);
    const int count = bytes_[at + 5];
    if (auto error = check_size(name_, "JPEG", width_, height_, limits_)) return error;
    if (count != 1 && count != 3 && count != 4) return odd("a count of " + std::to_string(count) + " components");
    if (end - at != 6 + 3 * static_cast<std::size_t>(count)) return bad("the picture header has the wrong length");
    components_ = count;
    for (int i = 0; i < count; ++i) {
      const std::uint8_t* p = bytes_.data() + at + 6 + 3 * static_cast<std::size_t>(i);
      component_[i] = {p[0], p[1] >> 4, p[1] & 15, p[2], false};
      const Component& c = component_[i];
      if (c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.quantization > 3) return bad("a component that cannot be");
      for (int j = 0; j < i; ++j)
        if (component_[j].id == c.id) return bad("two components with one number");
      h_max_ = std::max(h_max_, c.h);
      v_max_ = std::max(v_max_, c.v);
    }
    // Each block group, at most 32x32 pixels, costs one bit at least.
    if (std::uint64_t{width_} * height_ / (32 * 32) > bytes_.size() * std::uint64_t{8})
      return too_short(name_, "JPEG", width_, height_, bytes_.size());
    return std::nullopt;
  }

  std::optional<Error> scan(std::size_t at, std::size_t end) {
    if (components_ == 0) return bad("a scan before the picture header");
    const std::size_t count = end > at ? bytes_[at] : 0;
    if (count < 1 || count > static_cast<std::size_t>(components_) || end - at != 4 + 2 * count)
      return bad("a scan header of the wrong length");
    if (++scans_ > 500) return bad("more than 500 scans");
    const unsigned first = bytes_[end - 3], last = bytes_[end - 2], high = bytes_[end - 1] >> 4u;
    if (first > 63 || last > 63) return bad("a scan of coefficients that do not exist");
    const bool opens = !progressive_ || (first == 0 && high == 0);
    std::array<bool, 4> in_scan{};
    int single = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const int id = bytes_[at + 1 + 2 * i];
      const unsigned dc = bytes_[at + 2 + 2 * i] >> 4u, ac = bytes_[at + 2 + 2 * i] & 15u;
      int which = 0;
      while (which < components_ && component_[which].id != id) ++which;
      if (which == components_ || in_scan[static_cast<std::size_t>(which)])
        return bad("a scan of a component that does not exist");
      in_scan[static_cast<std::size_t>(which)] = true;
      single = which;
      Component& c = component_[which];
      if (dc > 3 || ac > 3) return bad("a scan with a code table that does not exist");
      if (first == 0 && opens && !codes_[0][dc]) return bad("a scan without its code table");
      if ((!progressive_ || first > 0) && !codes_[1][ac]) return bad("a scan without its code table");
      if (!quantization_[c.quantization]) return bad("a scan without its quantization table");
      if (!opens && !c.started) return bad("a refinement of what was never sent");
      c.started = true;
    }
    return entropy_coded(count == 1 ? &component_[single] : nullptr);
  }

  /// Passes over the coded data and counts its restart markers, without which the decoder would stop early.
  std::optional<Error> entropy_coded(const Component* single) {
    std::uint64_t restarts = 0;
    while (at_ < bytes_.size()) {
      if (bytes_[at_++] != 0xff) continue;
      while (at_ < bytes_.size() && bytes_[at_] == 0xff) ++at_;
      if (at_ == bytes_.size()) break;
      const unsigned code = bytes_[at_];
      if (code >= 0xd0 && code <= 0xd7) {
        ++restarts;
      } else if (code != 0) {
        at_ -= 1;  // back to the 0xff of a marker
        break;
      }
      ++at_;
    }
    if (restart_interval_ == 0) return std::nullopt;
    const auto ceil_div = [](std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; };
    const auto blocks = [&](std::uint64_t size, int part, int max) {
      if (single == nullptr) return ceil_div(size, static_cast<std::uint64_t>(8 * max));
      return ceil_div(ceil_div(size * static_cast<std::uint64_t>(part), static_cast<std::uint64_t>(max)), 8);
    };
    const std::uint64_t groups = blocks(width_, single != nullptr ? single->h : 1, h_max_) *
                                 blocks(height_, single != nullptr ? single->v : 1, v_max_);
    if (restarts + 1 < ceil_div(groups, restart_interval_)) return bad("restart markers are missing");
    return std::nullopt;
  }

  std::span<const std::uint8_t> bytes_;
  const std::string& name_;
  const ReadLimits& limits_;
  std::size_t at_ = 0;
  std::uint32_t width_ = 0, height_ = 0, restart_interval_ = 0;
  int components_ = 0, h_max_ = 1, v_max_ = 1, scans_ = 0;
  bool progressive_ = false;
  std::array<Component, 4> component_{};
  bool codes_[2][4] = {};  // direct and alternating coefficients
  bool quantization_[4] = {};
};

inline std::optional<Error> check_jpeg(std::span<const std::uint8_t> bytes, const std::string& name,
                                       const ReadLimits& limits) {
  return JpegSegments(bytes, name, limits).check();
}

}  // namespace hairline::io::detail

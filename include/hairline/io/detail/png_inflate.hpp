#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "hairline/io/detail/png_chunk.hpp"

// zlib's inflate is half of the time that libpng takes for a photograph. ISA-L needs a third of it, but libpng offers
// no way to put it in zlib's place. So libpng is shown another PNG than the file's: the same chunks, with the pixels'
// stream in stored blocks, which zlib copies. They are inflated one by one, as libpng asks for them.

namespace hairline::io::detail {

/// Where a PNG's pixels lie: what is before the first IDAT, and what the IDATs hold.
struct PngStream {
  std::span<const std::uint8_t> head;
  std::vector<std::span<const std::uint8_t>> pieces;
};

/// False for anything but chunks that are whole, with right checksums, the IDATs side by side, up to IEND.
inline bool find_png_stream(std::span<const std::uint8_t> png, PngStream& found) {
  std::size_t at = 8;
  bool ended = false;
  for (bool end = false; !end;) {
    if (png.size() < at + 12) return false;
    const std::size_t length = big_endian32(png.data() + at);
    if (png.size() - at - 12 < length) return false;
    const std::uint8_t* name = png.data() + at + 4;
    if (png_crc(name, length + 4) != big_endian32(name + 4 + length)) return false;
    end = std::memcmp(name, "IEND", 4) == 0;
    if (std::memcmp(name, "IDAT", 4) == 0) {
      if (ended) return false;
      if (found.pieces.empty()) found.head = png.first(at);
      found.pieces.push_back(png.subspan(at + 8, length));
    } else {
      ended = !found.pieces.empty();
    }
    at += length + 12;
  }
  return !found.pieces.empty();
}

/// The PNG with its pixels in stored blocks and chunk checksums of zero, for a reader that does not look at them: the
/// file's have been checked.  Memory: 0.12 MB.
class StoredPng {
 public:
  /// Null where the chunks are damaged, or too long for one of them.  @param raw  bytes that the header asks for
  static std::unique_ptr<StoredPng> of(std::span<const std::uint8_t> png, std::size_t raw) {
    constexpr std::size_t largest_chunk = 0x7fffffff;
    PngStream stream;
    if (raw == 0 || idat_length(raw) > largest_chunk || !find_png_stream(png, stream)) return nullptr;
    return std::unique_ptr<StoredPng>(new StoredPng(std::move(stream), raw));
  }

  /// The next bytes. False unless the stream is whole, its checksum right, and what it holds is what the header asks
  /// for.
  bool read(std::uint8_t* to, std::size_t count) {
    while (count > 0) {
      if (part_.empty() && !next()) return false;
      const std::size_t n = std::min(count, part_.size());
      std::memcpy(to, part_.data(), n);
      part_ = part_.subspan(n);
      to += n;
      count -= n;
    }
    return true;
  }

 private:
  static constexpr std::size_t block = 32768, block_head = 5;
  enum class Part { head, idat, blocks, end, none };

  static std::size_t idat_length(std::size_t raw) { return 2 + raw + (raw + block - 1) / block * block_head + 4; }

  StoredPng(PngStream stream, std::size_t raw) : stream_(std::move(stream)), left_(raw) {
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_ZLIB;
    state_.avail_in = 0;
  }

  bool next() {
    switch (next_) {
      case Part::head:
        part_ = stream_.head;
        next_ = Part::idat;
        return true;
      case Part::idat:
        append_big_endian32(small_, static_cast<std::uint32_t>(idat_length(left_)));
        for (const char c : {'I', 'D', 'A', 'T', '\x78', '\x01'}) small_.push_back(static_cast<std::uint8_t>(c));
        part_ = small_;
        next_ = Part::blocks;
        return true;
      case Part::blocks:
        return next_block();
      case Part::end:
        small_.clear();
        append_big_endian32(small_, state_.crc);  // of the pixels
        append_big_endian32(small_, 0);
        append_big_endian32(small_, 0);
        for (const char c : {'I', 'E', 'N', 'D'}) small_.push_back(static_cast<std::uint8_t>(c));
        append_big_endian32(small_, 0);
        part_ = small_;
        next_ = Part::none;
        return true;
      case Part::none:
        break;
    }
    return false;
  }

  bool next_block() {
    const std::size_t size = std::min(block, left_);
    const bool last = size == left_;
    // The last one has room for a byte that must not come: only then is it seen whether the stream ends there.
    if (!inflate(size + (last ? 1 : 0), last)) return false;
    buffer_[0] = last;
    buffer_[1] = static_cast<std::uint8_t>(size & 0xff);
    buffer_[2] = static_cast<std::uint8_t>(size >> 8);
    buffer_[3] = static_cast<std::uint8_t>(~buffer_[1]);
    buffer_[4] = static_cast<std::uint8_t>(~buffer_[2]);
    part_ = std::span(buffer_).first(block_head + size);
    left_ -= size;
    if (last) next_ = Part::end;
    return true;
  }

  /// Fills `room` bytes behind the block's head; the last time, all but one, and to the stream's end.
  bool inflate(std::size_t room, bool last) {
    state_.next_out = buffer_.data() + block_head;
    state_.avail_out = static_cast<std::uint32_t>(room);
    while (last ? state_.block_state != ISAL_BLOCK_FINISH : state_.avail_out > 0) {
      if (state_.avail_in == 0) {
        if (piece_ == stream_.pieces.size()) return false;
        state_.next_in = const_cast<std::uint8_t*>(stream_.pieces[piece_].data());  // only read
        state_.avail_in = static_cast<std::uint32_t>(stream_.pieces[piece_++].size());
      }
      if (last && state_.avail_out == 0) return false;
      if (by_isal([&] { return isal_inflate(&state_); }) != ISAL_DECOMP_OK) return false;
      if (!last && state_.block_state == ISAL_BLOCK_FINISH && state_.avail_out > 0) return false;
    }
    return !last || state_.avail_out == 1;
  }

  PngStream stream_;
  std::size_t piece_ = 0, left_;
  Part next_ = Part::head;
  std::span<const std::uint8_t> part_;
  std::vector<std::uint8_t> small_;
  inflate_state state_;
  std::array<std::uint8_t, block_head + block + 1> buffer_;
};

}  // namespace hairline::io::detail

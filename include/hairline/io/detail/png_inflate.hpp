#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "hairline/io/detail/png_chunk.hpp"

// zlib's inflate is half of the time that libpng takes for a photograph. ISA-L needs a third of it, but libpng offers
// no way to put it in zlib's place. So a PNG is rewritten in memory before libpng reads it: the same chunks, with the
// pixels' stream inflated and put into stored blocks, which zlib copies.

namespace hairline::io::detail {

/// Where a PNG's pixels lie: what is before the first IDAT, and the stream, in one piece.
struct PngStream {
  std::span<const std::uint8_t> head, pixels;
  std::vector<std::uint8_t> joined;  ///< owns the stream if the file has it in several chunks
};

/// False for anything but chunks that are whole, with right checksums, the IDATs side by side, up to IEND.
inline bool find_png_stream(std::span<const std::uint8_t> png, PngStream& found) {
  std::size_t at = 8, pieces = 0;
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
      if (pieces == 0) found.head = png.first(at);
      if (++pieces == 1) {
        found.pixels = png.subspan(at + 8, length);
      } else {
        if (pieces == 2) found.joined.assign(found.pixels.begin(), found.pixels.end());
        found.joined.insert(found.joined.end(), name + 4, name + 4 + length);
      }
    } else {
      ended = pieces > 0;
    }
    at += length + 12;
  }
  if (pieces > 1) found.pixels = found.joined;
  return pieces > 0;
}

/// False unless the stream is whole, its checksum right, and what it holds fills `to` exactly.
inline bool inflate_zlib(std::span<const std::uint8_t> stream, std::span<std::uint8_t> to) {
  if (stream.size() > UINT32_MAX || to.size() > UINT32_MAX) return false;
  const auto state = std::make_unique<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = ISAL_ZLIB;
  state->next_in = const_cast<std::uint8_t*>(stream.data());  // only read
  state->avail_in = static_cast<std::uint32_t>(stream.size());
  state->next_out = to.data();
  state->avail_out = static_cast<std::uint32_t>(to.size());
  return by_isal([&] { return isal_inflate_stateless(state.get()); }) == ISAL_DECOMP_OK &&
         state->block_state == ISAL_BLOCK_FINISH && state->total_out == to.size();
}

/// The PNG with its pixels in stored blocks and checksums of zero, for a reader that does not look at them: they are
/// checked here. Empty where anything is wrong or of another size than the `raw` bytes that its header asks for; the
/// file as it is then tells what.
/// Cost: memory for `raw` bytes.
inline std::vector<std::uint8_t> with_stored_pixels(std::span<const std::uint8_t> png, std::size_t raw) {
  constexpr std::size_t block = 65535, block_head = 5, largest_chunk = 0x7fffffff;
  const std::size_t blocks = (raw + block - 1) / block, length = 2 + raw + blocks * block_head + 4;
  PngStream stream;
  if (raw == 0 || length > largest_chunk || !find_png_stream(png, stream)) return {};

  std::vector<std::uint8_t> out;
  out.reserve(stream.head.size() + length + 24);
  out.assign(stream.head.begin(), stream.head.end());
  append_big_endian32(out, static_cast<std::uint32_t>(length));
  for (const char c : {'I', 'D', 'A', 'T', '\x78', '\x01'}) out.push_back(static_cast<std::uint8_t>(c));
  const std::size_t begin = out.size(), first = begin + blocks * block_head;
  out.resize(first + raw);
  if (!inflate_zlib(stream.pixels, std::span(out).subspan(first))) return {};
  const std::uint32_t adler = zlib_adler(out.data() + first, raw);
  for (std::size_t i = 0; i < blocks; ++i) {  // each block moves to the front, by less than the one before
    const std::size_t size = std::min(block, raw - i * block);
    std::uint8_t* to = out.data() + begin + i * (block + block_head);
    std::memmove(to + block_head, out.data() + first + i * block, size);
    to[0] = i + 1 == blocks;
    to[1] = static_cast<std::uint8_t>(size & 0xff);
    to[2] = static_cast<std::uint8_t>(size >> 8);
    to[3] = static_cast<std::uint8_t>(~to[1]);
    to[4] = static_cast<std::uint8_t>(~to[2]);
  }
  append_big_endian32(out, adler);
  append_big_endian32(out, 0);
  append_big_endian32(out, 0);
  for (const char c : {'I', 'E', 'N', 'D'}) out.push_back(static_cast<std::uint8_t>(c));
  append_big_endian32(out, 0);
  return out;
}

}  // namespace hairline::io::detail

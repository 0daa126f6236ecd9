#pragma once
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "hairline/core/any_view.hpp"
#include "hairline/core/convert.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/io/detail/png_chunk.hpp"

// A PNG's pixels are one zlib stream of filtered rows. It is made in bands of rows, each deflated by itself and ended
// at a whole byte, so that every core takes part; the bands depend on the picture's size alone.

namespace hairline::io::detail {

/// Length, name, data, checksum.
inline void append_png_chunk(std::vector<std::uint8_t>& to, const char* name, std::span<const std::uint8_t> data) {
  append_big_endian32(to, static_cast<std::uint32_t>(data.size()));
  const std::size_t begin = to.size();
  to.insert(to.end(), name, name + 4);
  to.insert(to.end(), data.begin(), data.end());
  append_big_endian32(to, png_crc(to.data() + begin, data.size() + 4));
}

/// A piece of the zlib stream, and the checksum and length of what it holds.
struct PngPiece {
  std::vector<std::uint8_t> bytes;
  uLong adler = 1;
  std::size_t raw_size = 0;
};

/// One row of the picture as a PNG has it: whole bytes, big-endian.
inline void png_row_bytes(AnyView image, int y, int depth, Image<std::uint16_t>& wide, std::uint8_t* out) {
  const AnyView line = image.visit([&](auto v) -> AnyView { return v.crop(y, 0, 1, image.width()); });
  if (depth == 8) return copy_pixels<std::uint8_t>(line, View<std::uint8_t>(out, line.shape()));
  copy_pixels<std::uint16_t>(line, wide.view());
  const std::uint16_t* from = wide.data();
  for (std::size_t i = 0; i < wide.size(); ++i) {
    out[2 * i] = static_cast<std::uint8_t>(from[i] >> 8);
    out[2 * i + 1] = static_cast<std::uint8_t>(from[i] & 0xff);
  }
}

inline int paeth(int left, int above, int corner) {
  const int to_left = std::abs(above - corner), to_above = std::abs(left - corner);
  const int to_corner = std::abs(left + above - 2 * corner);
  return to_left <= to_above && to_left <= to_corner ? left : to_above <= to_corner ? above : corner;
}

/// Filters a row in the ways of a PNG and keeps the one with the smallest sum of magnitudes, libpng's own rule.
/// `row` and `above` have `step` zeros before them; out[0] becomes the filter's number.
class PngRowFilter {
 public:
  PngRowFilter(std::size_t count, std::size_t step, bool with_paeth)
      : count_(count), step_(step), filters_(with_paeth ? 4 : 3), tried_(count) {}

  void operator()(const std::uint8_t* row, const std::uint8_t* above, std::uint8_t* out) {
    const std::uint8_t *left = row - step_, *corner = above - step_;
    std::uint64_t least = ~std::uint64_t{0};
    for (int filter = 1; filter <= filters_; ++filter) {
      std::uint8_t* to = tried_.data();
      const std::size_t n = count_;
      switch (filter) {
        case 1:
          for (std::size_t i = 0; i < n; ++i) to[i] = static_cast<std::uint8_t>(row[i] - left[i]);
          break;
        case 2:
          for (std::size_t i = 0; i < n; ++i) to[i] = static_cast<std::uint8_t>(row[i] - above[i]);
          break;
        case 3:
          for (std::size_t i = 0; i < n; ++i)
            to[i] = static_cast<std::uint8_t>(row[i] - ((unsigned{left[i]} + above[i]) >> 1));
          break;
        default:
          for (std::size_t i = 0; i < n; ++i)
            to[i] = static_cast<std::uint8_t>(row[i] - paeth(left[i], above[i], corner[i]));
      }
      const std::uint64_t sum = magnitudes();
      if (sum >= least) continue;
      least = sum;
      out[0] = static_cast<std::uint8_t>(filter);
      std::memcpy(out + 1, to, n);
    }
  }

 private:
  std::uint64_t magnitudes() const {
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < count_; i += 4096) {
      std::uint32_t sum = 0;
      for (std::size_t k = i; k < std::min(count_, i + 4096); ++k)
        sum += std::min<std::uint8_t>(tried_[k], static_cast<std::uint8_t>(-tried_[k]));
      all += sum;
    }
    return all;
  }
  std::size_t count_, step_;
  int filters_;
  std::vector<std::uint8_t> tried_;
};

/// Appends `raw` without zlib's frame. All but the last piece end at a whole byte and leave the stream open.
inline void deflate_by_zlib(std::span<std::uint8_t> raw, int compression, bool last, std::vector<std::uint8_t>& to) {
  z_stream stream{};
  if (deflateInit2(&stream, compression, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  struct End {
    z_stream* stream;
    ~End() { deflateEnd(stream); }
  } end{&stream};
  const std::size_t head = to.size();
  to.resize(head + deflateBound(&stream, static_cast<uLong>(raw.size())) + 16);
  stream.next_in = raw.data();
  stream.avail_in = static_cast<uInt>(raw.size());
  stream.next_out = to.data() + head;
  stream.avail_out = static_cast<uInt>(to.size() - head);
  deflate(&stream, last ? Z_FINISH : Z_SYNC_FLUSH);  // all at once: there is room for the worst case
  to.resize(to.size() - stream.avail_out);
}

/// The same three times as fast as zlib's quickest, and no larger but for alphas.
inline void deflate_quickly(std::span<std::uint8_t> raw, bool last, std::vector<std::uint8_t>& to) {
  struct Workspace {
    isal_zstream stream;
    std::uint8_t level[ISAL_DEF_LVL1_DEFAULT];
  };
  const auto work = std::make_unique<Workspace>();  // of zeros: what it finds there has a say in what it makes
  isal_zstream& stream = work->stream;
  isal_deflate_stateless_init(&stream);
  stream.level = 1;
  stream.level_buf = work->level;
  stream.level_buf_size = sizeof work->level;
  stream.end_of_stream = last;
  stream.flush = last ? NO_FLUSH : FULL_FLUSH;
  const std::size_t head = to.size();
  to.resize(head + raw.size() + raw.size() / 8 + 1024);  // stored blocks at the worst
  stream.next_in = raw.data();
  stream.avail_in = static_cast<std::uint32_t>(raw.size());
  stream.next_out = to.data() + head;
  stream.avail_out = static_cast<std::uint32_t>(to.size() - head);
  if (by_isal([&] { return isal_deflate_stateless(&stream); }) != COMP_OK) {  // zlib can do with any room
    to.resize(head);
    return deflate_by_zlib(raw, 1, last, to);
  }
  to.resize(to.size() - stream.avail_out);
}

/// Rows [begin, end) filtered and deflated.
inline PngPiece png_band(AnyView image, int depth, int compression, int begin, int end) {
  const Shape row_shape{1, image.width(), image.channels()};
  const std::size_t step = static_cast<std::size_t>(image.channels() * depth / 8);
  const std::size_t count = step * static_cast<std::size_t>(image.width());
  std::vector<std::uint8_t> lines[2] = {std::vector<std::uint8_t>(step + count),
                                        std::vector<std::uint8_t>(step + count)};
  Image<std::uint16_t> wide(depth == 16 ? row_shape : Shape{0, 0, 0});
  if (begin > 0) png_row_bytes(image, begin - 1, depth, wide, lines[1].data() + step);
  PngRowFilter filter(count, step, compression > 3);
  std::vector<std::uint8_t> raw((count + 1) * static_cast<std::size_t>(end - begin));
  for (int y = begin; y < end; ++y) {
    png_row_bytes(image, y, depth, wide, lines[0].data() + step);
    filter(lines[0].data() + step, lines[1].data() + step,
           raw.data() + static_cast<std::size_t>(y - begin) * (count + 1));
    std::swap(lines[0], lines[1]);
  }
  PngPiece piece;
  if (begin == 0) piece.bytes = {0x78, 0x01};  // zlib's header: a window of 32 KiB
  const bool last = end == image.height();
  if (compression == 1)
    deflate_quickly(raw, last, piece.bytes);
  else
    deflate_by_zlib(raw, compression, last, piece.bytes);
  piece.adler = zlib_adler(raw.data(), raw.size());
  piece.raw_size = raw.size();
  return piece;
}

/// The picture's zlib stream, in pieces of any size that follow each other.
inline std::vector<PngPiece> deflate_png_rows(AnyView image, int depth, int compression, int threads) {
  const std::size_t row_size =
      static_cast<std::size_t>(image.width()) * static_cast<std::size_t>(image.channels() * depth / 8) + 1;
  const std::ptrdiff_t rows =
      std::max<std::ptrdiff_t>(1, (std::ptrdiff_t{1} << 17) / static_cast<std::ptrdiff_t>(row_size));
  const std::ptrdiff_t bands = (image.height() + rows - 1) / rows;
  std::vector<PngPiece> pieces(static_cast<std::size_t>(bands));
  ThreadPool pool(bands == 1 ? 1 : threads);
  pool.parallel_for(0, bands, 1, [&](std::ptrdiff_t band, std::ptrdiff_t) {
    const std::ptrdiff_t begin = band * rows, end = std::min<std::ptrdiff_t>(image.height(), begin + rows);
    pieces[static_cast<std::size_t>(band)] =
        png_band(image, depth, compression, static_cast<int>(begin), static_cast<int>(end));
  });
  uLong adler = 1;
  for (const PngPiece& piece : pieces)
    adler = adler32_combine(adler, piece.adler, static_cast<z_off_t>(piece.raw_size));
  PngPiece trailer;
  append_big_endian32(trailer.bytes, static_cast<std::uint32_t>(adler));
  pieces.push_back(std::move(trailer));
  return pieces;
}

}  // namespace hairline::io::detail

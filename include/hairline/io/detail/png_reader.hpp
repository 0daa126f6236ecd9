#pragma once
#include <png.h>

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "hairline/io/detail/png_inflate.hpp"

// libpng reports errors by a jump. Every function here that sets a jump target holds trivial objects only, so the jump
// leaves nothing undestroyed; whatever owns memory lives in the callers, one function per step.

namespace hairline::io::detail {

/// Where libpng's messages go, and where it jumps to.
struct PngState {
  std::jmp_buf jump;
  char message[160] = "";
  png_structp png = nullptr;
  png_infop info = nullptr;
};

inline void png_on_error(png_structp png, png_const_charp text) {
  auto* state = static_cast<PngState*>(png_get_error_ptr(png));
  std::strncpy(state->message, text != nullptr ? text : "unknown error", sizeof state->message - 1);
  std::longjmp(state->jump, 1);
}
inline void png_on_warning(png_structp, png_const_charp) {}  // warnings concern metadata, which is not used

/// One PNG in memory, read step by step; each step is false after an error, with the text in message.
struct PngReader : PngState {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0, position = 0;
  StoredPng* stored = nullptr;
  png_uint_32 width = 0, height = 0;
  int channels = 0, depth = 0, file_depth = 0, passes = 1;
  bool has_alpha = false;

  /// @param instead  if not null, what is read in the place of the bytes; its checksums need no looking at
  PngReader(std::span<const std::uint8_t> bytes, StoredPng* instead)
      : data(bytes.data()), size(bytes.size()), stored(instead) {}
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }

  static void supply(png_structp png, png_bytep to, std::size_t count) {
    auto* self = static_cast<PngReader*>(png_get_io_ptr(png));
    if (self->stored != nullptr) {
      if (!self->stored->read(to, count)) png_error(png, "the pixels' stream is damaged");
      return;
    }
    if (count > self->size - self->position) png_error(png, "the file ends too early");
    std::memcpy(to, self->data + self->position, count);
    self->position += count;
  }

  /// Reads up to the pixels and asks for expansion to whole 8 or 16-bit channels in this machine's byte order.
  bool start() {
    if (setjmp(jump)) return false;
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, static_cast<PngState*>(this), png_on_error, png_on_warning);
    if (png == nullptr) return false;
    info = png_create_info_struct(png);
    if (info == nullptr) return false;
    png_set_read_fn(png, this, supply);
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);  // the caller has checked the header against its own limits
    const int action = stored != nullptr ? PNG_CRC_QUIET_USE : PNG_CRC_ERROR_QUIT;
    png_set_crc_action(png, action, action);
#ifdef PNG_IGNORE_ADLER32  // since 1.6.26; before, one more pass
    if (stored != nullptr) png_set_option(png, PNG_IGNORE_ADLER32, PNG_OPTION_ON);
#endif
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);  // all but the pixels, palette, transparency
    png_read_info(png, info);
    file_depth = png_get_bit_depth(png, info);
    png_set_expand(png);
    if (file_depth == 16) {
      const std::uint16_t one = 1;
      if (*reinterpret_cast<const unsigned char*>(&one) == 1) png_set_swap(png);
    }
    passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    width = png_get_image_width(png, info);
    height = png_get_image_height(png, info);
    channels = png_get_channels(png, info);
    depth = png_get_bit_depth(png, info);
    has_alpha = (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) != 0;
    return true;
  }
  bool row(png_bytep to) {
    if (setjmp(jump)) return false;
    png_read_row(png, to, nullptr);
    return true;
  }
  bool finish() {
    if (setjmp(jump)) return false;
    png_read_end(png, nullptr);
    return true;
  }
};

}  // namespace hairline::io::detail

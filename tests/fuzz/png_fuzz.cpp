#include "tests/fuzz/check.hpp"

namespace {
using namespace hairline;

/// The same with every chunk's checksum put right, as far as there are chunks.
io::Bytes with_right_sums(const std::uint8_t* data, std::size_t size) {
  io::Bytes png(data, data + size);
  for (std::size_t at = 8; at + 12 <= size;) {
    const std::size_t length = io::detail::big_endian32(png.data() + at);
    if (length > size - at - 12) break;
    const std::uint32_t sum = io::detail::png_crc(png.data() + at + 4, length + 4);
    for (std::size_t i = 0; i < 4; ++i) png[at + 8 + length + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    at += length + 12;
  }
  return png;
}

// What can be read survives being written at its own depth.
int check_png(const std::uint8_t* data, std::size_t size) {
  const auto picture = io::read_png_memory({data, size}, "fuzz", fuzz::limits);
  fuzz::check_unit(picture);
  if (!picture || picture->pixels.shape().pixels() > 4096) return 0;
  io::PngOptions options;
  options.depth = picture->bit_depth == 16 ? 16 : 8;
  options.compression = 1;
  Result<io::Bytes> bytes = Error{};
  if (picture->alpha == AlphaMode::none) {
    bytes = io::encode_png(picture->pixels, options);
  } else {
    Image<float, AlphaMode::straight> image(picture->pixels.shape());
    copy_pixels<float>(picture->pixels, image.view());
    bytes = io::encode_png(image, options);
  }
  fuzz::require(bytes.has_value());
  const auto again = io::read_png_memory(*bytes, "fuzz", fuzz::limits);
  fuzz::require(again.has_value() && again->pixels.shape() == picture->pixels.shape());
  for (std::size_t i = 0; i < again->pixels.size(); ++i)
    fuzz::require(again->pixels.data()[i] == picture->pixels.data()[i]);
  return 0;
}
}  // namespace

// Any bytes as a PNG, as they are and with their checksums right, which a mutation hardly ever leaves.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_png(data, size);
  const io::Bytes mended = with_right_sums(data, size);
  return check_png(mended.data(), mended.size());
}

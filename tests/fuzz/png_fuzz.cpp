#include "tests/fuzz/check.hpp"

// Any bytes as a PNG; what can be read survives being written at its own depth.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hairline;
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

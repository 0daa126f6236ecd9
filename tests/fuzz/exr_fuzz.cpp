#include <cstring>

#include "tests/fuzz/check.hpp"

// Any bytes as an EXR; what can be read survives being written as 32-bit floats.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hairline;
  const auto picture = io::read_exr_memory({data, size}, "fuzz", fuzz::limits);
  fuzz::check(picture);
  if (!picture || picture->pixels.shape().pixels() > 4096) return 0;
  io::ExrOptions options;
  options.half = false;
  Result<io::Bytes> bytes = Error{};
  if (picture->alpha == AlphaMode::none) {
    bytes = io::encode_exr(picture->pixels, options);
  } else {
    Image<float, AlphaMode::associated> image(picture->pixels.shape());
    copy_pixels<float>(picture->pixels, image.view());
    bytes = io::encode_exr(image, options);
  }
  fuzz::require(bytes.has_value());
  const auto again = io::read_exr_memory(*bytes, "fuzz", fuzz::limits);
  fuzz::require(again.has_value() && again->pixels.shape() == picture->pixels.shape());
  fuzz::require(std::memcmp(again->pixels.data(), picture->pixels.data(), again->pixels.size() * sizeof(float)) == 0);
  return 0;
}

#include "tests/fuzz/check.hpp"

// Any bytes as a BMP, as a TGA, and as whatever they look like.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hairline;
  const std::span bytes(data, size);
  fuzz::check_unit(io::read_bmp_memory(bytes, "fuzz", fuzz::limits));
  fuzz::check_unit(io::read_tga_memory(bytes, "fuzz", fuzz::limits));
  // The other formats have targets of their own; here their decoders would only cost time.
  if (!io::detail::is_png(bytes) && !io::detail::is_jpeg(bytes) && !io::detail::is_exr(bytes))
    fuzz::check_unit(io::read_memory(bytes, "fuzz", fuzz::limits));
  return 0;
}

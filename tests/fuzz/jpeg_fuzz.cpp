#include "tests/fuzz/check.hpp"

// Any bytes as a JPEG.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hairline;
  fuzz::check_unit(io::read_jpeg_memory({data, size}, "fuzz", fuzz::limits));
  return 0;
}

#include "tests/fuzz/weights_check.hpp"

// Any bytes as a PyTorch archive: a zip, then the pickle inside. The format is also chosen by looking at the bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hairline::fuzz::check_weights(data, size, hairline::parse_torch_zip);
  hairline::fuzz::check_weights(data, size, hairline::parse_weights);
  return 0;
}

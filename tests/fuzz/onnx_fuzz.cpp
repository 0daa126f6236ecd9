#include "tests/fuzz/weights_check.hpp"

// Any bytes as an ONNX model.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hairline::fuzz::check_weights(data, size, hairline::parse_onnx);
  return 0;
}

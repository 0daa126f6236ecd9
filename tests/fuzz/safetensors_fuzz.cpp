#include "hairline/layers/batch_norm.hpp"
#include "hairline/layers/compose.hpp"
#include "hairline/layers/conv2d.hpp"
#include "tests/fuzz/weights_check.hpp"

namespace hairline::fuzz {
using Small =
    Net<"small", Inputs<Input<"x", 3>>, Take<"x">, Named<"conv", Conv2d<3, 4, Bias{false}>>, Named<"bn", BatchNorm<4>>,
        Named<"head", Chain<Named<"0", Conv2d<4, 2, Kernel{1}>>>>, Keep<"y">, Give<"y">>;

/// A self-test in the file is one that can be told to pass or not, or an error.
inline void check_self_test(const TensorStore& store) {
  static const Weights weights = seeded_weights(graph<Small>());
  const auto test = read_self_test(store);
  if (test && test->has_value()) {
    const auto report = run_self_test(graph<Small>(), weights, **test, 1);
    if (report) require_weights(report->passed == (report->largest <= (*test)->tolerance));
  }
  if (const auto accepted = accept_weights(graph<Small>(), store); !accepted)
    require_weights(!accepted.error().message.empty());
}
}  // namespace hairline::fuzz

// Any bytes as safetensors, with the self-test that may be in them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hairline::fuzz::check_weights(data, size, hairline::parse_safetensors);
  const auto store = hairline::parse_safetensors({data, data + size}, "fuzz");
  if (store) hairline::fuzz::check_self_test(*store);
  return 0;
}

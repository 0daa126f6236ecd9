#pragma once
#include <string>

#include "hairline/layers/batch_norm.hpp"
#include "hairline/layers/compose.hpp"
#include "hairline/layers/conv2d.hpp"
#include "hairline/nets/net.hpp"

namespace hairline::tests {

/// The network of the recorded checkpoints (python/golden/weights.py).
using Small =
    Net<"small", Inputs<Input<"x", 3>>, Take<"x">, Named<"conv", Conv2d<3, 4, Bias{false}>>, Named<"bn", BatchNorm<4>>,
        Named<"head", Chain<Named<"0", Conv2d<4, 2, Kernel{1}>>>>, Keep<"y">, Give<"y">>;

inline std::string golden_weights(const std::string& name) {
  return HAIRLINE_SOURCE_DIR "/tests/golden/weights/" + name;
}

}  // namespace hairline::tests

#pragma once
#include <cstdint>
#include <span>

namespace hairline::tool {

/// weights/default.safetensors as it was when this program was built: trained weights of the network slim. Empty if the
/// build had none.
std::span<const std::uint8_t> default_weights();

}  // namespace hairline::tool

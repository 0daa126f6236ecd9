#pragma once
#include "batch.hpp"

namespace hairline::tool {

/// {"built", "halide", "library", "level", "devices"}: the compiled kernels of this build, the CPU level they run at
/// here, and the devices there are.
Json kernel_info();

}  // namespace hairline::tool

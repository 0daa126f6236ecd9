#pragma once
#include "batch.hpp"

namespace hairline::tool {

/// {"built", "halide", "level", "devices"}: the compiled kernels of this build and what they run on here.
Json kernel_info();

}  // namespace hairline::tool

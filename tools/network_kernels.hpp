#pragma once
#include <string_view>

#include "hairline/kernels/library.hpp"

namespace hairline::tool {

/// The compiled kernels of a network of this build, or null.
const kernels::Library* network_kernels(std::string_view network);

}  // namespace hairline::tool

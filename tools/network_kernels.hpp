#pragma once
#include <string_view>

#include "hairline/kernels/backend.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

/// The compiled kernels of a network of this build, or null.
const kernels::Library* network_kernels(std::string_view network,
                                        kernels::Precision precision = kernels::Precision::f32);

/// The same as what sessions run on. Throws NotAvailable for kernels that this build has not or that this machine
/// cannot execute.
kernels::Backend network_backend(std::string_view network, kernels::Precision precision);

}  // namespace hairline::tool

#pragma once
#include <string>
#include <string_view>

#include "device.hpp"
#include "hairline/kernels/backend.hpp"

namespace hairline::tool {

/// "f32", "bf16" or "f16".
kernels::Precision precision_named(const std::string& name);

/// What sessions of a network run on, and its name. Throws NotAvailable for a device or kernels that this build or
/// machine has not; nothing falls back.
OpenDevice kernel_backend(const DeviceChoice& device, std::string_view network, kernels::Precision precision);

}  // namespace hairline::tool

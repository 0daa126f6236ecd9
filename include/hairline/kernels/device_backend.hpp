#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/devices.hpp"
#include "hairline/kernels/library.hpp"

// Backends of devices. Drivers are opened when the first of them is made, and not before.

namespace hairline::kernels {

/// The least compute capability that CUDA kernels are compiled for: 8.0. Later ones compile them in the driver.
inline constexpr int least_cuda_capability = 80;

namespace detail {
/// Devices do not come and go while a program runs.
inline const std::vector<Device>& known_devices() {
  static const std::vector<Device> found = devices();
  return found;
}

inline Backend device_backend(const Library& library, KernelTarget target, int ordinal) {
  Backend backend{&library, target, true, version_error(library), DeviceQueue{target, ordinal, nullptr, nullptr}};
  if (backend.error) return backend;
  const std::string api = name(target);
  const auto& all = known_devices();
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const Device& d) { return d.api == api && (ordinal < 0 || d.ordinal == ordinal); });
  if (found == all.end()) {
    std::string wanted = api;
    if (ordinal >= 0) wanted.append(":").append(std::to_string(ordinal));
    backend.error = Error{ErrorCode::not_found, "no device " + wanted + "; found " + list(all)};
  } else if (target == KernelTarget::cuda && ordinal >= 0 && found->capability < least_cuda_capability) {
    backend.error =
        Error{ErrorCode::unsupported, found->name + " has compute capability " + std::to_string(found->capability) +
                                          ", wanted at least " + std::to_string(least_cuda_capability)};
  }
  return backend;
}

inline Backend callers_backend(const Library& library, KernelTarget target, void* context, void* queue) {
  Backend backend{&library, target, true, version_error(library), DeviceQueue{target, -1, context, queue}};
  if (!backend.error && (context == nullptr || (target == KernelTarget::opencl && queue == nullptr)))
    backend.error = Error{ErrorCode::invalid_argument,
                          std::string("wanted a context and a queue for ") + name(target) + ", given a null one"};
  return backend;
}
}  // namespace detail

/// A library's OpenCL kernels on the device of that number (see devices()), in a context of the library's own; -1: on
/// the one that Halide's runtime chooses (HL_OCL_PLATFORM_NAME, HL_OCL_DEVICE_TYPE and HL_GPU_DEVICE steer it). If
/// there is no such device, every call returns an error that lists those which are.
inline Backend opencl_backend(const Library& library, int ordinal = -1) {
  return detail::device_backend(library, KernelTarget::opencl, ordinal);
}

/// The same on a cl_context and an in-order cl_command_queue of the caller's, who keeps them.
inline Backend opencl_backend(const Library& library, void* context, void* queue) {
  return detail::callers_backend(library, KernelTarget::opencl, context, queue);
}

/// A library's CUDA kernels on the device of that number, in its primary context and the default stream.
inline Backend cuda_backend(const Library& library, int ordinal = 0) {
  return detail::device_backend(library, KernelTarget::cuda, ordinal);
}

/// The same on a CUcontext and a CUstream of the caller's (null: the default stream), who keeps them.
inline Backend cuda_backend(const Library& library, void* context, void* stream) {
  return detail::callers_backend(library, KernelTarget::cuda, context, stream);
}

/// Lets go of the compiled code and the spare memory that a library keeps for a backend's context: before the caller
/// destroys it. Sessions and networks on it have to be gone.
inline Result<void> forget(const Backend& on) {
  if (on.error) return *on.error;
  char message[512];
  if (on.on_device && on.library->forget(&on.queue, message, sizeof message) != 0)
    return Error{ErrorCode::kernel, std::string("the device (") + name(on.target) + ") failed: " + message};
  return {};
}

}  // namespace hairline::kernels

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

/// Devices have no bfloat16 kernels.
inline std::optional<Error> precision_error(KernelTarget target, Precision numbers) {
  if (numbers != Precision::bf16) return std::nullopt;
  return Error{ErrorCode::unsupported, std::string("kernels for ") + name(target) + " are f32 or f16, wanted bf16"};
}

inline Backend device_backend(const Library& library, KernelTarget target, int ordinal, Precision numbers) {
  Backend backend{&library, target, true, version_error(library), DeviceQueue{target, ordinal, nullptr, nullptr},
                  numbers};
  if (!backend.error) backend.error = precision_error(target, numbers);
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

inline Backend callers_backend(const Library& library, KernelTarget target, void* context, void* queue,
                               Precision numbers) {
  Backend backend{&library, target, true, version_error(library), DeviceQueue{target, -1, context, queue}, numbers};
  if (!backend.error) backend.error = precision_error(target, numbers);
  if (!backend.error && (context == nullptr || (target == KernelTarget::opencl && queue == nullptr)))
    backend.error = Error{ErrorCode::invalid_argument,
                          std::string("wanted a context and a queue for ") + name(target) + ", given a null one"};
  return backend;
}
}  // namespace detail

/// A library's OpenCL kernels on the device of that number (see devices()), in a context of the library's own; -1: on
/// the one that Halide's runtime chooses (HL_OCL_PLATFORM_NAME, HL_OCL_DEVICE_TYPE and HL_GPU_DEVICE steer it). If
/// there is no such device, every call returns an error that lists those which are.
/// @param numbers  f16: weights and what lies between layers are half floats, sums float; halves a network's memory.
///                 Results differ from f32's as docs/kernels.md says. No device has to have half floats of its own.
inline Backend opencl_backend(const Library& library, int ordinal = -1, Precision numbers = Precision::f32) {
  return detail::device_backend(library, KernelTarget::opencl, ordinal, numbers);
}

/// The same on a cl_context and an in-order cl_command_queue of the caller's, who keeps them.
inline Backend opencl_backend(const Library& library, void* context, void* queue, Precision numbers = Precision::f32) {
  return detail::callers_backend(library, KernelTarget::opencl, context, queue, numbers);
}

/// A library's CUDA kernels on the device of that number, in its primary context and the default stream.
inline Backend cuda_backend(const Library& library, int ordinal = 0, Precision numbers = Precision::f32) {
  return detail::device_backend(library, KernelTarget::cuda, ordinal, numbers);
}

/// The same on a CUcontext and a CUstream of the caller's (null: the default stream), who keeps them.
inline Backend cuda_backend(const Library& library, void* context, void* stream, Precision numbers = Precision::f32) {
  return detail::callers_backend(library, KernelTarget::cuda, context, stream, numbers);
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

#pragma once
#include <algorithm>

#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/devices.hpp"
#include "hairline/kernels/library.hpp"

/// In the static library hairline::kernels_image_opencl.
extern "C" const hairline::kernels::Library hairline_kernels_image_ops_opencl;

namespace hairline::kernels {

/// A library's OpenCL kernels, on the device that Halide's runtime chooses (HL_OCL_PLATFORM_NAME, HL_OCL_DEVICE_TYPE
/// and HL_GPU_DEVICE steer it). Without any OpenCL device, every call returns an error that lists the devices there
/// are.
inline Backend opencl_backend(const Library& library) {
  Backend backend{&library, KernelTarget::opencl, true, version_error(library)};
  if (backend.error) return backend;
  static const std::vector<Device> found = devices();  // drivers do not come and go while a program runs
  if (std::none_of(found.begin(), found.end(), [](const Device& d) { return d.api == "opencl"; }))
    backend.error = Error{ErrorCode::not_found, "no OpenCL device; found " + list(found)};
  return backend;
}

/// Image operations on OpenCL: composite(f, a, b, out, image_ops_opencl()). Pictures are copied there and back.
inline Backend image_ops_opencl() { return opencl_backend(hairline_kernels_image_ops_opencl); }

}  // namespace hairline::kernels

#pragma once
#include "hairline/kernels/device_backend.hpp"
#include "hairline/kernels/library.hpp"

/// In the static library hairline::kernels_image_opencl.
extern "C" const hairline::kernels::Library hairline_kernels_image_ops_opencl;

namespace hairline::kernels {

/// Image operations on OpenCL: composite(f, a, b, out, image_ops_opencl()). Pictures are copied there and back.
inline Backend image_ops_opencl() { return opencl_backend(hairline_kernels_image_ops_opencl); }

}  // namespace hairline::kernels

#pragma once
// Which device the tests of devices' kernels run on: OpenCL's (PoCL where there is no other), or with
// HAIRLINE_TEST_CUDA in the environment CUDA's, which may be the interpreter of PTX in tests/kernels/ptx.
#include <cstdlib>

#include "hairline/kernels/device_backend.hpp"

namespace kernel_tests {

inline bool on_cuda() {
  static const bool wanted = std::getenv("HAIRLINE_TEST_CUDA") != nullptr;
  return wanted;
}

inline hairline::kernels::Backend test_device(
    const hairline::kernels::Library& opencl, const hairline::kernels::Library& cuda,
    hairline::kernels::Precision numbers = hairline::kernels::Precision::f32) {
  return on_cuda() ? hairline::kernels::cuda_backend(cuda, 0, numbers)
                   : hairline::kernels::opencl_backend(opencl, -1, numbers);
}

}  // namespace kernel_tests

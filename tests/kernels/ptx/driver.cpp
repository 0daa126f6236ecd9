// libcuda.so.1 of a machine without a GPU: the functions of the driver that Halide's runtime and hairline call, on an
// interpreter of PTX. For tests alone. It checks what a GPU would trap on: addresses that are not aligned, shared
// memory that is not there, instructions that do not exist.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "tests/kernels/ptx/interpreter.hpp"

namespace {
constexpr int failed = 1, not_found = 500;
int the_context = 0;
using Module = std::map<std::string, ptx::Function>;
}  // namespace

extern "C" {
int cuInit(unsigned) { return 0; }
int cuDeviceGetCount(int* count) {
  *count = 1;
  return 0;
}
int cuDeviceGet(int* device, int) {
  *device = 0;
  return 0;
}
int cuDeviceGetName(char* name, int size, int) {
  std::snprintf(name, static_cast<std::size_t>(size), "interpreter of PTX");
  return 0;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
  constexpr int capability_major = 75, capability_minor = 76, shared_memory = 8;
  *value = attribute == capability_major   ? 8
           : attribute == capability_minor ? 0
           : attribute == shared_memory    ? 49152
                                           : 1024;
  return 0;
}
int cuDeviceTotalMem_v2(std::size_t* bytes, int) {
  *bytes = std::size_t{1} << 32;
  return 0;
}
int cuDevicePrimaryCtxRetain(void** context, int) {
  *context = &the_context;
  return 0;
}
int cuCtxCreate_v2(void** context, unsigned, int) { return cuDevicePrimaryCtxRetain(context, 0); }
int cuCtxDestroy_v2(void*) { return 0; }
int cuCtxGetApiVersion(void*, unsigned* version) {
  *version = 12000;
  return 0;
}
int cuCtxGetDevice(int* device) { return cuDeviceGet(device, 0); }
int cuCtxPushCurrent_v2(void*) { return 0; }
int cuCtxPopCurrent_v2(void** context) { return context == nullptr ? 0 : cuDevicePrimaryCtxRetain(context, 0); }
int cuCtxSynchronize() { return 0; }
int cuStreamSynchronize(void*) { return 0; }
int cuProfilerStop() { return 0; }
int cuPointerGetAttribute(void* value, int, std::uint64_t) {
  return cuDevicePrimaryCtxRetain(static_cast<void**>(value), 0);
}

int cuMemAlloc_v2(std::uint64_t* memory, std::size_t bytes) {
  void* const made = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (made == nullptr) return failed;
  std::memset(made, 0xff, bytes);  // no number
  *memory = reinterpret_cast<std::uint64_t>(made);
  return 0;
}
int cuMemFree_v2(std::uint64_t memory) {
  std::free(reinterpret_cast<void*>(memory));
  return 0;
}
int cuMemcpyHtoD_v2(std::uint64_t to, const void* from, std::size_t bytes) {
  std::memcpy(reinterpret_cast<void*>(to), from, bytes);
  return 0;
}
int cuMemcpyDtoH_v2(void* to, std::uint64_t from, std::size_t bytes) {
  std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
  return 0;
}
int cuMemcpyDtoD_v2(std::uint64_t to, std::uint64_t from, std::size_t bytes) {
  return cuMemcpyHtoD_v2(to, reinterpret_cast<const void*>(from), bytes);
}
int cuMemcpyHtoDAsync_v2(std::uint64_t to, const void* from, std::size_t bytes, void*) {
  return cuMemcpyHtoD_v2(to, from, bytes);
}
int cuMemcpyDtoHAsync_v2(void* to, std::uint64_t from, std::size_t bytes, void*) {
  return cuMemcpyDtoH_v2(to, from, bytes);
}
int cuMemcpyDtoDAsync_v2(std::uint64_t to, std::uint64_t from, std::size_t bytes, void*) {
  return cuMemcpyDtoD_v2(to, from, bytes);
}
int cuMemcpy3D_v2(const void*) { return failed; }

int cuModuleLoadDataEx(void** module, const void* text, unsigned, void*, void*) {
  try {
    *module = new Module(ptx::Reader().read(static_cast<const char*>(text)));
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "PTX that is not understood: %s\n", e.what());
    return failed;
  }
}
int cuModuleLoadData(void** module, const void* text) { return cuModuleLoadDataEx(module, text, 0, nullptr, nullptr); }
int cuModuleUnload(void* module) {
  delete static_cast<Module*>(module);
  return 0;
}
int cuModuleGetFunction(void** function, void* module, const char* name) {
  auto& all = *static_cast<Module*>(module);
  const auto found = all.find(name);
  if (found == all.end()) return not_found;
  *function = &found->second;
  return 0;
}
int cuLaunchKernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared, void*, void** arguments, void**) {
  const auto& called = *static_cast<const ptx::Function*>(function);
  std::vector<std::uint64_t> parameters(called.parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) std::memcpy(&parameters[i], arguments[i], called.parameters[i]);
  try {
    ptx::run(called, {grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, shared, parameters);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "a kernel failed: %s\n", e.what());
    return failed;
  }
}
}

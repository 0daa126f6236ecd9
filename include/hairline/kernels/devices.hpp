#pragma once
#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hairline::kernels {

/// A device that kernels could run on.
struct Device {
  std::string api;       ///< "opencl" or "cuda"
  std::string platform;  ///< the driver, as it names itself
  std::string name;      ///< the device, as the driver names it
  int ordinal = 0;       ///< among the devices of that API
  int capability = 0;    ///< of CUDA devices: 80 means 8.0
};

namespace detail {
/// A shared library for as long as it is asked; null functions if it or they are missing.
class SharedLibrary {
 public:
  explicit SharedLibrary(const char* file) : handle_(dlopen(file, RTLD_NOW | RTLD_LOCAL)) {}
  SharedLibrary(const SharedLibrary&) = delete;
  SharedLibrary& operator=(const SharedLibrary&) = delete;
  // Never closed: drivers start threads and do not survive being unloaded.
  template <class Function>
  Function* function(const char* name) const {
    return handle_ == nullptr ? nullptr : reinterpret_cast<Function*>(dlsym(handle_, name));
  }

 private:
  void* handle_;
};

inline void add_opencl_devices(std::vector<Device>& devices) {
  const SharedLibrary library("libOpenCL.so.1");
  using GetPlatforms = std::int32_t(std::uint32_t, void**, std::uint32_t*);
  using GetDevices = std::int32_t(void*, std::uint64_t, std::uint32_t, void**, std::uint32_t*);
  using GetInfo = std::int32_t(void*, std::uint32_t, std::size_t, void*, std::size_t*);
  auto* platforms_of = library.function<GetPlatforms>("clGetPlatformIDs");
  auto* devices_of = library.function<GetDevices>("clGetDeviceIDs");
  auto* platform_info = library.function<GetInfo>("clGetPlatformInfo");
  auto* device_info = library.function<GetInfo>("clGetDeviceInfo");
  if (!platforms_of || !devices_of || !platform_info || !device_info) return;
  constexpr std::uint32_t platform_name = 0x0902, device_name = 0x102b;
  constexpr std::uint64_t every_type = 0xffffffff;
  const auto text = [](GetInfo* info, void* of, std::uint32_t what) {
    char name[256] = {};
    return info(of, what, sizeof name - 1, name, nullptr) == 0 ? std::string(name) : std::string("?");
  };
  std::uint32_t count = 0;
  if (platforms_of(0, nullptr, &count) != 0 || count == 0) return;
  std::vector<void*> platforms(count);
  if (platforms_of(count, platforms.data(), nullptr) != 0) return;
  int ordinal = 0;
  for (void* platform : platforms) {
    if (devices_of(platform, every_type, 0, nullptr, &count) != 0 || count == 0) continue;
    std::vector<void*> found(count);
    if (devices_of(platform, every_type, count, found.data(), nullptr) != 0) continue;
    for (void* device : found)
      devices.push_back({"opencl", text(platform_info, platform, platform_name), text(device_info, device, device_name),
                         ordinal++, 0});
  }
}

inline void add_cuda_devices(std::vector<Device>& devices) {
  const SharedLibrary library("libcuda.so.1");
  auto* init = library.function<int(unsigned)>("cuInit");
  auto* count_of = library.function<int(int*)>("cuDeviceGetCount");
  auto* get = library.function<int(int*, int)>("cuDeviceGet");
  auto* name_of = library.function<int(char*, int, int)>("cuDeviceGetName");
  auto* attribute_of = library.function<int(int*, int, int)>("cuDeviceGetAttribute");
  if (!init || !count_of || !get || !name_of || !attribute_of || init(0) != 0) return;
  constexpr int capability_major = 75, capability_minor = 76;
  int count = 0;
  if (count_of(&count) != 0) return;
  for (int i = 0; i < count; ++i) {
    int device = 0;
    char name[256] = {};
    int major = 0, minor = 0;
    if (get(&device, i) != 0 || name_of(name, sizeof name - 1, device) != 0) continue;
    attribute_of(&major, capability_major, device);
    attribute_of(&minor, capability_minor, device);
    devices.push_back({"cuda", "NVIDIA CUDA", name, i, 10 * major + minor});
  }
}
}  // namespace detail

/// Every OpenCL and CUDA device of this machine; empty where no driver is installed (nothing is linked against them).
/// Costs a driver's start-up.
inline std::vector<Device> devices() {
  std::vector<Device> found;
  detail::add_opencl_devices(found);
  detail::add_cuda_devices(found);
  return found;
}

/// One line that names them, for error texts.
inline std::string list(const std::vector<Device>& devices) {
  if (devices.empty()) return "no OpenCL or CUDA device on this machine";
  std::string text;
  for (const Device& d : devices)
    text +=
        (text.empty() ? "" : ", ") + d.api + ":" + std::to_string(d.ordinal) + " " + d.name + " (" + d.platform + ")";
  return text;
}

}  // namespace hairline::kernels

#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

/// The border between hairline's headers and a library of compiled kernels: plain structs with a fixed layout, so that
/// callers need neither Halide's headers nor generated ones. tests/kernels and the glue that every library contains
/// check that these layouts are Halide's own.
namespace hairline::kernels {

/// One axis of a Buffer: as halide_dimension_t.
struct BufferAxis {
  std::int32_t min = 0;
  std::int32_t extent = 0;
  std::int32_t stride = 0;  ///< elements, may be negative
  std::uint32_t flags = 0;
};

/// A piece of memory as kernels see it: as halide_buffer_t.
struct Buffer {
  std::uint64_t device = 0;
  const void* device_interface = nullptr;
  std::uint8_t* host = nullptr;
  std::uint64_t flags = 0;     ///< bit 0: host changed since the device last saw it; bit 1: the other way round
  std::uint8_t type_code = 0;  ///< 0 signed, 1 unsigned, 2 float, 4 bfloat
  std::uint8_t type_bits = 0;
  std::uint16_t type_lanes = 1;
  std::int32_t dimensions = 0;
  BufferAxis* axes = nullptr;
  void* reserved = nullptr;
};
inline constexpr std::uint64_t host_changed = 1, device_changed = 2;

/// What a kernel was compiled for: a CpuLevel, or a kind of device.
enum class KernelTarget : int {
  x86_64 = 0,
  avx2 = 1,
  avx512 = 2,
  avx512_bf16 = 8,  ///< bfloat16 between layers, products by AVX-512
  avx512_amx = 9,   ///< the same with products of large layers by AMX tiles
  opencl = 16,
  cuda = 17
};

/// Where a device's work goes: to a device of the machine, or to a context and queue that the caller has made.
struct DeviceQueue {
  KernelTarget target = KernelTarget::opencl;
  std::int32_t ordinal = -1;  ///< in the order of kernels::devices(); -1: as HL_GPU_DEVICE and HL_OCL_... say
  void* context = nullptr;    ///< the caller's cl_context or CUcontext; null: the library's own for that device
  void* queue = nullptr;      ///< the caller's cl_command_queue or CUstream (null: the legacy default stream)
};

/// A compiled kernel. Arguments are pointers to Buffers and to scalars, the first one to a `void*` context.
struct Kernel {
  const char* name;     ///< e.g. "resize_bilinear_f32_c3"
  KernelTarget target;  ///<
  int (*run)(void** arguments);
};

/// A static library of kernels, as the generated table describes it. The first two members never change their place.
struct Library {
  int version;            ///< of the border that the library was made for: library_version then
  const char* name;       ///< e.g. "image_ops"
  const char* halide;     ///< version that compiled it
  const Kernel* kernels;  ///< sorted by name, then target
  std::size_t count;      ///<
  /// Runs a kernel; a failure's text goes to message (cut off at size). Returns the kernel's code, 0 for success. On a
  /// CPU there is no queue; on a device the work is done in the queue's order, and is not waited for.
  int (*call)(int (*run)(void**), void** arguments, const DeviceQueue* queue, char* message, std::size_t size);
  /// Gives a buffer memory on a device.
  int (*allocate)(Buffer* buffer, const DeviceQueue* queue, char* message, std::size_t size);
  /// Lets a buffer refer to memory of the caller's (a cl_mem or a CUdeviceptr) until it is released.
  int (*wrap)(Buffer* buffer, const DeviceQueue* queue, std::uint64_t memory, char* message, std::size_t size);
  /// What the driver calls a buffer's memory: a cl_mem or a CUdeviceptr.
  std::uint64_t (*native)(Buffer* buffer, const DeviceQueue* queue);
  /// Copies a buffer whose host side has changed to the device; gives it memory there if it has none.
  int (*to_device)(Buffer* buffer, const DeviceQueue* queue, char* message, std::size_t size);
  /// Waits until the device has done what was asked for.
  int (*synchronize)(Buffer* buffer, const DeviceQueue* queue, char* message, std::size_t size);
  /// Copies what a device wrote back to the host; waits for it.
  int (*to_host)(Buffer* buffer, const DeviceQueue* queue, char* message, std::size_t size);
  /// Frees the device's side of a buffer; wrapped memory stays the caller's.
  void (*release)(Buffer* buffer, const DeviceQueue* queue, bool wrapped);
  /// Lets go of compiled code and spare memory of a context, which may then be destroyed. Nothing of it may be in use.
  int (*forget)(const DeviceQueue* queue, char* message, std::size_t size);
};
/// Raised with every change of the structs above or of what kernels take.
inline constexpr int library_version = 5;

/// The kernel of that name and target, or null.
inline const Kernel* find(const Library& library, std::string_view name, KernelTarget target) {
  std::size_t low = 0, high = library.count;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const Kernel& kernel = library.kernels[middle];
    const int order = std::string_view(kernel.name).compare(name);
    if (order == 0 && kernel.target == target) return &kernel;
    if (order < 0 || (order == 0 && kernel.target < target))
      low = middle + 1;
    else
      high = middle;
  }
  return nullptr;
}

}  // namespace hairline::kernels

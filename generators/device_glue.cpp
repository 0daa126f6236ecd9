// Which device, context and queue a call of a kernel uses, and where its memory comes from. Halide's runtime asks
// through functions that are weak there: those defined here take their place. Calls that are not ours (other people's
// Halide code in the same program) get what the runtime would have given them.
#include "device_glue.hpp"

#include <HalideRuntimeCuda.h>
#include <HalideRuntimeOpenCL.h>
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <utility>
#include <vector>

// The runtime's own context, made on demand; internal names of Halide 21.
struct _cl_context;
struct _cl_command_queue;
namespace Halide::Runtime::Internal {
extern bool halide_reuse_device_allocations_flag;
}
namespace Halide::Runtime::Internal::OpenCL {
extern _cl_context* context;
extern _cl_command_queue* command_queue;
extern void* clCreateContext;  // a function of the driver once it is loaded
extern void load_libopencl(void* user_context);
extern int create_opencl_context(void* user_context, _cl_context** context, _cl_command_queue** queue);
}  // namespace Halide::Runtime::Internal::OpenCL

namespace {
namespace runtime = Halide::Runtime::Internal::OpenCL;
using hairline::kernels::DeviceQueue;
using hairline::kernels::KernelTarget;
using hairline::kernels::detail::Context;
using hairline::kernels::detail::is_ours;

const DeviceQueue* queue_of(void* user_context, KernelTarget target) {
  if (!is_ours(user_context)) return nullptr;
  const DeviceQueue* queue = static_cast<const Context*>(user_context)->queue;
  return queue != nullptr && queue->target == target ? queue : nullptr;
}

int fail(void* user_context, const char* text) {
  halide_error(user_context, text);
  return halide_error_code_generic_error;
}

void* open_first(std::initializer_list<const char*> files) {
  void* library = nullptr;
  for (const char* file : files)
    if (library == nullptr) library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  return library;  // never closed: drivers start threads
}
}  // namespace

extern "C" {
// What kernels allocate inside is kept for the next call.
bool halide_can_reuse_device_allocations(void* user_context) {
  return is_ours(user_context) ? static_cast<const Context*>(user_context)->keeps
                               : Halide::Runtime::Internal::halide_reuse_device_allocations_flag;
}

// Machines without development files have the numbered name only.
void* halide_cuda_get_symbol(void*, const char* name) {
  static void* const library = open_first({"libcuda.so.1", "libcuda.so"});
  return library == nullptr ? nullptr : dlsym(library, name);
}
void* halide_opencl_get_symbol(void*, const char* name) {
  static void* const library = open_first({"libOpenCL.so.1", "libOpenCL.so"});
  return library == nullptr ? nullptr : dlsym(library, name);
}
}

namespace {
// ---- OpenCL ----

template <class Function>
Function* opencl(const char* name) {
  return reinterpret_cast<Function*>(halide_opencl_get_symbol(nullptr, name));
}

struct OpenClQueue {
  _cl_context* context = nullptr;
  _cl_command_queue* queue = nullptr;
};

// The device of that number, counted over all platforms, with a context of its own.
OpenClQueue make_opencl_queue(int ordinal) {
  auto* platforms_of = opencl<std::int32_t(std::uint32_t, void**, std::uint32_t*)>("clGetPlatformIDs");
  auto* devices_of =
      opencl<std::int32_t(void*, std::uint64_t, std::uint32_t, void**, std::uint32_t*)>("clGetDeviceIDs");
  auto* make_context =
      opencl<_cl_context*(const std::intptr_t*, std::uint32_t, void* const*, void*, void*, std::int32_t*)>(
          "clCreateContext");
  auto* make_queue =
      opencl<_cl_command_queue*(_cl_context*, void*, std::uint64_t, std::int32_t*)>("clCreateCommandQueue");
  if (!platforms_of || !devices_of || !make_context || !make_queue) return {};
  constexpr std::uint64_t every_type = 0xffffffff;
  constexpr std::intptr_t of_platform = 0x1084;
  std::uint32_t count = 0;
  if (platforms_of(0, nullptr, &count) != 0 || count == 0) return {};
  std::vector<void*> platforms(count);
  if (platforms_of(count, platforms.data(), nullptr) != 0) return {};
  for (void* platform : platforms) {
    if (devices_of(platform, every_type, 0, nullptr, &count) != 0 || count == 0) continue;
    std::vector<void*> devices(count);
    if (devices_of(platform, every_type, count, devices.data(), nullptr) != 0) continue;
    if (ordinal >= static_cast<int>(count)) {
      ordinal -= static_cast<int>(count);
      continue;
    }
    void* const device = devices[static_cast<std::size_t>(ordinal)];
    const std::intptr_t properties[] = {of_platform, reinterpret_cast<std::intptr_t>(platform), 0};
    std::int32_t error = 0;
    OpenClQueue made;
    made.context = make_context(properties, 1, &device, nullptr, nullptr, &error);
    if (error != 0 || made.context == nullptr) return {};
    made.queue = make_queue(made.context, device, 0, &error);
    return error == 0 ? made : OpenClQueue{};
  }
  return {};
}

// Held from acquire to release, as the runtime's own lock is.
std::mutex& opencl_mutex() {
  static auto* mutex = new std::mutex;  // never destroyed: the runtime releases its context when the program ends
  return *mutex;
}
std::map<int, OpenClQueue>& opencl_queues() {
  static auto* queues = new std::map<int, OpenClQueue>;
  return *queues;
}

// Memory that kernels give back is kept for the next that wants as much: a network asks for the same in every frame.
struct OpenClMemory {
  void* context;
  void* queue;
  std::uint64_t memory;
  std::size_t bytes;
};
std::vector<OpenClMemory>& spare_memory() {
  static auto* spare = new std::vector<OpenClMemory>;
  return *spare;
}
constexpr std::size_t most_spare = 64;

void free_memory(const OpenClMemory& m) {
  if (auto* release = opencl<std::int32_t(void*)>("clReleaseMemObject")) release(reinterpret_cast<void*>(m.memory));
}
}  // namespace

extern "C" {
int halide_acquire_cl_context(void* user_context, _cl_context** context, _cl_command_queue** queue, bool create) {
  opencl_mutex().lock();
  if (runtime::clCreateContext == nullptr && create) runtime::load_libopencl(user_context);
  const auto give_up = [&](int code) {
    opencl_mutex().unlock();
    return code;
  };
  const DeviceQueue* wanted = queue_of(user_context, KernelTarget::opencl);
  if (wanted != nullptr && wanted->context != nullptr) {
    *context = static_cast<_cl_context*>(wanted->context);
    *queue = static_cast<_cl_command_queue*>(wanted->queue);
    return 0;
  }
  if (wanted != nullptr && wanted->ordinal >= 0) {
    OpenClQueue& own = opencl_queues()[wanted->ordinal];
    if (own.queue == nullptr && create) own = make_opencl_queue(wanted->ordinal);
    if (own.queue == nullptr && create)
      return give_up(fail(user_context, "no OpenCL device of that number, or it gives no context"));
    *context = own.context;
    *queue = own.queue;
    return 0;
  }
  if (runtime::context == nullptr && create)
    if (const int code = runtime::create_opencl_context(user_context, &runtime::context, &runtime::command_queue);
        code != 0)
      return give_up(fail(user_context, "no OpenCL context"));
  *context = runtime::context;
  *queue = runtime::command_queue;
  return 0;
}

int halide_release_cl_context(void*) {
  opencl_mutex().unlock();
  return 0;
}

int halide_opencl_device_malloc(void* user_context, halide_buffer_t* buffer) {
  if (buffer->device != 0) return 0;
  const std::size_t bytes = buffer->size_in_bytes();
  _cl_context* context = nullptr;
  _cl_command_queue* queue = nullptr;
  if (const int code = halide_acquire_cl_context(user_context, &context, &queue, true); code != 0) return code;
  std::uint64_t memory = 0;
  auto& spare = spare_memory();
  auto best = spare.end();
  for (auto it = spare.begin(); it != spare.end(); ++it)
    if (it->context == context && it->queue == queue && it->bytes >= bytes && it->bytes / 2 <= bytes &&
        (best == spare.end() || it->bytes < best->bytes))
      best = it;
  if (best != spare.end()) {
    memory = best->memory;
    *best = spare.back();
    spare.pop_back();
  } else if (auto* make = opencl<void*(void*, std::uint64_t, std::size_t, void*, std::int32_t*)>("clCreateBuffer")) {
    constexpr std::uint64_t read_write = 1;
    std::int32_t error = 0;
    memory = reinterpret_cast<std::uint64_t>(make(context, read_write, bytes, nullptr, &error));
    if (error != 0) memory = 0;
  }
  halide_release_cl_context(user_context);
  if (memory == 0) {
    halide_error(user_context, "the OpenCL device has no memory left");
    return halide_error_code_out_of_memory;
  }
  return halide_opencl_wrap_cl_mem(user_context, buffer, memory);
}

int halide_opencl_device_free(void* user_context, halide_buffer_t* buffer) {
  if (buffer->device == 0) return 0;
  OpenClMemory freed{nullptr, nullptr, halide_opencl_get_cl_mem(user_context, buffer), 0};
  if (auto* ask = opencl<std::int32_t(void*, std::uint32_t, std::size_t, void*, std::size_t*)>("clGetMemObjectInfo")) {
    constexpr std::uint32_t memory_size = 0x1102;
    ask(reinterpret_cast<void*>(freed.memory), memory_size, sizeof freed.bytes, &freed.bytes, nullptr);
  }
  if (const int code = halide_opencl_detach_cl_mem(user_context, buffer); code != 0) return code;
  _cl_context* context = nullptr;
  _cl_command_queue* queue = nullptr;
  const bool keep = halide_can_reuse_device_allocations(user_context) && freed.bytes > 0;
  if (keep && halide_acquire_cl_context(user_context, &context, &queue, false) == 0) {
    freed.context = context;
    freed.queue = queue;
    const bool room = context != nullptr && spare_memory().size() < most_spare;
    if (room) spare_memory().push_back(freed);
    halide_release_cl_context(user_context);
    if (room) return 0;
  }
  free_memory(freed);
  return 0;
}
}

namespace {
// ---- CUDA ----

halide_cuda_acquire_context_t previous_acquire = nullptr;
halide_cuda_get_stream_t previous_stream = nullptr;

template <class Function>
Function* cuda(const char* name) {
  return reinterpret_cast<Function*>(halide_cuda_get_symbol(nullptr, name));
}

// The device's primary context: the one that CUDA's runtime library and whatever is built on it use too.
void* primary_context(int ordinal) {
  static std::mutex mutex;
  static std::map<int, void*> contexts;
  const std::lock_guard lock(mutex);
  void*& context = contexts[ordinal];
  if (context != nullptr) return context;
  auto* init = cuda<int(unsigned)>("cuInit");
  auto* get = cuda<int(int*, int)>("cuDeviceGet");
  auto* retain = cuda<int(void**, int)>("cuDevicePrimaryCtxRetain");
  int device = 0;
  if (!init || !get || !retain || init(0) != 0 || get(&device, ordinal) != 0 || retain(&context, device) != 0)
    context = nullptr;
  return context;
}

int acquire_cuda(void* user_context, void** context, bool create) {
  const DeviceQueue* wanted = queue_of(user_context, KernelTarget::cuda);
  if (wanted == nullptr) return previous_acquire(user_context, context, create);
  *context = wanted->context;
  if (*context != nullptr) return 0;
  const int chosen = wanted->ordinal >= 0 ? wanted->ordinal : halide_get_gpu_device(user_context);
  *context = primary_context(chosen >= 0 ? chosen : 0);
  return *context != nullptr ? 0 : fail(user_context, "no CUDA device of that number, or it gives no context");
}

int cuda_stream(void* user_context, void* context, void** stream) {
  const DeviceQueue* wanted = queue_of(user_context, KernelTarget::cuda);
  if (wanted == nullptr) return previous_stream(user_context, context, stream);
  *stream = wanted->queue;
  return 0;
}
}  // namespace

void hairline::kernels::detail::install_device_hooks() {
  static const bool installed = [] {
    // Halide 21 loads PTX with a cap of 64 registers a thread unless this is set when the first kernel is loaded.
    ::setenv("HL_CUDA_JIT_MAX_REGISTERS", "256", 0);
    previous_acquire = halide_set_cuda_acquire_context(acquire_cuda);
    previous_stream = halide_set_cuda_get_stream(cuda_stream);
    return true;
  }();
  static_cast<void>(installed);
}

int hairline::kernels::detail::forget_device(void* user_context, const DeviceQueue& queue,
                                             const halide_device_interface_t* interface) {
  if (queue.target == KernelTarget::opencl) {
    _cl_context* context = nullptr;
    _cl_command_queue* own = nullptr;
    if (const int code = halide_acquire_cl_context(user_context, &context, &own, false); code != 0) return code;
    auto& spare = spare_memory();
    for (std::size_t i = spare.size(); i-- > 0;)
      if (spare[i].context == context) {
        free_memory(spare[i]);
        spare[i] = spare.back();
        spare.pop_back();
      }
    halide_release_cl_context(user_context);
  }
  halide_device_release(user_context, interface);
  return 0;
}

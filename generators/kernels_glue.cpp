// Compiled into every kernel library: how a call meets Halide's runtime. The same object is in each library, so that
// a program that links several still has one.
#include <HalideRuntime.h>
#include <HalideRuntimeCuda.h>
#include <HalideRuntimeOpenCL.h>

#include <cstddef>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

#include "device_glue.hpp"
#include "hairline/kernels/library.hpp"

namespace {
using hairline::kernels::Buffer;
using hairline::kernels::BufferAxis;
using hairline::kernels::DeviceQueue;
using hairline::kernels::detail::Context;
using hairline::kernels::detail::is_ours;

static_assert(sizeof(Buffer) == sizeof(halide_buffer_t) && sizeof(BufferAxis) == sizeof(halide_dimension_t));
static_assert(offsetof(Buffer, device_interface) == offsetof(halide_buffer_t, device_interface));
static_assert(offsetof(Buffer, host) == offsetof(halide_buffer_t, host));
static_assert(offsetof(Buffer, flags) == offsetof(halide_buffer_t, flags));
static_assert(offsetof(Buffer, type_code) == offsetof(halide_buffer_t, type));
static_assert(offsetof(Buffer, dimensions) == offsetof(halide_buffer_t, dimensions));
static_assert(offsetof(Buffer, axes) == offsetof(halide_buffer_t, dim));
static_assert(offsetof(BufferAxis, stride) == offsetof(halide_dimension_t, stride));
static_assert(hairline::kernels::host_changed == halide_buffer_flag_host_dirty);
static_assert(hairline::kernels::device_changed == halide_buffer_flag_device_dirty);

halide_error_handler_t previous_handler = nullptr;

void on_error(void* user_context, const char* text) {
  auto* context = static_cast<Context*>(user_context);
  if (!is_ours(user_context)) {
    // Not one of our calls: somebody else's kernels share the runtime.
    if (previous_handler != nullptr) previous_handler(user_context, text);
    return;
  }
  const std::lock_guard lock(context->mutex);
  if (context->size == 0 || context->message[0] != '\0') return;  // the first error is the cause
  std::strncpy(context->message, text, context->size - 1);
  context->message[context->size - 1] = '\0';
}

// Kernels of networks ask for the same few blocks of scratch memory in every frame. They are kept, so that later frames
// neither allocate nor touch new pages. A block serves requests of its size down to half of it.
class ScratchPool {
 public:
  void* take(std::size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      auto best = free_.end();
      for (auto it = free_.begin(); it != free_.end(); ++it)
        if (it->bytes >= bytes && it->bytes / 2 <= bytes && (best == free_.end() || it->bytes < best->bytes)) best = it;
      if (best != free_.end()) {
        Header* found = best->header;
        *best = free_.back();
        free_.pop_back();
        return found + 1;
      }
    }
    void* memory = std::aligned_alloc(
        sizeof(Header), (bytes + 2 * sizeof(Header) + sizeof(Header) - 1) / sizeof(Header) * sizeof(Header));
    if (memory == nullptr) return nullptr;
    auto* header = new (memory) Header{bytes};
    return header + 1;
  }
  void give_back(void* pointer) {
    if (pointer == nullptr) return;
    Header* header = static_cast<Header*>(pointer) - 1;
    {
      const std::lock_guard lock(mutex_);
      if (free_.size() < most_kept) {
        free_.push_back({header, header->bytes});
        return;
      }
    }
    std::free(header);
  }
  ~ScratchPool() {
    for (const Block& b : free_) std::free(b.header);
  }

 private:
  // In front of every block; as large as the alignment that kernels want, which also makes reads just before it legal.
  struct alignas(128) Header {
    std::size_t bytes;
  };
  struct Block {
    Header* header = nullptr;
    std::size_t bytes = 0;
  };
  static constexpr std::size_t most_kept = 64;
  std::mutex mutex_;
  std::vector<Block> free_;
};

ScratchPool& scratch() {
  static ScratchPool pool;
  return pool;
}

halide_malloc_t previous_malloc = nullptr;
halide_free_t previous_free = nullptr;

void* take_scratch(void* user_context, std::size_t bytes) {
  return is_ours(user_context) ? scratch().take(bytes) : previous_malloc(user_context, bytes);
}
void give_back_scratch(void* user_context, void* pointer) {
  if (is_ours(user_context))
    scratch().give_back(pointer);
  else
    previous_free(user_context, pointer);
}

void install_handler() {
  static const bool installed = [] {
    previous_handler = halide_set_error_handler(on_error);
    previous_malloc = halide_set_custom_malloc(take_scratch);
    previous_free = halide_set_custom_free(give_back_scratch);
    return true;
  }();
  static_cast<void>(installed);
}

const halide_device_interface_t* interface_of(const DeviceQueue* queue) {
  return queue->target == hairline::kernels::KernelTarget::cuda ? halide_cuda_device_interface()
                                                                : halide_opencl_device_interface();
}
halide_buffer_t* halide(Buffer* buffer) { return reinterpret_cast<halide_buffer_t*>(buffer); }

// Runs f(context) with our handlers in place, those of devices too where one is meant.
template <class F>
int in_context(const DeviceQueue* queue, char* message, std::size_t size, F&& f) {
  install_handler();
  if (queue != nullptr) hairline::kernels::detail::install_device_hooks();
  Context context(message, size, queue);
  return f(static_cast<void*>(&context));
}
}  // namespace

#if defined(__SANITIZE_THREAD__)
// Halide's LLVM calls these under the thread sanitizer; Clang's runtime has them, that of GCC 12 does not, but watches
// the plain functions.
extern "C" {
__attribute__((weak)) void* __tsan_memset(void* to, int value, std::size_t size) {
  return std::memset(to, value, size);
}
__attribute__((weak)) void* __tsan_memcpy(void* to, const void* from, std::size_t size) {
  return std::memcpy(to, from, size);
}
__attribute__((weak)) void* __tsan_memmove(void* to, const void* from, std::size_t size) {
  return std::memmove(to, from, size);
}
}
#endif

extern "C" {
int hairline_kernels_call(int (*run)(void**), void** arguments, const DeviceQueue* queue, char* message,
                          std::size_t size) {
  return in_context(queue, message, size, [&](void* context) {
    arguments[0] = &context;
    return run(arguments);
  });
}

int hairline_kernels_allocate(Buffer* buffer, const DeviceQueue* queue, char* message, std::size_t size) {
  return in_context(queue, message, size,
                    [&](void* context) { return halide_device_malloc(context, halide(buffer), interface_of(queue)); });
}

int hairline_kernels_wrap(Buffer* buffer, const DeviceQueue* queue, std::uint64_t memory, char* message,
                          std::size_t size) {
  return in_context(queue, message, size, [&](void* context) {
    return halide_device_wrap_native(context, halide(buffer), memory, interface_of(queue));
  });
}

std::uint64_t hairline_kernels_native(Buffer* buffer, const DeviceQueue* queue) {
  char ignored[1];
  std::uint64_t memory = 0;
  in_context(queue, ignored, 0, [&](void* context) {
    memory = queue->target == hairline::kernels::KernelTarget::cuda
                 ? halide_cuda_get_device_ptr(context, halide(buffer))
                 : halide_opencl_get_cl_mem(context, halide(buffer));
    return 0;
  });
  return memory;
}

int hairline_kernels_to_device(Buffer* buffer, const DeviceQueue* queue, char* message, std::size_t size) {
  return in_context(queue, message, size,
                    [&](void* context) { return halide_copy_to_device(context, halide(buffer), interface_of(queue)); });
}

int hairline_kernels_synchronize(Buffer* buffer, const DeviceQueue* queue, char* message, std::size_t size) {
  return in_context(queue, message, size, [&](void* context) { return halide_device_sync(context, halide(buffer)); });
}

int hairline_kernels_to_host(Buffer* buffer, const DeviceQueue* queue, char* message, std::size_t size) {
  return in_context(queue, message, size, [&](void* context) {
    const int code = halide_copy_to_host(context, halide(buffer));
    // On a stream of the caller's copies are asynchronous.
    return code != 0 || queue->queue == nullptr ? code : halide_device_sync(context, halide(buffer));
  });
}

void hairline_kernels_release(Buffer* buffer, const DeviceQueue* queue, bool wrapped) {
  char ignored[1];
  in_context(queue, ignored, 0, [&](void* context) {
    static_cast<Context*>(context)->keeps = false;  // what callers hold is not asked for again in every frame
    return wrapped ? halide_device_detach_native(context, halide(buffer)) : halide_device_free(context, halide(buffer));
  });
}

int hairline_kernels_forget(const DeviceQueue* queue, char* message, std::size_t size) {
  return in_context(queue, message, size, [&](void* context) {
    return hairline::kernels::detail::forget_device(context, *queue, interface_of(queue));
  });
}
}

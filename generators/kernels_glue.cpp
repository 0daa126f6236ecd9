// Compiled into every kernel library: how a call meets Halide's runtime. The same object is in each library, so that
// a program that links several still has one.
#include <HalideRuntime.h>

#include <cstddef>
#include <cstring>
#include <mutex>

#include "hairline/kernels/library.hpp"

namespace {
using hairline::kernels::Buffer;
using hairline::kernels::BufferAxis;

static_assert(sizeof(Buffer) == sizeof(halide_buffer_t) && sizeof(BufferAxis) == sizeof(halide_dimension_t));
static_assert(offsetof(Buffer, device_interface) == offsetof(halide_buffer_t, device_interface));
static_assert(offsetof(Buffer, host) == offsetof(halide_buffer_t, host));
static_assert(offsetof(Buffer, flags) == offsetof(halide_buffer_t, flags));
static_assert(offsetof(Buffer, type_code) == offsetof(halide_buffer_t, type));
static_assert(offsetof(Buffer, dimensions) == offsetof(halide_buffer_t, dimensions));
static_assert(offsetof(Buffer, axes) == offsetof(halide_buffer_t, dim));
static_assert(offsetof(BufferAxis, stride) == offsetof(halide_dimension_t, stride));
static_assert(hairline::kernels::host_changed == halide_buffer_flag_host_dirty);

// The context that our calls hand to Halide. Errors may come from any thread of its pool.
struct Context {
  static constexpr std::size_t mark = 0x6861'6972'6c69'6e65;
  std::size_t marked = mark;
  const Context* self = this;
  std::mutex mutex;
  char* message;
  std::size_t size;
  Context(char* text, std::size_t bytes) : message(text), size(bytes) {
    if (size > 0) message[0] = '\0';
  }
};

halide_error_handler_t previous_handler = nullptr;

void on_error(void* user_context, const char* text) {
  auto* context = static_cast<Context*>(user_context);
  if (context == nullptr || context->marked != Context::mark || context->self != context) {
    // Not one of our calls: somebody else's kernels share the runtime.
    if (previous_handler != nullptr) previous_handler(user_context, text);
    return;
  }
  const std::lock_guard lock(context->mutex);
  if (context->size == 0 || context->message[0] != '\0') return;  // the first error is the cause
  std::strncpy(context->message, text, context->size - 1);
  context->message[context->size - 1] = '\0';
}

void install_handler() {
  static const bool installed = [] {
    previous_handler = halide_set_error_handler(on_error);
    return true;
  }();
  static_cast<void>(installed);
}
}  // namespace

extern "C" {
int hairline_kernels_call(int (*run)(void**), void** arguments, char* message, std::size_t size) {
  install_handler();
  Context context(message, size);
  void* user_context = &context;
  arguments[0] = &user_context;
  return run(arguments);
}

int hairline_kernels_to_host(Buffer* buffer, char* message, std::size_t size) {
  install_handler();
  Context context(message, size);
  return halide_copy_to_host(&context, reinterpret_cast<halide_buffer_t*>(buffer));
}

void hairline_kernels_release(Buffer* buffer) {
  install_handler();
  char ignored[1];
  Context context(ignored, 0);
  halide_device_free(&context, reinterpret_cast<halide_buffer_t*>(buffer));
}
}

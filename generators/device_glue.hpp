#pragma once
#include <HalideRuntime.h>

#include <cstddef>
#include <mutex>

#include "hairline/kernels/library.hpp"

namespace hairline::kernels::detail {

/// The context that our calls hand to Halide. Errors may come from any thread of its pool.
struct Context {
  static constexpr std::size_t mark = 0x6861'6972'6c69'6e65;
  std::size_t marked = mark;
  const Context* self = this;
  std::mutex mutex;
  char* message;
  std::size_t size;
  const DeviceQueue* queue;  ///< null on a CPU
  bool keeps = true;         ///< memory of a device that is freed serves later calls
  Context(char* text, std::size_t bytes, const DeviceQueue* to) : message(text), size(bytes), queue(to) {
    if (size > 0) message[0] = '\0';
  }
};

/// Whether a call is ours: other people's Halide code may share the runtime.
inline bool is_ours(const void* user_context) {
  const auto* context = static_cast<const Context*>(user_context);
  return context != nullptr && context->marked == Context::mark && context->self == context;
}

/// Done once, before the first call that concerns a device.
void install_device_hooks();

/// Compiled code and spare memory of the queue's context go.
int forget_device(void* user_context, const DeviceQueue& queue, const halide_device_interface_t* interface);

}  // namespace hairline::kernels::detail

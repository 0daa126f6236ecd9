#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "hairline/core/result.hpp"
#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/library.hpp"

namespace hairline::kernels {

/// A block of a device's memory, freed with its owner. Kernels' arguments of any shape may refer to it.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    DeviceBuffer old(std::move(other));
    swap(old);
    return *this;
  }
  ~DeviceBuffer() { clear(); }

  std::size_t bytes() const { return bytes_; }

  /// What the driver calls this memory, for DevicePicture and for the driver's own functions; 0 if there is none.
  std::uint64_t native() const {
    if (device_ == 0) return 0;
    Span span(bytes_, device_, interface_, nullptr, 0);
    return library_->native(&span.buffer, &queue_);
  }

  /// Makes room for so many bytes; what they are is then unspecified. Room that is large enough is kept.
  Result<void> reserve(const Backend& on, std::size_t bytes) {
    if (bytes <= bytes_ && bytes_ != 0 && !wrapped_) return {};
    clear();
    if (bytes > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
      return Error{ErrorCode::unsupported, std::to_string(bytes >> 20) + " MiB in one piece are too much for a device"};
    library_ = on.library;
    queue_ = on.queue;
    Span span(bytes, device_, interface_, nullptr, 0);
    char message[512];
    const int code = library_->allocate(&span.buffer, &queue_, message, sizeof message);
    take(span);
    if (code != 0)
      return Error{ErrorCode::out_of_memory,
                   "no " + std::to_string(bytes) + " bytes on the device (" + name(queue_.target) + "): " + message};
    bytes_ = bytes;
    return {};
  }

  /// Refers to memory of the caller's from now on, a cl_mem or a CUdeviceptr of the backend's context; it stays the
  /// caller's, and has to outlive this object or its next change.
  Result<void> wrap(const Backend& on, std::uint64_t memory, std::size_t bytes) {
    clear();
    library_ = on.library;
    queue_ = on.queue;
    Span span(bytes, 0, nullptr, nullptr, 0);
    char message[512];
    if (library_->wrap(&span.buffer, &queue_, memory, message, sizeof message) != 0)
      return Error{ErrorCode::kernel,
                   std::string("memory of the device (") + name(queue_.target) + ") cannot be used: " + message};
    take(span);
    bytes_ = bytes;
    wrapped_ = true;
    return {};
  }

  /// Copies bytes there, with room made for them first.
  Result<void> upload(const Backend& on, const void* data, std::size_t bytes) {
    if (auto ok = reserve(on, bytes); !ok) return ok;
    Span span(bytes, device_, interface_, const_cast<void*>(data), host_changed);
    char message[512];
    if (library_->to_device(&span.buffer, &queue_, message, sizeof message) != 0)
      return Error{ErrorCode::kernel,
                   std::string("copying to the device (") + name(queue_.target) + ") failed: " + message};
    return {};
  }

  /// Waits for what was asked of the device, and copies the first bytes back.
  Result<void> download(void* to, std::size_t bytes) const {
    Span span(bytes, device_, interface_, to, device_changed);
    char message[512];
    if (library_->to_host(&span.buffer, &queue_, message, sizeof message) != 0)
      return Error{ErrorCode::kernel,
                   std::string("copying from the device (") + name(queue_.target) + ") failed: " + message};
    return {};
  }

  /// Waits until the device has done what was asked for.
  Result<void> synchronize() const {
    Span span(bytes_, device_, interface_, nullptr, 0);
    char message[512];
    if (library_->synchronize(&span.buffer, &queue_, message, sizeof message) != 0)
      return Error{ErrorCode::kernel,
                   std::string("waiting for the device (") + name(queue_.target) + ") failed: " + message};
    return {};
  }

  /// Lets an argument refer to this memory; it stays this object's.
  void lend(Buffer& buffer) const {
    buffer.device = device_;
    buffer.device_interface = interface_;
    buffer.host = nullptr;
    buffer.flags = 0;
  }

 private:
  /// The block as one row of bytes.
  struct Span {
    BufferAxis axis;
    Buffer buffer;
    Span(std::size_t bytes, std::uint64_t device, const void* interface, void* host, std::uint64_t flags) {
      axis = {0, static_cast<std::int32_t>(bytes), 1, 0};
      buffer.device = device;
      buffer.device_interface = interface;
      buffer.host = static_cast<std::uint8_t*>(host);
      buffer.flags = flags;
      buffer.type_code = 1;
      buffer.type_bits = 8;
      buffer.dimensions = 1;
      buffer.axes = &axis;
    }
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;
  };
  void take(const Span& span) {
    device_ = span.buffer.device;
    interface_ = span.buffer.device_interface;
  }
  void swap(DeviceBuffer& other) noexcept {
    std::swap(library_, other.library_);
    std::swap(queue_, other.queue_);
    std::swap(wrapped_, other.wrapped_);
    std::swap(device_, other.device_);
    std::swap(interface_, other.interface_);
    std::swap(bytes_, other.bytes_);
  }
  void clear() {
    if (device_ != 0) {
      Span span(bytes_, device_, interface_, nullptr, 0);
      library_->release(&span.buffer, &queue_, wrapped_);
    }
    device_ = 0;
    interface_ = nullptr;
    bytes_ = 0;
    wrapped_ = false;
  }

  const Library* library_ = nullptr;
  DeviceQueue queue_;
  bool wrapped_ = false;
  std::uint64_t device_ = 0;
  const void* interface_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace hairline::kernels

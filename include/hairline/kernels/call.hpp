#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "hairline/core/convert.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/core/view.hpp"
#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/library.hpp"

namespace hairline::kernels::detail {

/// A View as an argument: axes x, y and, unless it is a plane, c.
struct PictureArgument {
  Buffer buffer;
  BufferAxis axes[3];
  const char* problem = nullptr;  // why a kernel cannot see this view

  template <class T>
  PictureArgument(View<T> view, int dimensions) {
    using Value = std::remove_const_t<T>;
    const Shape& s = view.shape();
    const Strides& strides = view.strides();
    const auto axis = [&](int extent, std::ptrdiff_t stride) {
      // Kernels index with 32 bits; the farthest byte has to be within reach.
      constexpr std::ptrdiff_t limit = std::numeric_limits<std::int32_t>::max() / sizeof(T);
      if (extent > 1 && std::abs(stride) > limit / (extent - 1))
        problem = "more than 2 GiB from its first to its last pixel";
      // With one element, a stride means nothing and may be anything.
      return BufferAxis{0, extent, extent > 1 ? static_cast<std::int32_t>(stride) : 1, 0};
    };
    axes[0] = axis(s.width, strides.x);
    axes[1] = axis(s.height, strides.y);
    axes[2] = axis(s.channels, strides.c);
    buffer.host = reinterpret_cast<std::uint8_t*>(const_cast<Value*>(view.data()));
    buffer.type_code = std::is_floating_point_v<Value> ? 2 : std::is_signed_v<Value> ? 0 : 1;
    buffer.type_bits = sizeof(Value) * 8;
    buffer.dimensions = dimensions;
  }
  PictureArgument(const PictureArgument&) = delete;
  PictureArgument& operator=(const PictureArgument&) = delete;

  void* pointer() {
    buffer.axes = axes;
    return &buffer;
  }
};

/// Runs one kernel. `arguments` come as the generator declares them, after a first, unused slot.
inline Result<void> run(const Backend& on, const std::string& kernel, void** arguments) {
  if (on.error) return *on.error;
  const Kernel* found = find(*on.library, kernel, on.target);
  if (found == nullptr)
    return Error{ErrorCode::not_found,
                 "library " + std::string(on.library->name) + " has no kernel " + kernel + " for " + name(on.target)};
  char message[512];
  const int code = on.library->call(found->run, arguments, on.device_queue(), message, sizeof message);
  if (code == 0) return {};
  return Error{ErrorCode::kernel,
               kernel + " for " + name(on.target) + " failed with code " + std::to_string(code) + ": " + message};
}

/// One channel's view of a picture whose channels lie side by side: rows of width * channels numbers.
template <class T>
View<T> as_one_channel(View<T> v) {
  return {v.data(), Shape{v.height(), v.width() * v.channels(), 1}, Strides{v.strides().y, 1, 1}};
}

template <class T>
bool channels_side_by_side(View<T> v) {
  return v.channels() == 1 ? v.strides().x == 1 : v.strides().c == 1 && v.strides().x == v.channels();
}

/// Devices copy memory span by span: dense rows of pixels, or dense planes one below the other.
template <class T>
bool dense_for_device(View<T> v) {
  const Strides& s = v.strides();
  const bool rows = s.y >= static_cast<std::ptrdiff_t>(v.width()) * s.x;
  if (channels_side_by_side(v)) return rows;
  return s.x == 1 && rows && s.c >= s.y * v.height();
}

/// An input on its way to a kernel: the view itself on a CPU, and on a device too unless it has to be packed first.
template <class T>
class Source {
 public:
  Source(const Backend& on, View<const T> view, int dimensions)
      : library_(on.library),
        queue_(on.queue),
        packed_(needs_packing(on, view) ? hairline::convert<T>(view) : Image<T>()),
        argument_(needs_packing(on, view) ? View<const T>(packed_.view()) : view, dimensions) {
    if (on.on_device) argument_.buffer.flags |= host_changed;
  }
  ~Source() {
    if (argument_.buffer.device != 0) library_->release(&argument_.buffer, &queue_, false);
  }
  const char* problem() const { return argument_.problem; }
  void* pointer() { return argument_.pointer(); }

 private:
  static bool needs_packing(const Backend& on, View<const T> view) { return on.on_device && !dense_for_device(view); }
  const Library* library_;
  DeviceQueue queue_;
  Image<T> packed_;
  PictureArgument argument_;
};

/// An output: finish() brings it to the view.
template <class T>
class Target {
 public:
  Target(const Backend& on, View<T> view, int dimensions)
      : library_(on.library),
        queue_(on.queue),
        device_(on.on_device),
        packed_(needs_packing(on, view) ? Image<T>(view.shape()) : Image<T>()),
        view_(view),
        argument_(needs_packing(on, view) ? packed_.view() : view, dimensions) {}
  ~Target() {
    if (argument_.buffer.device != 0) library_->release(&argument_.buffer, &queue_, false);
  }
  const char* problem() const { return argument_.problem; }
  void* pointer() { return argument_.pointer(); }

  Result<void> finish() {
    if (!device_) return {};
    char message[512];
    argument_.pointer();
    if (const int code = library_->to_host(&argument_.buffer, &queue_, message, sizeof message); code != 0)
      return Error{ErrorCode::kernel,
                   "copying from the device failed with code " + std::to_string(code) + ": " + message};
    if (!packed_.empty()) copy_pixels<T>(packed_.view(), view_);
    return {};
  }

 private:
  static bool needs_packing(const Backend& on, View<T> view) { return on.on_device && !dense_for_device(view); }
  const Library* library_;
  DeviceQueue queue_;
  bool device_;
  Image<T> packed_;
  View<T> view_;
  PictureArgument argument_;
};

}  // namespace hairline::kernels::detail

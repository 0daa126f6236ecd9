#pragma once
#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

#if defined(__unix__)
#include <sys/mman.h>
#endif

namespace hairline::kernels {

/// Zeros in memory of its own, aligned to a cache line at least. The system hands out pages when they are first
/// touched, so the threads that fill them share that work, and what is never touched costs nothing. Large pages are not
/// asked for: frames gain nothing, and where a virtual machine's host has to back them anew, loading takes twice as
/// long.
class Pages {
 public:
  Pages() = default;
  /// On failure data() is null.
  explicit Pages(std::size_t floats) : floats_(floats) {
    const std::size_t bytes = std::max<std::size_t>(floats, 16) * sizeof(float);
#if defined(__unix__)
    mapped_ = bytes;
    void* at = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
      mapped_ = floats_ = 0;
      return;
    }
    start_ = at;
#else
    start_ = ::operator new[](bytes, std::align_val_t{64}, std::nothrow);
    if (start_ == nullptr) {
      floats_ = 0;
      return;
    }
    std::fill_n(data(), bytes / sizeof(float), 0.0f);
#endif
  }
  Pages(Pages&& other) noexcept { swap(other); }
  Pages& operator=(Pages&& other) noexcept {
    Pages(std::move(other)).swap(*this);
    return *this;
  }
  ~Pages() {
    if (start_ == nullptr) return;
#if defined(__unix__)
    ::munmap(start_, mapped_);
#else
    ::operator delete[](start_, std::align_val_t{64});
#endif
  }
  float* data() const { return static_cast<float*>(start_); }
  std::size_t size() const { return floats_; }

 private:
  void swap(Pages& other) {
    std::swap(start_, other.start_);
    std::swap(mapped_, other.mapped_);
    std::swap(floats_, other.floats_);
  }
  void* start_ = nullptr;
  std::size_t mapped_ = 0, floats_ = 0;
};

}  // namespace hairline::kernels

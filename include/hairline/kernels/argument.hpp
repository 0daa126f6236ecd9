#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "hairline/core/pixel.hpp"
#include "hairline/core/shape.hpp"
#include "hairline/core/view.hpp"
#include "hairline/kernels/library.hpp"
#include "hairline/kernels/lowered.hpp"

namespace hairline::kernels::detail {

/// A buffer argument that owns its axes and stays where it is.
struct Argument {
  Buffer buffer;
  std::array<BufferAxis, 5> axes{};

  template <std::size_t N>
  static Argument of(const void* data, const std::array<BufferAxis, N>& list, std::uint8_t code = 2,
                     std::uint8_t bits = 32) {
    Argument a;
    a.buffer.host = static_cast<std::uint8_t*>(const_cast<void*>(data));
    a.buffer.type_code = code;
    a.buffer.type_bits = bits;
    a.buffer.dimensions = static_cast<std::int32_t>(N);
    for (std::size_t i = 0; i < N; ++i) a.axes[i] = list[i];
    return a;
  }
  /// Dense, the first axis innermost.
  template <std::size_t N>
  static Argument dense(const void* data, const std::array<int, N>& extents, std::uint8_t code = 2,
                        std::uint8_t bits = 32) {
    std::array<BufferAxis, N> list;
    int stride = 1;
    for (std::size_t i = 0; i < N; ++i) {
      list[i] = {0, extents[i], stride, 0};
      stride *= extents[i];
    }
    return of(data, list, code, bits);
  }
  /// The same of other numbers. Half floats are the bits of one for OpenCL, whose devices may lack the type.
  Argument of_type(Precision p, KernelTarget target) const {
    Argument a = *this;
    if (p == Precision::f32) return a;
    a.buffer.type_code = p == Precision::bf16 ? 4 : target == KernelTarget::opencl ? 1 : 2;
    a.buffer.type_bits = 16;
    return a;
  }
  Precision precision() const {
    return buffer.type_bits != 16 ? Precision::f32 : buffer.type_code == 4 ? Precision::bf16 : Precision::f16;
  }
  void* pointer() {
    buffer.axes = axes.data();
    return &buffer;
  }
};

inline std::uint64_t element_size(PixelType t) {
  return t == PixelType::u8 ? 1 : t == PixelType::u16 ? 2 : t == PixelType::f32 ? 4 : 8;
}
/// A picture of three channels as an argument with axes x, y, c.
inline Argument picture_argument(const void* data, const Shape& s, const Strides& strides, PixelType type) {
  const auto axis = [](int extent, std::ptrdiff_t stride) {
    return BufferAxis{0, extent, extent > 1 ? static_cast<std::int32_t>(stride) : 1, 0};
  };
  return Argument::of(data,
                      std::array<BufferAxis, 3>{axis(s.width, strides.x), axis(s.height, strides.y),
                                                BufferAxis{0, s.channels, static_cast<std::int32_t>(strides.c), 0}},
                      type == PixelType::f32 ? 2 : 1, static_cast<std::uint8_t>(8 * element_size(type)));
}

}  // namespace hairline::kernels::detail

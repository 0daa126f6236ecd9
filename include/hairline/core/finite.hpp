#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hairline/core/any_view.hpp"

namespace hairline {

namespace detail {
/// Looks at the exponents alone, as integers, which the compiler turns into vector instructions.
template <class T>
bool finite_values(const T* values, std::ptrdiff_t count, std::ptrdiff_t step) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr Bits exponent = sizeof(T) == 4 ? Bits{0x7f800000u} : static_cast<Bits>(0x7ff0000000000000u);
  Bits found = 0;
  for (std::ptrdiff_t i = 0; i < count; ++i)
    found |= static_cast<Bits>((std::bit_cast<Bits>(values[i * step]) & exponent) == exponent);
  return found == 0;
}
}  // namespace detail

/// True if no value is NaN or infinite. Cost: one reading of the picture; integers cost nothing.
inline bool all_finite(AnyView image) {
  if (image.empty()) return true;
  return image.visit([](auto v) {
    using T = typename decltype(v)::value_type;
    if constexpr (std::is_floating_point_v<T>) {
      const bool dense = v.strides().c == 1 && v.strides().x == v.channels();
      for (int y = 0; y < v.height(); ++y) {
        if (dense && !detail::finite_values(v.row(y), std::ptrdiff_t{v.width()} * v.channels(), 1)) return false;
        for (int c = 0; !dense && c < v.channels(); ++c)
          if (!detail::finite_values(&v(y, 0, c), v.width(), v.strides().x)) return false;
      }
    }
    return true;
  });
}

}  // namespace hairline

#pragma once
#include <cstddef>
#include <type_traits>

#include "hairline/core/any_view.hpp"
#include "hairline/core/image.hpp"

namespace hairline {

namespace detail {
template <class To, class From>
constexpr To converted(From v) {
  if constexpr (std::is_same_v<From, To>) {
    return v;
  } else if constexpr (std::is_integral_v<From> && std::is_integral_v<To>) {
    return PixelTraits<To>::template from_unit<double>(PixelTraits<From>::template to_unit<double>(v));
  } else if constexpr (std::is_integral_v<From>) {
    return PixelTraits<From>::template to_unit<To>(v);
  } else {
    return PixelTraits<To>::template from_unit<From>(v);
  }
}
}  // namespace detail

/// Copies pixels into a view of the same shape, converting value ranges (8-bit 255 <-> 1.0) with rounding.
/// @pre from.shape() == to.shape()
template <Pixel To>
void copy_pixels(AnyView from, View<To> to) {
  from.visit([&](auto source) {
    using From = typename decltype(source)::value_type;
    const auto dense = [](const auto& v) { return v.strides().c == 1 && v.strides().x == v.channels(); };
    if (dense(source) && dense(to)) {  // rows without gaps, which the compiler turns into vector instructions
      const std::ptrdiff_t values = std::ptrdiff_t{to.width()} * to.channels();
      for (int y = 0; y < to.height(); ++y) {
        const From* in = source.row(y);
        To* out = to.row(y);
        for (std::ptrdiff_t i = 0; i < values; ++i) out[i] = detail::converted<To>(in[i]);
      }
      return;
    }
    for (int y = 0; y < to.height(); ++y)
      for (int x = 0; x < to.width(); ++x)
        for (int c = 0; c < to.channels(); ++c) to(y, x, c) = detail::converted<To>(source(y, x, c));
  });
}

/// An owning, interleaved copy in another pixel type: Image<float> f = convert<float>(eight_bit_view).
template <Pixel To, AlphaMode Mode = AlphaMode::none>
Image<To, Mode> convert(AnyView from) {
  Image<To, Mode> out(from.shape());
  copy_pixels<To>(from, out.view());
  return out;
}

}  // namespace hairline

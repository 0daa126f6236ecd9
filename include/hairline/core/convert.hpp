#pragma once
#include "hairline/core/any_view.hpp"
#include "hairline/core/image.hpp"

namespace hairline {

/// Copies pixels into a view of the same shape, converting value ranges (8-bit 255 <-> 1.0) with rounding.
/// @pre from.shape() == to.shape()
template <Pixel To>
void copy_pixels(AnyView from, View<To> to) {
  from.visit([&](auto source) {
    using From = typename decltype(source)::value_type;
    for (int y = 0; y < to.height(); ++y)
      for (int x = 0; x < to.width(); ++x)
        for (int c = 0; c < to.channels(); ++c) {
          if constexpr (std::is_same_v<From, To>) {
            to(y, x, c) = source(y, x, c);
          } else if constexpr (std::is_integral_v<From> && std::is_integral_v<To>) {
            to(y, x, c) = PixelTraits<To>::template from_unit<double>(
                PixelTraits<From>::template to_unit<double>(source(y, x, c)));
          } else if constexpr (std::is_integral_v<From>) {
            to(y, x, c) = PixelTraits<From>::template to_unit<To>(source(y, x, c));
          } else {
            to(y, x, c) = PixelTraits<To>::template from_unit<From>(source(y, x, c));
          }
        }
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

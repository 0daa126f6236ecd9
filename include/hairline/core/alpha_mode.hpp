#pragma once
#include <type_traits>

#include "hairline/core/image.hpp"
#include "hairline/core/pixel.hpp"

namespace hairline {

namespace detail {
// Integers are scaled in double so that the only rounding is the last one.
template <class T>
using AlphaScalar = std::conditional_t<std::is_same_v<T, float>, float, double>;

template <AlphaMode To, class T, AlphaMode From, class F>
Image<T, To> map_colour(const Image<T, From>& image, F&& f) {
  using S = AlphaScalar<T>;
  Image<T, To> out(image.shape());
  const int last = image.channels() - 1;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) {
      const S alpha = PixelTraits<T>::template to_unit<S>(image(y, x, last));
      for (int c = 0; c < last; ++c)
        out(y, x, c) =
            PixelTraits<T>::template from_unit<S>(f(PixelTraits<T>::template to_unit<S>(image(y, x, c)), alpha));
      out(y, x, last) = image(y, x, last);
    }
  return out;
}
}  // namespace detail

/// Straight to associated alpha: colour is multiplied by alpha, the last channel.
/// Integer pixels are rounded. @return a picture of the same shape
template <Pixel T>
Image<T, AlphaMode::associated> associate(const Image<T, AlphaMode::straight>& image) {
  return detail::map_colour<AlphaMode::associated>(image, [](auto colour, auto alpha) { return colour * alpha; });
}

/// Associated to straight alpha: colour is divided by alpha, the last channel.
/// Where alpha is 0 (or NaN) there is nothing to divide by, and the colour stays as it is: 0 after associate(), light
/// without coverage (glow, flares) in rendered pictures. Integer pixels are rounded and end at their maximum.
template <Pixel T>
Image<T, AlphaMode::straight> unassociate(const Image<T, AlphaMode::associated>& image) {
  return detail::map_colour<AlphaMode::straight>(image, [](auto colour, auto alpha) {
    return alpha > 0 || alpha < 0 ? static_cast<decltype(colour)>(colour / alpha) : colour;
  });
}

}  // namespace hairline

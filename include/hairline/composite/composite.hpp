#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>

#include "hairline/composite/srgb.hpp"
#include "hairline/core/any_view.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/pixel.hpp"
#include "hairline/core/result.hpp"

namespace hairline {

/// A solid colour, red, green, blue in [0,1], encoded as the pictures are.
struct Colour {
  float red = 0, green = 0, blue = 0;
};

struct CompositeOptions {
  /// Blend light instead of code values: colours go through the sRGB curve before and back after. Off by default, as
  /// the published data sets and programs blend code values.
  bool linear_light = false;
};

namespace detail {
/// Reads any picture's pixels as float, grey seen as three equal channels where three are asked for.
inline float pixel(AnyView view, int y, int x, int c) {
  return view.visit([&](auto v) {
    using T = typename decltype(v)::value_type;
    return PixelTraits<T>::template to_unit<float>(v(y, x, v.channels() == 1 ? 0 : c));
  });
}

/// What lies behind the foreground: a picture or one colour.
class Behind {
 public:
  Behind(AnyView image) : image_(image) {}                             // NOLINT
  Behind(Colour c) : solid_(true), colour_{c.red, c.green, c.blue} {}  // NOLINT
  bool solid() const { return solid_; }
  const Shape& shape() const { return image_.shape(); }
  bool grey() const { return !solid_ && image_.channels() == 1; }
  float operator()(int y, int x, int c) const {
    return solid_ ? colour_[static_cast<std::size_t>(c)] : pixel(image_, y, x, c);
  }

 private:
  AnyView image_{};
  bool solid_ = false;
  std::array<float, 3> colour_{};
};

/// One channel of one pixel. Where alpha is 0 or 1 the result is the one colour or the other, bit for bit, and what
/// the hidden one holds does not matter.
inline float blend(float foreground, float alpha, float background, bool linear_light) {
  if (alpha <= 0) return background;
  if (alpha >= 1) return foreground;
  if (!linear_light) return alpha * foreground + (1 - alpha) * background;
  return linear_to_srgb(alpha * srgb_to_linear(foreground) + (1 - alpha) * srgb_to_linear(background));
}

/// The same for a colour that is already multiplied by alpha. Light without coverage (alpha 0, colour not 0) is added.
inline float blend_associated(float colour, float alpha, float background, bool linear_light) {
  if (alpha >= 1) return colour;
  if (!(alpha > 0)) alpha = 0;
  if (!linear_light) return colour + (1 - alpha) * background;
  if (alpha == 0 && colour == 0) return background;
  const float light = alpha > 0 ? alpha * srgb_to_linear(colour / alpha) : srgb_to_linear(colour);
  return linear_to_srgb(light + (1 - alpha) * srgb_to_linear(background));
}

inline Error composite_error(const std::string& message) { return {ErrorCode::invalid_argument, message}; }

template <bool Associated>
Result<Image<float>> composite_over(AnyView foreground, AnyView alpha, const Behind& background,
                                    const CompositeOptions& options) {
  if (foreground.empty()) return composite_error("the foreground has no pixels");
  const int channels = foreground.channels();
  if (channels != 1 && channels != 3)
    return composite_error("the foreground has " + std::to_string(channels) + " channels, wanted 1 (grey) or 3 (RGB)");
  if (alpha.channels() != 1)
    return composite_error("the alpha has " + std::to_string(alpha.channels()) + " channels, wanted 1");
  if (!alpha.shape().same_pixels(foreground.shape()))
    return composite_error("the alpha has " + size_string(alpha.shape()) + " pixels, wanted " +
                           size_string(foreground.shape()) + ", the size of the foreground");
  if (!background.solid()) {
    if (!background.shape().same_pixels(foreground.shape()))
      return composite_error("the background has " + size_string(background.shape()) + " pixels, wanted " +
                             size_string(foreground.shape()) + ", the size of the foreground");
    if (background.shape().channels != 1 && background.shape().channels != 3)
      return composite_error("the background has " + std::to_string(background.shape().channels) +
                             " channels, wanted 1 (grey) or 3 (RGB)");
  }
  Image<float> out(Shape{foreground.height(), foreground.width(), channels == 1 && background.grey() ? 1 : 3});
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x) {
      const float a = pixel(alpha, y, x, 0);
      if (std::isnan(a))
        return composite_error("the alpha is not a number (NaN) at row " + std::to_string(y) + ", column " +
                               std::to_string(x));
      for (int c = 0; c < out.channels(); ++c) {
        const float f = pixel(foreground, y, x, c), b = background(y, x, c);
        out(y, x, c) =
            Associated ? blend_associated(f, a, b, options.linear_light) : blend(f, a, b, options.linear_light);
      }
    }
  return out;
}
}  // namespace detail

/// Puts a straight foreground over a background: alpha * foreground + (1 - alpha) * background.
/// Shapes: foreground and background (H, W, 3) or (H, W), alpha (H, W); result (H, W, 3), or (H, W) if both are grey.
/// Alpha below 0 counts as 0, above 1 as 1; there the result is exactly the background or the foreground.
/// Errors: sizes that differ, no pixels, other channel counts, an alpha that is NaN.
inline Result<Image<float>> composite(AnyView foreground, AnyView alpha, AnyView background,
                                      CompositeOptions options = {}) {
  return detail::composite_over<false>(foreground, alpha, background, options);
}
/// The same over a solid colour.
inline Result<Image<float>> composite(AnyView foreground, AnyView alpha, Colour background,
                                      CompositeOptions options = {}) {
  return detail::composite_over<false>(foreground, alpha, background, options);
}

/// Puts a picture that carries its own alpha over a background; the picture's type says whether its colour is already
/// multiplied by alpha.  @param background a picture without alpha, or a Colour
template <class T, AlphaMode Mode>
requires(Mode != AlphaMode::none) Result<Image<float>> composite(const Image<T, Mode>& foreground, AnyView background,
                                                                 CompositeOptions options = {}) {
  if (foreground.empty()) return detail::composite_error("the foreground has no pixels");
  return detail::composite_over<Mode == AlphaMode::associated>(foreground.colour(), foreground.alpha(), background,
                                                               options);
}
template <class T, AlphaMode Mode>
requires(Mode != AlphaMode::none) Result<Image<float>> composite(const Image<T, Mode>& foreground, Colour background,
                                                                 CompositeOptions options = {}) {
  if (foreground.empty()) return detail::composite_error("the foreground has no pixels");
  return detail::composite_over<Mode == AlphaMode::associated>(foreground.colour(), foreground.alpha(), background,
                                                               options);
}

// A picture with an alpha of its own is neither a plain foreground nor a background.
template <class T, AlphaMode Mode>
requires(Mode != AlphaMode::none) Result<Image<float>> composite(const Image<T, Mode>&, AnyView, AnyView,
                                                                 CompositeOptions = {})
= delete;
template <class T, AlphaMode Mode, class U, AlphaMode Other>
requires(Mode != AlphaMode::none && Other != AlphaMode::none) Result<Image<float>> composite(const Image<T, Mode>&,
                                                                                             const Image<U, Other>&,
                                                                                             CompositeOptions = {})
= delete;

/// Porter and Duff's "over" for two pictures with associated alpha; the result has one too.
/// Errors: shapes that differ, no pixels.  Porter and Duff, SIGGRAPH 1984.
template <class T, AlphaMode Top, AlphaMode Bottom>
Result<Image<T, AlphaMode::associated>> over(const Image<T, Top>& top, const Image<T, Bottom>& bottom) {
  static_assert(std::is_floating_point_v<T>, "hairline::over works on floating-point pictures");
  static_assert(Top == AlphaMode::associated && Bottom == AlphaMode::associated,
                "hairline::over wants two pictures with associated alpha: associate() them first");
  if (top.empty()) return detail::composite_error("the picture on top has no pixels");
  if (!(top.shape() == bottom.shape()))
    return detail::composite_error("the picture below is " + to_string(bottom.shape()) + ", wanted " +
                                   to_string(top.shape()) + " as the one on top");
  Image<T, AlphaMode::associated> out(top.shape());
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x) {
      const T rest = T(1) - top.alpha()(y, x);
      for (int c = 0; c < out.channels(); ++c) out(y, x, c) = top(y, x, c) + rest * bottom(y, x, c);
    }
  return out;
}

}  // namespace hairline

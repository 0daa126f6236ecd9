#pragma once
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "hairline/core/any_view.hpp"
#include "hairline/core/convert.hpp"
#include "hairline/core/finite.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"

namespace hairline {

/// What a trimap says about a pixel.
enum class Label : std::uint8_t { background = 0, unknown = 1, foreground = 2 };

/// Trimap values at or below `background` are background, at or above `foreground` foreground, the rest unknown.
struct TrimapThresholds {
  double background = 0.1;
  double foreground = 0.9;
};

/// A classified trimap with the number of pixels in each class.
struct Labels {
  Image<Label> map;  // (H, W)
  std::size_t background = 0;
  std::size_t unknown = 0;
  std::size_t foreground = 0;
};

/// Classifies a trimap of one channel (of more, the first counts).
/// Errors: another size than the picture, an empty picture, a value that is no number, a class without pixels.
inline Result<Labels> classify_trimap(AnyView trimap, const Shape& picture, TrimapThresholds thresholds = {}) {
  if (picture.empty()) return Error{ErrorCode::invalid_argument, "the picture has no pixels"};
  if (!trimap.shape().same_pixels(picture))
    return Error{ErrorCode::bad_trimap, "the trimap has " + size_string(trimap.shape()) + " pixels, wanted " +
                                            size_string(picture) + ", the size of the picture"};
  Labels labels{Image<Label>(Shape{picture.height, picture.width, 1}), 0, 0, 0};
  bool finite = true;
  trimap.visit([&](auto t) {
    using T = typename decltype(t)::value_type;
    for (int y = 0; y < t.height(); ++y)
      for (int x = 0; x < t.width(); ++x) {
        const double v = PixelTraits<T>::template to_unit<double>(t(y, x));
        finite = finite && std::isfinite(v);
        Label& label = labels.map(y, x);
        if (v <= thresholds.background) {
          label = Label::background;
          ++labels.background;
        } else if (v >= thresholds.foreground) {
          label = Label::foreground;
          ++labels.foreground;
        } else {
          label = Label::unknown;
          ++labels.unknown;
        }
      }
  });
  if (!finite) return Error{ErrorCode::bad_trimap, "the trimap holds a value that is not a number (NaN or infinite)"};
  const auto missing = [&](const char* which, const char* wanted) {
    return Error{ErrorCode::bad_trimap, std::string("the trimap has no ") + which + " pixel (wanted at least one " +
                                            wanted + "; given " + std::to_string(labels.background) + " background, " +
                                            std::to_string(labels.unknown) + " unknown, " +
                                            std::to_string(labels.foreground) + " foreground)"};
  };
  if (labels.foreground == 0) return missing("foreground", "at or above 0.9 of full scale");
  if (labels.background == 0) return missing("background", "at or below 0.1 of full scale");
  return labels;
}

/// The error of a picture that working_colour would refuse.
/// Errors: no pixels, 2 or more than 4 channels, a value that is no number.
inline std::optional<Error> check_colour(AnyView image, const char* what = "picture") {
  if (image.empty()) return Error{ErrorCode::invalid_argument, std::string("the ") + what + " has no pixels"};
  const int channels = image.channels();
  if (channels != 1 && channels != 3 && channels != 4)
    return Error{ErrorCode::invalid_argument, std::string("the ") + what + " has " + std::to_string(channels) +
                                                  " channels, wanted 1 (grey), 3 (RGB) or 4 (RGBA)"};
  const auto colour = image.visit([](auto v) -> AnyView { return v.first_channels(v.channels() == 1 ? 1 : 3); });
  if (!all_finite(colour))
    return Error{ErrorCode::invalid_argument,
                 std::string("the ") + what + " holds a value that is not a number (NaN or infinite)"};
  return std::nullopt;
}

/// The picture's colour in working precision, interleaved RGB in [0,1]; grey pictures give three equal channels, a
/// fourth channel is left out. Errors: those of check_colour.
template <class Scalar>
Result<Image<Scalar>> working_colour(AnyView image, const char* what = "picture") {
  if (auto error = check_colour(image, what)) return *error;
  Image<Scalar> out(Shape{image.height(), image.width(), 3});
  image.visit([&](auto v) {
    using T = typename decltype(v)::value_type;
    for (int y = 0; y < v.height(); ++y)
      for (int x = 0; x < v.width(); ++x)
        for (int c = 0; c < 3; ++c)
          out(y, x, c) = PixelTraits<T>::template to_unit<Scalar>(v(y, x, v.channels() == 1 ? 0 : c));
  });
  return out;
}

}  // namespace hairline

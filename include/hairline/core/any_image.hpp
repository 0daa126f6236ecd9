#pragma once
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>

#include "hairline/core/any_view.hpp"
#include "hairline/core/convert.hpp"
#include "hairline/core/image.hpp"

namespace hairline {

/// An owning picture whose pixel type is known at run time: 8 bits, 16 bits or float, as files have them. Whatever
/// takes an AnyView takes it; an 8-bit picture needs a quarter of the memory of its floats.
class AnyImage {
 public:
  AnyImage() = default;
  template <class T>
  requires(!std::same_as<T, double>) AnyImage(Image<T> image)
      : image_(std::move(image)) {}  // NOLINT: implicit on purpose

  AnyView view() const {
    return std::visit([](const auto& image) -> AnyView { return image.view(); }, image_);
  }
  PixelType type() const { return view().type(); }
  Shape shape() const { return view().shape(); }
  int height() const { return shape().height; }
  int width() const { return shape().width; }
  int channels() const { return shape().channels; }
  bool empty() const { return view().empty(); }

  /// Calls f(Image<T>&) with the real pixel type.
  template <class F>
  decltype(auto) visit(F&& f) {
    return std::visit(std::forward<F>(f), image_);
  }
  template <class F>
  decltype(auto) visit(F&& f) const {
    return std::visit(std::forward<F>(f), image_);
  }

 private:
  std::variant<Image<float>, Image<std::uint8_t>, Image<std::uint16_t>> image_;
};

template <>
struct ViewOf<AnyImage> {
  static AnyView view(const AnyImage& image) { return image.view(); }
};

/// The picture in pixels of that type: its own if they are, else converted (255, 65535 and 1.0 are the same).
template <Pixel T>
Image<T> pixels_as(AnyImage image) {
  return image.visit([](auto& pixels) -> Image<T> {
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(pixels)>, Image<T>>) {
      return std::move(pixels);
    } else {
      return convert<T>(pixels);
    }
  });
}
inline Image<float> to_float(AnyImage image) { return pixels_as<float>(std::move(image)); }

}  // namespace hairline

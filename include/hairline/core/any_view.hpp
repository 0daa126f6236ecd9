#pragma once
#include <concepts>
#include <cstddef>
#include <utility>

#include "hairline/core/view.hpp"

namespace hairline {

/// A read-only View whose pixel type is known at run time. Functions that convert their input to a working precision
/// anyway take this, so that they are compiled once and accept 8-bit, 16-bit and float pictures of every layout.
/// Integers mean value / max in [0,1]; floats are taken as they are.
class AnyView {
 public:
  constexpr AnyView() = default;
  template <Pixel T>
  constexpr AnyView(View<T> v)  // NOLINT: implicit on purpose
      : data_(v.data()),
        type_(PixelTraits<typename View<T>::value_type>::type),
        shape_(v.shape()),
        strides_(v.strides()) {}
  template <class X>
  requires(Viewable<const X> && !std::same_as<X, AnyView>) constexpr AnyView(const X& x)
      : AnyView(view_of(x)) {}  // NOLINT: implicit on purpose

  constexpr PixelType type() const { return type_; }
  constexpr const Shape& shape() const { return shape_; }
  constexpr const Strides& strides() const { return strides_; }
  constexpr int height() const { return shape_.height; }
  constexpr int width() const { return shape_.width; }
  constexpr int channels() const { return shape_.channels; }
  constexpr bool empty() const { return data_ == nullptr || shape_.empty(); }

  /// Calls f(View<const T>) with the real pixel type.
  template <class F>
  constexpr decltype(auto) visit(F&& f) const {
    switch (type_) {
      case PixelType::u8:
        return std::forward<F>(f)(typed<std::uint8_t>());
      case PixelType::u16:
        return std::forward<F>(f)(typed<std::uint16_t>());
      case PixelType::f64:
        return std::forward<F>(f)(typed<double>());
      case PixelType::f32:
        break;
    }
    return std::forward<F>(f)(typed<float>());
  }

 private:
  template <class T>
  constexpr View<const T> typed() const {
    return {static_cast<const T*>(data_), shape_, strides_};
  }
  const void* data_ = nullptr;
  PixelType type_ = PixelType::f32;
  Shape shape_{};
  Strides strides_{};
};

}  // namespace hairline

#pragma once
#include <cstddef>
#include <stdexcept>
#include <type_traits>

#include "hairline/core/pixel.hpp"
#include "hairline/core/shape.hpp"

namespace hairline {

/// Distance between neighbours in elements (not bytes), along rows, columns and channels. May be negative.
struct Strides {
  std::ptrdiff_t y = 0;
  std::ptrdiff_t x = 0;
  std::ptrdiff_t c = 1;
  friend constexpr bool operator==(const Strides&, const Strides&) = default;
};

/// Rows of pixels with their channels side by side: RGBRGB...
constexpr Strides interleaved(const Shape& s) {
  return {static_cast<std::ptrdiff_t>(s.width) * s.channels, s.channels, 1};
}

/// One plane after the other: RRR...GGG...BBB...
constexpr Strides planar(const Shape& s) { return {s.width, 1, static_cast<std::ptrdiff_t>(s.width) * s.height}; }

/// A window onto pixels that somebody else owns: any element type, any strides, so that planar and interleaved
/// pictures, rows with padding, sub-rectangles, and RGB or BGR order are all the same thing to an algorithm.
/// @tparam T element type, const for read-only access
template <class T>
class View {
 public:
  using value_type = std::remove_const_t<T>;

  constexpr View() = default;
  /// A densely packed, interleaved picture.
  constexpr View(T* data, Shape shape) : View(data, shape, interleaved(shape)) {}
  constexpr View(T* data, Shape shape, Strides strides) : data_(data), shape_(shape), strides_(strides) {}

  constexpr operator View<const T>() const  // NOLINT: adding const is always fine
      requires(!std::is_const_v<T>) {
    return {data_, shape_, strides_};
  }

  constexpr T* data() const { return data_; }
  constexpr const Shape& shape() const { return shape_; }
  constexpr const Strides& strides() const { return strides_; }
  constexpr int height() const { return shape_.height; }
  constexpr int width() const { return shape_.width; }
  constexpr int channels() const { return shape_.channels; }
  constexpr bool empty() const { return data_ == nullptr || shape_.empty(); }
  /// True if channels, columns and rows follow each other without gaps.
  constexpr bool is_interleaved() const { return strides_ == interleaved(shape_); }

  /// @pre 0 <= y < height, 0 <= x < width, 0 <= c < channels (unchecked)
  constexpr T& operator()(int y, int x, int c = 0) const {
    return data_[y * strides_.y + x * strides_.x + c * strides_.c];
  }
  constexpr T* row(int y) const { return data_ + y * strides_.y; }

  /// One channel as a view of its own; throws std::out_of_range.
  constexpr View channel(int c) const {
    if (c < 0 || c >= shape_.channels) throw std::out_of_range("hairline::View::channel: no such channel");
    return {data_ + c * strides_.c, Shape{shape_.height, shape_.width, 1}, strides_};
  }
  /// The first n channels, e.g. the colour of an RGBA picture; throws std::out_of_range.
  constexpr View first_channels(int n) const {
    if (n < 1 || n > shape_.channels) throw std::out_of_range("hairline::View::first_channels: no such channels");
    return {data_, Shape{shape_.height, shape_.width, n}, strides_};
  }
  /// The same pixels with the channels in opposite order: BGR seen as RGB.
  constexpr View reversed_channels() const {
    return {data_ + (shape_.channels - 1) * strides_.c, shape_, Strides{strides_.y, strides_.x, -strides_.c}};
  }
  /// A sub-rectangle; throws std::out_of_range if it is not inside.
  constexpr View crop(int y, int x, int height, int width) const {
    if (y < 0 || x < 0 || height < 0 || width < 0 || height > shape_.height - y || width > shape_.width - x)
      throw std::out_of_range("hairline::View::crop: rectangle outside the picture");
    return {data_ + y * strides_.y + x * strides_.x, Shape{height, width, shape_.channels}, strides_};
  }

 private:
  T* data_ = nullptr;
  Shape shape_{};
  Strides strides_{};
};

/// How to see a foreign type (an image class, an xtensor container, an Eigen map) as a View without copying.
/// Specialise with `static auto view(X&)` to make a type of your own acceptable everywhere.
template <class X>
struct ViewOf {};

template <class T>
struct ViewOf<View<T>> {
  static constexpr View<T> view(const View<T>& v) { return v; }
};

/// Everything that can be seen as a View: hairline's images and views, and whatever specialises ViewOf.
template <class X>
concept Viewable = requires(X& x) {
  ViewOf<std::remove_const_t<X>>::view(x);
};

/// The View of anything Viewable.
template <class X>
requires Viewable<X>
constexpr auto view_of(X& x) { return ViewOf<std::remove_const_t<X>>::view(x); }

}  // namespace hairline

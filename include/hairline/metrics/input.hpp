#pragma once
#include <cmath>
#include <concepts>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "hairline/core/any_view.hpp"
#include "hairline/core/result.hpp"
#include "hairline/core/xtensor.hpp"

namespace hairline::metrics {

namespace detail {
template <class X>
concept StoredPixels = Viewable<const X> && requires(const X& x) {
  requires Pixel<typename decltype(view_of(x))::value_type>;
};
template <class X>
concept ExpressionPixels = xt::is_xexpression<X>::value && !StoredPixels<X> &&
                           (Pixel<typename X::value_type> || std::same_as<typename X::value_type, bool>);
}  // namespace detail

/// What a metric reads: a picture as hairline's images and views, an xtensor container or Eigen matrix, or a lazy
/// xtensor expression (which is evaluated row by row, never as a whole). Nothing is copied.
/// Shapes (H, W) or (H, W, channels). 8- and 16-bit integers mean value / max, floats are taken as they are, bool is 0
/// or 1. Other integers (what xtensor makes of arithmetic on 8-bit pixels) do not compile: xt::cast<float> them first.
/// Meant for parameters: it refers to the picture or expression, which must outlive it.
/// An xtensor expression of another dimension than 2 or 3 throws std::invalid_argument.
class Input {
 public:
  Input(AnyView view) : view_(view), shape_(view.shape()), type_(view.type()) {}  // NOLINT: implicit on purpose
  template <detail::StoredPixels X>
  Input(const X& x) : Input(AnyView(view_of(x))) {}  // NOLINT: implicit on purpose
  template <detail::ExpressionPixels X>
  Input(const X& x) : expression_(&x), read_(&read_expression<X>) {  // NOLINT: implicit on purpose
    if (x.dimension() != 2 && x.dimension() != 3)
      throw std::invalid_argument("hairline: an xtensor of dimension " + std::to_string(x.dimension()) +
                                  " is not a picture, wanted 2 (height, width) or 3 (height, width, channels)");
    shape_ = Shape{static_cast<int>(x.shape()[0]), static_cast<int>(x.shape()[1]),
                   x.dimension() == 3 ? static_cast<int>(x.shape()[2]) : 1};
    if constexpr (Pixel<typename X::value_type>) type_ = PixelTraits<typename X::value_type>::type;
  }

  const Shape& shape() const { return shape_; }
  int height() const { return shape_.height; }
  int width() const { return shape_.width; }
  bool empty() const { return shape_.empty() || (!expression_ && view_.empty()); }
  PixelType type() const { return type_; }
  bool integral() const { return type_ == PixelType::u8 || type_ == PixelType::u16; }

  /// One row of one channel as doubles in [0,1] terms.  @pre `out` has room for width() values
  void row(int y, double* out, int channel = 0) const {
    if (expression_) return read_(expression_, shape_, y, channel, out);
    view_.visit([&](auto v) {
      using T = typename decltype(v)::value_type;
      const T* p = v.row(y) + channel * v.strides().c;
      const std::ptrdiff_t step = v.strides().x;
      for (int x = 0; x < shape_.width; ++x) out[x] = PixelTraits<T>::template to_unit<double>(p[x * step]);
    });
  }

 private:
  using Read = void (*)(const void*, const Shape&, int, int, double*);
  template <class X>
  static void read_expression(const void* object, const Shape& shape, int y, int channel, double* out) {
    const X& e = *static_cast<const X*>(object);
    using T = typename X::value_type;
    const auto unit = [](const T& v) {
      if constexpr (Pixel<T>)
        return PixelTraits<T>::template to_unit<double>(v);
      else
        return v ? 1.0 : 0.0;
    };
    const auto row = static_cast<std::size_t>(y), c = static_cast<std::size_t>(channel);
    const bool planes = e.dimension() == 3;
    for (std::size_t x = 0; x < static_cast<std::size_t>(shape.width); ++x)
      out[x] = planes ? unit(e(row, x, c)) : unit(e(row, x));
  }

  AnyView view_{};
  const void* expression_ = nullptr;
  Read read_ = nullptr;
  Shape shape_{0, 0, 1};
  PixelType type_ = PixelType::u8;  // bool expressions count as integers
};

namespace detail {
/// Refuses pictures without pixels, of another size than `wanted` (if given), or holding NaN or infinities.
inline std::optional<Error> refuse(const Input& input, const std::string& what, const Shape* wanted = nullptr,
                                   const char* wanted_of = "the prediction") {
  if (input.empty()) return Error{ErrorCode::invalid_argument, "the " + what + " has no pixels"};
  if (wanted && !input.shape().same_pixels(*wanted))
    return Error{ErrorCode::invalid_argument, "the " + what + " has " + size_string(input.shape()) +
                                                  " pixels, wanted " + size_string(*wanted) + ", the size of " +
                                                  wanted_of};
  if (input.integral()) return std::nullopt;
  std::vector<double> row(static_cast<std::size_t>(input.width()));
  for (int c = 0; c < input.shape().channels; ++c)
    for (int y = 0; y < input.height(); ++y) {
      input.row(y, row.data(), c);
      for (int x = 0; x < input.width(); ++x)
        if (!std::isfinite(row[static_cast<std::size_t>(x)]))
          return Error{ErrorCode::invalid_argument, "the " + what + " holds a value that is not a number (NaN or " +
                                                        "infinite) at row " + std::to_string(y) + ", column " +
                                                        std::to_string(x)};
    }
  return std::nullopt;
}
}  // namespace detail

}  // namespace hairline::metrics

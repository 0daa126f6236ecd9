#pragma once
// The one place that knows where xtensor keeps its headers: flat before 0.26, in sub-folders since.
#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/core/xmath.hpp>
#include <xtensor/views/xstrided_view.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

#include <array>
#include <stdexcept>
#include <string>

#include "hairline/core/image.hpp"
#include "hairline/core/view.hpp"

namespace hairline {

namespace detail {
template <class E>
concept XtensorWithStorage = xt::is_xexpression<E>::value && xt::has_data_interface<E>::value && requires(E& e) {
  e.strides();
  e.data_offset();
};
}  // namespace detail

/// xtensor containers, adaptors and strided views of dimension 2 (height, width) or 3 (height, width, channels) are
/// views, whatever their layout; other dimensions throw std::invalid_argument. Lazy expressions hold no pixels:
/// evaluate them first (xt::eval).
template <detail::XtensorWithStorage E>
struct ViewOf<E> {
  static auto view(E& e) { return make(e); }
  static auto view(const E& e) { return make(e); }

 private:
  template <class X>
  static auto make(X& e) {
    const std::size_t dims = e.dimension();
    if (dims != 2 && dims != 3)
      throw std::invalid_argument("hairline: an xtensor of dimension " + std::to_string(dims) +
                                  " is not a picture, wanted 2 (height, width) or 3 (height, width, channels)");
    const Shape shape{static_cast<int>(e.shape()[0]), static_cast<int>(e.shape()[1]),
                      dims == 3 ? static_cast<int>(e.shape()[2]) : 1};
    const Strides strides{static_cast<std::ptrdiff_t>(e.strides()[0]), static_cast<std::ptrdiff_t>(e.strides()[1]),
                          dims == 3 ? static_cast<std::ptrdiff_t>(e.strides()[2]) : 1};
    auto* data = e.data() + e.data_offset();
    return View<std::remove_pointer_t<decltype(data)>>(data, shape, strides);
  }
};

/// The pixels of a view as an xtensor expression (height, width, channels), without a copy. The view's owner must
/// outlive the expression.  @pre no stride is negative
template <Viewable X>
auto as_xtensor(X& x) {
  const auto v = view_of(x);
  using T = std::remove_pointer_t<decltype(v.data())>;
  const auto& s = v.strides();
  if (s.y < 0 || s.x < 0 || s.c < 0)
    throw std::invalid_argument("hairline::as_xtensor: a view with negative strides cannot be an xtensor");
  const std::array<std::size_t, 3> shape{static_cast<std::size_t>(v.height()), static_cast<std::size_t>(v.width()),
                                         static_cast<std::size_t>(v.channels())};
  const std::array<std::ptrdiff_t, 3> strides{s.y, s.x, s.c};
  T* data = v.data();
  // xtensor wants the number of elements here; it reaches them through the strides.
  return xt::adapt(data, v.shape().size(), xt::no_ownership(), shape, strides);
}

/// One channel of a view as an xtensor expression (height, width), without a copy.  @pre no stride is negative
template <Viewable X>
auto as_xtensor_plane(X& x, int channel = 0) {
  auto v = view_of(x).channel(channel);
  using T = std::remove_pointer_t<decltype(v.data())>;
  const auto& s = v.strides();
  if (s.y < 0 || s.x < 0)
    throw std::invalid_argument("hairline::as_xtensor_plane: a view with negative strides cannot be an xtensor");
  const std::array<std::size_t, 2> shape{static_cast<std::size_t>(v.height()), static_cast<std::size_t>(v.width())};
  const std::array<std::ptrdiff_t, 2> strides{s.y, s.x};
  T* data = v.data();
  // xtensor wants the number of elements here; it reaches them through the strides.
  return xt::adapt(data, v.shape().size(), xt::no_ownership(), shape, strides);
}

}  // namespace hairline

#pragma once
#include <Eigen/Core>
#include <stdexcept>
#include <type_traits>

#include "hairline/core/view.hpp"

namespace hairline {

namespace detail {
template <class E>
concept EigenWithStorage = std::is_base_of_v<Eigen::DenseBase<E>, E> &&
    ((Eigen::internal::traits<E>::Flags & Eigen::DirectAccessBit) != 0);
}  // namespace detail

/// Eigen matrices, arrays, maps, refs and blocks are views of one channel (rows, columns), whatever their layout.
template <detail::EigenWithStorage E>
struct ViewOf<E> {
  static auto view(E& e) { return make(e); }
  static auto view(const E& e) { return make(e); }

 private:
  template <class X>
  static auto make(X& e) {
    const Shape shape{static_cast<int>(e.rows()), static_cast<int>(e.cols()), 1};
    const Strides strides =
        E::IsRowMajor ? Strides{e.outerStride(), e.innerStride(), 1} : Strides{e.innerStride(), e.outerStride(), 1};
    auto* data = e.data();
    return View<std::remove_pointer_t<decltype(data)>>(data, shape, strides);
  }
};

/// One channel of a view as an Eigen map (height rows, width columns), without a copy. The view's owner must outlive
/// the map. Works for every stride, negative ones included.
template <Viewable X>
auto as_eigen(X& x, int channel = 0) {
  const auto v = view_of(x).channel(channel);
  using T = std::remove_pointer_t<decltype(v.data())>;
  using Array = Eigen::Array<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Mapped = std::conditional_t<std::is_const_v<T>, const Array, Array>;
  using AnyStride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  return Eigen::Map<Mapped, Eigen::Unaligned, AnyStride>(v.data(), v.height(), v.width(),
                                                         AnyStride(v.strides().y, v.strides().x));
}

}  // namespace hairline

#pragma once
#include <type_traits>

namespace hairline {

// Named facts about a layer, in any order behind its channel counts:
//   Conv2d<6, 64, Kernel{7}, Stride{2}, Bias{false}>
struct Kernel {
  int v = 3;
};
struct Stride {
  int v = 1;
};
struct Dilation {
  int v = 1;
};
/// Zeros added on each side; a layer's default keeps the size at stride 1.
struct Padding {
  int v = 0;
};
struct Groups {
  int v = 1;
};
struct Bias {
  bool v = true;
};

namespace detail {
/// The value of the attribute of type T among Given, or the default.
template <class T, auto... Given>
constexpr T attribute_or(T otherwise) {
  T found = otherwise;
  (
      (void)[&] {
        if constexpr (std::is_same_v<T, std::remove_const_t<decltype(Given)>>) found = Given;
      }(),
      ...);
  return found;
}

template <class T, class... Allowed>
inline constexpr bool is_one_of = (std::is_same_v<std::remove_const_t<T>, Allowed> || ...);

/// How many of Given are of type T.
template <class T, auto... Given>
inline constexpr int count_of = (0 + ... + (std::is_same_v<T, std::remove_const_t<decltype(Given)>> ? 1 : 0));
}  // namespace detail

}  // namespace hairline

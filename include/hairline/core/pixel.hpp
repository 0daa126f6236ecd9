#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace hairline {

/// The pixel types that a type-erased view can hold.
enum class PixelType { u8, u16, f32, f64 };

/// What a pixel type's numbers mean: integers span 0..max for the unit interval, floats hold it as it is.
template <class T>
struct PixelTraits;

namespace detail {
template <class T, PixelType Type>
struct IntegerPixel {
  static constexpr PixelType type = Type;
  static constexpr T full = std::numeric_limits<T>::max();
  /// Value in [0,1].
  template <class Scalar>
  static constexpr Scalar to_unit(T v) {
    return static_cast<Scalar>(v) / static_cast<Scalar>(full);
  }
  /// Nearest representable value (ties up); below 0 and NaN give 0, above 1 gives the maximum. Never truncates.
  template <class Scalar>
  static constexpr T from_unit(Scalar v) {
    const Scalar positive = v > Scalar(0) ? v : Scalar(0);
    return round_unit(positive < Scalar(1) ? positive : Scalar(1));
  }
  /// The same for values in [0,1] alone: without the branches that compilers make of the limits, and by way of 32 bits,
  /// loops of it become vectors.
  template <class Scalar>
  static constexpr T round_unit(Scalar v) {
    return static_cast<T>(static_cast<std::int32_t>(v * static_cast<Scalar>(full) + Scalar(0.5)));
  }
};
template <class T, PixelType Type>
struct FloatPixel {
  static constexpr PixelType type = Type;
  static constexpr T full = T(1);
  template <class Scalar>
  static constexpr Scalar to_unit(T v) {
    return static_cast<Scalar>(v);
  }
  template <class Scalar>
  static constexpr T from_unit(Scalar v) {
    return static_cast<T>(v);
  }
  template <class Scalar>
  static constexpr T round_unit(Scalar v) {
    return static_cast<T>(v);
  }
};
}  // namespace detail

template <>
struct PixelTraits<std::uint8_t> : detail::IntegerPixel<std::uint8_t, PixelType::u8> {};
template <>
struct PixelTraits<std::uint16_t> : detail::IntegerPixel<std::uint16_t, PixelType::u16> {};
template <>
struct PixelTraits<float> : detail::FloatPixel<float, PixelType::f32> {};
template <>
struct PixelTraits<double> : detail::FloatPixel<double, PixelType::f64> {};

template <class T>
concept Pixel = requires {
  PixelTraits<std::remove_const_t<T>>::type;
};

constexpr const char* name(PixelType t) {
  switch (t) {
    case PixelType::u8:
      return "u8";
    case PixelType::u16:
      return "u16";
    case PixelType::f32:
      return "f32";
    case PixelType::f64:
      return "f64";
  }
  return "?";
}

}  // namespace hairline

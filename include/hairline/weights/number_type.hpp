#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace hairline {

/// How a stored tensor's numbers are written. All little-endian.
enum class NumberType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

constexpr std::size_t size_of(NumberType t) {
  switch (t) {
    case NumberType::f64:
    case NumberType::i64:
      return 8;
    case NumberType::f32:
    case NumberType::i32:
      return 4;
    case NumberType::f16:
    case NumberType::bf16:
    case NumberType::i16:
      return 2;
    case NumberType::i8:
    case NumberType::u8:
    case NumberType::boolean:
      return 1;
  }
  return 0;
}

constexpr std::string_view name(NumberType t) {
  switch (t) {
    case NumberType::f64:
      return "f64";
    case NumberType::f32:
      return "f32";
    case NumberType::f16:
      return "f16";
    case NumberType::bf16:
      return "bf16";
    case NumberType::i64:
      return "i64";
    case NumberType::i32:
      return "i32";
    case NumberType::i16:
      return "i16";
    case NumberType::i8:
      return "i8";
    case NumberType::u8:
      return "u8";
    case NumberType::boolean:
      return "bool";
  }
  return "?";
}

/// IEEE half precision to single; exact.
inline float half_to_float(std::uint16_t h) {
  const std::uint32_t sign = static_cast<std::uint32_t>(h & 0x8000u) << 16;
  const std::uint32_t exponent = (h >> 10) & 0x1fu, fraction = h & 0x3ffu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | (fraction << 13));
  if (exponent == 0) {  // zero and subnormals: fraction * 2^-24
    const float v = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -v : v;
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

/// Single to half precision, to nearest, ties to even; too large becomes infinite.
inline std::uint16_t float_to_half(float f) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(f);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u);   // NaN
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // rounds past 65504
  if (magnitude < 0x38800000u) {                                                    // subnormal or zero
    // Adding 1/2 ulp-aligned 0.5 lets the FPU round to multiples of 2^-24.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
  }
  const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

/// Single precision to bfloat16, to nearest, ties to even; NaN stays NaN.
inline std::uint16_t float_to_bfloat(float f) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(f);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

inline float bfloat_to_float(std::uint16_t b) { return std::bit_cast<float>(static_cast<std::uint32_t>(b) << 16); }

/// `count` numbers of one type as single precision.  @pre bytes.size() == count * size_of(type)
inline std::vector<float> to_floats(std::span<const std::byte> bytes, NumberType type) {
  const std::size_t width = size_of(type), count = bytes.size() / width;
  std::vector<float> values(count);
  const auto each = [&](auto number, auto convert) {
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(&number, bytes.data() + i * width, width);
      values[i] = convert(number);
    }
  };
  const auto cast = [](auto v) { return static_cast<float>(v); };
  switch (type) {
    case NumberType::f64:
      each(double{}, cast);
      break;
    case NumberType::f32:
      each(float{}, cast);
      break;
    case NumberType::f16:
      each(std::uint16_t{}, half_to_float);
      break;
    case NumberType::bf16:
      each(std::uint16_t{}, bfloat_to_float);
      break;
    case NumberType::i64:
      each(std::int64_t{}, cast);
      break;
    case NumberType::i32:
      each(std::int32_t{}, cast);
      break;
    case NumberType::i16:
      each(std::int16_t{}, cast);
      break;
    case NumberType::i8:
      each(std::int8_t{}, cast);
      break;
    case NumberType::u8:
    case NumberType::boolean:
      each(std::uint8_t{}, cast);
      break;
  }
  return values;
}

/// Whether numbers of this type have a fraction.
constexpr bool is_real(NumberType t) {
  return t == NumberType::f64 || t == NumberType::f32 || t == NumberType::f16 || t == NumberType::bf16;
}

/// Single-precision numbers as bytes of another floating type, each to nearest.  @pre is_real(type)
inline std::vector<std::byte> from_floats(std::span<const float> values, NumberType type) {
  const std::size_t width = size_of(type);
  std::vector<std::byte> bytes(values.size() * width);
  const auto each = [&](auto convert) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto number = convert(values[i]);
      std::memcpy(bytes.data() + i * width, &number, width);
    }
  };
  if (type == NumberType::f64) each([](float v) { return static_cast<double>(v); });
  if (type == NumberType::f32) each([](float v) { return v; });
  if (type == NumberType::f16) each(float_to_half);
  if (type == NumberType::bf16) each(float_to_bfloat);
  return bytes;
}

/// Number of elements of a shape, or nothing if an extent is negative or the product does not fit.
inline std::optional<std::size_t> element_count(std::span<const std::int64_t> dims) {
  std::size_t count = 1;
  for (std::int64_t d : dims) {
    if (d < 0) return std::nullopt;
    if (__builtin_mul_overflow(count, static_cast<std::size_t>(d), &count)) return std::nullopt;
  }
  return count;
}

}  // namespace hairline

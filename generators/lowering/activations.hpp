#pragma once
#include <Halide.h>

#include <string>

/// Activations between kernels: c, x, y with channels side by side, padded with zeros to a multiple of 16.
namespace activations {

inline int padded(int channels) { return (channels + 15) / 16 * 16; }

/// Half floats as devices keep them. CUDA has the type; OpenCL C has it only on devices with cl_khr_fp16, so there they
/// are the bits of one in an integer, converted by integer arithmetic: the same numbers on every device.
inline Halide::Type half(const Halide::Target& target) {
  return target.has_feature(Halide::Target::OpenCL) ? Halide::UInt(16) : Halide::Float(16);
}

/// The numbers of a kernel's activations: a letter for each input, the addend and the result, 'f' for float, 'b' for
/// bfloat16, 'h' for half floats. No letters: all float. Sums are float whatever comes in.
inline Halide::Type element(const std::string& types, std::size_t which, const Halide::Target& target) {
  const char letter = which < types.size() ? types[which] : 'f';
  return letter == 'b' ? Halide::BFloat(16) : letter == 'h' ? half(target) : Halide::Float(32);
}

/// A number of any of these types as float; exact.
inline Halide::Expr number(const Halide::Expr& v) {
  using namespace Halide;
  if (!v.type().is_uint()) return cast<float>(v);
  // Sign, exponent and fraction go where a float has them; its exponent is then too small by 112, also in what has no
  // leading one. Strict: regrouped with another such product, the intermediate one would vanish.
  const Expr bits = (cast<int32_t>(reinterpret<int16_t>(v)) << 13) & cast<int32_t>(Expr(0x8fffe000u));
  return strict_float(reinterpret<float>(bits) * 0x1p112f);
}

/// A float as a number of that type, rounded to nearest. What half floats do not reach becomes the largest of them,
/// 65504, with its sign; so does what is no number. By integers everywhere: Halide 21 makes vectors of float into
/// vectors of half on CUDA by taking bits of the former as they are.
inline Halide::Expr stored(const Halide::Type& to, const Halide::Expr& v) {
  using namespace Halide;
  const bool half = to.is_uint() || (to.is_float() && to.bits() == 16 && !to.is_bfloat());
  if (!half) return cast(to, v);
  const Expr bits = reinterpret<uint32_t>(v), sign = (bits >> 16) & 0x8000;
  const Expr magnitude = min(bits & 0x7fffffff, 0x477fe000);
  const Expr rounded = (magnitude + 0xfff + ((magnitude >> 13) & 1) - 0x38000000) >> 13;
  // Below 2^-14 the steps are 2^-24, as those of floats are from a half on.
  const Expr small = reinterpret<uint32_t>(strict_float(reinterpret<float>(magnitude) + 0.5f)) - 0x3f000000;
  return reinterpret(to, cast<uint16_t>(sign | select(magnitude < 0x38800000, small, rounded)));
}

/// Numbers side by side, pixels `pitch` apart, starting at 0. On devices a view of some channels is the whole buffer
/// whose channels are counted from the view's first: memory there has handles, not addresses.
template <class Port>
void tensor(Port& port, int pitch, bool on_device = false) {
  port.dim(0).set_stride(1);
  if (!on_device) port.dim(0).set_min(0);
  port.dim(1).set_stride(pitch).set_min(0);
  port.dim(2).set_min(0);
}

/// A whole buffer of a device, no view of it: rows without gaps, and an address that vectors of numbers may be read
/// from and written to at once.
template <class Port>
void whole(Port& port, int pitch) {
  port.dim(0).set_min(0);
  port.dim(2).set_stride(port.dim(1).extent() * pitch);
  port.set_host_alignment(16);
}

/// Strips of rows, `tasks` of them at the same time.
inline Halide::Expr strip_rows(const Halide::Expr& height, const Halide::Expr& tasks) {
  return Halide::max((height + tasks - 1) / tasks, 1);
}

}  // namespace activations

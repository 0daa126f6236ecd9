#pragma once
#include <Halide.h>

#include <string>

/// Activations between kernels: c, x, y with channels side by side, padded with zeros to a multiple of 16.
namespace activations {

inline int padded(int channels) { return (channels + 15) / 16 * 16; }

/// The numbers of a kernel's activations: a letter for each input, the addend and the result, 'f' for float, 'b' for
/// bfloat16. No letters: all float. Sums are float whatever comes in.
inline Halide::Type element(const std::string& types, std::size_t which) {
  return which < types.size() && types[which] == 'b' ? Halide::BFloat(16) : Halide::Float(32);
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

/// Strips of rows, `tasks` of them at the same time.
inline Halide::Expr strip_rows(const Halide::Expr& height, const Halide::Expr& tasks) {
  return Halide::max((height + tasks - 1) / tasks, 1);
}

}  // namespace activations

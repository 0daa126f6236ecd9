#pragma once
#include <Halide.h>

/// Pictures are buffers indexed by x, y, c with whatever strides the caller's view has; channel counts are constants.
/// Dense vector code exists for the layouts that occur; every other one runs the general (scalar) loop.
namespace layout {

/// No promise about strides; x and y start at 0, there are `channels` channels.
template <class Port>
void picture(Port& port, int channels) {
  port.dim(0).set_stride(Halide::Expr());
  port.dim(0).set_min(0);
  port.dim(1).set_min(0);
  if (port.dimensions() > 2) port.dim(2).set_bounds(0, channels);
}

/// Rows of neighbouring pixels, and nothing else: the caller brings other layouts into this one.
template <class Port>
void plane(Port& port) {
  port.dim(0).set_stride(1);
  port.dim(0).set_min(0);
  port.dim(1).set_min(0);
}

/// RGBRGB...
template <class Port>
Halide::Expr interleaved(const Port& port, int channels) {
  return port.dim(0).stride() == channels && port.dim(2).stride() == 1;
}

/// The same memory read backwards: a BGR picture seen as RGB. The view starts at its last channel.
template <class Port>
Halide::Expr reversed(const Port& port, int channels) {
  return port.dim(0).stride() == channels && port.dim(2).stride() == -1;
}

/// Neighbouring pixels of a row side by side: planar pictures, single channels.
template <class Port>
Halide::Expr rows(const Port& port) {
  return port.dim(0).stride() == 1;
}

}  // namespace layout

#pragma once
#include <Halide.h>

#include <string>

/// Where an axis of a bilinearly resized picture looks in its source (align_corners = false): the coordinate is
/// ((2 v + 1) in - out) / (2 out), worked out in integers so that it is exact at every size; not below 0, and the
/// second neighbour not beyond the last. As tables over the resized axis.
struct BilinearAxis {
  Halide::Func first, second, part;
  BilinearAxis() = default;
  BilinearAxis(const std::string& name, const Halide::Expr& in, const Halide::Expr& out)
      : first(name + "_first"), second(name + "_second"), part(name + "_part") {
    using namespace Halide;
    Var v("v");
    const Expr in64 = cast<int64_t>(in), out64 = cast<int64_t>(out);
    const Expr twice = max((2 * cast<int64_t>(v) + 1) * in64 - out64, cast<int64_t>(0));
    const Expr whole = twice / (2 * out64);
    const Expr index = cast<int>(whole);
    first(v) = unsafe_promise_clamped(min(index, in - 1), 0, in - 1);
    second(v) = unsafe_promise_clamped(min(index + 1, in - 1), 0, in - 1);
    part(v) = cast<float>(twice - whole * 2 * out64) / cast<float>(2 * out64);
  }
};

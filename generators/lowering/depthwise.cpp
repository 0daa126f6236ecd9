#include <Halide.h>

#include "lowering/activation.hpp"
#include "lowering/activations.hpp"
#include "lowering/device.hpp"

namespace {
using namespace Halide;

/// Depthwise convolution (one filter a channel), zero padded, with bias and an activation.
class Depthwise : public Generator<Depthwise> {
 public:
  GeneratorParam<int> kernel{"kernel", 3}, stride{"stride", 1}, dilation{"dilation", 1}, padding{"padding", 1};
  GeneratorParam<int> channels{"channels", 96}, pitch{"pitch", 96};
  GeneratorParam<Activation> activation{"activation", Activation::relu6, activation_names()};

  Input<Buffer<void, 3>> input{"input"};      // c, x, y
  Input<Buffer<void, 3>> weights{"weights"};  // c, kx, ky
  Input<Buffer<float, 1>> bias{"bias"};
  Input<int> tasks{"tasks"};
  Output<Buffer<void, 3>> result{"result"};  // c, x, y

  GeneratorParam<int> tile_x{"tile_x", 4};

  void generate() {
    const int out = activations::padded(channels);
    const Expr width = input.dim(1).extent(), height = input.dim(2).extent();
    RDom r(0, kernel, 0, kernel, "r");
    const Expr sx = x * stride + r.x * dilation - padding, sy = y * stride + r.y * dilation - padding;
    const Expr inside = sx >= 0 && sx < width && sy >= 0 && sy < height;
    const Expr value = activations::number(input(c, clamp(sx, 0, width - 1), clamp(sy, 0, height - 1)));
    // A weight of zero outside rather than a zero value: one scalar choice serves all channels.
    sum(c, x, y) = bias(c);
    sum(c, x, y) += activations::number(weights(c, r.x, r.y)) * select(likely(inside), value, 0.0f);
    result(c, x, y) = activations::stored(result.type(), activate(activation, sum(c, x, y)));
    activations::tensor(input, pitch, device::chosen(get_target()));
    activations::tensor(result, out);
    result.dim(0).set_bounds(0, out);
    weights.dim(0).set_bounds(0, out);
    weights.dim(1).set_bounds(0, kernel).set_stride(out);
    weights.dim(2).set_bounds(0, kernel).set_stride(out * kernel);
    bias.dim(0).set_bounds(0, out);
    if (!device::chosen(get_target())) return;
    activations::whole(input, pitch);
    activations::whole(result, out);
    weights.set_host_alignment(16);
  }

  void schedule() {
    if (device::chosen(get_target())) {
      result.bound(c, 0, activations::padded(channels));
      const Var thread = device::activation(result, c, x, y, activations::padded(channels));
      sum.compute_at(result, thread).vectorize(c, 4).update().vectorize(c, 4);
      return;
    }
    const int lanes = natural_vector_size<float>();
    result.bound(c, 0, activations::padded(channels))
        .split(c, co, c, lanes)
        .split(x, xo, x, tile_x, TailStrategy::GuardWithIf)
        .split(y, yo, y, activations::strip_rows(result.dim(2).extent(), tasks), TailStrategy::GuardWithIf)
        .reorder(c, x, co, xo, y, yo)
        .vectorize(c)
        .unroll(x)
        .parallel(yo);
    sum.compute_at(result, co).bound_extent(x, tile_x).vectorize(c, lanes).unroll(x);
    const auto rv = sum.rvars(0);
    sum.update().reorder(c, x, rv[0], rv[1]).vectorize(c, lanes).unroll(x).unroll(rv[0]).unroll(rv[1]);
  }

 private:
  Var c{"c"}, x{"x"}, y{"y"}, co{"co"}, xo{"xo"}, yo{"yo"};
  Func sum{"sum"};
};

}  // namespace

HALIDE_REGISTER_GENERATOR(Depthwise, hairline_depthwise)

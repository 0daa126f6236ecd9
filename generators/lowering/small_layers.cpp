#include <Halide.h>

#include "lowering/activation.hpp"
#include "lowering/activations.hpp"
#include "lowering/bilinear.hpp"
#include "lowering/device.hpp"

// The layers between convolutions that are not part of one: memory-bound, one pass each. Activations are float,
// bfloat16 or half floats, sums always float.

namespace {
using namespace Halide;

/// Largest value of each window; what lies outside the picture does not count.
class MaxPool : public Generator<MaxPool> {
 public:
  GeneratorParam<int> kernel{"kernel", 3}, stride{"stride", 2}, padding{"padding", 1};
  GeneratorParam<int> channels{"channels", 64}, pitch{"pitch", 64};
  Input<Buffer<void, 3>> input{"input"};  // c, x, y
  Input<int> tasks{"tasks"};
  Output<Buffer<void, 3>> result{"result"};

  void generate() {
    RDom r(0, kernel, 0, kernel, "r");
    // Repeating the border changes no maximum, as every window holds at least one pixel of the picture.
    const Expr sx = clamp(x * stride + r.x - padding, 0, input.dim(1).extent() - 1);
    const Expr sy = clamp(y * stride + r.y - padding, 0, input.dim(2).extent() - 1);
    result(c, x, y) = activations::stored(result.type(), maximum(r, activations::number(input(c, sx, sy))));
    activations::tensor(input, pitch, device::chosen(get_target()));
    activations::tensor(result, activations::padded(channels));
    result.dim(0).set_bounds(0, activations::padded(channels));
    if (!device::chosen(get_target())) return;
    if (static_cast<int>(channels) == static_cast<int>(pitch)) activations::whole(input, pitch);
    activations::whole(result, activations::padded(channels));
  }
  void schedule() {
    result.bound(c, 0, activations::padded(channels));
    if (device::chosen(get_target())) {
      device::activation(result, c, x, y, activations::padded(channels));
      return;
    }
    result.vectorize(c, natural_vector_size<float>())
        .split(y, yo, y, activations::strip_rows(result.dim(2).extent(), tasks), TailStrategy::GuardWithIf)
        .parallel(yo);
  }

 private:
  Var c{"c"}, x{"x"}, y{"y"}, yo{"yo"};
};

/// Mean of the whole picture, channel by channel; rows are summed first, so that rounding stays small.
class GlobalAverage : public Generator<GlobalAverage> {
 public:
  GeneratorParam<int> channels{"channels", 320}, pitch{"pitch", 320};
  Input<Buffer<void, 3>> input{"input"};  // c, x, y
  Input<int> tasks{"tasks"};
  Output<Buffer<void, 3>> result{"result"};  // c, 1, 1

  void generate() {
    const Expr width = input.dim(1).extent(), height = input.dim(2).extent();
    RDom rx(0, width, "rx"), ry(0, height, "ry");
    row(c, y) = 0.0f;
    row(c, y) += activations::number(input(c, rx, y));
    all(c) = 0.0f;
    all(c) += row(c, ry);
    result(c, x, y) = activations::stored(result.type(), all(c) / (cast<float>(width) * cast<float>(height)));
    activations::tensor(input, pitch, device::chosen(get_target()));
    activations::tensor(result, activations::padded(channels));
    result.dim(0).set_bounds(0, activations::padded(channels));
    if (!device::chosen(get_target())) return;
    if (static_cast<int>(channels) == static_cast<int>(pitch)) activations::whole(input, pitch);
    activations::whole(result, activations::padded(channels));
  }
  void schedule() {
    const int lanes = natural_vector_size<float>();
    result.bound(c, 0, activations::padded(channels));
    if (device::chosen(get_target())) {
      Var cb("cb"), ct("ct");
      result.gpu_tile(c, cb, ct, 16);
      all.compute_root().gpu_tile(c, cb, ct, 16, TailStrategy::GuardWithIf).update().gpu_tile(c, cb, ct, 16);
      row.compute_root().gpu_tile(c, cb, ct, 16).gpu_blocks(y).update().gpu_tile(c, cb, ct, 16).gpu_blocks(y);
      return;
    }
    result.vectorize(c, lanes);
    all.compute_root().vectorize(c, lanes).update().vectorize(c, lanes);
    row.compute_root().vectorize(c, lanes).parallel(y).update().reorder(c, all_x()).vectorize(c, lanes).parallel(y);
  }

 private:
  RVar all_x() { return row.rvars(0)[0]; }
  Var c{"c"}, x{"x"}, y{"y"};
  Func row{"row"}, all{"all"};
};

/// Bilinear resize, align_corners = false.
class ResizeActivation : public Generator<ResizeActivation> {
 public:
  GeneratorParam<int> channels{"channels", 64}, pitch{"pitch", 64};
  Input<Buffer<void, 3>> input{"input"};  // c, x, y
  Input<int> tasks{"tasks"};
  Output<Buffer<void, 3>> result{"result"};

  void generate() {
    across = BilinearAxis("across", input.dim(1).extent(), result.dim(1).extent());
    down = BilinearAxis("down", input.dim(2).extent(), result.dim(2).extent());
    const auto row = [&](const Expr& at) {
      const Expr left = activations::number(input(c, across.first(x), at));
      const Expr right = activations::number(input(c, across.second(x), at));
      return left + across.part(x) * (right - left);
    };
    const Expr upper = row(down.first(y)), lower = row(down.second(y));
    result(c, x, y) = activations::stored(result.type(), upper + down.part(y) * (lower - upper));
    activations::tensor(input, pitch, device::chosen(get_target()));
    activations::tensor(result, activations::padded(channels));
    result.dim(0).set_bounds(0, activations::padded(channels));
    if (!device::chosen(get_target())) return;
    if (static_cast<int>(channels) == static_cast<int>(pitch)) activations::whole(input, pitch);
    activations::whole(result, activations::padded(channels));
  }
  void schedule() {
    if (device::chosen(get_target())) {
      result.bound(c, 0, activations::padded(channels));
      device::activation(result, c, x, y, activations::padded(channels));
      return;
    }
    for (Func f : {across.first, across.second, across.part, down.first, down.second, down.part}) f.compute_root();
    result.bound(c, 0, activations::padded(channels))
        .vectorize(c, natural_vector_size<float>())
        .split(y, yo, y, activations::strip_rows(result.dim(2).extent(), tasks), TailStrategy::GuardWithIf)
        .parallel(yo);
  }

 private:
  Var c{"c"}, x{"x"}, y{"y"}, yo{"yo"};
  BilinearAxis across, down;
};

/// Sum of two values, then an activation.
class Sum : public Generator<Sum> {
 public:
  GeneratorParam<int> channels{"channels", 3}, pitch0{"pitch0", 16}, pitch1{"pitch1", 16};
  GeneratorParam<Activation> activation{"activation", Activation::none, activation_names()};
  Input<Buffer<void, 3>> first{"first"}, second{"second"};  // c, x, y
  Input<int> tasks{"tasks"};
  Output<Buffer<void, 3>> result{"result"};

  void generate() {
    // The padding of a view is somebody else's value: it is not read.
    const Expr at = min(c, channels - 1);
    const Expr both = activations::number(first(at, x, y)) + activations::number(second(at, x, y));
    result(c, x, y) = activations::stored(result.type(), select(c < channels, activate(activation, both), 0.0f));
    activations::tensor(first, pitch0, device::chosen(get_target()));
    activations::tensor(second, pitch1, device::chosen(get_target()));
    activations::tensor(result, activations::padded(channels));
    result.dim(0).set_bounds(0, activations::padded(channels));
  }
  void schedule() {
    result.bound(c, 0, activations::padded(channels));
    if (device::chosen(get_target())) {
      device::activation(result, c, x, y, activations::padded(channels));
      return;
    }
    if (channels % 16 == 0) result.vectorize(c, natural_vector_size<float>());
    result.split(y, yo, y, activations::strip_rows(result.dim(2).extent(), tasks), TailStrategy::GuardWithIf)
        .parallel(yo);
  }

 private:
  Var c{"c"}, x{"x"}, y{"y"}, yo{"yo"};
};

/// Pictures brought to one size and joined as an activation. A picture may count as larger than it is (padded to a
/// multiple): its last row and column are repeated then.
class Pictures : public Generator<Pictures> {
 public:
  GeneratorParam<int> count{"count", 2}, channels{"channels", 3};  ///< pictures, and channels of each
  GeneratorParam<int> pitch{"pitch", 16};                          ///< channels of the result, zeros included
  GeneratorParam<Type> type{"type", Float(32)};

  void configure() {
    for (int i = 0; i < count; ++i)
      pictures.push_back(add_input<Buffer<>>("picture" + std::to_string(i), Type(type), 3));
    padded_width = add_input<int>("padded_width");
    padded_height = add_input<int>("padded_height");
    tasks = add_input<int>("tasks");
    result = add_output<Buffer<float, 3>>("result");
  }
  void generate() {
    const int out = pitch;
    across = BilinearAxis("across", *padded_width, result->dim(1).extent());
    down = BilinearAxis("down", *padded_height, result->dim(2).extent());
    std::vector<Expr> values;
    for (auto* p : pictures)
      for (int k = 0; k < channels; ++k) {
        const auto pixel = [&](const Func& fx, const Func& fy) {
          const Expr px = min(fx(x), p->dim(0).extent() - 1), py = min(fy(y), p->dim(1).extent() - 1);
          const Type t = type;
          const Expr v = cast<float>((*p)(px, py, k));
          return t.is_float() ? v : v * (1.0f / static_cast<float>(t.bits() == 8 ? 255 : 65535));
        };
        const auto row = [&](const Func& fy) {
          const Expr left = pixel(across.first, fy), right = pixel(across.second, fy);
          return left + across.part(x) * (right - left);
        };
        const Expr upper = row(down.first), lower = row(down.second);
        values.push_back(upper + down.part(y) * (lower - upper));
      }
    while (static_cast<int>(values.size()) < out) values.push_back(0.0f);
    (*result)(c, x, y) = mux(c, values);
    for (auto* p : pictures) {
      p->dim(0).set_stride(Expr()).set_min(0);
      p->dim(1).set_min(0);
      p->dim(2).set_bounds(0, channels);
    }
    activations::tensor(*result, out);
    result->dim(0).set_bounds(0, out);
  }
  void schedule() {
    Func out = *result;
    if (device::chosen(get_target())) {
      Var xb("xb"), yb("yb"), xt("xt"), yt("yt");
      out.bound(c, 0, pitch).reorder(c, x, y).unroll(c);
      out.gpu_tile(x, y, xb, yb, xt, yt, 16, 4, TailStrategy::GuardWithIf);
      return;
    }
    for (Func f : {across.first, across.second, across.part, down.first, down.second, down.part}) f.compute_root();
    out.bound(c, 0, pitch)
        .unroll(c)
        .split(y, yo, y, activations::strip_rows(out.output_buffer().dim(2).extent(), *tasks),
               TailStrategy::GuardWithIf)
        .parallel(yo);
  }

 private:
  std::vector<Input<Buffer<>>*> pictures;
  Input<int>*padded_width = nullptr, *padded_height = nullptr, *tasks = nullptr;
  Output<Buffer<float, 3>>* result = nullptr;
  Var c{"c"}, x{"x"}, y{"y"}, yo{"yo"};
  BilinearAxis across, down;
};

}  // namespace

HALIDE_REGISTER_GENERATOR(MaxPool, hairline_max_pool)
HALIDE_REGISTER_GENERATOR(GlobalAverage, hairline_global_average)
HALIDE_REGISTER_GENERATOR(ResizeActivation, hairline_resize_activation)
HALIDE_REGISTER_GENERATOR(Sum, hairline_sum)
HALIDE_REGISTER_GENERATOR(Pictures, hairline_pictures)

#include <Halide.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "lowering/activation.hpp"
#include "lowering/activations.hpp"
#include "lowering/conv_input.hpp"
#include "lowering/device.hpp"
#include "lowering/register_tile.hpp"

namespace {
using namespace Halide;

/// Dense 2-D convolution on activations of c, x, y (channels innermost, padded to 16 with zeros), zero padded, with
/// bias, an optional addend and an activation. The input may be several values side by side, each of which may be
/// brought to the input's size by a bilinear resize first; neither the resized value nor the concatenation is ever in
/// memory as a whole: rows of it are made as the strip moves down.
class Conv2d : public Generator<Conv2d> {
 public:
  GeneratorParam<int> kernel{"kernel", 3}, stride{"stride", 1}, dilation{"dilation", 1}, padding{"padding", 1};
  GeneratorParam<std::string> parts{"parts", "64"};  ///< channels of each input, "48u,6": u is resized
  GeneratorParam<int> channels{"channels", 64};      ///< of the result
  GeneratorParam<bool> addend{"addend", false};
  GeneratorParam<Activation> activation{"activation", Activation::none, activation_names()};

  // Schedule knobs.
  GeneratorParam<int> tile_c{"tile_c", 0};  ///< channels of a register tile; 0: chosen for the machine's registers
  GeneratorParam<int> tile_x{"tile_x", 0};  ///< pixels of a register tile
  GeneratorParam<int> unroll_in{"unroll_in", 1};
  GeneratorParam<bool> stage_1x1{"stage_1x1", false};
  GeneratorParam<int> rows_inside{"rows_inside", -1};  ///< of 1x1: tiles of channels outermost; -1: for many weights
  GeneratorParam<int> span{"span", 0};                 ///< tiles of a row that pass for each tile of channels; 0: all

  void configure() {
    input.parse(parts);
    for (std::size_t i = 0; i < input.parts.size(); ++i)
      inputs.push_back(add_input<Buffer<float, 3>>("input" + std::to_string(i)));
    weights = add_input<Buffer<float, 5>>("weights");  // c in tile, input channel, kx, ky, tile
    bias = add_input<Buffer<float, 1>>("bias");
    if (activation == Activation::bounds) {
      low = add_input<Buffer<float, 1>>("low");
      high = add_input<Buffer<float, 1>>("high");
    }
    if (addend) added = add_input<Buffer<float, 3>>("added");
    height = add_input<int>("height");  // of the input, after resizing
    width = add_input<int>("width");
    tasks = add_input<int>("tasks");  // strips of rows to be worked on at the same time
    result = add_output<Buffer<float, 3>>("result");
  }

  void generate() {
    choose_tile();
    const int out_padded = ConvInput::round_up(channels, 16), in_total = input.total();
    conv(c, x, y) = (*bias)(c);
    if (apart()) {  // a sum for each part, which is read where it lies
      for (std::size_t i = 0; i < input.parts.size(); ++i) {
        RDom r(0, input.parts[i].channels, "r" + std::to_string(i));
        const Expr weight = (*weights)(c % block_c, input.parts[i].offset + r, 0, 0, c / block_c);
        conv(c, x, y) += weight * (*inputs[i])(r, clamp(x * stride, 0, *width - 1), y * stride);
      }
    } else {
      RDom r(0, in_total, 0, kernel, 0, kernel, "r");
      const Expr sx = x * stride + r[1] * dilation - padding, sy = y * stride + r[2] * dilation - padding;
      Expr value;
      if (staging()) {
        input.define(inputs, *width, *height, false);
        value = input.staged(r[0], sx, sy);
      } else {  // on a device
        const Expr inside = sx >= 0 && sx < *width && sy >= 0 && sy < *height;
        value = (*inputs[0])(r[0], clamp(sx, 0, *width - 1), clamp(sy, 0, *height - 1));
        if (padding > 0) value = select(inside, value, 0.0f);
      }
      conv(c, x, y) += (*weights)(c % block_c, r[0], r[1], r[2], c / block_c) * value;
    }
    Expr v = conv(c, x, y);
    if (addend) v += (*added)(c, x, y);
    if (activation == Activation::bounds)
      v = clamp(v, (*low)(c), (*high)(c));
    else
      v = activate(activation, v);
    (*result)(c, x, y) = v;

    for (std::size_t i = 0; i < input.parts.size(); ++i)
      activations::tensor(*inputs[i], input.parts[i].pitch, on_device());
    if (addend) activations::tensor(*added, out_padded, on_device());
    result->dim(0).set_bounds(0, out_padded);
    activations::tensor(*result, out_padded);
    weights->dim(0).set_bounds(0, block_c);
    weights->dim(1).set_bounds(0, in_total).set_stride(block_c);
    weights->dim(2).set_bounds(0, kernel).set_stride(block_c * in_total);
    weights->dim(3).set_bounds(0, kernel).set_stride(block_c * in_total * kernel);
    weights->dim(4).set_bounds(0, out_padded / block_c).set_stride(block_c * in_total * kernel * kernel);
    bias->dim(0).set_bounds(0, out_padded);
  }

  void schedule() {
    if (on_device()) return schedule_device();
    const int lanes = natural_vector_size<float>();
    Func out = *result;
    // To the nearest: a small rest makes one strip more, a large one all of them longer.
    const Expr rows = (out.output_buffer().dim(2).extent() + *tasks / 2) / *tasks;
    out.bound(c, 0, ConvInput::round_up(channels, 16))
        .split(c, co, ci, block_c)
        .split(x, xo, xi, block_x, TailStrategy::GuardWithIf)
        .split(y, yo, yi, max(rows, 1), TailStrategy::GuardWithIf)
        .vectorize(ci, lanes)
        .unroll(ci)
        .unroll(xi)
        .never_partition(xo, yi, yo);
    if (channels_outermost())
      out.reorder(ci, xi, xo, yi, yo, co).fuse(yo, co, yo).parallel(yo);
    else if (span > 0)
      out.split(xo, xs, xo, span, TailStrategy::GuardWithIf).reorder(ci, xi, xo, co, xs, yi, yo).parallel(yo);
    else
      out.reorder(ci, xi, xo, co, yi, yo).parallel(yo);
    conv.compute_at(out, xo)
        .bound_extent(x, block_x)
        .bound_extent(c, block_c)
        .store_in(MemoryType::Stack)
        .vectorize(c, lanes, TailStrategy::RoundUp)
        .unroll(c)
        .unroll(x);
    for (int i = 0; i < conv.num_update_definitions(); ++i) {
      auto update = conv.update(i);
      const auto rv = conv.rvars(i);
      std::vector<VarOrRVar> order = {c, x};
      order.insert(order.end(), rv.begin(), rv.end());
      update.reorder(order).vectorize(c, lanes, TailStrategy::RoundUp).unroll(c).unroll(x);
      if (unroll_in > 1) update.unroll(rv[0], unroll_in);
    }
    if (staging()) {
      if (rows_inside > 0) throw std::runtime_error("conv2d: rows_inside is for inputs that are read where they lie");
      int kept = 1;  // rows that a row of the result reads: only they are in memory
      while (kept < (kernel - 1) * dilation + 1) kept *= 2;
      input.staged.store_at(out, yo).compute_at(out, yi).fold_storage(input.y, kept);
      input.schedule(lanes, input.plain());
    }
  }

 private:
  /// A thread has four channels of a few pixels; the threads of a block that share their pixels read one input
  /// together.
  void schedule_device() {
    const int padded = ConvInput::round_up(channels, 16), threads = device::divisor(padded / 4, 16);
    Func out = *result;
    Var cb{"cb"}, ct{"ct"}, xb{"xb"}, xt{"xt"};
    out.bound(c, 0, padded)
        .split(c, co, ci, 4)
        .split(co, cb, ct, threads)
        .split(x, xo, xi, block_x, TailStrategy::GuardWithIf)
        .split(xo, xb, xt, std::max(1, 64 / threads), TailStrategy::GuardWithIf)
        .reorder(ci, xi, ct, xt, cb, xb, y)
        .vectorize(ci)
        .unroll(xi)
        .gpu_blocks(cb, xb, y)
        .gpu_threads(ct, xt);
    conv.compute_at(out, ct).bound_extent(x, block_x).bound_extent(c, 4).vectorize(c, 4).unroll(x);
    for (int i = 0; i < conv.num_update_definitions(); ++i) {
      std::vector<VarOrRVar> order = {c, x};
      for (const RVar& rv : conv.rvars(i)) order.push_back(rv);
      conv.update(i).reorder(order).vectorize(c, 4).unroll(x);
    }
    if (staging()) input.schedule_device();
  }

  ConvInput input;
  std::vector<Input<Buffer<float, 3>>*> inputs;
  Input<Buffer<float, 5>>* weights = nullptr;
  Input<Buffer<float, 1>>*bias = nullptr, *low = nullptr, *high = nullptr;
  Input<Buffer<float, 3>>* added = nullptr;
  Input<int>*height = nullptr, *width = nullptr, *tasks = nullptr;
  Output<Buffer<float, 3>>* result = nullptr;
  Var c{"c"}, x{"x"}, y{"y"}, co{"co"}, ci{"ci"}, xo{"xo"}, xi{"xi"}, xs{"xs"}, yo{"yo"}, yi{"yi"};
  Func conv{"conv"};
  int block_c = 0, block_x = 0;

  bool on_device() const { return device::chosen(get_target()); }
  /// Whether nothing has to be joined, resized or bordered.
  bool apart() const { return kernel == 1 && padding == 0 && !input.resizes() && !stage_1x1; }
  bool staging() const { return !apart() && !(on_device() && input.plain()); }

  /// Whether a tile's weights pass once for a whole strip, and tiles are shared out too: pays where all weights
  /// together do not fit the first-level cache.
  bool channels_outermost() const {
    if (staging()) return false;
    if (span > 0) return false;
    const int floats = input.total() * ConvInput::round_up(channels, 16);
    return rows_inside >= 0 ? rows_inside > 0 : floats > 12 << 10;
  }

  void choose_tile() {
    if (on_device()) {
      block_c = tile_c == 0 ? 16 : static_cast<int>(tile_c);
      block_x = tile_x == 0 ? 4 : static_cast<int>(tile_x);
      return;
    }
    const RegisterTile tile = register_tile(get_target(), ConvInput::round_up(channels, 16), tile_c, tile_x);
    block_c = tile.c;
    block_x = tile.x;
  }
};

}  // namespace

HALIDE_REGISTER_GENERATOR(Conv2d, hairline_conv2d)

#include <Halide.h>

#include <functional>
#include <limits>
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

/// A block of a dense convolution (1x1, or larger as a stem's, or none), depthwise convolution and 1x1 convolution,
/// perhaps plus its own input. What lies between the three is never in memory as a whole: rows of the expanded value
/// are kept in a ring that fits the second-level cache, and the depthwise result of a few pixels in the first-level
/// cache.
class InvertedResidual : public Generator<InvertedResidual> {
 public:
  GeneratorParam<int> kernel{"kernel", 3}, stride{"stride", 1}, dilation{"dilation", 1}, padding{"padding", 1};
  GeneratorParam<int> in_channels{"in_channels", 24}, pitch{"pitch", 32};
  GeneratorParam<int> wide_channels{"wide_channels", 144}, channels{"channels", 24};
  GeneratorParam<bool> expands{"expands", true};  ///< or else the input is what the depthwise convolution reads
  GeneratorParam<int> wide_kernel{"wide_kernel", 1}, wide_stride{"wide_stride", 1}, wide_padding{"wide_padding", 0};
  GeneratorParam<bool> residual{"residual", false};
  GeneratorParam<Activation> wide_activation{"wide_activation", Activation::relu6, activation_names()};
  GeneratorParam<Activation> light_activation{"light_activation", Activation::relu6, activation_names()};
  GeneratorParam<Activation> activation{"activation", Activation::none, activation_names()};

  // Schedule knobs; a tile of 0 is chosen for the machine's registers.
  GeneratorParam<int> wide_tile_c{"wide_tile_c", 0}, wide_tile_x{"wide_tile_x", 0};  ///< of the expansion
  GeneratorParam<int> tile_c{"tile_c", 0}, tile_x{"tile_x", 0};                      ///< of the projection
  GeneratorParam<int> light_x{"light_x", 0};  ///< pixels of the depthwise convolution at a time; 0: tile_x
  GeneratorParam<int> tasks_joined{"tasks_joined",
                                   2};  ///< tasks that make a strip: rows at its ends are expanded twice
  GeneratorParam<bool> weights_first{"weights_first", false};  ///< a tile of the expansion's weights passes once a row
  GeneratorParam<int> unroll_wide{"unroll_wide", 1}, unroll_in{"unroll_in", 1};

  void configure() {
    input = add_input<Buffer<float, 3>>("input");  // c, x, y
    if (expands) {
      wide_weights = add_input<Buffer<float, 5>>("wide_weights");  // c in tile, input channel, 1, 1, tile
      wide_bias = add_input<Buffer<float, 1>>("wide_bias");
    }
    light_weights = add_input<Buffer<float, 3>>("light_weights");  // c, kx, ky
    light_bias = add_input<Buffer<float, 1>>("light_bias");
    weights = add_input<Buffer<float, 5>>("weights");  // c in tile, expanded channel, 1, 1, tile
    bias = add_input<Buffer<float, 1>>("bias");
    tasks = add_input<int>("tasks");
    result = add_output<Buffer<float, 3>>("result");  // c, x, y
  }

  void generate() {
    if (!expands && static_cast<int>(in_channels) != static_cast<int>(wide_channels))
      throw std::runtime_error("inverted_residual: nothing expands the input, so wide_channels must be in_channels");
    wide_tile = register_tile(get_target(), wide(), wide_tile_c, wide_tile_x);
    tile = register_tile(get_target(), narrow(), tile_c, tile_x);
    const int reach = expands ? static_cast<int>(wide_kernel) - 2 * static_cast<int>(wide_padding) : 1;
    const auto expanded_size = [&](int axis) {
      const Expr size = input->dim(axis).extent();
      return expands && wide_kernel > 1 ? (size - reach) / wide_stride + 1 : size;
    };
    const Expr width = expanded_size(1), height = expanded_size(2);  // of the expanded value
    const Expr inside = x >= 0 && x < width && y >= 0 && y < height;
    const Expr px = clamp(x, 0, width - 1), py = clamp(y, 0, height - 1);
    if (expands && wide_kernel > 1) {
      joined.parse(std::to_string(in_channels) + "p" + std::to_string(pitch));
      joined.define(std::vector<Input<Buffer<float, 3>>*>{input}, input->dim(1).extent(), input->dim(2).extent(),
                    false);
      RDom k(0, in_channels, 0, wide_kernel, 0, wide_kernel, "k");
      wide_sum(c, x, y) = (*wide_bias)(c);
      wide_sum(c, x, y) +=
          (*wide_weights)(c % wide_tile.c, k.x, k.y, k.z, c / wide_tile.c) *
          joined.staged(k.x, px * wide_stride + k.y - wide_padding, py * wide_stride + k.z - wide_padding);
      expanded(c, x, y) = bordered(wide_activation, wide_sum(c, x, y), inside);
    } else if (expands) {
      RDom k(0, in_channels, "k");
      wide_sum(c, x, y) = (*wide_bias)(c);
      wide_sum(c, x, y) += (*wide_weights)(c % wide_tile.c, k, 0, 0, c / wide_tile.c) * (*input)(k, px, py);
      expanded(c, x, y) = bordered(wide_activation, wide_sum(c, x, y), inside);
    } else {
      expanded(c, x, y) = select(inside, (*input)(c, px, py), 0.0f);
    }
    RDom r(0, kernel, 0, kernel, "r");
    light_sum(c, x, y) = (*light_bias)(c);
    light_sum(c, x, y) += (*light_weights)(c, r.x, r.y) *
                          expanded(c, x * stride + r.x * dilation - padding, y * stride + r.y * dilation - padding);
    light(c, x, y) = activate(light_activation, light_sum(c, x, y));
    RDom e(0, wide_channels, "e");
    for (Func& f : {std::ref(sum), std::ref(rest)}) {
      f(c, x, y) = (*bias)(c);
      f(c, x, y) += (*weights)(c % tile.c, e, 0, 0, c / tile.c) * light(e, x, y);
    }
    Expr v = sum(c, x, y);
    if (has_rest()) {
      const int whole = narrow() - 16;
      v = select(c < whole, sum(min(c, whole - 1), x, y), c < whole + 8, rest(clamp(c, whole, whole + 7), x, y), 0.0f);
    }
    if (residual) v += (*input)(c, x, y);
    (*result)(c, x, y) = activate(activation, v);
    ports();
  }

  void schedule() {
    if (device::chosen(get_target()))
      throw std::runtime_error("inverted_residual: no schedule for devices; take the separate kernels there");
    const int lanes = natural_vector_size<float>();
    Func out = *result;
    const Expr strips = max(*tasks / tasks_joined, 1);
    const Expr rows = activations::strip_rows(out.output_buffer().dim(2).extent(), strips);
    out.bound(c, 0, narrow())
        .split(c, co, ci, tile.c)
        .split(x, xo, xi, tile.x, TailStrategy::GuardWithIf)
        .split(y, yo, yi, rows, TailStrategy::GuardWithIf)
        .reorder(ci, xi, co, xo, yi, yo)
        .vectorize(ci, has_rest() ? 8 : lanes)
        .unroll(ci)
        .unroll(xi)
        .parallel(yo)
        .never_partition(co, xo, yi, yo);
    schedule_sum(sum, co, has_rest() ? tile.c - 16 : tile.c, tile.x, lanes, unroll_in);
    if (has_rest()) schedule_sum(rest, co, 8, tile.x, 8, unroll_in);
    schedule_light(lanes);
    schedule_expanded(lanes);
  }

 private:
  int wide() const { return activations::padded(wide_channels); }
  int narrow() const { return activations::padded(channels); }

  static int power_of_two(int least) {
    int n = 1;
    while (n < least) n *= 2;
    return n;
  }

  /// Whether the last half of a vector of 16 is padding of the result, so that the last 8 channels are summed apart.
  bool has_rest() const {
    return get_target().natural_vector_size<float>() == 16 && narrow() - channels >= 8 && narrow() > 16 &&
           tile.c == narrow();
  }

  /// The activation, and 0 outside of the picture: where it ends in a clamp, by the clamp's own upper end.
  static Expr bordered(Activation kind, const Expr& v, const Expr& inside) {
    const float infinity = std::numeric_limits<float>::infinity();
    if (kind == Activation::relu) return min(max(v, 0.0f), select(inside, infinity, 0.0f));
    if (kind == Activation::relu6) return min(max(v, 0.0f), select(inside, 6.0f, 0.0f));
    return select(inside, activate(kind, v), 0.0f);
  }

  void ports() {
    activations::tensor(*input, pitch);
    activations::tensor(*result, narrow());
    result->dim(0).set_bounds(0, narrow());
    const auto packed = [](Input<Buffer<float, 5>>* w, int block, int in, int out, int taps) {
      w->dim(0).set_bounds(0, block);
      w->dim(1).set_bounds(0, in).set_stride(block);
      w->dim(2).set_bounds(0, taps).set_stride(block * in);
      w->dim(3).set_bounds(0, taps).set_stride(block * in * taps);
      w->dim(4).set_bounds(0, out / block).set_stride(block * in * taps * taps);
    };
    if (expands) {
      packed(wide_weights, wide_tile.c, in_channels, wide(), wide_kernel);
      wide_bias->dim(0).set_bounds(0, wide());
    }
    light_weights->dim(0).set_bounds(0, wide());
    light_weights->dim(1).set_bounds(0, kernel).set_stride(wide());
    light_weights->dim(2).set_bounds(0, kernel).set_stride(wide() * kernel);
    light_bias->dim(0).set_bounds(0, wide());
    packed(weights, tile.c, wide_channels, narrow(), 1);
    bias->dim(0).set_bounds(0, narrow());
  }

  /// The depthwise convolution of a tile's pixels, a vector of channels after the other.
  void schedule_light(int lanes) {
    const int at_once = light_x > 0 ? static_cast<int>(light_x) : tile.x;
    light.compute_at(*result, xo)
        .store_in(MemoryType::Stack)
        .bound(c, 0, wide())
        .bound_extent(x, tile.x)
        .split(c, co, ci, lanes)
        .split(x, xo, xi, at_once, TailStrategy::RoundUp)
        .reorder(ci, xi, xo, co)
        .vectorize(ci)
        .unroll(xi)
        .never_partition(xo, co);
    light_sum.compute_at(light, xo).store_in(MemoryType::Stack).vectorize(c, lanes).unroll(x);
    const auto rv = light_sum.rvars(0);
    light_sum.update().reorder(c, x, rv[0], rv[1]).vectorize(c, lanes).unroll(x).unroll(rv[0]).unroll(rv[1]);
  }

  /// The rows that are new to a row of the result.
  void schedule_expanded(int lanes) {
    const int rows = (kernel - 1) * dilation + 1;
    expanded.store_at(*result, yo)
        .compute_at(*result, yi)
        .fold_storage(y, power_of_two(rows))
        .bound(c, 0, wide())
        .align_storage(c, 16)
        .never_partition(x, y);
    if (!expands) {
      expanded.vectorize(c, lanes).unroll(c);
      return;
    }
    expanded.split(c, co, ci, wide_tile.c).split(x, xo, xi, wide_tile.x, TailStrategy::RoundUp);
    if (weights_first)
      expanded.reorder(ci, xi, xo, co, y);
    else
      expanded.reorder(ci, xi, co, xo, y);
    expanded.vectorize(ci, lanes).unroll(ci).unroll(xi).never_partition(xo, co);
    schedule_sum(wide_sum, weights_first ? xo : co, wide_tile.c, wide_tile.x, lanes, unroll_wide, &expanded);
    if (wide_kernel == 1) return;
    joined.staged.store_at(*result, yo)
        .compute_at(*result, yi)
        .fold_storage(joined.y, power_of_two((rows - 1) * wide_stride + wide_kernel));
    joined.schedule(lanes, true);
  }

  /// A register tile of a 1x1 convolution, in a loop of the result or of another stage.
  void schedule_sum(Func f, const Var& at, int channels_of_tile, int pixels, int lanes, int unrolled,
                    Func* in = nullptr) {
    f.compute_at(in != nullptr ? *in : Func(*result), at)
        .store_in(MemoryType::Stack)
        .bound_extent(x, pixels)
        .bound_extent(c, channels_of_tile)
        .vectorize(c, lanes)
        .unroll(c)
        .unroll(x);
    auto update = f.update();
    std::vector<VarOrRVar> order = {c, x};
    for (const RVar& rv : f.rvars(0)) order.push_back(rv);
    update.reorder(order).vectorize(c, lanes).unroll(c).unroll(x);
    if (unrolled > 1) update.unroll(f.rvars(0)[0], unrolled);
  }

  Input<Buffer<float, 3>>*input = nullptr, *light_weights = nullptr;
  Input<Buffer<float, 5>>*wide_weights = nullptr, *weights = nullptr;
  Input<Buffer<float, 1>>*wide_bias = nullptr, *light_bias = nullptr, *bias = nullptr;
  Input<int>* tasks = nullptr;
  Output<Buffer<float, 3>>* result = nullptr;
  Var c{"c"}, x{"x"}, y{"y"}, co{"co"}, ci{"ci"}, xo{"xo"}, xi{"xi"}, yo{"yo"}, yi{"yi"};
  Func wide_sum{"wide_sum"}, expanded{"expanded"}, light_sum{"light_sum"}, light{"light"}, sum{"sum"}, rest{"rest"};
  RegisterTile wide_tile, tile;
  ConvInput joined;  // what a larger expansion reads
};

}  // namespace

HALIDE_REGISTER_GENERATOR(InvertedResidual, hairline_inverted_residual)

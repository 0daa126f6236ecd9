#include <Halide.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "lowering/activation.hpp"
#include "lowering/activations.hpp"
#include "lowering/device.hpp"

namespace {
using namespace Halide;

/// A depthwise convolution and the 1x1 convolution behind it (bias, an optional addend and an activation) in one call,
/// on devices. A block of threads makes the depthwise results of all channels for a small tile of pixels, each once,
/// in the memory that it shares; then its threads sum them for the tile's output channels. They are never in the
/// device's memory.
///
/// A thread keeps the sums of four output channels of up to eight pixels in registers over its whole part of the
/// reduction, so there is one barrier behind the depthwise results instead of two for each slice of channels. (Halide
/// 21 keeps no sums in registers across barriers, but for those of a single warp's lanes.) Several threads share a sum,
/// each over some of the channels, and what they have is added up at the end: deep layers have too few pixels to give
/// every thread sums of its own.
class DepthwiseSeparable : public Generator<DepthwiseSeparable> {
 public:
  GeneratorParam<int> kernel{"kernel", 3}, stride{"stride", 1}, dilation{"dilation", 1}, padding{"padding", 1};
  GeneratorParam<int> in_channels{"in_channels", 96}, pitch{"pitch", 96};  ///< of what the depthwise convolution reads
  GeneratorParam<int> channels{"channels", 24};                            ///< of the result
  GeneratorParam<bool> addend{"addend", false};
  GeneratorParam<Activation> depthwise_activation{"depthwise_activation", Activation::relu6, activation_names()};
  GeneratorParam<Activation> activation{"activation", Activation::none, activation_names()};
  GeneratorParam<std::string> types{"types", ""};  ///< of the activations, see activations::element

  // Schedule knobs; 0 is chosen for the numbers of channels.
  GeneratorParam<int> tile_x{"tile_x", 0}, tile_y{"tile_y", 0};  ///< pixels of a block
  GeneratorParam<int> tile_c{"tile_c", 0};  ///< output channels of a block: the next ones make the same slice again
  GeneratorParam<int> shares{"shares", 0};  ///< threads that share a sum

  void configure() {
    input = add_input<Buffer<>>("input", activations::element(types, 0, get_target()), 3);  // c, x, y
    light_weights = add_input<Buffer<>>("light_weights", kept(), 3);                        // c, kx, ky
    light_bias = add_input<Buffer<float, 1>>("light_bias");
    weights = add_input<Buffer<>>("weights", kept(), 5);  // c in tile, input channel, 1, 1, tile
    bias = add_input<Buffer<float, 1>>("bias");
    if (addend) added = add_input<Buffer<>>("added", activations::element(types, 1, get_target()), 3);
    tasks = add_input<int>("tasks");
    result = add_output<Buffer<>>("result", activations::element(types, addend ? 2 : 1, get_target()), 3);
  }

  void generate() {
    choose_tile();
    const Expr width = input->dim(1).extent(), height = input->dim(2).extent();
    RDom r(0, kernel, 0, kernel, "r");
    const Expr sx = x * stride + r.x * dilation - padding, sy = y * stride + r.y * dilation - padding;
    const Expr inside = sx >= 0 && sx < width && sy >= 0 && sy < height;
    const Expr value = activations::number((*input)(c, clamp(sx, 0, width - 1), clamp(sy, 0, height - 1)));
    light_sum(c, x, y) = (*light_bias)(c);
    light_sum(c, x, y) += activations::number((*light_weights)(c, r.x, r.y)) * select(inside, value, 0.0f);
    light(c, x, y) = activate(depthwise_activation, light_sum(c, x, y));
    RDom e(0, in_channels / share, "e");
    sum(c, x, y, u) = 0.0f;
    const Expr from = u * (in_channels / share) + e;
    sum(c, x, y, u) += activations::number((*weights)(c % block_c, from, 0, 0, c / block_c)) * light(from, x, y);
    partial(c, x, y, u) = sum(c, x, y, u);
    Expr v = (*bias)(c);
    for (int i = 0; i < share; ++i) v += partial(c, x, y, i);
    if (addend) v += activations::number((*added)(c, x, y));
    (*result)(c, x, y) = activations::stored(result->type(), activate(activation, v));
    ports();
  }

  void schedule() {
    if (!device::chosen(get_target()))
      throw std::runtime_error("depthwise_separable: a schedule for devices; processors have inverted_residual");
    Func out = *result;
    Var cb("cb"), xb("xb"), yb("yb"), xg("xg"), yg("yg"), t("t");
    out.bound(c, 0, padded_out())
        .split(c, cb, c, block_c)
        .split(c, cq, cv, 4)
        .split(x, xb, xi, block_x, TailStrategy::GuardWithIf)
        .split(y, yb, yi, block_y, TailStrategy::GuardWithIf)
        .split(xi, xg, xi, thread_x / device::divisor(thread_x, share))  // as many threads as have sums, at most
        .split(yi, yg, yi, thread_y)
        .reorder(cv, xi, yi, cq, xg, yg, cb, xb, yb)
        .fuse(cq, xg, t)
        .fuse(t, yg, t)
        .vectorize(cv)
        .unroll(xi)
        .unroll(yi)
        .gpu_blocks(cb, xb, yb)
        .gpu_threads(t);
    partial.compute_at(out, cb)
        .bound_extent(c, block_c)
        .bound_extent(x, block_x)
        .bound_extent(y, block_y)
        .bound(u, 0, share)
        .split(c, cq, cv, 4)
        .split(x, xg, xi, thread_x)
        .split(y, yg, yi, thread_y)
        .reorder(cv, xi, yi, cq, xg, yg, u)
        .fuse(cq, xg, t)
        .fuse(t, yg, t)
        .fuse(t, u, t)
        .vectorize(cv)
        .unroll(xi)
        .unroll(yi)
        .gpu_threads(t);
    sum.compute_at(partial, t)
        .bound_extent(c, 4)
        .bound_extent(x, thread_x)
        .bound_extent(y, thread_y)
        .bound_extent(u, 1)
        .vectorize(c, 4)
        .unroll(x)
        .unroll(y);
    schedule_update();
    schedule_light(out, cb);
  }

 private:
  static constexpr int most_bytes = 32 << 10, most_threads = 256;  // of a block, that every device has

  /// What weights are.
  Type kept() const {
    const std::string& letters = types;
    return letters.find('h') != std::string::npos ? activations::half(get_target()) : Float(32);
  }
  int padded_in() const { return activations::padded(in_channels); }
  int padded_out() const { return activations::padded(channels); }
  /// Four numbers more, so that neighbouring pixels lie in other banks.
  int light_bytes() const { return (padded_in() + 4) * block_x * block_y * 4; }
  int threads_of(int sharing) const { return block_c / 4 * (block_x / thread_x) * (block_y / thread_y) * sharing; }

  /// Small tiles where channels are many: those layers have few pixels, and there should be a block for every
  /// multiprocessor. Output channels are cut only where they are more than 160, so that the depthwise results, nine
  /// multiply-adds each, are made again for at least 80.
  void choose_tile() {
    const int sizes[][2] = {{8, 4}, {8, 2}, {4, 2}, {4, 1}, {2, 1}, {1, 1}};
    for (const auto& [across, down] : sizes) {
      block_x = across;
      block_y = down;
      if (padded_in() * across * down * 4 <= (across * down > 4 ? 10 << 10 : 20 << 10)) break;
    }
    if (tile_x > 0) block_x = tile_x;
    if (tile_y > 0) block_y = tile_y;
    thread_x = device::divisor(block_x, 4);
    thread_y = device::divisor(block_y, 2);
    block_c = tile_c > 0 ? static_cast<int>(tile_c) : 16 * device::divisor(padded_out() / 16, 10);
    if (padded_out() % block_c != 0 || block_c % 16 != 0)
      throw std::runtime_error("depthwise_separable: tile_c is to be a multiple of 16 that divides the channels");
    const auto fits = [&](int n) {
      return threads_of(n) <= most_threads && light_bytes() + block_c * block_x * block_y * n * 4 <= most_bytes;
    };
    share = 1;
    for (int n = 2; n <= 16; ++n)
      if (in_channels % (4 * n) == 0 && in_channels / n >= (threads_of(n) <= 64 ? 16 : 24) && fits(n)) share = n;
    if (shares > 0) share = shares;
    if (in_channels % share != 0 || !fits(share))
      throw std::runtime_error("depthwise_separable: a block of these tiles is too large, or shares do not divide");
  }

  void ports() {
    const auto whole = [](auto& port, int pixel) {
      activations::tensor(port, pixel);
      activations::whole(port, pixel);
    };
    whole(*input, pitch);
    whole(*result, padded_out());
    if (addend) whole(*added, padded_out());
    for (auto* w : {light_weights, weights}) w->set_host_alignment(16);
    result->dim(0).set_bounds(0, padded_out());
    light_weights->dim(0).set_bounds(0, padded_in());
    light_weights->dim(1).set_bounds(0, kernel).set_stride(padded_in());
    light_weights->dim(2).set_bounds(0, kernel).set_stride(padded_in() * kernel);
    light_bias->dim(0).set_bounds(0, padded_in());
    weights->dim(0).set_bounds(0, block_c);
    weights->dim(1).set_bounds(0, in_channels).set_stride(block_c);
    weights->dim(2).set_bounds(0, 1).set_stride(block_c * in_channels);
    weights->dim(3).set_bounds(0, 1).set_stride(block_c * in_channels);
    weights->dim(4).set_bounds(0, padded_out() / block_c).set_stride(block_c * in_channels);
    bias->dim(0).set_bounds(0, padded_out());
  }

  /// A thread's sums; of the depthwise results it reads four channels at once.
  void schedule_update() {
    auto update = sum.update();
    const RVar e = sum.rvars(0)[0];
    if (in_channels / share % 4 != 0) {
      update.reorder(c, x, y, e).vectorize(c, 4).unroll(x).unroll(y);
      return;
    }
    RVar eo("eo"), ei("ei");
    update.split(e, eo, ei, 4).reorder(c, x, y, ei, eo).vectorize(c, 4).unroll(x).unroll(y).unroll(ei);
    light.in(sum)
        .compute_at(sum, eo)
        .bound_extent(c, 4)
        .bound_extent(x, thread_x)
        .bound_extent(y, thread_y)
        .vectorize(c, 4)
        .unroll(x)
        .unroll(y);
  }

  /// The depthwise results of a block: a thread has four channels of some pixels of a row at a time.
  void schedule_light(Func& out, const Var& block) {
    const int rows = block_y * (block_x / thread_x), quads = padded_in() / 4;
    const int beside = device::divisor(quads, std::max(1, std::max(128, threads_of(share)) / rows));
    Var co("co"), xg("xg"), all("all");
    light.compute_at(out, block)
        .bound(c, 0, padded_in())
        .bound_extent(x, block_x)
        .bound_extent(y, block_y)
        .bound_storage(c, padded_in() + 4)
        .split(c, cq, cv, 4)
        .split(cq, co, cq, beside)
        .split(x, xg, xi, thread_x)
        .reorder(cv, xi, co, cq, xg, y)
        .fuse(cq, xg, all)
        .fuse(all, y, all)
        .vectorize(cv)
        .unroll(xi)
        .gpu_threads(all);
    light_sum.compute_at(light, co).bound_extent(c, 4).bound_extent(x, thread_x).vectorize(c, 4).unroll(x);
    const auto rv = light_sum.rvars(0);
    light_sum.update().reorder(c, x, rv[0], rv[1]).vectorize(c, 4).unroll(x).unroll(rv[0]).unroll(rv[1]);
  }

  Input<Buffer<>>*input = nullptr, *light_weights = nullptr, *weights = nullptr, *added = nullptr;
  Input<Buffer<float, 1>>*light_bias = nullptr, *bias = nullptr;
  Input<int>* tasks = nullptr;
  Output<Buffer<>>* result = nullptr;
  Var c{"c"}, x{"x"}, y{"y"}, u{"u"}, cq{"cq"}, cv{"cv"}, xi{"xi"}, yi{"yi"};
  Func light_sum{"light_sum"}, light{"light"}, sum{"sum"}, partial{"partial"};
  int block_x = 0, block_y = 0, block_c = 0, thread_x = 0, thread_y = 0, share = 1;
};

}  // namespace

HALIDE_REGISTER_GENERATOR(DepthwiseSeparable, hairline_depthwise_separable)

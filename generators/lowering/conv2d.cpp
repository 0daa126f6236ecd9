#include <Halide.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "lowering/dense_conv.hpp"
#include "lowering/device.hpp"
#include "lowering/register_tile.hpp"

namespace {
using namespace Halide;

/// Dense 2-D convolution on activations of c, x, y (channels innermost, padded to 16 with zeros), zero padded, with
/// bias, an optional addend and an activation. The input may be several values side by side, each of which may be
/// brought to the input's size by a bilinear resize first; neither the resized value nor the concatenation is ever in
/// memory as a whole: rows of it are made as the strip moves down.
class Conv2d : public DenseConv<Conv2d> {
 public:
  // Schedule knobs.
  GeneratorParam<int> tile_c{"tile_c", 0};  ///< channels of a register tile; 0: chosen for the machine's registers
  GeneratorParam<int> tile_x{"tile_x", 0};  ///< pixels of a register tile
  GeneratorParam<int> unroll_in{"unroll_in", 1};
  GeneratorParam<bool> stage_1x1{"stage_1x1", false};
  GeneratorParam<bool> warp{"warp", false};  ///< devices: 32 lanes of a block hold the sums of a tile in registers
  GeneratorParam<int> rows_inside{"rows_inside", -1};  ///< of 1x1: tiles of channels outermost; -1: for many weights
  GeneratorParam<int> span{"span", 0};                 ///< tiles of a row that pass for each tile of channels; 0: all
  GeneratorParam<int> pairs{"pairs",
                            -1};  ///< bfloat16 products, two inputs at once; -1: if the first value is bfloat16

  // Weights: c in tile, input channel, kx, ky, tile; bfloat16: both of a pair of inputs for each c, pair, kx, ky, tile.
  void configure() { add_ports(kept()); }

  void generate() {
    choose_tile();
    if (staging()) input.define(inputs, *width, *height, false, kept());
    Expr v = narrow() ? sum_of_pairs() : sum(), at_x = x, at_y = y;
    if (by_phases()) {
      const Expr columns = result->dim(1).extent(), rows = result->dim(2).extent();
      at_x = unsafe_promise_clamped(column() * dilation + phase[2], 0, columns - 1);
      at_y = unsafe_promise_clamped(row() * dilation + phase[4], 0, rows - 1);
    }
    if (by_phases()) (*result)(c, x, y) = undef(result->type());
    (*result)(c, at_x, at_y) = finished(v, at_x, at_y);
    ports();
  }

  void schedule() {
    if (by_warps()) return schedule_warps();
    if (on_device()) return schedule_device();
    const int lanes = natural_vector_size<float>();
    Func out = *result;
    // To the nearest: a small rest makes one strip more, a large one all of them longer.
    const Expr rows = (out.output_buffer().dim(2).extent() + *tasks / 2) / *tasks;
    out.bound(c, 0, padded())
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
      if (narrow()) order.insert(order.begin(), rv[0]);
      order.insert(order.end(), rv.begin() + (narrow() ? 1 : 0), rv.end());
      update.reorder(order);
      if (narrow()) update.atomic().vectorize(rv[0]);
      update.vectorize(c, lanes, TailStrategy::RoundUp).unroll(c).unroll(x);
      if (unroll_in > 1) update.unroll(rv[narrow() ? 1 : 0], unroll_in);
    }
    if (narrow()) conv.bound(c, 0, block_c).bound_extent(tile, 1);
    if (staging()) {
      if (rows_inside > 0) throw std::runtime_error("conv2d: rows_inside is for inputs that are read where they lie");
      int kept = 1;  // rows that a row of the result reads: only they are in memory
      while (kept < (kernel - 1) * dilation + 1) kept *= 2;
      input.staged.store_at(out, yo).compute_at(out, yi).fold_storage(input.y, kept);
      input.schedule(lanes, input.plain());
    }
  }

 private:
  Expr sum() {
    if (by_warps()) return sum_by_warps();
    conv(c, x, y) = (*bias)(c);
    if (apart()) {  // a sum for each part, which is read where it lies
      for (std::size_t i = 0; i < input.parts.size(); ++i) {
        RDom r(0, input.parts[i].channels, "r" + std::to_string(i));
        const Expr weight = activations::number((*weights)(c % block_c, input.parts[i].offset + r, 0, 0, c / block_c));
        const Expr value = (*inputs[i])(r, clamp(x * stride, 0, *width - 1), y * stride);
        conv(c, x, y) += weight * activations::number(value);
      }
      return conv(c, x, y);
    }
    RDom r(0, input.total(), 0, kernel, 0, kernel, "r");
    const Expr sx = x * stride + r[1] * dilation - padding, sy = y * stride + r[2] * dilation - padding;
    Expr value;
    if (staging()) {
      value = activations::number(input.staged(r[0], sx, sy));
    } else {  // on a device
      const Expr inside = sx >= 0 && sx < *width && sy >= 0 && sy < *height;
      value = activations::number((*inputs[0])(r[0], clamp(sx, 0, *width - 1), clamp(sy, 0, *height - 1)));
      if (padding > 0) value = select(inside, value, 0.0f);
    }
    conv(c, x, y) += activations::number((*weights)(c % block_c, r[0], r[1], r[2], c / block_c)) * value;
    return conv(c, x, y);
  }

  /// Where it is dilated, the picture is taken apart into phases: the pixels whose x and y leave px and py when divided
  /// by the dilation. Numbered within its phase, a pixel's taps lie side by side.
  Expr sum_by_warps() {
    RDom r(0, input.total(), 0, kernel, 0, kernel, "r");
    const Expr sx = x * dilation + px - padding, sy = y * dilation + py - padding;
    const Expr cx = clamp(sx, 0, *width - 1), cy = clamp(sy, 0, *height - 1);
    const Expr inside = sx >= 0 && sx < *width && sy >= 0 && sy < *height;
    const Expr there = staging() ? Expr(input.staged(c, cx, cy)) : Expr((*inputs[0])(c, cx, cy));
    patch(c, x, y, px, py) = select(inside, activations::number(there), 0.0f);
    conv(c, x, y, px, py) = (*bias)(c);
    conv(c, x, y, px, py) += activations::number((*weights)(c % block_c, r[0], r[1], r[2], c / block_c)) *
                             patch(r[0], x * stride + r[1], y * stride + r[2], px, py);
    if (!by_phases()) return conv(c, x, y, 0, 0);
    const Expr columns = result->dim(1).extent(), rows = result->dim(2).extent();
    const auto tiles = [&](const Expr& side, int tile) { return (side + dilation * tile - 1) / (dilation * tile); };
    const Expr across = min(dilation, columns), down = min(dilation, rows);  // phases that there are
    // In the order of the loops: Halide does not exchange those of a reduction.
    phase = RDom(0, block_x, 0, warp_rows(), 0, across, 0, tiles(columns, block_x), 0, down, 0,
                 tiles(rows, warp_rows()), "phase");
    // Neither is negative; were it said so, bounds of the phases would be drawn from it.
    phase.where(((columns - 1 - column() * dilation - phase[2]) | (rows - 1 - row() * dilation - phase[4])) >= 0);
    return conv(c, column(), row(), phase[2], phase[4]);
  }

  /// Two input channels at a time, as the machine's bfloat16 instructions take them; sums are float.
  Expr sum_of_pairs() {
    if (on_device()) throw std::runtime_error("conv2d: bfloat16 pairs are for CPUs");
    conv(c, x, y, tile) = (*bias)(c + tile * block_c);
    const auto add = [&](const Expr& weight, const Expr& value) {
      conv(c, x, y, tile) += cast<float>(weight) * cast<float>(value);
    };
    if (apart()) {
      for (std::size_t i = 0; i < input.parts.size(); ++i) {
        RDom r(0, 2, 0, pairs_of(input.parts[i].channels), "r" + std::to_string(i));
        add((*weights)(2 * c + r[0], input.parts[i].offset / 2 + r[1], 0, 0, tile),
            (*inputs[i])(2 * r[1] + r[0], clamp(x * stride, 0, *width - 1), y * stride));
      }
    } else {
      RDom r(0, 2, 0, pairs_of(input.total()), 0, kernel, 0, kernel, "r");
      const Expr sx = x * stride + r[2] * dilation - padding, sy = y * stride + r[3] * dilation - padding;
      add((*weights)(2 * c + r[0], r[1], r[2], r[3], tile), input.staged(2 * r[1] + r[0], sx, sy));
    }
    return conv(c % block_c, x, y, c / block_c);
  }

  void ports() {
    describe_ports(on_device());
    const int numbers = narrow() ? 2 * block_c : block_c, rows = narrow() ? pairs_of(input.total()) : input.total();
    describe_weights(numbers, rows, kernel, kernel, padded() / block_c);
    if (!on_device()) return;
    activations::whole(*result, padded());
    if (addend && channels % 16 == 0) activations::whole(*added, padded());
    for (std::size_t i = 0; i < input.parts.size(); ++i)
      if (input.parts[i].channels == input.parts[i].pitch) activations::whole(*inputs[i], input.parts[i].pitch);
    weights->set_host_alignment(16);
  }

  /// A thread has four channels of a few pixels; the threads of a block that share their pixels read one input
  /// together.
  void schedule_device() {
    const int threads = device::divisor(padded() / 4, 16);
    Func out = *result;
    Var cb{"cb"}, ct{"ct"}, xb{"xb"}, xt{"xt"};
    out.bound(c, 0, padded())
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

  /// A block is one warp: each lane has one or two channels of every pixel of a tile, all of their sums in its
  /// registers. Sixteen input channels of the pixels that the tile reads are brought to shared memory together, then
  /// every sum is advanced by all taps of a few channels; inputs are broadcasts, weights neighbours in memory. On CUDA
  /// the loop over lanes may lie inside of the reduction and still leave the sums in registers; elsewhere (tests run
  /// that) they are in shared memory.
  void schedule_warps() {
    const bool cuda = get_target().has_feature(Target::CUDA);
    const int side = warp_rows(), at_once = kernel == 1 ? 4 : 2;
    Func out = *result;
    Var lane("lane"), pair("pair"), xb("xb"), yb("yb"), yi("yi"), columns("columns"), quads("quads"), all("all"),
        single("single");
    const auto lanes = [&](auto stage, const Var& v) { cuda ? stage.gpu_lanes(v) : stage.gpu_threads(v); };
    out.bound(c, 0, padded());
    const auto share_out = [&](Stage stage, const VarOrRVar& bx, const VarOrRVar& by, const VarOrRVar& ix,
                               const VarOrRVar& iy) {
      stage.split(c, co, ci, block_c).split(ci, pair, lane, 32).reorder({pair, ix, iy, lane, bx, by, co});
      lanes(stage.unroll(pair).unroll(ix).unroll(iy).gpu_blocks(bx, by, co), lane);
    };
    RVar rxb("rxb"), ryb("ryb");
    if (by_phases()) {
      out.gpu_blocks(x, y);  // where there is nothing to do: else the result would have to be in the host's memory
      Stage all_phases = out.update();
      all_phases
          .allow_race_conditions()  // each pixel is in one phase
          .fuse(phase[2], phase[3], rxb)
          .fuse(phase[4], phase[5], ryb);
      share_out(all_phases, rxb, ryb, phase[0], phase[1]);
    } else {
      out.split(x, xb, xi, block_x, TailStrategy::GuardWithIf).split(y, yb, yi, side, TailStrategy::GuardWithIf);
      share_out(out, xb, yb, xi, yi);
    }
    const LoopLevel block = by_phases() ? LoopLevel(out, rxb) : LoopLevel(out, xb);
    conv.compute_at(block).bound_extent(c, block_c).bound_extent(x, block_x).bound_extent(y, side);
    conv.bound_extent(px, 1).bound_extent(py, 1);
    if (cuda) conv.store_in(MemoryType::Register);
    conv.split(c, pair, lane, 32).reorder(pair, x, y, lane).unroll(pair).unroll(x).unroll(y);
    lanes(conv, lane);
    auto update = conv.update();
    const auto rv = conv.rvars(0);
    RVar outer("outer"), inner("inner"), few("few");
    update.split(c, pair, lane, 32).split(rv[0], outer, inner, 16).split(inner, inner, few, at_once);
    update.reorder(few, pair, x, y, rv[1], rv[2], lane, inner, outer);
    update.unroll(few).unroll(pair).unroll(x).unroll(y).unroll(rv[1]).unroll(rv[2]);
    lanes(update, lane);
    // Sixteen channels of four pixels are 32 pairs: one for each lane.
    const int reach_x = (block_x - 1) * stride + kernel, reach_y = (side - 1) * stride + kernel;
    patch.compute_at(conv, outer)
        .bound_extent(c, 16)
        .bound_extent(x, ConvInput::round_up(reach_x, 4))
        .bound_extent(y, reach_y)
        .vectorize(c, 2)
        .split(x, columns, quads, 4)
        .fuse(c, quads, all)
        .reorder(columns, y, all)
        .unroll(columns)
        .unroll(y);
    lanes(patch, all);
    // Halide 21 puts no barriers into blocks that have lanes alone, as if lanes could not drift apart; one more axis,
    // of a single thread, makes it.
    if (cuda) patch.split(y, y, single, 1).reorder(columns, y, all, single).gpu_threads(single);
    if (staging()) input.schedule_device();
  }

  Func patch{"patch"};
  Var tile{"tile"}, co{"co"}, ci{"ci"}, xo{"xo"}, xi{"xi"}, xs{"xs"}, yo{"yo"}, yi{"yi"}, px{"px"}, py{"py"};
  RDom phase;  // column and row in a tile, phase and tile of columns, phase and tile of rows
  Func conv{"conv"};
  int block_c = 0, block_x = 0;

  bool on_device() const { return device::chosen(get_target()); }
  bool narrow() const { return pairs >= 0 ? pairs > 0 : element(0) == BFloat(16); }
  /// What weights are, and values that are joined before.
  Type kept() const {
    const std::string& letters = types;
    if (letters.find('h') != std::string::npos) return activations::half(get_target());
    return narrow() ? BFloat(16) : Float(32);
  }
  /// Of a value's channels, or of all.
  static int pairs_of(int channels) { return (channels + 1) / 2; }
  /// Whether nothing has to be joined, resized, bordered or rounded.
  bool apart() const {
    if (kernel != 1 || padding != 0 || input.resizes() || stage_1x1 || by_warps()) return false;
    for (std::size_t i = 0; i < input.parts.size() && narrow(); ++i)
      if (element(i) != BFloat(16)) return false;
    return true;
  }
  bool staging() const { return !apart() && !(on_device() && input.plain()); }
  /// Where whole warps have work: channels in 32s, input channels in 16s, and pixels that lie close together, if only
  /// within a phase.
  bool by_warps() const {
    return on_device() && warp && padded() % 32 == 0 && input.total() % 16 == 0 &&
           (dilation == 1 || (stride == 1 && kernel > 1));
  }
  bool by_phases() const { return by_warps() && dilation > 1; }
  /// Of a pixel within its phase.
  Expr column() const { return phase[3] * block_x + phase[0]; }
  Expr row() const { return phase[5] * warp_rows() + phase[1]; }
  /// Pixels of a warp's tile. Dilated layers are deep and their phases small: at 30x17 they are 15x9 with a dilation of
  /// 2, 10x6 with 3 and 5x3 with 6.
  int warp_columns() const { return kernel == 1 || stride > 1 ? 4 : 5; }
  int warp_rows() const { return dilation > 1 ? 3 : warp_columns(); }

  /// Whether a tile's weights pass once for a whole strip, and tiles are shared out too: pays where all weights
  /// together do not fit the first-level cache.
  bool channels_outermost() const {
    if (staging()) return false;
    if (span > 0) return false;
    const int floats = input.total() * padded();
    return rows_inside >= 0 ? rows_inside > 0 : floats > 12 << 10;
  }

  void choose_tile() {
    if (by_warps()) {
      block_c = kernel == 1 && padded() % 64 == 0 ? 64 : 32;
      block_x = warp_columns();
      return;
    }
    if (on_device()) {
      block_c = tile_c == 0 ? 16 : static_cast<int>(tile_c);
      block_x = tile_x == 0 ? 4 : static_cast<int>(tile_x);
      return;
    }
    const RegisterTile tile = register_tile(get_target(), padded(), tile_c, tile_x);
    block_c = tile.c;
    block_x = tile.x;
  }
};

}  // namespace

HALIDE_REGISTER_GENERATOR(Conv2d, hairline_conv2d)

#include <Halide.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "lowering/bilinear.hpp"
#include "lowering/device.hpp"
#include "lowering/layout.hpp"

namespace {
using namespace Halide;

/// The full-resolution result in one pass over the picture: coarse alpha and residual resized bilinearly to the padded
/// size, the residual added to the picture, both clamped to [0,1], in any pixel type and layout. Also the composite
/// over a backdrop if wanted (strides of 0 make a single colour of it).
///
/// Results are a tuple, since only so one loop writes them all: foreground, alpha, composite. Alpha therefore has a
/// third axis like the others; its stride is 0.
class Finish : public Generator<Finish> {
 public:
  GeneratorParam<int> pitch{"pitch", 48};  ///< of the coarse buffer
  GeneratorParam<int> alpha_at{"alpha_at", 0}, residual_at{"residual_at", 1};
  GeneratorParam<bool> over{"over", false};                  ///< with a composite
  GeneratorParam<bool> refined{"refined", false};            ///< devices: refined cells are taken from their patches
  GeneratorParam<Type> colour_type{"colour_type", UInt(8)};  ///< of foreground and composite
  GeneratorParam<Type> alpha_type{"alpha_type", UInt(8)};    ///<
  GeneratorParam<Type> backdrop_type{"backdrop_type", UInt(8)};  ///<

  // Schedule knobs.
  GeneratorParam<int> vectors{"vectors", 1};
  GeneratorParam<bool> pack{"pack", true};  ///< the four channels copied out of the coarse buffer first

  Input<Buffer<void, 3>> picture{"picture"};                                // x, y, c
  Input<Buffer<float, 3>> coarse{"coarse"};                                 // c, x, y, activated: alpha in [0,1]
  Input<int> padded_width{"padded_width"}, padded_height{"padded_height"};  // what coarse is resized to
  Input<int> tasks{"tasks"};                                                // strips of rows worked on at a time
  Output<Func> result{"result"};                                            // x, y, c: foreground, alpha, composite

  void configure() {
    if (over) backdrop = add_input<Buffer<>>("backdrop", backdrop_type, 3);  // x, y, c
    if (refined) {
      slot = add_input<Buffer<int32_t, 2>>("slot");      // cell's column, row: as hairline_select_cells says
      squares = add_input<Buffer<float, 4>>("squares");  // c (alpha, residual), x, y, square of 4x4 cells
      singles = add_input<Buffer<float, 4>>("singles");  // the same, cell
      share = add_input<Buffer<float, 2>>("share");      // cell's column, row: how much of its patch counts
    }
  }

  void generate() {
    const BilinearAxis across("across", coarse.dim(1).extent(), padded_width);
    const BilinearAxis down("down", coarse.dim(2).extent(), padded_height);
    tables = {across.first, across.second, across.part, down.first, down.second, down.part};
    // Two rows make one, at the coarse width and a pixel beyond on both sides; then two of its pixels make one.
    const int a = alpha_at, r = residual_at;
    const Expr channel = r == a + 1 ? c + a : select(c == 0, a, max(c, 1) - 1 + r);
    const Expr in = coarse.dim(1).extent();
    packed(c, x, y) = coarse(channel, x, y);
    const Expr px = clamp(x, 0, in - 1);
    const Expr upper = packed(c, px, down.first(y)), lower = packed(c, px, down.second(y));
    blended(c, x, y) = upper + down.part(y) * (lower - upper);
    Expr first = across.first(x), second = across.second(x), part = across.part(x);
    for (int ratio : ratios) {  // known neighbours: pixels that share them load them once
      const Expr whole = padded_width == ratio * in, index = (x + ratio / 2) / ratio - 1;
      first = select(whole, unsafe_promise_clamped(index, -1, in - 1), first);
      second = select(whole, unsafe_promise_clamped(index + 1, 0, in), second);
      part = select(whole, cast<float>(2 * ((x + ratio / 2) % ratio) + 1) * (0.5f / ratio), part);
    }
    const Expr left = blended(c, first, y), right = blended(c, second, y);
    resized(c, x, y) = left + part * (right - left);

    const auto coarse_or_refined = [&](const Expr& k) { return refined ? patched(k) : Expr(resized(k, x, y)); };
    const Expr pha = clamp(coarse_or_refined(0), 0.0f, 1.0f);
    const Expr fgr = clamp(unit(picture(x, y, c)) + coarse_or_refined(c + 1), 0.0f, 1.0f);
    std::vector<Expr> all = {stored(colour_type, fgr), stored(alpha_type, pha)};
    if (over) all.push_back(stored(colour_type, pha * fgr + (1.0f - pha) * unit((*backdrop)(x, y, c))));
    result(x, y, c) = Tuple(all);

    layout::picture(picture, 3);
    if (over) layout::picture(*backdrop, 3);
    auto ports = Func(result).output_buffers();
    layout::picture(ports[0], 3);  // the others have its sizes
    for (std::size_t i = 1; i < ports.size(); ++i) ports[i].dim(0).set_stride(Expr());
    coarse.dim(0).set_stride(1).set_min(0);
    coarse.dim(1).set_stride(pitch).set_min(0);
    coarse.dim(2).set_min(0);
    if (!refined) return;
    slot->dim(0).set_min(0);
    slot->dim(1).set_min(0);
    share->dim(0).set_min(0);
    share->dim(1).set_min(0);
    for (const auto& [list, side] : {std::pair{squares, 16}, {singles, 4}}) {
      list->dim(0).set_bounds(0, 4);
      list->dim(1).set_bounds(0, side).set_stride(4);
      list->dim(2).set_bounds(0, side).set_stride(4 * side);
      list->dim(3).set_min(0).set_stride(4 * side * side);
    }
  }

  void schedule() {
    Func out = result;
    if (device::chosen(get_target())) {
      Var xb("xb"), yb("yb"), xt("xt"), yt("yt");
      out.bound(c, 0, 3).reorder(c, x, y).unroll(c);
      out.gpu_tile(x, y, xb, yb, xt, yt, 16, 4, TailStrategy::GuardWithIf);
      return;
    }
    for (Func table : tables) table.compute_root();
    const int step = vectors * natural_vector_size<float>();
    const std::vector<OutputImageParam> ports = out.output_buffers();
    const Expr rows = max((ports[0].dim(1).extent() + tasks - 1) / max(tasks, 1), 1);
    out.bound(c, 0, 3).reorder(c, x, y).unroll(c).split(y, yo, yi, rows, TailStrategy::GuardWithIf).parallel(yo);
    const Expr single = layout::rows(ports[1]) && ports[1].dim(2).stride() == 0;
    for (int planar : {0, 1}) {
      const auto fits = [&](auto& port) { return planar ? layout::rows(port) : layout::interleaved(port, 3); };
      Expr dense = single && fits(picture) && fits(ports[0]);
      if (over) dense = dense && fits(ports[2]) && fits(*backdrop);
      out.specialize(dense).vectorize(x, step, TailStrategy::GuardWithIf);
    }
    if (pack)
      packed.compute_root()
          .bound(c, 0, 4)
          .vectorize(c)
          .unroll(x, 4, TailStrategy::GuardWithIf)
          .parallel(y, 16, TailStrategy::GuardWithIf);
    for (Func f : {blended, resized}) f.compute_at(out, yi).hoist_storage(out, yo).bound(c, 0, 4).vectorize(c);
    if (pack) blended.unroll(x, 4);
    for (auto ratio = std::rbegin(ratios); ratio != std::rend(ratios); ++ratio)
      resized.specialize(padded_width == *ratio * coarse.dim(1).extent()).unroll(x, *ratio, TailStrategy::RoundUp);
  }

 private:
  static constexpr int ratios[] = {2, 8, 4};  // the last is asked for first
  Var x{"x"}, y{"y"}, c{"c"}, yo{"yo"}, yi{"yi"};
  Func packed{"packed"}, blended{"blended"}, resized{"resized"};
  Input<Buffer<>>* backdrop = nullptr;
  Input<Buffer<int32_t, 2>>* slot = nullptr;
  Input<Buffer<float, 4>>*squares = nullptr, *singles = nullptr;
  Input<Buffer<float, 2>>* share = nullptr;
  std::vector<Func> tables;

  /// A channel of the patch that refined this pixel's cell, mixed with the coarse one, or that alone. Squares lie on a
  /// grid of 4x4 cells, moved in where they would reach over the edge.
  Expr patched(const Expr& k) {
    const Expr cx = x / 4, cy = y / 4, columns = slot->dim(0).extent(), rows = slot->dim(1).extent();
    const Expr column = unsafe_promise_clamped(cx, 0, columns - 1), row = unsafe_promise_clamped(cy, 0, rows - 1);
    const Expr at = (*slot)(column, row), part = (*share)(column, row), base = resized(k, x, y);
    const Expr left = min(4 * (cx / 4), columns - 4), top = min(4 * (cy / 4), rows - 4);
    const auto inside = [](const Expr& v, const Expr& extent) { return clamp(v, 0, extent - 1); };
    const Expr square =
        (*squares)(k, inside(x - 4 * left, 16), inside(y - 4 * top, 16), inside(-1 - at, squares->dim(3).extent()));
    const Expr single = (*singles)(k, x % 4, y % 4, inside(at - 1, singles->dim(3).extent()));
    const Expr patch = select(at > 0, single, square);
    return select(at == 0, base, part < 1.0f, base + part * (patch - base), patch);
  }

  static float full(Type t) { return t.bits() == 8 ? 255.0f : 65535.0f; }
  static Expr unit(const Expr& v) { return v.type().is_float() ? v : cast<float>(v) * (1.0f / full(v.type())); }
  /// From [0,1], rounded to nearest as everywhere; NaN, which compares false, gives 0.
  static Expr stored(Type to, const Expr& v) {
    if (to.is_float()) return v;
    const Expr scaled = strict_float(strict_float(v * full(to)) + 0.5f);
    return select(v > 0.0f, cast(to, scaled), cast(to, 0));
  }
};

}  // namespace

HALIDE_REGISTER_GENERATOR(Finish, hairline_finish)

#include <Halide.h>

#include "lowering/layout.hpp"

namespace {
using namespace Halide;

/// Bilinear resize, align_corners = false: source coordinate (x + 1/2) * in/out - 1/2, not below 0, the second
/// neighbour not beyond the last pixel; no antialiasing.
class ResizeBilinear : public Generator<ResizeBilinear> {
 public:
  GeneratorParam<int> channels{"channels", 3};

  Input<Buffer<float, 3>> source{"source"};   // x, y, c
  Output<Buffer<float, 3>> result{"result"};  // x, y, c

  // Schedule knobs.
  GeneratorParam<int> vectors{"vectors", 1};
  GeneratorParam<int> task_rows{"task_rows", 16};

  void generate() {
    const Axis across(x, "x", source.dim(0).extent(), result.dim(0).extent(), x_first, x_part);
    const Axis down(y, "y", source.dim(1).extent(), result.dim(1).extent(), y_first, y_part);
    // Two rows make one, at the source's width; then two of its pixels make one.
    const Expr upper = source(x, down.first, c), lower = source(x, down.second, c);
    blended(x, y, c) = upper + down.part * (lower - upper);
    const Expr left = blended(across.first, y, c), right = blended(across.second, y, c);
    result(x, y, c) = left + across.part * (right - left);
    layout::picture(source, channels);
    layout::picture(result, channels);
    source.set_estimates({{0, 1920}, {0, 1080}, {0, channels}});
    result.set_estimates({{0, 480}, {0, 270}, {0, channels}});
  }

  void schedule() {
    if (using_autoscheduler()) return;
    result.bound(c, 0, channels).reorder(c, x, y).unroll(c);
    if (get_target().has_gpu_feature()) {
      result.gpu_tile(x, y, xi, yi, 32, 8, TailStrategy::GuardWithIf);
      return;  // coordinates and rows are computed where they are needed
    }
    for (Func table : {x_first, x_part, y_first, y_part}) table.compute_root();
    const int step = vectors * natural_vector_size<float>();
    result.split(y, yo, y, task_rows, TailStrategy::GuardWithIf).parallel(yo);
    blended.compute_at(result, y).reorder(c, x).unroll(c);
    // Whole ratios, as the networks use them, need no gather.
    const Expr in = source.dim(0).extent(), out = result.dim(0).extent();
    const bool one = channels == 1;
    for (Expr dense : one ? std::vector<Expr>{layout::rows(source)}
                          : std::vector<Expr>{layout::interleaved(source, channels), layout::reversed(source, channels),
                                              layout::rows(source)})
      blended.specialize(dense).vectorize(x, step, TailStrategy::GuardWithIf);
    const Expr usual = one ? layout::rows(result) : layout::interleaved(result, channels);
    for (int ratio : down_ratios)
      result.specialize(usual && in == ratio * out).vectorize(x, step, TailStrategy::GuardWithIf);
    result.specialize(usual && out == 2 * in)
        .split(x, x, xi, 2, TailStrategy::GuardWithIf)
        .reorder(c, xi, x, y)
        .unroll(xi)
        .vectorize(x, step, TailStrategy::GuardWithIf);
    result.specialize(usual).vectorize(x, step, TailStrategy::GuardWithIf);
    if (!one) result.specialize(layout::rows(result)).vectorize(x, step, TailStrategy::GuardWithIf);
  }

 private:
  static constexpr int down_ratios[] = {2, 4};
  Var x{"x"}, y{"y"}, c{"c"}, yo{"yo"}, xi{"xi"}, yi{"yi"};
  Func x_first{"x_first"}, x_part{"x_part"}, y_first{"y_first"}, y_part{"y_part"}, blended{"blended"};

  /// Where an axis of the result looks in the source. Worked out in integers, so it is exact at every size:
  /// the coordinate is ((2 x + 1) in - out) / (2 out).
  struct Axis {
    Expr first, second, part;
    Axis(const Var& v, const std::string&, const Expr& in, const Expr& out, Func& first_of, Func& part_of) {
      const Expr in64 = cast<int64_t>(in), out64 = cast<int64_t>(out);
      const Expr twice = max((2 * cast<int64_t>(v) + 1) * in64 - out64, cast<int64_t>(0));
      const Expr whole = twice / (2 * out64);
      first_of(v) = cast<int>(whole);
      part_of(v) = cast<float>(twice - whole * 2 * out64) / cast<float>(2 * out64);
      Expr index = first_of(v);
      part = part_of(v);
      for (int ratio : down_ratios) {  // in = ratio * out: always midway between two neighbours
        index = select(in == ratio * out, ratio * v + (ratio / 2 - 1), index);
        part = select(in == ratio * out, 0.5f, part);
      }
      // out = 2 * in: a quarter and three quarters in turns. At the left border both neighbours are the first pixel.
      index = select(out == 2 * in, (v - 1) / 2, index);
      part = select(out == 2 * in, select(v % 2 == 0, 0.75f, 0.25f), part);
      // In range by construction, which the compiler cannot see.
      first = unsafe_promise_clamped(max(likely(index), 0), 0, in - 1);
      second = unsafe_promise_clamped(min(likely(index + 1), in - 1), 0, in - 1);
    }
  };
};

}  // namespace

HALIDE_REGISTER_GENERATOR(ResizeBilinear, hairline_resize_bilinear)

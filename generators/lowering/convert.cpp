#include <Halide.h>

#include "lowering/layout.hpp"

namespace {
using namespace Halide;

/// Changes pixel type and memory layout: integers are v / max in [0,1], back with rounding.
class Convert : public Generator<Convert> {
 public:
  GeneratorParam<int> channels{"channels", 1};

  Input<Buffer<void, 3>> source{"source"};   // x, y, c
  Output<Buffer<void, 3>> result{"result"};  // x, y, c

  // Schedule knobs.
  GeneratorParam<int> vectors{"vectors", 1};       // width of a step, in vectors of the wider type
  GeneratorParam<int> task_rows{"task_rows", 32};  // rows per parallel task

  void generate() {
    const Type from = source.type(), to = result.type();
    Expr value = source(x, y, c);
    if (from.is_uint() && to.is_float()) {
      value = strict_float(cast<float>(value) / full(from));
    } else if (from.is_float() && to.is_uint()) {
      // Written so that NaN, which compares false, gives 0; the product is rounded before the half is added.
      Expr scaled = strict_float(strict_float(min(value, 1.0f) * full(to)) + 0.5f);
      value = select(value > 0.0f, cast(to, scaled), cast(to, 0));
      value = cast(to, value);
    }
    result(x, y, c) = value;
    layout::picture(source, channels);
    layout::picture(result, channels);
    source.set_estimates({{0, 1920}, {0, 1080}, {0, channels}});
    result.set_estimates({{0, 1920}, {0, 1080}, {0, channels}});
  }

  void schedule() {
    if (using_autoscheduler()) return;
    result.bound(c, 0, channels).reorder(c, x, y).unroll(c);
    if (get_target().has_gpu_feature()) {
      result.gpu_tile(x, y, xi, yi, 32, 8, TailStrategy::GuardWithIf);
      return;
    }
    result.split(y, yo, y, task_rows, TailStrategy::GuardWithIf).parallel(yo);
    const int step = vectors * std::min(natural_vector_size(source.type()), natural_vector_size(result.type()));
    if (channels == 1) {
      result.specialize(layout::rows(source) && layout::rows(result)).vectorize(x, step, TailStrategy::GuardWithIf);
    } else {
      // Equal layouts never come here: the caller sees them as one channel of longer rows.
      for (Expr from : {layout::interleaved(source, channels), layout::reversed(source, channels)})
        result.specialize(from && layout::rows(result)).vectorize(x, step, TailStrategy::GuardWithIf);
      for (Expr from : {layout::rows(source), layout::reversed(source, channels)})
        result.specialize(from && layout::interleaved(result, channels)).vectorize(x, step, TailStrategy::GuardWithIf);
    }
  }

 private:
  static Expr full(Type t) { return t.bits() == 8 ? 255.0f : 65535.0f; }
  Var x{"x"}, y{"y"}, c{"c"}, yo{"yo"}, xi{"xi"}, yi{"yi"};
};

}  // namespace

HALIDE_REGISTER_GENERATOR(Convert, hairline_convert)

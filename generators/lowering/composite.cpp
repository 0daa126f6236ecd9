#include <Halide.h>

#include "lowering/layout.hpp"

namespace {
using namespace Halide;

/// alpha * foreground + (1 - alpha) * background, in one pass whatever the types.
class Composite : public Generator<Composite> {
 public:
  GeneratorParam<int> channels{"channels", 3};

  Input<Buffer<void, 3>> foreground{"foreground"};  // x, y, c
  Input<Buffer<void, 2>> alpha{"alpha"};            // x, y
  Input<Buffer<void, 3>> background{"background"};  // x, y, c
  Output<Buffer<void, 3>> result{"result"};         // x, y, c

  // Schedule knobs.
  GeneratorParam<int> vectors{"vectors", 1};
  GeneratorParam<int> task_rows{"task_rows", 32};

  void generate() {
    Expr f = foreground(x, y, c), b = background(x, y, c), a = alpha(x, y);
    if (foreground.type().is_float()) {
      result(x, y, c) = a * f + (1.0f - a) * b;
    } else if (alpha.type().is_uint()) {
      // Exact: n / 255 rounded to nearest is (t + t/256) / 256 with t = n + 128, for every n up to 255 * 255.
      Expr t = cast<uint16_t>(a) * f + cast<uint16_t>(255 - a) * b + cast<uint16_t>(128);
      result(x, y, c) = cast<uint8_t>((t + (t >> 8)) >> 8);
    } else {
      // An alpha outside [0,1] is clamped, NaN counts as 0: eight bits have no room for anything else.
      Expr clamped = select(a > 0.0f, min(a, 1.0f), 0.0f);
      result(x, y, c) = cast<uint8_t>(clamped * f + (1.0f - clamped) * b + 0.5f);
    }
    layout::picture(foreground, channels);
    layout::picture(alpha, 1);
    layout::picture(background, channels);
    layout::picture(result, channels);
    for (auto* port : {&foreground, &background}) port->set_estimates({{0, 1920}, {0, 1080}, {0, channels}});
    alpha.set_estimates({{0, 1920}, {0, 1080}});
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
    const int step = vectors * std::min(natural_vector_size(alpha.type()), natural_vector_size(result.type()));
    Expr dense = layout::rows(alpha);
    if (channels == 1)
      dense = dense && layout::rows(foreground) && layout::rows(background) && layout::rows(result);
    else
      dense = dense && layout::interleaved(foreground, channels) && layout::interleaved(background, channels) &&
              layout::interleaved(result, channels);
    result.specialize(dense).vectorize(x, step, TailStrategy::GuardWithIf);
  }

 private:
  Var x{"x"}, y{"y"}, c{"c"}, yo{"yo"}, xi{"xi"}, yi{"yi"};
};

}  // namespace

HALIDE_REGISTER_GENERATOR(Composite, hairline_composite)

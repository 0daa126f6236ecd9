#include <Halide.h>

#include <optional>

#include "lowering/layout.hpp"
#include "lowering/window.hpp"

namespace {
using namespace Halide;

/// The mean over a window, cut off at the border.
class BoxFilter : public Generator<BoxFilter> {
 public:
  Input<Buffer<float, 2>> source{"source"};  // x, y
  Input<int> radius{"radius"};
  Output<Buffer<float, 2>> result{"result"};  // x, y

  GeneratorParam<int> strip{"strip", 32};  // part of the algorithm, see window.hpp
  // Schedule knobs.
  GeneratorParam<int> vectors{"vectors", 1};

  void generate() {
    Func wide("wide");
    Var cc;
    wide(x, y, cc) = cast<double>(source(x, y));
    window.emplace("sum", wide, source.width(), source.height(), radius, strip);
    result(x, y) = cast<float>(window->at(x, y, 0));
    layout::plane(source);
    layout::plane(result);
    source.set_estimates({{0, 1920}, {0, 1080}});
    radius.set_estimate(8);
    result.set_estimates({{0, 1920}, {0, 1080}});
  }

  void schedule() {
    if (using_autoscheduler()) return;
    if (get_target().has_gpu_feature()) {
      window->schedule_gpu(1);
      result.gpu_tile(x, y, xi, yi, 32, 8, TailStrategy::GuardWithIf);
      return;
    }
    const int step = vectors * natural_vector_size<double>();
    result.split(y, yo, y, strip, TailStrategy::GuardWithIf).parallel(yo);
    window->schedule_cpu({result, yo}, 1, step);
    result.vectorize(x, step, TailStrategy::GuardWithIf);
  }

 private:
  Var x{"x"}, y{"y"}, yo{"yo"}, xi{"xi"}, yi{"yi"};
  std::optional<WindowMean> window;
};

/// The guided filter with a colour guide (He, Sun, Tang 2010): in each window the result is a linear function of the
/// guide's colour, and these functions are averaged.
class GuidedFilter : public Generator<GuidedFilter> {
 public:
  Input<Buffer<float, 3>> guide{"guide"};    // x, y, c
  Input<Buffer<float, 2>> source{"source"};  // x, y
  Input<int> radius{"radius"};
  Input<float> epsilon{"epsilon"};
  Output<Buffer<float, 2>> result{"result"};  // x, y

  GeneratorParam<int> strip{"strip", 16};  // part of the algorithm, see window.hpp
  // Schedule knobs.
  GeneratorParam<int> vectors{"vectors", 1};

  void generate() {
    const Expr width = guide.dim(0).extent(), height = guide.dim(1).extent();
    const auto colour = [&](int i) { return cast<double>(guide(x, y, i)); };
    const Expr p = cast<double>(source(x, y));
    // c: guide 0..2, source 3, guide * source 4..6, products of guide channels 7..12
    Func moments("moments");
    moments(x, y, c) = mux(c, {colour(0), colour(1), colour(2), p, colour(0) * p, colour(1) * p, colour(2) * p,
                               colour(0) * colour(0), colour(0) * colour(1), colour(0) * colour(2),
                               colour(1) * colour(1), colour(1) * colour(2), colour(2) * colour(2)});
    first.emplace("first", moments, width, height, radius, strip);
    const auto mean = [&](int i) { return first->at(x, y, i); };
    const auto cov = [&](int product, int i, int j) { return mean(product) - mean(i) * mean(j); };
    const Expr e = cast<double>(epsilon);
    const Expr s00 = cov(7, 0, 0) + e, s01 = cov(8, 0, 1), s02 = cov(9, 0, 2);
    const Expr s11 = cov(10, 1, 1) + e, s12 = cov(11, 1, 2), s22 = cov(12, 2, 2) + e;
    const Expr v0 = cov(4, 0, 3), v1 = cov(5, 1, 3), v2 = cov(6, 2, 3);
    // The inverse of a symmetric 3x3 matrix by its cofactors.
    const Expr c00 = s11 * s22 - s12 * s12, c01 = s02 * s12 - s01 * s22, c02 = s01 * s12 - s02 * s11;
    const Expr c11 = s00 * s22 - s02 * s02, c12 = s01 * s02 - s00 * s12, c22 = s00 * s11 - s01 * s01;
    const Expr inverse = cast<double>(1) / (s00 * c00 + s01 * c01 + s02 * c02);
    const Expr a0 = (c00 * v0 + c01 * v1 + c02 * v2) * inverse;
    const Expr a1 = (c01 * v0 + c11 * v1 + c12 * v2) * inverse;
    const Expr a2 = (c02 * v0 + c12 * v1 + c22 * v2) * inverse;
    // c: slope for each guide channel 0..2, offset 3
    linear(x, y, c) = cast<float>(mux(c, {a0, a1, a2, mean(3) - a0 * mean(0) - a1 * mean(1) - a2 * mean(2)}));
    Func linear_wide("linear_wide");
    linear_wide(x, y, c) = cast<double>(linear(x, y, c));
    second.emplace("second", linear_wide, width, height, radius, strip);
    const auto averaged = [&](int i) { return second->at(x, y, i); };
    result(x, y) =
        cast<float>(averaged(0) * colour(0) + averaged(1) * colour(1) + averaged(2) * colour(2) + averaged(3));
    layout::plane(guide);
    guide.dim(2).set_bounds(0, 3);
    layout::plane(source);
    layout::plane(result);
    guide.set_estimates({{0, 1920}, {0, 1080}, {0, 3}});
    source.set_estimates({{0, 1920}, {0, 1080}});
    radius.set_estimate(8);
    epsilon.set_estimate(1e-4f);
    result.set_estimates({{0, 1920}, {0, 1080}});
  }

  void schedule() {
    if (using_autoscheduler()) return;
    linear.compute_root().bound(c, 0, 4).reorder(c, x, y).unroll(c);
    if (get_target().has_gpu_feature()) {
      first->schedule_gpu(13);
      linear.gpu_tile(x, y, xi, yi, 16, 8, TailStrategy::GuardWithIf);
      second->schedule_gpu(4);
      result.gpu_tile(x, y, xi, yi, 32, 8, TailStrategy::GuardWithIf);
      return;
    }
    const int step = vectors * natural_vector_size<double>();
    linear.split(y, yo, y, strip, TailStrategy::GuardWithIf).parallel(yo);
    linear.vectorize(x, step, TailStrategy::GuardWithIf);
    first->schedule_cpu({linear, yo}, 13, step);
    result.split(y, yo, y, strip, TailStrategy::GuardWithIf).parallel(yo);
    second->schedule_cpu({result, yo}, 4, step);
    result.vectorize(x, step, TailStrategy::GuardWithIf);
  }

 private:
  Var x{"x"}, y{"y"}, c{"c"}, yo{"yo"}, xi{"xi"}, yi{"yi"};
  Func linear{"linear"};
  std::optional<WindowMean> first, second;
};

}  // namespace

HALIDE_REGISTER_GENERATOR(BoxFilter, hairline_box_filter)
HALIDE_REGISTER_GENERATOR(GuidedFilter, hairline_guided_filter)

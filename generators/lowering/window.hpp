#pragma once
#include <Halide.h>

#include <string>

/// Means over windows of (2 radius + 1)^2 pixels, cut off at the border and divided by the true number of pixels, at a
/// cost that does not depend on the radius. Running sums are kept in double, so that the differences that follow
/// (a variance is one) keep float accuracy. Pixels must be finite: what enters a running sum stays in it.
class WindowMean {
 public:
  /// @param source  x, y, c; defined for 0 <= x < width, 0 <= y < height
  /// @param strip   rows that one running sum passes through before a new one begins; part of the algorithm because it
  ///                decides the order of additions (the result does not depend on threads)
  WindowMean(const std::string& name, Halide::Func source, Halide::Expr width, Halide::Expr height, Halide::Expr radius,
             int strip)
      : sum(name), strip_(strip), width_(width), height_(height), radius_(radius) {
    using namespace Halide;
    const Func padded = BoundaryConditions::constant_exterior(source, Expr(0.0), {{Expr(), Expr()}, {0, height}});
    const Expr top = s * strip;
    RDom k(-radius, 2 * radius + 1, "k");
    RDom down(1, strip - 1, "down");
    RDom across(1, max(width - 1, 0), "across");
    sum(x, row, s, c) = undef<double>();
    sum(x, 0, s, c) = cast<double>(0);
    sum(x, 0, s, c) += padded(x, top + k, c);
    sum(x, down, s, c) =
        sum(x, down - 1, s, c) + padded(x, top + down + radius, c) - padded(x, top + down - radius - 1, c);
    sum(across, row, s, c) += sum(across - 1, row, s, c);  // along the row: prefix sums
  }

  /// The mean around x, y, as double.
  Halide::Expr at(Halide::Expr px, Halide::Expr py, Halide::Expr pc) const {
    using namespace Halide;
    const Expr in_strip = py % strip_, which = py / strip_;
    const Expr right = min(likely(px + radius_), width_ - 1), left = px - radius_ - 1;
    const Expr total = sum(right, in_strip, which, pc) -
                       select(likely(left >= 0), sum(max(likely(left), 0), in_strip, which, pc), cast<double>(0));
    const Expr columns = right - max(likely(left), -1);
    const Expr rows = min(py + radius_, height_ - 1) - max(py - radius_ - 1, -1);
    return total / (cast<double>(columns) * cast<double>(rows));
  }

  /// All of a strip's sums inside the caller's loop over strips.
  void schedule_cpu(Halide::LoopLevel per_strip, int channels, int step) {
    sum.compute_at(per_strip).bound_extent(s, 1).bound(c, 0, channels);
    // A column of running sums stays in registers on its way down.
    sum.update(0).reorder(c, x);
    sum.update(1).reorder(c, sum.rvars(1)[0], x);
    sum.update(2).reorder(c, sum.rvars(2)[0], x);
    for (int update : {0, 1, 2}) sum.update(update).unroll(c).vectorize(x, step, Halide::TailStrategy::GuardWithIf);
    // Prefix sums depend on their left neighbour: rows and channels side by side hide the latency.
    sum.update(3).reorder(row, sum.rvars(3)[0], c).unroll(row, 4, Halide::TailStrategy::GuardWithIf);
  }

  /// One thread per column of a strip, then one per row.
  void schedule_gpu(int channels) {
    using namespace Halide;
    Var block("block"), thread("thread");
    sum.compute_root().bound(c, 0, channels);
    for (int update : {0, 1, 2}) {
      Stage stage = sum.update(update);
      if (update == 1 || update == 2) stage.reorder(sum.rvars(update)[0], x, s, c);
      stage.gpu_tile(x, block, thread, 64, TailStrategy::GuardWithIf).gpu_blocks(s, c);
    }
    sum.update(3).reorder(sum.rvars(3)[0], row, s, c).gpu_threads(row).gpu_blocks(s, c);
  }

  Halide::Var x{"x"}, row{"row"}, s{"s"}, c{"c"};
  Halide::Func sum;  // x, row within strip, strip, c

 private:
  int strip_;
  Halide::Expr width_, height_, radius_;
};

#pragma once
#include <Halide.h>

#include <algorithm>

/// Schedules for devices (OpenCL, CUDA): one loop nest a kernel, right on every device.
namespace device {

inline bool chosen(const Halide::Target& target) { return target.has_gpu_feature(); }

/// The largest divisor of n that is at most `most`.
inline int divisor(int n, int most) {
  int best = 1;
  for (int d = 1; d <= std::min(n, most); ++d)
    if (n % d == 0) best = d;
  return best;
}

/// A stage of c, x, y with channels side by side, padded to a multiple of 16: vectors of four channels, up to sixteen
/// of them and four pixels a block. Returns the loop over blocks' threads, in which a reduction may be computed.
template <class F>
Halide::Var activation(F&& f, const Halide::Var& c, const Halide::Var& x, const Halide::Var& y, int channels) {
  using namespace Halide;
  Var co("co"), ci("ci"), cb("cb"), ct("ct"), xb("xb"), xt("xt");
  const int threads = divisor(channels / 4, 16);
  f.split(c, co, ci, 4)
      .split(co, cb, ct, threads)
      .split(x, xb, xt, std::max(1, 64 / threads), TailStrategy::GuardWithIf)
      .reorder(ci, ct, xt, cb, xb, y)
      .vectorize(ci)
      .gpu_blocks(cb, xb, y)
      .gpu_threads(ct, xt);
  return ct;
}

}  // namespace device

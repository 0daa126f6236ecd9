// The multi-level foreground as a call on pictures in memory, as PyMatting's is timed by bench/compare/classical.py.
//   foreground_multilevel_bench IMAGE ALPHA [CALLS]      prints the milliseconds of each call after the first, a line
//   each
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "hairline/core/convert.hpp"
#include "hairline/io/read.hpp"
#include "hairline/solvers/foreground_multilevel.hpp"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: foreground_multilevel_bench IMAGE ALPHA [CALLS]\n");
    return 2;
  }
  const auto picture = hairline::io::read_image(argv[1]);
  const auto matte = hairline::io::read_plane(argv[2]);
  if (!picture || !matte) {
    std::fprintf(stderr, "%s\n", (!picture ? picture.error() : matte.error()).message.c_str());
    return 1;
  }
  const auto image = hairline::convert<double>(*picture), alpha = hairline::convert<double>(*matte);
  const int calls = argc > 3 ? std::atoi(argv[3]) : 20;
  hairline::ForegroundMultilevelOptions options;
  options.background = false;
  for (int i = 0; i <= calls; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto result = hairline::foreground_multilevel<float>(image, alpha, options);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    if (!result) return 1;
    if (i > 0) std::printf("%.3f\n", took.count());
  }
  return 0;
}

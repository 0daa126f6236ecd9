// How closed-form matting scales: one procedural picture with a wide trimap at growing sizes, each solved in a process
// of its own (for its peak memory), reported as JSON.
//   closed_form_bench [--preconditioner multigrid|incomplete_cholesky|jacobi] [--threads N] [--tolerance T] WIDTH...
// A picture is WIDTH x 9/16 WIDTH; about half of it is unknown.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "hairline/solvers/closed_form.hpp"

namespace {

using hairline::Image;
using hairline::Shape;

// A pseudo-random number in [0,1) that belongs to a lattice point.
float lattice(std::uint32_t x, std::uint32_t y, std::uint32_t seed) {
  std::uint32_t h = x * 0x8DA6B343U ^ y * 0xD8163841U ^ seed * 0xCB1AB31FU;
  h ^= h >> 15;
  h *= 0x2C1B3C6DU;
  h ^= h >> 12;
  h *= 0x297A2D39U;
  h ^= h >> 15;
  return static_cast<float>(h >> 8) / 16777216.0F;
}

// Bilinear noise with octaves down to two pixels, their amplitude falling with frequency as in natural pictures.
float texture(float x, float y, float coarsest, std::uint32_t seed) {
  float sum = 0, amplitude = 0.5F;
  for (float size = coarsest; size >= 2 && amplitude > 0.004F; size /= 2, amplitude /= 2) {
    const float u = x / size, v = y / size;
    const float fu = std::floor(u), fv = std::floor(v);
    const float du = u - fu, dv = v - fv;
    const auto iu = static_cast<std::uint32_t>(fu), iv = static_cast<std::uint32_t>(fv);
    const float top = lattice(iu, iv, seed) * (1 - du) + lattice(iu + 1, iv, seed) * du;
    const float low = lattice(iu, iv + 1, seed) * (1 - du) + lattice(iu + 1, iv + 1, seed) * du;
    sum += amplitude * (top * (1 - dv) + low * dv);
    ++seed;
  }
  return sum;
}

struct Scene {
  Image<std::uint8_t> picture, trimap;
  Image<float> alpha;
};

// A round, hairy thing on a textured ground. The trimap leaves a ring unknown that is about half of the picture.
Scene make_scene(int width) {
  const int height = width * 9 / 16;
  Scene s{Image<std::uint8_t>(Shape{height, width, 3}), Image<std::uint8_t>(Shape{height, width, 1}),
          Image<float>(Shape{height, width, 1})};
  const auto side = static_cast<float>(height);
  hairline::ThreadPool pool;
  pool.parallel_for(0, height, 8, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (int y = static_cast<int>(begin); y < static_cast<int>(end); ++y)
      for (int x = 0; x < width; ++x) {
        const auto fx = static_cast<float>(x), fy = static_cast<float>(y);
        const float dx = (fx - static_cast<float>(width) / 2) / side, dy = (fy - side / 2) / side;
        const float radius = std::sqrt(dx * dx + dy * dy), angle = std::atan2(dy, dx);
        const float strand = 0.5F + 0.5F * std::sin(angle * 180 + 12 * std::sin(radius * 14));
        const float reach = 0.30F + 0.10F * texture(angle * 60 + 300, 0, 16, 9) * strand;
        const float alpha =
            std::min(std::max((reach - radius) * 60, 0.0F), 1.0F) * (radius < 0.3F ? 1 : 0.3F + 0.7F * strand);
        const float f = texture(fx, fy, side / 3, 1), g = texture(fx, fy, side / 8, 31);
        const float b = texture(fx, fy, side / 2, 61), h = texture(fx, fy, side / 6, 91);
        const float fore[3] = {0.25F + 0.6F * f, 0.15F + 0.5F * f + 0.1F * g, 0.1F + 0.5F * g};
        const float back[3] = {0.1F + 0.4F * b, 0.3F + 0.6F * h, 0.35F + 0.3F * b + 0.3F * h};
        s.alpha(y, x) = alpha;
        for (int c = 0; c < 3; ++c) {
          const float noise = (lattice(static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y),
                                       200U + static_cast<std::uint32_t>(c)) -
                               0.5F) *
                              0.012F;
          s.picture(y, x, c) =
              hairline::PixelTraits<std::uint8_t>::from_unit(alpha * fore[c] + (1 - alpha) * back[c] + noise);
        }
        s.trimap(y, x) = radius < 0.17F ? 255 : radius > 0.56F ? 0 : 128;
      }
  });
  return s;
}

struct Measured {
  double seconds = 0, cpu_seconds = 0, setup_cpu_seconds = 0, residual = 0, sad = 0;
  std::int64_t unknown = 0;
  int iterations = 0, height = 0, status = 0, ran = 0;
};

Measured measure(int width, const hairline::ClosedFormOptions& options) {
  const Scene scene = make_scene(width);
  Measured m;
  m.height = scene.picture.height();
  for (const auto t : scene.trimap) m.unknown += t == 128;
  // Processor seconds of all threads: what a machine that others use at the same time can still tell.
  const auto cpu_of = [&](const hairline::ClosedFormOptions& o, hairline::AlphaResult<double>& result) {
    const std::clock_t start = std::clock();
    result = hairline::closed_form<double>(scene.picture, scene.trimap, o).value();
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  };
  hairline::AlphaResult<double> result;
  const auto start = std::chrono::steady_clock::now();
  m.cpu_seconds = cpu_of(options, result);
  m.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  m.iterations = result.report.iterations;
  m.residual = result.report.residual;
  m.status = static_cast<int>(result.report.status);
  m.ran = static_cast<int>(result.report.preconditioner);
  for (std::size_t i = 0; i < scene.alpha.size(); ++i)
    m.sad += std::abs(result.alpha.data()[i] - static_cast<double>(scene.alpha.data()[i])) / 1000;
  auto none = options;
  none.solve.max_iterations = 0;
  m.setup_cpu_seconds = cpu_of(none, result);
  return m;
}

// Measures in a child process; false if it did not survive.
bool measure_apart(int width, const hairline::ClosedFormOptions& options, Measured& m, double& peak_mib) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) return false;
  const pid_t child = fork();
  if (child == 0) {
    const Measured mine = measure(width, options);
    const bool sent = write(pipe_ends[1], &mine, sizeof mine) == static_cast<ssize_t>(sizeof mine);
    _exit(sent ? 0 : 1);
  }
  close(pipe_ends[1]);
  const bool got = child > 0 && read(pipe_ends[0], &m, sizeof m) == static_cast<ssize_t>(sizeof m);
  close(pipe_ends[0]);
  rusage usage{};
  int status = 0;
  wait4(child, &status, 0, &usage);
  peak_mib = static_cast<double>(usage.ru_maxrss) / 1024;
  return got && status == 0;
}

}  // namespace

int main(int argc, char** argv) {
  hairline::ClosedFormOptions options;
  options.solve.relative_tolerance = 1e-6;
  std::vector<int> widths;
  for (int i = 1; i < argc; ++i) {
    const std::string a = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (a == "--preconditioner") {
      using hairline::Preconditioner;
      for (const auto p : {Preconditioner::automatic, Preconditioner::none, Preconditioner::jacobi,
                           Preconditioner::incomplete_cholesky, Preconditioner::multigrid})
        if (value == name(p)) options.solve.preconditioner = p;
      ++i;
    } else if (a == "--threads") {
      options.solve.threads = std::atoi(argv[++i]);
    } else if (a == "--tolerance") {
      options.solve.relative_tolerance = std::atof(argv[++i]);
    } else {
      widths.push_back(std::atoi(a.c_str()));
    }
  }
  if (widths.empty()) widths = {600, 946, 1338, 1892, 2676, 3840};
  std::printf("[\n");
  bool whole = true;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    Measured m;
    double peak = 0;
    const bool ok = measure_apart(widths[i], options, m, peak);
    whole = whole && ok;
    std::printf(
        "  {\"width\": %d, \"height\": %d, \"unknown\": %lld, \"preconditioner\": \"%s\", \"status\": \"%s\", "
        "\"iterations\": %d, \"residual\": %.3g, \"seconds\": %.3f, \"cpu_seconds\": %.3f, "
        "\"setup_cpu_seconds\": %.3f, \"cpu_us_per_unknown\": %.3f, \"peak_mib\": %.0f, \"sad\": %.3f}%s\n",
        widths[i], m.height, static_cast<long long>(m.unknown), name(static_cast<hairline::Preconditioner>(m.ran)),
        ok ? name(static_cast<hairline::SolveStatus>(m.status)) : "process died", m.iterations, m.residual, m.seconds,
        m.cpu_seconds, m.setup_cpu_seconds, 1e6 * m.cpu_seconds / static_cast<double>(m.unknown > 0 ? m.unknown : 1),
        peak, m.sad, i + 1 < widths.size() ? "," : "");
    std::fflush(stdout);
  }
  std::printf("]\n");
  return whole ? 0 : 1;
}

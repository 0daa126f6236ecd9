// The schedule of CUDA's dense convolutions, as OpenCL code and as CUDA's, against plain loops in double; ragged sizes.
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <deque>
#include <random>
#include <vector>

#include "hairline/kernels/call.hpp"
#include "hairline/kernels/opencl.hpp"
#include "tests/kernels/device_port.hpp"
#include "tests/kernels/test_device.hpp"

extern "C" const hairline::kernels::Library hairline_kernels_device_cases_opencl, hairline_kernels_device_cases_cuda;

namespace {
namespace kernels = hairline::kernels;
using kernel_tests::nan;
using kernel_tests::Port;
using kernel_tests::round16;

struct Part {
  int channels, pitch;
  bool resized;
};
/// As generators/conv_cases.cpp has them.
struct Case {
  const char* name;
  std::vector<Part> parts;
  int channels, dilation;
  bool addend, relu;
  int kernel = 3, stride = 1;
  int taps() const { return kernel * kernel; }
  int side(int of) const { return (of - 1) / stride + 1; }
  int first(std::size_t part) const {
    int at = 0;
    for (std::size_t i = 0; i < part; ++i) at += round16(parts[i].channels);
    return at;
  }
  int total() const { return first(parts.size() - 1) + parts.back().channels; }
};
const std::vector<Case> cases = {
    {"warps_dilated", {{32, 32, false}}, 32, 3, true, true},
    {"warps_dilated_joined", {{20, 32, true}, {16, 16, false}}, 64, 2, false, false},
    {"warps_plain", {{48, 64, false}}, 96, 1, false, true},
    {"warps_stride", {{16, 16, false}}, 32, 1, true, false, 3, 2},
    {"warps_1x1", {{16, 16, false}, {32, 32, false}}, 64, 1, false, false, 1},
};

void check(const Case& c, int h, int w) {
  const kernels::Backend on =
      kernel_tests::test_device(hairline_kernels_device_cases_opencl, hairline_kernels_device_cases_cuda);
  std::mt19937 generator(static_cast<unsigned>(h * 1000 + w));
  std::normal_distribution<float> normal;
  const auto random = [&](int size) {
    std::vector<float> v(static_cast<std::size_t>(size));
    for (float& f : v) f = normal(generator);
    return v;
  };
  const int rows = c.side(h), columns = c.side(w), out = c.channels, total = c.total(), taps = c.taps();
  std::deque<Port> inputs;
  for (const Part& p : c.parts) {
    const int ph = p.resized ? (h + 2) / 3 : h, pw = p.resized ? (w + 1) / 2 : w;
    std::vector<float> values = random(ph * pw * p.pitch);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const int k = static_cast<int>(i) % p.pitch;
      if (k >= p.channels) values[i] = k < round16(p.channels) ? 0.0f : nan;
    }
    inputs.emplace_back(on, std::move(values), std::array<int, 3>{p.pitch, pw, ph});
  }
  std::vector<float> weights = random(out * total * taps);  // (out, total, taps)
  for (float& f : weights) f /= 15;
  Port bias(on, random(out), std::array<int, 1>{out});
  Port added(on, random(rows * columns * out), std::array<int, 3>{out, columns, rows});
  const std::size_t margin = 64;
  Port result(on, std::vector<float>(added.host.size() + margin, nan), std::array<int, 3>{out, columns, rows});
  int tasks = 1;
  const auto arguments = [&](kernels::detail::Argument& of_weights) {
    std::vector<void*> list = {nullptr};
    for (Port& in : inputs) list.push_back(in.argument.pointer());
    list.insert(list.end(), {of_weights.pointer(), bias.argument.pointer()});
    if (c.addend) list.push_back(added.argument.pointer());
    list.insert(list.end(), {&h, &w, &tasks, result.argument.pointer()});
    return list;
  };
  auto asked = kernels::detail::Argument::dense(nullptr, std::array<int, 5>{1, 1, 1, 1, 1});
  kernels::detail::run(on, c.name, arguments(asked).data()).value();
  const int tile = asked.axes[0].extent;
  REQUIRE((tile % 32 == 0 && asked.axes[1].extent == total && tile * asked.axes[4].extent == out));
  std::vector<float> in_order(weights.size());
  for (int o = 0; o < out; ++o)
    for (int k = 0; k < total; ++k)
      for (int t = 0; t < taps; ++t)
        in_order[static_cast<std::size_t>(((o / tile * taps + t) * total + k) * tile + o % tile)] =
            weights[static_cast<std::size_t>((o * total + k) * taps + t)];
  Port packed(on, in_order, std::array<int, 5>{tile, total, c.kernel, c.kernel, out / tile});
  kernels::detail::run(on, c.name, arguments(packed.argument).data()).value();
  result.download();

  // Every input channel at every pixel, brought to size.
  std::vector<double> input(static_cast<std::size_t>(h * w * total));
  for (std::size_t i = 0; i < c.parts.size(); ++i) {
    const Part& p = c.parts[i];
    const int pw = p.resized ? (w + 1) / 2 : w;
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x)
        for (int k = 0; k < p.channels; ++k) {
          const auto at = [&](int px, int py) {
            return inputs[i].host[static_cast<std::size_t>((py * pw + px) * p.pitch + k)];
          };
          input[static_cast<std::size_t>((y * w + x) * total + c.first(i) + k)] =
              p.resized ? kernel_tests::bilinear(at, (h + 2) / 3, pw, h, w, x, y) : static_cast<double>(at(x, y));
        }
  }
  double worst = 0;
  for (int y = 0; y < rows; ++y)
    for (int x = 0; x < columns; ++x)
      for (int o = 0; o < out; ++o) {
        const auto at = static_cast<std::size_t>((y * columns + x) * out + o);
        double sum = static_cast<double>(bias.host[static_cast<std::size_t>(o)]);
        for (int t = 0; t < taps; ++t) {
          const int sx = x * c.stride + (t % c.kernel - c.kernel / 2) * c.dilation;
          const int sy = y * c.stride + (t / c.kernel - c.kernel / 2) * c.dilation;
          if (sx < 0 || sy < 0 || sx >= w || sy >= h) continue;
          for (int k = 0; k < total; ++k)
            sum += static_cast<double>(weights[static_cast<std::size_t>((o * total + k) * taps + t)]) *
                   input[static_cast<std::size_t>((sy * w + sx) * total + k)];
        }
        if (c.addend) sum += static_cast<double>(added.host[at]);
        if (c.relu) sum = std::max(sum, 0.0);
        const double error = std::abs(sum - static_cast<double>(result.host[at]));
        worst = std::isnan(error) ? 1e9 : std::max(worst, error);
      }
  CHECK(worst <= 1e-5);  // sums of up to 9 x 48 products of numbers around 1 and 1/15
  CHECK(std::all_of(result.host.end() - margin, result.host.end(), [](float f) { return std::isnan(f); }));
}
}  // namespace

TEST_CASE("device: convolutions by warps equal plain loops at every size", "[layers]") {
  // Tiles are 5x5 pixels, 4x4 with a stride, and with a dilation of d 5x3 of those that are d apart.
  const std::vector<std::array<int, 2>> sizes = {{1, 1},  {1, 7},   {6, 1},   {2, 3},   {5, 5},  {4, 6},
                                                 {9, 15}, {10, 16}, {13, 37}, {17, 30}, {29, 24}};
  for (const Case& c : cases)
    for (const auto& [h, w] : sizes) {
      INFO(c.name << ", " << w << "x" << h);
      check(c, h, w);
    }
}
#endif

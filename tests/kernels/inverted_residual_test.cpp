// Fused inverted residuals against plain loops in double; every level, ragged sizes.
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "hairline/kernels/cpu_level.hpp"
#include "hairline/kernels/library.hpp"
#include "tests/kernels/block.hpp"

extern "C" const hairline::kernels::Library hairline_kernels_conv_cases;

namespace {
using namespace hairline::kernels;
using kernel_tests::After;
using kernel_tests::after;
using kernel_tests::Block;
using kernel_tests::nan;
using kernel_tests::round16;

/// As generators/conv_cases.cpp has them.
struct Case {
  const char* name;
  int in, pitch, wide, out, stride, dilation;
  bool expands, residual;
  After first, second, last;
  int wide_kernel = 1, wide_stride = 1;
  int taps() const { return wide_kernel * wide_kernel; }
  /// Of the expanded value and of the result, for a side of the input; both are padded to keep it.
  int wide_side(int side) const { return (side - 1) / wide_stride + 1; }
  int result_side(int side) const { return (wide_side(side) - 1) / stride + 1; }
};
const std::vector<Case> cases = {
    {"residual_add", 20, 32, 90, 20, 1, 1, true, true, After::relu6, After::relu6, After::none},
    {"residual_stride", 17, 48, 40, 37, 2, 1, true, false, After::relu6, After::relu6, After::none},
    {"residual_dilated", 12, 16, 64, 12, 1, 2, true, true, After::relu, After::relu, After::relu},
    {"residual_wide_steps", 16, 16, 48, 64, 2, 3, true, false, After::none, After::none, After::clamp01},
    {"residual_stem", 6, 8, 24, 21, 2, 1, true, false, After::relu6, After::relu6, After::none, 3, 2},
    {"residual_stem_7", 17, 32, 32, 16, 1, 1, true, false, After::relu, After::relu6, After::none, 7, 2},
    {"residual_first", 24, 32, 24, 16, 1, 1, false, false, After::none, After::relu6, After::none},
};

struct Problem {
  const Case& c;
  int height, width, result_height, result_width;
  std::vector<float> wide, light, narrow;  // (wide, in, K, K), (wide, 3, 3), (out, wide)
  Block input, light_weights, wide_bias, light_bias, bias, result;

  Problem(const Case& of, int h, int w, unsigned seed)
      : c(of),
        height(h),
        width(w),
        result_height(of.result_side(h)),
        result_width(of.result_side(w)),
        input({of.pitch, w, h}),
        light_weights({round16(of.wide), 3, 3}),
        wide_bias({round16(of.wide)}),
        light_bias({round16(of.wide)}),
        bias({round16(of.out)}),
        result({round16(of.out), result_width, result_height}) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x)
        for (int k = 0; k < c.pitch; ++k)  // beyond the padding there may be anything
          input.at(k, x, y) = k < c.in ? normal(generator) : k < round16(c.in) ? 0.0f : nan;
    const auto fill = [&](std::vector<float>& v, int size, float scale) {
      v.resize(static_cast<std::size_t>(size));
      for (float& f : v) f = scale * normal(generator);
    };
    fill(wide, c.wide * c.in * c.taps(), 0.3f / static_cast<float>(c.wide_kernel));
    fill(light, c.wide * 9, 0.3f);
    fill(narrow, c.out * c.wide, 0.15f);
    for (int k = 0; k < c.wide; ++k) {
      wide_bias.data()[k] = normal(generator);
      light_bias.data()[k] = normal(generator);
      for (int t = 0; t < 9; ++t) light_weights.at(k, t % 3, t / 3) = light[static_cast<std::size_t>(k * 9 + t)];
    }
    for (int k = 0; k < c.out; ++k) bias.data()[k] = normal(generator);
  }

  /// The kernel's code; weights without memory ask for their extents.
  int call(const Kernel& kernel, Buffer first, Buffer last, int tasks, std::string& message) {
    std::vector<Buffer> buffers;
    buffers.push_back(input.buffer());
    if (c.expands) {
      buffers.push_back(first);
      buffers.push_back(wide_bias.buffer());
    }
    buffers.push_back(light_weights.buffer());
    buffers.push_back(light_bias.buffer());
    buffers.push_back(last);
    buffers.push_back(bias.buffer());
    std::vector<void*> arguments = {nullptr};
    for (Buffer& b : buffers) arguments.push_back(&b);
    Buffer out = result.buffer();
    arguments.insert(arguments.end(), {&tasks, &out});
    char text[256] = "";
    const int code = hairline_kernels_conv_cases.call(kernel.run, arguments.data(), nullptr, text, sizeof text);
    message = text;
    return code;
  }

  std::vector<double> expanded() {
    const int rows = c.wide_side(height), columns = c.wide_side(width), border = c.wide_kernel / 2;
    std::vector<double> all(static_cast<std::size_t>(rows * columns * c.wide));
    for (int y = 0; y < rows; ++y)
      for (int x = 0; x < columns; ++x)
        for (int k = 0; k < c.wide; ++k) {
          double sum = c.expands ? static_cast<double>(wide_bias.data()[k]) : static_cast<double>(input.at(k, x, y));
          for (int t = 0; t < c.taps() && c.expands; ++t) {
            const int sx = x * c.wide_stride + t % c.wide_kernel - border;
            const int sy = y * c.wide_stride + t / c.wide_kernel - border;
            if (sx < 0 || sy < 0 || sx >= width || sy >= height) continue;
            for (int i = 0; i < c.in; ++i)
              sum += static_cast<double>(wide[static_cast<std::size_t>((k * c.in + i) * c.taps() + t)]) *
                     static_cast<double>(input.at(i, sx, sy));
          }
          all[static_cast<std::size_t>((y * columns + x) * c.wide + k)] = c.expands ? after(c.first, sum) : sum;
        }
    return all;
  }

  double wanted(const std::vector<double>& all, int o, int x, int y) {
    double sum = static_cast<double>(bias.data()[o]);
    for (int k = 0; k < c.wide; ++k) {
      double part = static_cast<double>(light_bias.data()[k]);
      for (int t = 0; t < 9; ++t) {
        const int sx = x * c.stride + (t % 3 - 1) * c.dilation, sy = y * c.stride + (t / 3 - 1) * c.dilation;
        if (sx < 0 || sy < 0 || sx >= c.wide_side(width) || sy >= c.wide_side(height)) continue;
        part += static_cast<double>(light[static_cast<std::size_t>(k * 9 + t)]) *
                all[static_cast<std::size_t>((sy * c.wide_side(width) + sx) * c.wide + k)];
      }
      sum += static_cast<double>(narrow[static_cast<std::size_t>(o * c.wide + k)]) * after(c.second, part);
    }
    if (c.residual) sum += static_cast<double>(input.at(o, x, y));
    return after(c.last, sum);
  }
};

/// Weights (out, in, y, x) as the kernel asked for them: c in tile, input channel, x, y, tile.
Block packed(const std::vector<float>& from, int out, int in, const std::array<BufferAxis, 5>& asked) {
  const int tile = asked[0].extent, taps = asked[2].extent * asked[3].extent;
  Block block({tile, asked[1].extent, asked[2].extent, asked[3].extent, asked[4].extent});
  for (int o = 0; o < out; ++o)
    for (int i = 0; i < in; ++i)
      for (int t = 0; t < taps; ++t)
        block.data()[((o / tile * taps + t) * in + i) * tile + o % tile] =
            from[static_cast<std::size_t>((o * in + i) * taps + t)];
  return block;
}

void check(const Case& c, const Kernel& kernel, int h, int w) {
  Problem p(c, h, w, static_cast<unsigned>(h * 1000 + w));
  std::array<BufferAxis, 5> first{}, last{};
  const auto question = [](std::array<BufferAxis, 5>& axes) {
    Buffer b;
    b.type_code = 2;
    b.type_bits = 32;
    b.dimensions = 5;
    b.axes = axes.data();
    return b;
  };
  std::string message;
  REQUIRE(p.call(kernel, question(first), question(last), 1, message) == 0);
  if (c.expands)
    REQUIRE((first[1].extent == c.in && first[2].extent == c.wide_kernel &&
             first[0].extent * first[4].extent == round16(c.wide)));
  REQUIRE((last[1].extent == c.wide && last[0].extent * last[4].extent == round16(c.out)));
  Block wide = c.expands ? packed(p.wide, c.wide, c.in, first) : Block({1}),
        narrow = packed(p.narrow, c.out, c.wide, last);
  std::vector<float> before;
  for (int tasks : {1, 2, 7}) {
    std::fill_n(p.result.data(), p.result.size(), nan);
    REQUIRE((p.call(kernel, wide.buffer(), narrow.buffer(), tasks, message) == 0 && message.empty()));
    REQUIRE(p.result.margins_untouched());
    // How the rows are shared out must not matter at all.
    if (tasks == 1)
      before.assign(p.result.data(), p.result.data() + p.result.size());
    else
      CHECK(std::memcmp(before.data(), p.result.data(), before.size() * sizeof(float)) == 0);
  }
  const std::vector<double> all = p.expanded();
  double worst = 0;
  for (int y = 0; y < p.result_height; ++y)
    for (int x = 0; x < p.result_width; ++x)
      for (int o = 0; o < round16(c.out); ++o) {
        const double wanted = o < c.out ? p.wanted(all, o, x, y) : 0.0;
        const double error = std::abs(wanted - static_cast<double>(p.result.at(o, x, y)));
        worst = std::isnan(error) ? 1e9 : std::max(worst, error);
      }
  CHECK(worst <= 3e-5);  // three sums of numbers around 1, of up to 833 and 90
}
}  // namespace

TEST_CASE("fused inverted residuals equal plain loops at every level and size", "[kernels][inverted_residual]") {
  const std::vector<std::array<int, 2>> sizes = {{1, 1}, {1, 5}, {6, 1}, {2, 3}, {4, 4}, {7, 13}, {13, 37}, {29, 24}};
  for (const Case& c : cases)
    for (CpuLevel level : all_cpu_levels) {
      if (level > machine_level()) continue;
      const Kernel* kernel = find(hairline_kernels_conv_cases, c.name, static_cast<KernelTarget>(level));
      if (kernel == nullptr) continue;  // a build with fewer levels
      for (const auto& [h, w] : sizes) {
        INFO(c.name << " at " << name(level) << ", " << w << "x" << h);
        check(c, *kernel, h, w);
      }
    }
}
#endif

// Compiled convolutions, direct and by Winograd's products, against plain loops in double; every level, ragged sizes.
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "hairline/kernels/cpu_level.hpp"
#include "hairline/kernels/library.hpp"
#include "hairline/kernels/winograd.hpp"
#include "tests/kernels/block.hpp"

extern "C" const hairline::kernels::Library hairline_kernels_conv_cases;

namespace {
using namespace hairline::kernels;
using kernel_tests::Block;
using kernel_tests::nan;
using kernel_tests::round16;

struct Part {
  int channels, pitch;
  bool resized;
};
struct Case {
  const char* name;
  std::vector<Part> parts;
  int channels, dilation;
  bool addend, relu, bounds;
  double tolerance;
  int kernel = 3, stride = 1;
  int reach() const { return kernel / 2 * dilation; }
  int taps() const { return kernel * kernel; }
  int result_side(int side) const { return (side - 1) / stride + 1; }
};

// Sums of up to 9 x 26 products of numbers around 1, and their like in the transforms, whose numbers are some ten times
// larger in F(4x4) and a hundred in F(6x6).
const std::vector<Case> cases = {
    {"direct_joined", {{20, 32, true}, {6, 16, false}}, 21, 1, true, true, false, 1e-5},
    {"direct_dilated", {{17, 32, false}}, 16, 3, false, false, false, 1e-5},
    {"direct_stem", {{6, 8, false}}, 21, 1, false, true, false, 1e-5, 3, 2},
    {"direct_apart", {{20, 32, false}, {6, 16, false}}, 21, 1, true, true, false, 1e-5, 1, 1},
    {"direct_apart_stride", {{20, 48, false}, {17, 32, false}}, 80, 1, false, false, false, 1e-5, 1, 2},
    {"winograd4_plain", {{24, 32, false}}, 64, 1, false, false, false, 5e-5},
    {"winograd4_joined", {{20, 32, true}, {6, 16, false}}, 21, 1, true, true, false, 5e-5},
    {"winograd4_dilated", {{17, 32, false}}, 16, 3, false, false, false, 5e-5},
    {"winograd4_bounds", {{8, 32, false}, {5, 16, false}}, 48, 1, false, false, true, 5e-5},
    {"winograd53_plain", {{24, 32, false}}, 64, 1, false, false, false, 1e-4},
    {"winograd6_few", {{6, 8, false}}, 16, 1, false, true, false, 1e-4},
    {"winograd66_joined", {{20, 32, true}, {6, 16, false}}, 21, 1, true, true, false, 2e-4},
    {"winograd53_deep", {{17, 32, false}}, 32, 3, false, false, false, 1e-4},
    {"winograd53_ready", {{17, 32, false}}, 32, 2, false, false, false, 1e-4},
    {"winograd42_deep", {{24, 32, false}}, 64, 1, false, false, false, 5e-5},
    {"winograd16_deep", {{20, 32, true}, {6, 16, false}}, 21, 1, true, true, false, 1e-4},
    {"winograd2_joined", {{20, 32, true}, {6, 16, false}}, 21, 1, true, true, false, 1e-5},
    {"winograd2_dilated", {{17, 32, false}}, 16, 2, false, false, false, 1e-5},
};

/// All that a call needs, made for a size.
struct Problem {
  const Case& c;
  int height, width, total = 0;
  std::vector<std::unique_ptr<Block>> inputs;
  std::vector<float> taps;  // (channels, total, 3, 3)
  Block bias, low, high, added, result;

  Problem(const Case& of, int h, int w, unsigned seed)
      : c(of),
        height(h),
        width(w),
        bias({round16(of.channels)}),
        low({round16(of.channels)}),
        high({round16(of.channels)}),
        added({round16(of.channels), of.result_side(w), of.result_side(h)}),
        result({round16(of.channels), of.result_side(w), of.result_side(h)}) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    for (const Part& p : c.parts) {
      total = round16(total) + p.channels;
      // A resized part is smaller by an uneven factor.
      const int ph = p.resized ? (h + 2) / 3 : h, pw = p.resized ? (w + 1) / 2 : w;
      auto block = std::make_unique<Block>(std::vector<int>{p.pitch, pw, ph});
      // Beyond the padding of a part there may be other values, never to be looked at.
      for (int y = 0; y < ph; ++y)
        for (int x = 0; x < pw; ++x)
          for (int k = 0; k < p.pitch; ++k)
            block->at(k, x, y) = k < p.channels ? normal(generator) : k < round16(p.channels) ? 0.0f : nan;
      inputs.push_back(std::move(block));
    }
    taps.resize(static_cast<std::size_t>(c.channels * total * c.taps()));
    int first = 0;
    for (const Part& p : c.parts) {
      for (int o = 0; o < c.channels; ++o)
        for (int k = 0; k < c.taps() * p.channels; ++k)
          taps[static_cast<std::size_t>((o * total + first) * c.taps() + k)] = normal(generator) / 15;
      first += round16(p.channels);
    }
    for (int o = 0; o < c.channels; ++o) {
      bias.data()[o] = normal(generator);
      low.data()[o] = -0.5f - 0.01f * static_cast<float>(o);
      high.data()[o] = 0.25f + 0.01f * static_cast<float>(o);
    }
    for (int y = 0; y < c.result_side(h); ++y)
      for (int x = 0; x < c.result_side(w); ++x)
        for (int o = 0; o < c.channels; ++o) added.at(o, x, y) = normal(generator);
  }

  /// The kernel's code; its text goes to `message`.
  int call(const Kernel& kernel, Buffer weights, int tasks, std::string& message) {
    std::vector<Buffer> buffers;
    buffers.reserve(8);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const Part& p = c.parts[i];
      buffers.push_back(inputs[i]->buffer(std::min(round16(p.channels), p.pitch)));
    }
    buffers.push_back(weights);
    buffers.push_back(bias.buffer());
    if (c.bounds) buffers.insert(buffers.end(), {low.buffer(), high.buffer()});
    if (c.addend) buffers.push_back(added.buffer());
    std::vector<void*> arguments = {nullptr};
    for (Buffer& b : buffers) arguments.push_back(&b);
    Buffer out = result.buffer();
    arguments.insert(arguments.end(), {&height, &width, &tasks, &out});
    char text[256] = "";
    const int code = hairline_kernels_conv_cases.call(kernel.run, arguments.data(), nullptr, text, sizeof text);
    message = text;
    return code;
  }

  /// Input channel k at x, y, brought to size, 0 outside.
  double input(int k, int x, int y) {
    if (x < 0 || y < 0 || x >= width || y >= height) return 0;
    std::size_t i = 0;
    for (; k >= round16(c.parts[i].channels); ++i) k -= round16(c.parts[i].channels);
    if (k >= c.parts[i].channels) return 0;
    if (!c.parts[i].resized) return static_cast<double>(inputs[i]->at(k, x, y));
    const auto at = [&](int px, int py) { return inputs[i]->at(k, px, py); };
    return kernel_tests::bilinear(at, (height + 2) / 3, (width + 1) / 2, height, width, x, y);
  }

  double wanted(int o, int x, int y) {
    double sum = static_cast<double>(bias.data()[o]);
    for (int k = 0; k < total; ++k)
      for (int t = 0; t < c.taps(); ++t)
        sum += static_cast<double>(taps[static_cast<std::size_t>((o * total + k) * c.taps() + t)]) *
               input(k, x * c.stride + t % c.kernel * c.dilation - c.reach(),
                     y * c.stride + t / c.kernel * c.dilation - c.reach());
    if (c.addend) sum += static_cast<double>(added.at(o, x, y));
    if (c.relu) sum = std::max(sum, 0.0);
    if (c.bounds) sum = std::clamp(sum, static_cast<double>(low.data()[o]), static_cast<double>(high.data()[o]));
    return sum;
  }
};

/// What the kernel wants its weights to be, by asking it.
std::array<int, 5> weight_extents(Problem& p, const Kernel& kernel) {
  std::array<BufferAxis, 5> axes{};
  Buffer query;
  query.type_code = 2;
  query.type_bits = 32;
  query.dimensions = 5;
  query.axes = axes.data();
  std::string message;
  REQUIRE(p.call(kernel, query, 1, message) == 0);
  std::array<int, 5> extents{};
  for (std::size_t i = 0; i < 5; ++i) extents[i] = axes[i].extent;
  return extents;
}

/// Weights in the kernel's own form and order: c in tile, input channel, x, y, tile.
Block packed(const Problem& p, const std::array<int, 5>& e) {
  Block block({e[0], e[1], e[2], e[3], e[4]});
  for (int o = 0; o < p.c.channels; ++o)
    for (int k = 0; k < p.total; ++k) {
      const float* from = &p.taps[static_cast<std::size_t>((o * p.total + k) * p.c.taps())];
      std::vector<float> values(from, from + p.c.taps());
      if (e[2] != p.c.kernel || e[3] != p.c.kernel) {  // weights * g * weights^T
        const double *gx = winograd_weights(e[2] - 2), *gy = winograd_weights(e[3] - 2);
        values.clear();
        for (int j = 0; j < e[3]; ++j)
          for (int i = 0; i < e[2]; ++i) {
            double sum = 0;
            for (int t = 0; t < 9; ++t) sum += gy[3 * j + t / 3] * gx[3 * i + t % 3] * static_cast<double>(from[t]);
            values.push_back(static_cast<float>(sum));
          }
      }
      for (int t = 0; t < e[2] * e[3]; ++t)
        block.data()[((o / e[0] * e[2] * e[3] + t) * e[1] + k) * e[0] + o % e[0]] = values[static_cast<std::size_t>(t)];
    }
  return block;
}

void check(const Case& c, const Kernel& kernel, int h, int w) {
  Problem p(c, h, w, static_cast<unsigned>(h * 1000 + w));
  const auto extents = weight_extents(p, kernel);
  REQUIRE(extents[1] == p.total);
  REQUIRE(extents[0] * extents[4] == round16(c.channels));
  // "winograd53_...": F(5) across, F(3) down; one digit for both.
  // The order of deep layers transforms weights itself.
  const bool direct = c.name[0] == 'd';
  const std::string digits = direct || std::strstr(c.name, "_deep") != nullptr ? "1" : c.name + 8;
  const int across = digits[0] - '0', down = digits.size() < 2 || digits[1] == '_' ? across : digits[1] - '0';
  const int more = direct ? c.kernel - 1 : 2;
  REQUIRE((extents[2] == across + more && extents[3] == down + more));
  Block weights = packed(p, extents);
  std::vector<float> before;
  for (int tasks : {1, 3}) {
    std::fill_n(p.result.data(), p.result.size(), nan);
    std::string message;
    REQUIRE((p.call(kernel, weights.buffer(), tasks, message) == 0 && message.empty()));
    REQUIRE(p.result.margins_untouched());
    // How the rows are shared out must not matter at all.
    if (tasks == 1)
      before.assign(p.result.data(), p.result.data() + p.result.size());
    else
      CHECK(std::memcmp(before.data(), p.result.data(), before.size() * sizeof(float)) == 0);
  }
  double worst = 0;
  for (int y = 0; y < c.result_side(h); ++y)
    for (int x = 0; x < c.result_side(w); ++x)
      for (int o = 0; o < c.channels; ++o) {
        const double error = std::abs(p.wanted(o, x, y) - static_cast<double>(p.result.at(o, x, y)));
        worst = std::isnan(error) ? 1e9 : std::max(worst, error);
      }
  CHECK(worst <= c.tolerance);
}
}  // namespace

TEST_CASE("compiled convolutions equal plain loops at every level and size", "[kernels][conv2d]") {
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

#include "hairline/kernels/winograd.hpp"

TEMPLATE_TEST_CASE_SIG("Winograd's matrices give a 3-tap correlation", "[kernels][winograd]", ((int M), M), 1, 2, 3, 4,
                       5, 6) {
  using W = hairline::kernels::Winograd<M>;
  // In one dimension, every tap against every input: output * ((weights g) . (input d)) is d correlated with g.
  for (std::size_t tap = 0; tap < 3; ++tap)
    for (std::size_t at = 0; at < W::input.size(); ++at)
      for (std::size_t y = 0; y < W::output.size(); ++y) {
        double sum = 0;
        for (std::size_t k = 0; k < W::input.size(); ++k) sum += W::output[y][k] * W::weights[k][tap] * W::input[k][at];
        CHECK(sum == Approx(y + tap == at ? 1.0 : 0.0).margin(1e-13));
      }
}

// Fused depthwise-separable blocks on a device against plain loops in double, and networks with them.
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "hairline/kernels/argument.hpp"
#include "hairline/kernels/call.hpp"
#include "hairline/kernels/opencl.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/kernels/block.hpp"
#include "tests/kernels/device_port.hpp"
#include "tests/kernels/session_support.hpp"
#include "tests/kernels/test_device.hpp"

extern "C" const hairline::kernels::Library hairline_kernels_device_cases_opencl, hairline_kernels_device_cases_cuda;
extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2_opencl;
extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2_generic_opencl;

namespace {
using namespace hairline;
using kernel_tests::After;
using kernel_tests::after;
using kernel_tests::nan;
using kernel_tests::padded;
using kernel_tests::Port;
using kernel_tests::round16;
using kernels::detail::Argument;

/// As generators/conv_cases.cpp has them; padded to keep the size but for the stride.
struct Case {
  const char* name;
  int in, pitch, out, stride, dilation;
  bool addend;
  After first, last;
  int kernel = 3;
  int taps() const { return kernel * kernel; }
  int result_side(int side) const { return (side - 1) / stride + 1; }
};
const std::vector<Case> cases = {
    {"separable_add", 20, 32, 20, 1, 1, true, After::relu6, After::none},
    {"separable_ragged", 17, 48, 37, 2, 1, false, After::relu6, After::none},
    {"separable_shared", 96, 96, 24, 1, 2, true, After::relu6, After::relu},
    {"separable_deep", 384, 384, 176, 2, 1, false, After::relu, After::none},
    {"separable_cut", 64, 64, 48, 2, 3, false, After::none, After::clamp01},
    {"separable_pixel", 51, 64, 16, 1, 1, false, After::relu6, After::none, 5},
};

struct Problem {
  const Case& c;
  int height, width, rows, columns;
  std::vector<float> input, light, narrow, light_bias, bias, added;  // (h, w, pitch), (in, taps), (out, in)

  Problem(const Case& of, int h, int w)
      : c(of), height(h), width(w), rows(of.result_side(h)), columns(of.result_side(w)) {
    std::mt19937 generator(static_cast<unsigned>(h * 1000 + w));
    std::normal_distribution<float> normal;
    const auto fill = [&](std::vector<float>& v, int size, float scale) {
      v.resize(static_cast<std::size_t>(size));
      for (float& f : v) f = scale * normal(generator);
    };
    fill(input, h * w * c.pitch, 1);
    for (std::size_t i = 0; i < input.size(); ++i) {
      const int k = static_cast<int>(i) % c.pitch;
      if (k >= c.in) input[i] = k < round16(c.in) ? 0.0f : nan;  // beyond the padding there may be anything
    }
    fill(light, c.in * c.taps(), 0.9f / static_cast<float>(c.kernel));
    fill(narrow, c.out * c.in, 1.5f / std::sqrt(static_cast<float>(c.in)));
    fill(light_bias, c.in, 1);
    fill(bias, c.out, 1);
    fill(added, rows * columns * c.out, 1);
  }

  double wanted(const std::vector<double>& light_at, int o, int x, int y) const {
    double v = static_cast<double>(bias[static_cast<std::size_t>(o)]);
    for (int k = 0; k < c.in; ++k)
      v += static_cast<double>(narrow[static_cast<std::size_t>(o * c.in + k)]) * light_at[static_cast<std::size_t>(k)];
    if (c.addend) v += static_cast<double>(added[static_cast<std::size_t>((y * columns + x) * c.out + o)]);
    return after(c.last, v);
  }

  /// The depthwise results of all channels at one pixel of the result.
  std::vector<double> light_of(int x, int y) const {
    std::vector<double> all;
    for (int k = 0; k < c.in; ++k) {
      double v = static_cast<double>(light_bias[static_cast<std::size_t>(k)]);
      for (int t = 0; t < c.taps(); ++t) {
        const int sx = x * c.stride + (t % c.kernel - c.kernel / 2) * c.dilation;
        const int sy = y * c.stride + (t / c.kernel - c.kernel / 2) * c.dilation;
        if (sx < 0 || sy < 0 || sx >= width || sy >= height) continue;
        v += static_cast<double>(light[static_cast<std::size_t>(k * c.taps() + t)]) *
             static_cast<double>(input[static_cast<std::size_t>((sy * width + sx) * c.pitch + k)]);
      }
      all.push_back(after(c.first, v));
    }
    return all;
  }
};

void check(const Case& c, int h, int w) {
  const kernels::Backend on =
      kernel_tests::test_device(hairline_kernels_device_cases_opencl, hairline_kernels_device_cases_cuda);
  const Problem p(c, h, w);
  const int in = round16(c.in), out = round16(c.out);
  std::vector<float> light(static_cast<std::size_t>(in * c.taps())), added;
  for (int k = 0; k < c.in; ++k)
    for (int t = 0; t < c.taps(); ++t)
      light[static_cast<std::size_t>(t * in + k)] = p.light[static_cast<std::size_t>(k * c.taps() + t)];
  for (int i = 0; i < p.rows * p.columns; ++i)
    for (int o = 0; o < out; ++o) added.push_back(o < c.out ? p.added[static_cast<std::size_t>(i * c.out + o)] : 0.0f);
  Port input(on, p.input, std::array<int, 3>{c.pitch, w, h});
  Port light_weights(on, light, std::array<int, 3>{in, c.kernel, c.kernel});
  Port light_bias(on, padded(p.light_bias, in), std::array<int, 1>{in});
  Port bias(on, padded(p.bias, out), std::array<int, 1>{out});
  Port addend(on, added, std::array<int, 3>{out, p.columns, p.rows});
  const std::size_t size = added.size(), margin = 64;
  Port result(on, std::vector<float>(size + margin, nan), std::array<int, 3>{out, p.columns, p.rows});
  int tasks = 1;
  const auto arguments = [&](Argument& weights) {
    std::vector<void*> list = {
        nullptr,           input.argument.pointer(), light_weights.argument.pointer(), light_bias.argument.pointer(),
        weights.pointer(), bias.argument.pointer()};
    if (c.addend) list.push_back(addend.argument.pointer());
    list.insert(list.end(), {&tasks, result.argument.pointer()});
    return list;
  };
  // A call without weights says which extents they are to have.
  Argument asked = Argument::dense(nullptr, std::array<int, 5>{1, 1, 1, 1, 1});
  kernels::detail::run(on, c.name, arguments(asked).data()).value();
  const int tile = asked.axes[0].extent;
  REQUIRE((asked.axes[1].extent == c.in && tile * asked.axes[4].extent == out));
  std::vector<float> packed(static_cast<std::size_t>(out * c.in));
  for (int o = 0; o < c.out; ++o)
    for (int k = 0; k < c.in; ++k)
      packed[static_cast<std::size_t>((o / tile * c.in + k) * tile + o % tile)] =
          p.narrow[static_cast<std::size_t>(o * c.in + k)];
  Port weights(on, packed, std::array<int, 5>{tile, c.in, 1, 1, out / tile});
  kernels::detail::run(on, c.name, arguments(weights.argument).data()).value();
  result.download();
  double worst = 0;
  for (int y = 0; y < p.rows; ++y)
    for (int x = 0; x < p.columns; ++x) {
      const std::vector<double> light_at = p.light_of(x, y);
      for (int o = 0; o < out; ++o) {
        const double wanted = o < c.out ? p.wanted(light_at, o, x, y) : 0.0;
        const auto at = static_cast<std::size_t>((y * p.columns + x) * out + o);
        const double error = std::abs(wanted - static_cast<double>(result.host[at]));
        worst = std::isnan(error) ? 1e9 : std::max(worst, error);
      }
    }
  CHECK(worst <= 2e-5);  // two sums of numbers around 1, of up to 25 and 384
  CHECK(std::all_of(result.host.end() - margin, result.host.end(), [](float f) { return std::isnan(f); }));
}

template <class Net>
std::shared_ptr<const kernels::PackedNetwork> pack(const Weights& weights, const kernels::Library& library) {
  return kernels::pack_network(graph<Net>(), weights, kernels::opencl_backend(library)).value();
}

/// The kernels that a frame calls, by what their names begin with.
int called(kernels::Session& session, std::string_view beginning) {
  const auto pair = session_support::make_pair(64, 96);
  const AnyView pictures[] = {pair.picture.view(), pair.plate.view()};
  Image<float> alpha(Shape{64, 96, 1});
  const kernels::ResultTarget targets[] = {{"pha", alpha.view()}};
  std::vector<kernels::StepTime> times;
  session.run(pictures, targets, session_support::options_of(RefineMode::sampling, 0.25), &times).value();
  return static_cast<int>(
      std::count_if(times.begin(), times.end(), [&](const auto& t) { return t.kernel.starts_with(beginning); }));
}
}  // namespace

TEST_CASE("device: depthwise-separable blocks equal plain loops at every size", "[layers]") {
  const std::vector<std::array<int, 2>> sizes = {{1, 1}, {1, 5}, {6, 1}, {4, 4}, {5, 3}, {7, 13}, {13, 37}, {29, 17}};
  for (const Case& c : cases)
    for (const auto& [h, w] : sizes) {
      INFO(c.name << ", " << w << "x" << h);
      check(c, h, w);
    }
}

TEST_CASE("device: MobileNetV2 runs fused blocks, and separate kernels where the library has none") {
  using Whole = BackgroundMattingV2<MobileNetV2>;
  const Weights weights = seeded_weights(graph<Whole>(), 11);
  const kernels::Library& fused = hairline_kernels_bgmv2_mobilenetv2_opencl;
  kernels::Session session(pack<Whole>(weights, fused));
  CHECK(called(session, "depthwise_separable_") == 17);
  CHECK(called(session, "depthwise_k") == 0);
  const kernels::Library& generic = hairline_kernels_bgmv2_mobilenetv2_generic_opencl;
  const auto separate = pack<Whole>(weights, generic);
  kernels::Session other(separate);
  CHECK(called(other, "depthwise_separable_") == 0);
  CHECK(called(other, "depthwise_k") == 17);
  session_support::compare(graph<Whole>(), weights, other, session_support::make_pair(64, 96),
                           session_support::options_of(RefineMode::sampling, 0.25));
  // What the blocks do is left out of the library.
  CHECK(std::none_of(fused.kernels, fused.kernels + fused.count,
                     [](const auto& k) { return std::string_view(k.name).starts_with("depthwise_k"); }));
}
#endif

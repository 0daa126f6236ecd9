// bfloat16 kernels: convolutions against plain loops in double on the same rounded numbers, whole networks against the
// reference in float.
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "hairline/kernels/pack_network.hpp"
#include "hairline/weights/number_type.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/kernels/block.hpp"
#include "tests/kernels/session_support.hpp"

extern "C" {
extern const hairline::kernels::Library hairline_kernels_conv_cases_bf16;
extern const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2, hairline_kernels_bgmv2_mobilenetv2_bf16;
extern const hairline::kernels::Library hairline_kernels_bgmv2_resnet50_bf16;
}

namespace {
using namespace hairline;
using kernel_tests::round16;
using kernels::Buffer;
using kernels::BufferAxis;

float rounded(float v) { return bfloat_to_float(float_to_bfloat(v)); }

/// c, x, y side by side as a kernel wants them, float or bfloat16; the numbers are the same to look at.
struct Values {
  int pitch, width, height;
  bool narrow;
  std::vector<float> wide;
  std::vector<std::uint16_t> bits;
  std::array<BufferAxis, 3> axes{};

  Values(int channels, int w, int h, bool bf16) : pitch(round16(channels)), width(w), height(h), narrow(bf16) {
    wide.assign(static_cast<std::size_t>(pitch * w * h), 0.0f);
    bits.assign(wide.size(), 0);
    axes = {BufferAxis{0, pitch, 1, 0}, BufferAxis{0, w, pitch, 0}, BufferAxis{0, h, pitch * w, 0}};
  }
  float& at(int c, int x, int y) { return wide[static_cast<std::size_t>((y * width + x) * pitch + c)]; }
  void fill(int channels, std::mt19937& generator) {
    std::normal_distribution<float> normal;
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        for (int c = 0; c < channels; ++c) at(c, x, y) = narrow ? rounded(normal(generator)) : normal(generator);
    for (std::size_t i = 0; i < wide.size(); ++i) bits[i] = float_to_bfloat(wide[i]);
  }
  void take_back() {
    if (narrow)
      for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = bfloat_to_float(bits[i]);
  }
  Buffer buffer() {
    Buffer b;
    b.host = narrow ? reinterpret_cast<std::uint8_t*>(bits.data()) : reinterpret_cast<std::uint8_t*>(wide.data());
    b.type_code = narrow ? 4 : 2;
    b.type_bits = narrow ? 16 : 32;
    b.dimensions = 3;
    b.axes = axes.data();
    return b;
  }
};

struct Case {
  const char* name;
  std::vector<int> parts;
  const char* types;  // of inputs, addend, result
  int channels, kernel, stride, dilation;
  bool resized, addend, relu, pairs;
};
const std::vector<Case> cases = {
    {"pairs_joined", {20, 6}, "bfbb", 21, 3, 1, 1, true, true, true, true},
    {"pairs_dilated", {17}, "bb", 16, 3, 1, 3, false, false, false, true},
    {"pairs_1x1", {24}, "bf", 64, 1, 1, 1, false, false, false, true},
    {"pairs_strided", {35}, "bb", 80, 3, 2, 1, false, false, true, true},
    {"float_products", {6}, "fb", 32, 3, 2, 1, false, false, true, false},
    {"winograd_products", {24}, "bb", 64, 3, 1, 1, false, false, true, false},
};

struct Problem {
  const Case& c;
  int height, width, out_height, out_width, total = 0;
  std::vector<Values> inputs;
  std::vector<float> taps, bias;  // (out, in, y, x), in counted with gaps between parts
  Values added, result;

  Problem(const Case& of, int h, int w, unsigned seed)
      : c(of),
        height(h),
        width(w),
        out_height((h - 1) / of.stride + 1),
        out_width((w - 1) / of.stride + 1),
        added(of.channels, out_width, out_height, true),
        result(of.channels, out_width, out_height, of.types[std::strlen(of.types) - 1] == 'b') {
    std::mt19937 generator(seed);
    for (std::size_t i = 0; i < c.parts.size(); ++i) {
      const bool smaller = c.resized && i == 0;
      inputs.emplace_back(c.parts[i], smaller ? (w + 1) / 2 : w, smaller ? (h + 2) / 3 : h, c.types[i] == 'b');
      inputs.back().fill(c.parts[i], generator);
      total = round16(total) + c.parts[i];
    }
    std::normal_distribution<float> normal;
    const int area = c.kernel * c.kernel;
    taps.assign(static_cast<std::size_t>(c.channels * total * area), 0.0f);
    for (float& t : taps) t = c.pairs ? rounded(normal(generator) / 15) : normal(generator) / 15;
    for (int i = 0; i < round16(c.channels); ++i) bias.push_back(i < c.channels ? normal(generator) : 0);
    added.fill(c.channels, generator);
  }

  double input(int k, int x, int y) {
    if (x < 0 || y < 0 || x >= width || y >= height) return 0;
    std::size_t i = 0;
    for (; k >= round16(c.parts[i]); ++i) k -= round16(c.parts[i]);
    if (k >= c.parts[i]) return 0;
    Values& v = inputs[i];
    if (!(c.resized && i == 0)) return static_cast<double>(v.at(k, x, y));
    const auto at = [&](int px, int py) { return v.at(k, px, py); };
    return kernel_tests::bilinear(at, v.height, v.width, height, width, x, y);
  }

  /// The sum, and the sum of its terms' magnitudes.
  std::array<double, 2> wanted(int o, int x, int y) {
    std::array<double, 2> sum{static_cast<double>(bias[static_cast<std::size_t>(o)]), 1};
    const int area = c.kernel * c.kernel, middle = c.kernel / 2;
    for (int k = 0; k < total; ++k)
      for (int t = 0; t < area; ++t) {
        const double term = static_cast<double>(taps[static_cast<std::size_t>((o * total + k) * area + t)]) *
                            input(k, x * c.stride + (t % c.kernel - middle) * c.dilation,
                                  y * c.stride + (t / c.kernel - middle) * c.dilation);
        sum[0] += term;
        sum[1] += std::abs(term);
      }
    if (c.addend) sum[0] += static_cast<double>(added.at(o, x, y));
    if (c.relu) sum[0] = std::max(sum[0], 0.0);
    return sum;
  }

  int call(const kernels::Kernel& kernel, Buffer& weights, int tasks, std::string& message) {
    std::vector<Buffer> buffers;
    buffers.reserve(8);
    for (Values& in : inputs) buffers.push_back(in.buffer());
    std::vector<void*> arguments = {nullptr};
    for (Buffer& b : buffers) arguments.push_back(&b);
    arguments.push_back(&weights);
    kernels::detail::Argument of_bias =
        kernels::detail::Argument::dense(bias.data(), std::array<int, 1>{static_cast<int>(bias.size())});
    arguments.push_back(of_bias.pointer());
    Buffer of_added = added.buffer(), of_result = result.buffer();
    if (c.addend) arguments.push_back(&of_added);
    arguments.insert(arguments.end(), {&height, &width, &tasks, &of_result});
    char text[256] = "";
    const int code = hairline_kernels_conv_cases_bf16.call(kernel.run, arguments.data(), nullptr, text, sizeof text);
    message = text;
    return code;
  }
};

void check(const Case& c, const kernels::Kernel& kernel, int h, int w) {
  Problem p(c, h, w, static_cast<unsigned>(h * 1000 + w));
  // What the kernel wants its weights to be, by asking it.
  kernels::detail::Argument weights = kernels::detail::Argument::dense(nullptr, std::array<int, 5>{1, 1, 1, 1, 1});
  weights.pointer();
  std::string message;
  REQUIRE(p.call(kernel, weights.buffer, 1, message) == 0);
  REQUIRE((weights.precision() == kernels::Precision::bf16) == c.pairs);
  std::array<int, 5> extents{};
  for (std::size_t i = 0; i < 5; ++i) extents[i] = weights.axes[i].extent;
  // Packed as for any network, without a batch norm.
  const kernels::detail::FoldedConv folded{
      c.channels, p.total, c.kernel, p.taps, std::vector<double>(static_cast<std::size_t>(c.channels), 1.0), p.bias};
  std::vector<float> memory(kernels::detail::packed_size(extents));
  const std::size_t tile = memory.size() / static_cast<std::size_t>(extents[4]);
  for (int t = 0; t < extents[4]; ++t)
    if (c.pairs)
      kernels::detail::pack_tile_pairs(
          folded, extents, {{0, p.total}}, t,
          reinterpret_cast<std::uint16_t*>(memory.data()) + tile * static_cast<std::size_t>(t));
    else
      kernels::detail::pack_tile(folded, extents, {{0, p.total}}, t,
                                 memory.data() + tile * static_cast<std::size_t>(t));
  weights = kernels::detail::Argument::dense(memory.data(), extents);
  if (c.pairs) weights = weights.of_type(kernels::Precision::bf16, kernels::KernelTarget::avx512_bf16);
  weights.pointer();
  for (int tasks : {1, 3}) {
    REQUIRE((p.call(kernel, weights.buffer, tasks, message) == 0 && message.empty()));
    p.result.take_back();
    double worst = 0;
    for (int y = 0; y < p.out_height; ++y)
      for (int x = 0; x < p.out_width; ++x)
        for (int o = 0; o < c.channels; ++o) {
          const auto [sum, magnitude] = p.wanted(o, x, y);
          // Rounding of the result; of inputs that are joined or resized, where products take bfloat16; of float sums,
          // ten times that in Winograd's transforms.
          const double joined = c.resized && c.pairs ? 0x1p-9 * magnitude : 0;
          const double allowed = (p.result.narrow ? 0x1p-8 * std::abs(sum) : 0) + joined + 2e-5 * magnitude;
          const double error = std::abs(sum - static_cast<double>(p.result.at(o, x, y)));
          worst = std::isnan(error) ? 1e9 : std::max(worst, error / allowed);
        }
    CHECK(worst <= 1);
  }
}

/// Largest and mean difference of a result between two sessions.
std::array<double, 2> difference(kernels::Session& a, kernels::Session& b, const session_support::Pair& pair,
                                 const char* result, Shape shape, const RunOptions& options) {
  Image<float> images[2] = {Image<float>(shape), Image<float>(shape)};
  kernels::Session* sessions[] = {&a, &b};
  for (int i : {0, 1}) {
    const AnyView pictures[] = {pair.picture.view(), pair.plate.view()};
    const kernels::ResultTarget targets[] = {{result, images[i].view()}};
    const auto done = sessions[i]->run(pictures, targets, options);
    INFO((done ? std::string() : done.error().message));
    REQUIRE(done);
  }
  double most = 0, sum = 0;
  for (std::size_t i = 0; i < images[0].size(); ++i) {
    const double d = std::abs(static_cast<double>(images[0].data()[i]) - static_cast<double>(images[1].data()[i]));
    most = std::max(most, std::isnan(d) ? 1e9 : d);
    sum += d;
  }
  return {most, sum / static_cast<double>(images[0].size())};
}
}  // namespace

TEST_CASE("bfloat16 convolutions equal plain loops on the same numbers", "[kernels][bf16]") {
  if (!kernels::machine_has_bf16()) return;
  for (const Case& c : cases) {
    const kernels::Kernel* kernel =
        kernels::find(hairline_kernels_conv_cases_bf16, c.name, kernels::KernelTarget::avx512_bf16);
    REQUIRE(kernel != nullptr);
    for (const auto& [h, w] : std::vector<std::array<int, 2>>{{1, 1}, {1, 5}, {6, 1}, {4, 4}, {13, 37}, {29, 24}}) {
      INFO(c.name << ", " << w << "x" << h);
      check(c, *kernel, h, w);
    }
  }
}

TEST_CASE("a session of bfloat16 kernels stays close to one of float kernels", "[kernels][bf16]") {
  if (!kernels::machine_has_bf16()) return;
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  const Weights weights = seeded_weights(g, 11);
  const auto wide = kernels::pack_network(g, weights, kernels::cpu_backend(hairline_kernels_bgmv2_mobilenetv2));
  const auto narrow = kernels::pack_network(g, weights, kernels::bf16_backend(hairline_kernels_bgmv2_mobilenetv2_bf16));
  INFO((narrow ? std::string() : narrow.error().message));
  REQUIRE((wide && narrow));
  kernels::Session a(*wide), b(*narrow);
  const session_support::Pair pair = session_support::make_pair(101, 163);
  // Without choices between cells, whose error may differ by less than what rounding moves it by.
  for (RefineMode mode : {RefineMode::full, RefineMode::none}) {
    const auto options = session_support::options_of(mode, 0.5);
    for (const auto& [name, channels] : {std::pair{"pha", 1}, std::pair{"fgr", 3}}) {
      const auto [most, mean] = difference(a, b, pair, name, Shape{101, 163, channels}, options);
      INFO(name << " most " << most << " mean " << mean);
      // Some fifty layers, each of which rounds to eight bits; seeded weights keep magnitudes from layer to layer.
      CHECK(most < 0.05);
      CHECK(mean < 0.005);
      CHECK(most > 1e-5);  // it is another computation
    }
  }
}

TEST_CASE("bfloat16 kernels are refused where the machine or the variable lacks them", "[kernels][bf16]") {
  using kernels::CpuidBits;
  constexpr CpuidBits everything{~0u, ~0u, ~0u, ~0ull, ~0u, ~0u};
  STATIC_REQUIRE(kernels::has_bf16(everything));
  for (int bit : {1, 6, 8, 11, 12, 14}) {
    CpuidBits b = everything;
    b.leaf7_ecx &= ~(1u << bit);
    CHECK_FALSE(kernels::has_bf16(b));
  }
  CpuidBits b = everything;
  b.leaf7_1_eax &= ~(1u << 5);
  CHECK_FALSE(kernels::has_bf16(b));
  b = everything;
  b.xcr0 = 0x6;
  CHECK_FALSE(kernels::has_bf16(b));
  setenv("HAIRLINE_CPU_LEVEL", "x86-64", 1);
  const kernels::Backend on = kernels::bf16_backend(hairline_kernels_bgmv2_mobilenetv2_bf16);
  unsetenv("HAIRLINE_CPU_LEVEL");
  REQUIRE(on.error);
  CHECK(on.error->message.find("AVX512-BF16") != std::string::npos);
}
#endif

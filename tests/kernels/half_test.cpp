// Half floats on an OpenCL device (PoCL where there is no other): conversions to the bit, layers against plain loops in
// double on the same rounded numbers, whole networks against the reference in float. The layers run as CUDA
// code too.
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "hairline/kernels/argument.hpp"
#include "hairline/kernels/opencl.hpp"
#include "hairline/kernels/pack_network.hpp"
#include "hairline/weights/number_type.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/kernels/block.hpp"
#include "tests/kernels/session_support.hpp"
#include "tests/kernels/test_device.hpp"

extern "C" {
extern const hairline::kernels::Library hairline_kernels_conv_cases_half_opencl, hairline_kernels_conv_cases_half_cuda;
extern const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2_opencl;
extern const hairline::kernels::Library hairline_kernels_bgmv2_resnet50_opencl;
extern const hairline::kernels::Library hairline_kernels_bgmv2_resnet50_warps_opencl;
}

namespace {
using namespace hairline;
using kernel_tests::round16;
using kernels::Precision;
using kernels::detail::Argument;

constexpr float infinity = std::numeric_limits<float>::infinity();

const kernels::Library& library =
    kernel_tests::on_cuda() ? hairline_kernels_conv_cases_half_cuda : hairline_kernels_conv_cases_half_opencl;
kernels::Backend device() { return kernel_tests::test_device(library, library); }

/// What a kernel stores: infinities become the largest number.
std::uint16_t stored(float v) { return float_to_half(std::clamp(v, -65504.0f, 65504.0f)); }

/// Numbers of an argument on the host, float or half floats; they go to the device when a kernel is called.
class Values {
 public:
  template <std::size_t N>
  Values(const std::array<int, N>& extents, bool half) : half_(half) {
    argument_ = Argument::dense(nullptr, extents).of_type(half ? Precision::f16 : Precision::f32, device().target);
    std::size_t size = 1;
    for (int e : extents) size *= static_cast<std::size_t>(e);
    wide.assign(size, 0.0f);
    bits.assign(size, 0);
    pitch_ = extents[0];
    width_ = N > 1 ? extents[1] : 1;
  }
  ~Values() {
    const kernels::Backend on = device();
    if (argument_.buffer.device != 0) library.release(&argument_.buffer, &on.queue, false);
  }
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;

  float& at(int c, int x, int y) { return wide[static_cast<std::size_t>((y * width_ + x) * pitch_ + c)]; }
  /// Noise in the first channels, rounded to what the numbers can hold.
  void fill(int channels, std::mt19937& generator, float scale = 1) {
    std::normal_distribution<float> normal;
    for (std::size_t i = 0; i < wide.size(); ++i)
      if (static_cast<int>(i) % pitch_ < channels) wide[i] = hold(scale * normal(generator));
  }
  float hold(float v) const { return half_ ? half_to_float(float_to_half(v)) : v; }
  void* input() {
    if (half_) std::transform(wide.begin(), wide.end(), bits.begin(), float_to_half);
    return input_bits();
  }
  void* input_bits() {
    argument_.buffer.flags = kernels::host_changed;
    return result();
  }
  void* result() {
    argument_.buffer.host =
        half_ ? reinterpret_cast<std::uint8_t*>(bits.data()) : reinterpret_cast<std::uint8_t*>(wide.data());
    return argument_.pointer();
  }
  void take_back() {
    char message[256];
    const kernels::Backend on = device();
    argument_.pointer();
    REQUIRE(library.to_host(&argument_.buffer, &on.queue, message, sizeof message) == 0);
    if (half_) std::transform(bits.begin(), bits.end(), wide.begin(), half_to_float);
  }

  std::vector<float> wide;
  std::vector<std::uint16_t> bits;

 private:
  bool half_;
  Argument argument_;
  int pitch_ = 0, width_ = 0;
};

void run(const char* kernel, std::vector<void*> arguments) {
  arguments.insert(arguments.begin(), nullptr);
  const auto ok = kernels::detail::run(device(), kernel, arguments.data());
  INFO((ok ? std::string() : ok.error().message));
  REQUIRE(ok);
}

struct Case {
  const char* name;
  std::vector<int> parts;
  std::string types;  // of inputs, addend, result
  int channels, kernel, stride, dilation, pitch0;
  bool resized, addend, relu;
};
const std::vector<Case> cases = {
    {"half_joined", {20, 6}, "hfhh", 21, 3, 1, 1, 32, true, true, true},
    {"half_dilated", {17}, "hh", 16, 3, 1, 3, 32, false, false, false},
    {"half_1x1", {24}, "hf", 64, 1, 1, 1, 32, false, false, false},
    {"half_strided", {35}, "hh", 80, 3, 2, 1, 48, false, false, true},
    {"half_first", {6}, "fh", 32, 3, 2, 1, 8, false, false, true},
    {"half_warps", {32}, "hhh", 64, 3, 1, 1, 32, false, true, false},
    {"half_warps_1x1", {48}, "hh", 64, 1, 1, 1, 48, false, false, false},
};

/// The kernel against plain loops; tells the largest error as a part of what rounding explains.
double compare(const Case& c, int height, int width) {
  std::mt19937 generator(static_cast<unsigned>(height * 1000 + width));
  const int out_height = (height - 1) / c.stride + 1, out_width = (width - 1) / c.stride + 1,
            padded = round16(c.channels);
  std::deque<Values> inputs;
  int total = 0;
  for (std::size_t i = 0; i < c.parts.size(); ++i) {
    const bool smaller = c.resized && i == 0;
    inputs.emplace_back(std::array<int, 3>{i == 0 ? c.pitch0 : round16(c.parts[i]), smaller ? (width + 1) / 2 : width,
                                           smaller ? (height + 2) / 3 : height},
                        c.types[i] == 'h');
    inputs.back().fill(c.parts[i], generator);
    total = round16(total) + c.parts[i];
  }
  // (out, in, y, x), the inputs of different parts at multiples of 16.
  const int area = c.kernel * c.kernel, middle = c.kernel / 2;
  std::vector<float> taps(static_cast<std::size_t>(c.channels * total * area));
  std::normal_distribution<float> normal;
  for (float& t : taps) t = half_to_float(float_to_half(normal(generator) / 15));
  Values bias(std::array<int, 1>{padded}, false), added(std::array<int, 3>{padded, out_width, out_height}, true),
      result(std::array<int, 3>{padded, out_width, out_height}, c.types.back() == 'h');
  bias.fill(c.channels, generator);
  added.fill(c.channels, generator);
  const auto call = [&](void* weights) {
    std::vector<void*> arguments;
    int tasks = 1;
    for (Values& in : inputs) arguments.push_back(in.input());
    arguments.insert(arguments.end(), {weights, bias.input()});
    if (c.addend) arguments.push_back(added.input());
    arguments.insert(arguments.end(), {&height, &width, &tasks, result.result()});
    run(c.name, arguments);
  };
  Argument asked = Argument::dense(nullptr, std::array<int, 5>{1, 1, 1, 1, 1});
  call(asked.pointer());
  REQUIRE(asked.precision() == Precision::f16);
  std::array<int, 5> extents{};
  for (std::size_t i = 0; i < 5; ++i) extents[i] = asked.axes[i].extent;
  const kernels::detail::FoldedConv folded{
      c.channels, total, c.kernel, taps, std::vector<double>(static_cast<std::size_t>(c.channels), 1.0), {}};
  Values weights(extents, true);
  const std::size_t tile = weights.wide.size() / static_cast<std::size_t>(extents[4]);
  for (int t = 0; t < extents[4]; ++t)
    kernels::detail::pack_tile(folded, extents, {{0, total}}, t, &weights.wide[tile * static_cast<std::size_t>(t)]);
  call(weights.input());
  result.take_back();

  const auto input = [&](int k, int x, int y) -> double {
    if (x < 0 || y < 0 || x >= width || y >= height) return 0;
    std::size_t i = 0;
    for (; k >= round16(c.parts[i]); ++i) k -= round16(c.parts[i]);
    if (k >= c.parts[i]) return 0;
    const auto at = [&](int px, int py) { return inputs[i].at(k, px, py); };
    if (!(c.resized && i == 0)) return static_cast<double>(at(x, y));
    return kernel_tests::bilinear(at, (height + 2) / 3, (width + 1) / 2, height, width, x, y);
  };
  double worst = 0;
  for (int y = 0; y < out_height; ++y)
    for (int x = 0; x < out_width; ++x)
      for (int o = 0; o < c.channels; ++o) {
        double sum = static_cast<double>(bias.wide[static_cast<std::size_t>(o)]), magnitude = 1;
        for (int k = 0; k < total; ++k)
          for (int t = 0; t < area; ++t) {
            const double term = static_cast<double>(taps[static_cast<std::size_t>((o * total + k) * area + t)]) *
                                input(k, x * c.stride + (t % c.kernel - middle) * c.dilation,
                                      y * c.stride + (t / c.kernel - middle) * c.dilation);
            sum += term;
            magnitude += std::abs(term);
          }
        if (c.addend) sum += static_cast<double>(added.at(o, x, y));
        if (c.relu) sum = std::max(sum, 0.0);
        // Rounding of the result and of values that are joined, and of sums of floats.
        const double allowed = (c.types.back() == 'h' ? 0x1p-11 * std::abs(sum) + 0x1p-25 : 0) +
                               (c.resized ? 0x1p-11 * magnitude : 0) + 1e-6 * magnitude;
        const double error = std::abs(sum - static_cast<double>(result.at(o, x, y)));
        worst = std::isnan(error) ? 1e9 : std::max(worst, error / allowed);
      }
  return worst;
}

std::shared_ptr<const kernels::PackedNetwork> packed_as(const Graph& graph, const Weights& weights,
                                                        const kernels::Library& of, Precision numbers) {
  auto packed = kernels::pack_network(graph, weights, kernels::opencl_backend(of, -1, numbers));
  INFO((packed ? std::string() : packed.error().message));
  REQUIRE(packed);
  return *packed;
}
}  // namespace

TEST_CASE("device: every half float is read as it is, and floats are rounded to the nearest",
          "[kernels][half][layers]") {
  // All 65536 patterns but infinities and what is no number, which nothing stores.
  Values halves(std::array<int, 3>{16, 64, 64}, true), nothing(std::array<int, 3>{16, 64, 64}, false),
      floats(std::array<int, 3>{16, 64, 64}, false);
  for (std::size_t i = 0; i < halves.bits.size(); ++i) {
    const auto pattern = static_cast<std::uint16_t>(i);
    halves.bits[i] = (pattern & 0x7c00u) == 0x7c00u ? std::uint16_t{0} : pattern;
  }
  std::fill(nothing.wide.begin(), nothing.wide.end(), -0.0f);  // what adds nothing to either zero
  int tasks = 1;
  run("half_read", {halves.input_bits(), nothing.input(), &tasks, floats.result()});
  floats.take_back();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < halves.bits.size(); ++i)
    wrong +=
        std::bit_cast<std::uint32_t>(floats.wide[i]) != std::bit_cast<std::uint32_t>(half_to_float(halves.bits[i]));
  CHECK(wrong == 0);

  // Every half, what lies halfway to the next, and the floats beside both; then what is too large, and too small.
  std::vector<float> given;
  for (std::uint32_t h = 0; h < 0x7c00u; ++h) {
    const float a = half_to_float(static_cast<std::uint16_t>(h));
    const float b = h + 1 < 0x7c00u ? half_to_float(static_cast<std::uint16_t>(h + 1)) : 65536.0f;
    for (const float v : {a, a + (b - a) / 2})
      for (const float beside : {std::nextafter(v, -infinity), v, std::nextafter(v, infinity)}) given.push_back(beside);
  }
  for (const float v : {65504.0f, 65519.9f, 65520.0f, 65536.0f, 1e9f, 3e38f, infinity, 1e-30f, 1e-45f})
    given.push_back(v);
  const std::size_t count = given.size();
  for (std::size_t i = 0; i < count; ++i) given.push_back(-given[i]);
  const int rows = static_cast<int>(given.size() / 1024 + 1);
  Values from(std::array<int, 3>{16, 64, rows}, false), zeros(std::array<int, 3>{16, 64, rows}, false),
      to(std::array<int, 3>{16, 64, rows}, true);
  std::copy(given.begin(), given.end(), from.wide.begin());
  std::fill(zeros.wide.begin(), zeros.wide.end(), -0.0f);
  run("half_stored", {from.input(), zeros.input(), &tasks, to.result()});
  to.take_back();
  wrong = 0;
  for (std::size_t i = 0; i < given.size(); ++i) wrong += to.bits[i] != stored(given[i]);
  CHECK(wrong == 0);
  CHECK(stored(infinity) == 0x7bffu);  // 65504, not infinite

  // What is no number becomes one, with its sign.
  Values odd(std::array<int, 3>{16, 1, 1}, false), none(std::array<int, 3>{16, 1, 1}, false),
      made(std::array<int, 3>{16, 1, 1}, true);
  std::fill(odd.wide.begin(), odd.wide.end(), std::numeric_limits<float>::quiet_NaN());
  run("half_stored", {odd.input(), none.input(), &tasks, made.result()});
  made.take_back();
  for (const std::uint16_t bits : made.bits) CHECK((bits & 0x7fffu) == 0x7bffu);
}

TEST_CASE("device: convolutions of half floats equal plain loops on the same numbers", "[kernels][half][layers]") {
  for (const Case& c : cases)
    for (const auto& [h, w] : std::vector<std::array<int, 2>>{{1, 1}, {1, 5}, {6, 1}, {4, 4}, {13, 37}}) {
      INFO(c.name << ", " << w << "x" << h);
      CHECK(compare(c, h, w) <= 1);
    }
}

TEST_CASE("device: layers between convolutions on half floats equal plain loops", "[kernels][half][layers]") {
  constexpr int channels = 40, pitch = 48;
  for (const auto& [height, width] : std::vector<std::array<int, 2>>{{1, 1}, {5, 2}, {11, 19}}) {
    INFO(width << "x" << height);
    std::mt19937 generator(7);
    int tasks = 1;
    Values input(std::array<int, 3>{pitch, width, height}, true), bias(std::array<int, 1>{pitch}, false),
        weights(std::array<int, 3>{pitch, 3, 3}, true);
    input.fill(channels, generator);
    bias.fill(channels, generator);
    weights.fill(channels, generator);
    const int half_width = (width - 1) / 2 + 1, half_height = (height - 1) / 2 + 1;
    Values light(std::array<int, 3>{pitch, half_width, half_height}, true),
        pooled(std::array<int, 3>{pitch, half_width, half_height}, true), mean(std::array<int, 3>{pitch, 1, 1}, true),
        larger(std::array<int, 3>{pitch, 2 * width + 1, 3 * height}, true);
    run("half_depthwise", {input.input(), weights.input(), bias.input(), &tasks, light.result()});
    run("half_max_pool", {input.input(), &tasks, pooled.result()});
    run("half_average", {input.input(), &tasks, mean.result()});
    run("half_resize", {input.input(), &tasks, larger.result()});
    for (Values* v : {&light, &pooled, &mean, &larger}) v->take_back();
    // Of results near 0 the steps are 2^-24; sums of floats differ by far less than a step of halves.
    const auto near = [](double wanted, float got, double magnitude) {
      return std::abs(wanted - static_cast<double>(got)) <= 0x1p-11 * std::abs(wanted) + 0x1p-25 + 1e-6 * magnitude;
    };
    int wrong = 0;
    for (int c = 0; c < channels; ++c) {
      double all = 0, magnitudes = 0;
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
          all += static_cast<double>(input.at(c, x, y));
          magnitudes += std::abs(static_cast<double>(input.at(c, x, y)));
        }
      wrong += !near(all / (width * height), mean.at(c, 0, 0), magnitudes / (width * height));
      for (int y = 0; y < half_height; ++y)
        for (int x = 0; x < half_width; ++x) {
          float most = -infinity;
          double sum = static_cast<double>(bias.wide[static_cast<std::size_t>(c)]), magnitude = 1;
          for (int ky = -1; ky <= 1; ++ky)
            for (int kx = -1; kx <= 1; ++kx) {
              const auto inside = [&](int px, int py) { return px >= 0 && py >= 0 && px < width && py < height; };
              if (inside(2 * x + kx, 2 * y + ky)) most = std::max(most, input.at(c, 2 * x + kx, 2 * y + ky));
              if (!inside(2 * x + 2 * kx, 2 * y + 2 * ky)) continue;
              const double term = static_cast<double>(input.at(c, 2 * x + 2 * kx, 2 * y + 2 * ky)) *
                                  static_cast<double>(weights.at(c, kx + 1, ky + 1));
              sum += term;
              magnitude += std::abs(term);
            }
          wrong += pooled.at(c, x, y) != most;  // a maximum is one of the numbers
          wrong += !near(std::clamp(sum, 0.0, 6.0), light.at(c, x, y), magnitude);
        }
      const auto at = [&](int x, int y) { return input.at(c, x, y); };
      for (int y = 0; y < 3 * height; ++y)
        for (int x = 0; x < 2 * width + 1; ++x)
          wrong +=
              !near(kernel_tests::bilinear(at, height, width, 3 * height, 2 * width + 1, x, y), larger.at(c, x, y), 8);
    }
    CHECK(wrong == 0);
  }
}

namespace {
struct Outcome {
  Image<float> alpha, foreground, coarse_alpha, error, cells;
  kernels::RunReport report;
};

Outcome run_session(kernels::Session& session, const session_support::Pair& pair, const RunOptions& options) {
  const int height = pair.picture.height(), width = pair.picture.width();
  Outcome o;
  o.alpha = Image<float>(Shape{height, width, 1});
  o.foreground = Image<float>(Shape{height, width, 3});
  const auto sizes = shapes(graph<BackgroundMattingV2<MobileNetV2>>(), height, width, options);
  std::vector<kernels::ResultTarget> targets = {{"pha", o.alpha.view()}, {"fgr", o.foreground.view()}};
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  for (const auto& [name, image] :
       {std::pair<const char*, Image<float>*>{"pha_sm", &o.coarse_alpha}, {"err_sm", &o.error}, {"ref_sm", &o.cells}})
    for (const Output& output : g.outputs)
      if (output.name == name) {
        const TensorShape& s = sizes[static_cast<std::size_t>(output.node)];
        *image = Image<float>(Shape{s.height, s.width, s.channels});
        targets.emplace_back(name, image->view());
      }
  const AnyView pictures[] = {pair.picture.view(), pair.plate.view()};
  const auto done = session.run(pictures, targets, options);
  INFO((done ? std::string() : done.error().message));
  REQUIRE(done);
  o.report = *done;
  return o;
}

// Each layer rounds what it reads and writes to 11 bits: by 2^-13.8 of a number on average (root mean square). Such
// errors of some sixty layers add up as their squares do: 2^-13.8 sqrt(2 * 60) = 8e-4 of a value, a quarter as much of
// values around a quarter; the largest of 50000 is then about 9e-4. Allowed is twice that; seen are 4e-4 and 8e-5.
constexpr double largest = 2e-3, mean_of_all = 4e-4;
}  // namespace

TEST_CASE("device: a network of half floats stays close to the reference in every mode", "[kernels][half]") {
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  const Weights weights = seeded_weights(g, 11);
  const auto packed = packed_as(g, weights, hairline_kernels_bgmv2_mobilenetv2_opencl, Precision::f16);
  const auto wide = packed_as(g, weights, hairline_kernels_bgmv2_mobilenetv2_opencl, Precision::f32);
  CHECK(packed->weights.size() < wide->weights.size() * 0.52);
  kernels::Session session(packed), floats(wide);
  const session_support::Pair pair = session_support::make_pair(101, 163);
  const View<const float> given[] = {pair.picture.view(), pair.plate.view()};
  for (RefineMode mode : {RefineMode::full, RefineMode::none, RefineMode::thresholding, RefineMode::sampling}) {
    INFO("mode " << static_cast<int>(mode));
    const RunOptions options = session_support::options_of(mode, 0.5);
    std::vector<Tensor> inputs;
    for (const View<const float>& view : given) inputs.push_back(session_support::tensor_of(view));
    const auto reference = run_reference(g, weights, std::move(inputs), options);
    REQUIRE(reference);
    const auto wanted = [&](const char* name) {
      const Tensor& t = reference->find(name)->second;
      Image<float> image(Shape{t.shape.height, t.shape.width, t.shape.channels});
      for (int y = 0; y < t.shape.height; ++y)
        for (int x = 0; x < t.shape.width; ++x)
          for (int c = 0; c < t.shape.channels; ++c) image.view()(y, x, c) = t.at(0, y, x)[c];
      return image;
    };
    const Outcome got = run_session(session, pair, options);
    for (const auto& [name, image] :
         {std::pair<const char*, const Image<float>*>{"pha_sm", &got.coarse_alpha}, {"err_sm", &got.error}}) {
      const auto [most, mean] = session_support::difference(wanted(name), *image);
      INFO(name << " most " << most << ", mean " << mean);
      CHECK(most < largest);
      CHECK(mean < mean_of_all);
      CHECK(most > 1e-6);  // it is another computation
    }
    // Cells at the limit of the choice may be refined in one and not in the other: all others agree.
    const Image<float> alpha = wanted("pha"), cells = wanted("ref_sm");
    double most = 0;
    int apart = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) apart += cells.data()[i] != got.cells.data()[i];
    for (int y = 0; y < alpha.height(); ++y)
      for (int x = 0; x < alpha.width(); ++x)
        if (cells.view()(y / 4, x / 4, 0) == got.cells.view()(y / 4, x / 4, 0))
          most = std::max(most, std::abs(static_cast<double>(alpha.view()(y, x, 0) - got.alpha.view()(y, x, 0))));
    INFO("alpha most " << most << ", " << apart << " of " << cells.size() << " cells chosen otherwise");
    CHECK(most < largest);
    CHECK(apart <= static_cast<int>(cells.size()) / 50);
    if (mode == RefineMode::full || mode == RefineMode::none) CHECK(apart == 0);
    // What is equal must be: as many cells as the floats' session chooses by count, and the same numbers every time.
    if (mode == RefineMode::sampling)
      CHECK(got.report.refined_cells == run_session(floats, pair, options).report.refined_cells);
    const Outcome again = run_session(session, pair, options);
    CHECK(std::equal(got.alpha.begin(), got.alpha.end(), again.alpha.begin()));
  }
  CHECK(session.arena_bytes() < floats.arena_bytes());
}

TEST_CASE("device: ResNet-50 of half floats stays close to the reference, by either schedule", "[kernels][half]") {
  const Graph g = graph<BackgroundMattingV2<ResNet50>>();
  const Weights weights = seeded_weights(g, 11);
  const session_support::Pair pair = session_support::make_pair(64, 96);
  const RunOptions options = session_support::options_of(RefineMode::full, 0.5);
  std::vector<Tensor> inputs;
  inputs.push_back(session_support::tensor_of(pair.picture.view()));
  inputs.push_back(session_support::tensor_of(pair.plate.view()));
  const auto reference = run_reference(g, weights, std::move(inputs), options);
  REQUIRE(reference);
  const Tensor& wanted = reference->find("pha")->second;
  Image<float> first;
  for (const kernels::Library* of :
       {&hairline_kernels_bgmv2_resnet50_opencl, &hairline_kernels_bgmv2_resnet50_warps_opencl}) {
    kernels::Session session(packed_as(g, weights, *of, Precision::f16));
    Image<float> alpha(Shape{64, 96, 1});
    const AnyView pictures[] = {pair.picture.view(), pair.plate.view()};
    const kernels::ResultTarget targets[] = {{"pha", alpha.view()}};
    const auto done = session.run(pictures, targets, options);
    INFO((done ? std::string() : done.error().message));
    REQUIRE(done);
    double most = 0, sum = 0;
    for (int y = 0; y < 64; ++y)
      for (int x = 0; x < 96; ++x) {
        const double d = std::abs(static_cast<double>(alpha.view()(y, x, 0) - wanted.at(0, y, x)[0]));
        most = std::max(most, std::isnan(d) ? 1e9 : d);
        sum += d;
      }
    INFO(of->name << " most " << most << ", mean " << sum / (64 * 96));
    CHECK(most < largest);
    CHECK(sum / (64 * 96) < mean_of_all);
    if (first.empty()) first = alpha;
    // Sums in another order; where that makes another half float of one, the next layers see it.
    CHECK(session_support::difference(first, alpha)[0] < largest);
  }
}

TEST_CASE("device: half floats are refused with one clear line where they cannot be had", "[kernels][half]") {
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  Weights weights = seeded_weights(g, 1);
  const auto& of = hairline_kernels_bgmv2_mobilenetv2_opencl;
  const auto text = [&](const kernels::Backend& on) {
    const auto packed = kernels::pack_network(g, weights, on);
    return packed ? std::string() : packed.error().message;
  };
  // bfloat16 on a device; a library without kernels of half floats.
  CHECK(text(kernels::opencl_backend(of, -1, Precision::bf16)) == "kernels for opencl are f32 or f16, wanted bf16");
  CHECK(text(kernels::opencl_backend(library, -1, Precision::f16)).find("has no kernel") != std::string::npos);
  // A weight that half floats do not reach, alone or with the batch norm behind it; one that rounds to the largest
  // fits.
  std::vector<float>& own = weights.tensors.find("backbone.features.3.conv.0.0.weight")->second.values;
  std::vector<float>& gain = weights.tensors.find("backbone.features.3.conv.0.1.weight")->second.values;
  std::vector<float>& variance = weights.tensors.find("backbone.features.3.conv.0.1.running_var")->second.values;
  gain[5] = 2;
  variance[5] = 1 - 1e-5f;
  const std::size_t inputs = own.size() / gain.size();
  own[5 * inputs] = 32759.0f;
  CHECK(text(kernels::opencl_backend(of, -1, Precision::f16)) == "");
  own[5 * inputs] = -32761.0f;
  const std::string error = text(kernels::opencl_backend(of, -1, Precision::f16));
  CHECK(
      error.find("a weight of 'backbone.features.3.conv.0.0', with the batch norm behind it, does not fit a half float "
                 "(at most 65504): use f32") != std::string::npos);
  CHECK(text(kernels::opencl_backend(of, -1, Precision::f32)) == "");
}

TEST_CASE("device: values beyond half floats' range stay finite through a network", "[kernels][half]") {
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  Weights weights = seeded_weights(g, 11);
  // The projection of a block, whose result has no bound and is added to the next one's.
  for (float& b : weights.tensors.find("backbone.features.4.conv.3.bias")->second.values) b = 1e6f;
  kernels::Session session(packed_as(g, weights, hairline_kernels_bgmv2_mobilenetv2_opencl, Precision::f16));
  const Outcome got =
      run_session(session, session_support::make_pair(64, 80), session_support::options_of(RefineMode::none, 0.5));
  for (const Image<float>* image : {&got.alpha, &got.error, &got.coarse_alpha})
    CHECK(std::all_of(image->begin(), image->end(), [](float v) { return std::isfinite(v); }));
}
#endif

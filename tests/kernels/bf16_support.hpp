#pragma once
// Convolutions on bfloat16 values against plain loops in double on the same rounded numbers.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "hairline/kernels/argument.hpp"
#include "hairline/kernels/library.hpp"
#include "hairline/kernels/pack_weights.hpp"
#include "hairline/weights/number_type.hpp"
#include "tests/kernels/block.hpp"
#include "tests/support/catch.hpp"

namespace bf16_tests {
using namespace hairline;
using kernel_tests::round16;
using kernels::Buffer;
using kernels::BufferAxis;

inline float rounded(float v) { return bfloat_to_float(float_to_bfloat(v)); }

/// c, x, y side by side as a kernel wants them, float or bfloat16; the numbers are the same to look at.
struct Values {
  int pitch, width, height;
  bool narrow;
  std::vector<float> wide;
  std::vector<std::uint16_t> bits;
  std::array<BufferAxis, 3> axes{};

  Values(int channels, int w, int h, bool bf16, int apart = 0)
      : pitch(std::max(round16(channels), apart)), width(w), height(h), narrow(bf16) {
    wide.assign(static_cast<std::size_t>(pitch * w * h), 0.0f);
    for (std::size_t i = 0; i < wide.size(); ++i)  // somebody else's channels
      if (static_cast<int>(i) % pitch >= round16(channels)) wide[i] = kernel_tests::nan;
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
  int pitch = 0;  // of the first input, a view of a wider buffer then
  float most = std::numeric_limits<float>::infinity();
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
      inputs.emplace_back(c.parts[i], smaller ? (w + 1) / 2 : w, smaller ? (h + 2) / 3 : h, c.types[i] == 'b',
                          i == 0 ? c.pitch : 0);
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
    if (c.relu) sum[0] = std::clamp(sum[0], 0.0, static_cast<double>(c.most));
    return sum;
  }

  int call(const kernels::Library& library, const kernels::Kernel& kernel, Buffer& weights, int tasks,
           std::string& message) {
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
    const int code = library.call(kernel.run, arguments.data(), nullptr, text, sizeof text);
    message = text;
    return code;
  }
};

inline void check(const kernels::Library& library, const Case& c, const kernels::Kernel& kernel, int h, int w) {
  Problem p(c, h, w, static_cast<unsigned>(h * 1000 + w));
  // What the kernel wants its weights to be, by asking it.
  kernels::detail::Argument weights = kernels::detail::Argument::dense(nullptr, std::array<int, 5>{1, 1, 1, 1, 1});
  weights.pointer();
  std::string message;
  REQUIRE(p.call(library, kernel, weights.buffer, 1, message) == 0);
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
    REQUIRE((p.call(library, kernel, weights.buffer, tasks, message) == 0 && message.empty()));
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

}  // namespace bf16_tests

// The parts of Background Matting V2, each alone, against what PyTorch computed (python/golden/parts.py).
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "hairline/io/file.hpp"
#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/weights/safetensors.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
const TensorStore& goldens() {
  const std::string path = HAIRLINE_SOURCE_DIR "/tests/golden/parts.safetensors";
  static const TensorStore store = parse_safetensors(io::read_file(path).value(), path).value();
  return store;
}

// What each part is given, at one size; it shrinks its inputs itself.
template <class N>
NetworkResults run(int height, int width, const RunOptions& options = {}) {
  constexpr Graph g = graph<N>();
  std::vector<Tensor> inputs;
  for (int i = 0; i < g.input_count; ++i) {
    const Node& node = g.nodes[static_cast<std::size_t>(i)];
    Tensor t({1, height, width, node.channels});
    const auto u = seeded_uniform(node.name.view(), t.data.size());
    std::transform(u.begin(), u.end(), t.data.begin(), [](double v) { return static_cast<float>(v); });
    inputs.push_back(std::move(t));
  }
  return run_reference(g, seeded_weights(g), std::move(inputs), options).value();
}

// The golden holds every so-manieth channel.
void check(const std::string& name, const Tensor& mine, bool exact = false) {
  INFO(name);
  const auto found = goldens().tensors.find(name);
  REQUIRE(found != goldens().tensors.end());
  const StoredTensor& golden = found->second;
  REQUIRE(golden.dims[1] == mine.shape.height);
  REQUIRE(golden.dims[2] == mine.shape.width);
  const int stored = static_cast<int>(golden.dims[3]);
  int step = 1;
  while ((mine.shape.channels + step - 1) / step != stored) REQUIRE(++step <= mine.shape.channels);
  const std::vector<float> theirs = to_floats(golden.bytes, golden.type);
  double worst = 0, range = 0;
  std::size_t i = 0;
  for (int y = 0; y < mine.shape.height; ++y)
    for (int x = 0; x < mine.shape.width; ++x)
      for (int c = 0; c < mine.shape.channels; c += step, ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(mine.at(0, y, x)[c]) - static_cast<double>(theirs[i])));
        range = std::max(range, std::abs(static_cast<double>(theirs[i])));
      }
  REQUIRE(i == theirs.size());
  REQUIRE(range > 0.05);  // a golden of zeros would prove nothing
  // Up to 100 layers of f32 sums of up to 18,432 products, each in another order than PyTorch's.
  CHECK(worst <= (exact ? 0.0 : 1e-5 * range));
}

template <class Encoder>
using Taps = Net<"taps", Inputs<Input<"pictures", 6>>, Take<"pictures">,
                 Named<"backbone", typename Encoder::template Layers<6>>, Keep<"x4">,  //
                 Give<"x1">, Give<"x2">, Give<"x3">, Give<"x4">>;

template <int Channels>
using AsppAlone = Net<"aspp", Inputs<Input<"x4", Channels>>, Take<"x4">, Named<"aspp", Aspp<Channels, 256, 3, 6, 9>>,
                      Keep<"y">, Give<"y">>;

template <class Encoder>
using DecoderAlone = Net<"decoder",
                         Inputs<Input<"x0", 6>, Input<"x1", Encoder::x1>, Input<"x2", Encoder::x2>,
                                Input<"x3", Encoder::x3>, Input<"aspp", 256>>,
                         Apply<"x1", "x1", DownsampleBilinear<2>>, Apply<"x2", "x2", DownsampleBilinear<4>>,
                         Apply<"x3", "x3", DownsampleBilinear<8>>, Take<"aspp">, DownsampleBilinear<16>,
                         Named<"decoder", bgmv2::Decoder<Encoder>>, Keep<"y">, Give<"y">>;

template <int K>
using RefinerAlone =
    Net<"refiner",
        Inputs<Input<"src", 3>, Input<"bgr", 3>, Input<"pha_sm", 1>, Input<"residual_sm", 3>, Input<"err_sm", 1>,
               Input<"hid_sm", 32>>,
        Apply<"pha_sm", "pha_sm", DownsampleBilinear<4>>, Apply<"residual_sm", "residual_sm", DownsampleBilinear<4>>,
        Apply<"err_sm", "err_sm", DownsampleBilinear<4>>, Apply<"hid_sm", "hid_sm", DownsampleBilinear<4>>,
        Named<"refiner", typename bgmv2::Refiner<K>::Layers>, Give<"pha">, Give<"residual">, Give<"ref_sm">>;

template <class Encoder>
void check_taps(const std::string& backbone) {
  const auto results = run<Taps<Encoder>>(37, 44);
  for (const auto& [tap, value] : results) check(backbone + "." + tap, value);
}

template <int K>
void check_refiner() {
  const std::pair<RefineMode, std::string> modes[] = {
      {RefineMode::sampling, "sampling"}, {RefineMode::thresholding, "thresholding"}, {RefineMode::full, "full"}};
  for (const auto& [mode, name] : modes) {
    const BackgroundMattingV2Options o{.refine_mode = mode, .refine_sample_pixels = 400, .refine_threshold = 0.5};
    const auto results = run<RefinerAlone<K>>(28, 36, o);
    for (const auto& [result, value] : results)
      check("refiner" + std::to_string(K) + "_" + name + "." + result, value, result == "ref_sm");
  }
}
}  // namespace

TEST_CASE("encoder taps equal PyTorch", "[golden]") {
  check_taps<MobileNetV2>("mobilenetv2");
  check_taps<ResNet50>("resnet50");
  check_taps<ResNet101>("resnet101");
}

TEST_CASE("ASPP equals PyTorch", "[golden]") {
  check("mobilenetv2.aspp", run<AsppAlone<320>>(13, 11).at("y"));
  check("resnet50.aspp", run<AsppAlone<2048>>(13, 11).at("y"));
}

TEST_CASE("decoders equal PyTorch", "[golden]") {
  check("mobilenetv2.decoder", run<DecoderAlone<MobileNetV2>>(23, 34).at("y"));
  check("resnet50.decoder", run<DecoderAlone<ResNet50>>(23, 34).at("y"));
}

TEST_CASE("refiners equal PyTorch", "[golden]") {
  check_refiner<3>();
  check_refiner<1>();
}

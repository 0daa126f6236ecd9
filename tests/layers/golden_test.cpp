// Single layers against what PyTorch computed (python/golden/layers.py), with seeded weights.
#include <algorithm>
#include <cmath>
#include <string>

#include "hairline/io/file.hpp"
#include "hairline/layers/activation.hpp"
#include "hairline/layers/batch_norm.hpp"
#include "hairline/layers/compose.hpp"
#include "hairline/layers/conv2d.hpp"
#include "hairline/layers/pool.hpp"
#include "hairline/layers/resize.hpp"
#include "hairline/nets/net.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/weights/safetensors.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
const TensorStore& goldens() {
  const std::string path = HAIRLINE_SOURCE_DIR "/tests/golden/layers.safetensors";
  static const TensorStore store = parse_safetensors(io::read_file(path).value(), path).value();
  return store;
}

Tensor signed_input(TensorShape shape) {
  Tensor t(shape);
  const auto u = seeded_uniform("x", t.data.size());
  for (std::size_t i = 0; i < u.size(); ++i) t.data[i] = static_cast<float>(u[i] * 2 - 1);
  return t;
}

template <int Channels, class Layer>
using Single = Net<"single", Inputs<Input<"x", Channels>>, Take<"x">, Named<"layer", Layer>, Keep<"y">, Give<"y">>;

template <int Channels, class Layer>
void check(const std::string& name, int batch, int height, int width) {
  INFO(name);
  const Graph g = graph<Single<Channels, Layer>>();
  const auto results = run_reference(g, seeded_weights(g), {signed_input({batch, height, width, Channels})}).value();
  const Tensor& mine = results.at("y");
  const StoredTensor& golden = goldens().tensors.find(name)->second;
  const std::vector<std::int64_t> shape{mine.shape.batch, mine.shape.height, mine.shape.width, mine.shape.channels};
  REQUIRE(shape == golden.dims);
  const std::vector<float> theirs = to_floats(golden.bytes, golden.type);
  float range = 0;
  double worst = 0;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    range = std::max(range, std::abs(theirs[i]));
    worst = std::max(worst, std::abs(static_cast<double>(mine.data[i]) - static_cast<double>(theirs[i])));
  }
  // At most 294 products summed in f32 in another order; 1e-6 of the range is a dozen roundings.
  CHECK(worst <= 1e-6 * static_cast<double>(range));
}
}  // namespace

TEST_CASE("convolutions equal PyTorch", "[golden]") {
  check<5, Conv2d<5, 8>>("conv3", 2, 7, 9);
  check<5, Conv2d<5, 8, Bias{false}>>("conv3_bare", 2, 7, 9);
  check<16, Conv2d<16, 4, Kernel{1}>>("conv1", 1, 4, 6);
  check<6, Conv2d<6, 16, Kernel{7}, Stride{2}, Bias{false}>>("conv7_stride2", 1, 13, 11);
  check<4, Conv2d<4, 6, Stride{2}>>("conv3_stride2", 1, 8, 9);
  check<4, Conv2d<4, 6, Dilation{6}>>("conv3_dilated", 1, 9, 11);
  check<7, Conv2d<7, 5, Padding{0}>>("conv3_valid", 3, 8, 8);
  check<8, Conv2d<8, 12, Groups{4}>>("conv3_grouped", 1, 7, 9);
  check<6, Conv2d<6, 6, Groups{6}, Stride{2}, Bias{false}>>("depthwise_stride2", 1, 9, 7);
  check<6, Conv2d<6, 6, Bias{false}, Groups{6}, Dilation{2}>>("depthwise_dilated", 1, 9, 7);
}

TEST_CASE("normalisation, activations and pooling equal PyTorch", "[golden]") {
  check<7, BatchNorm<7>>("batch_norm", 2, 5, 3);
  check<4, Relu>("relu", 1, 3, 5);
  check<4, Relu6>("relu6", 1, 3, 5);
  check<3, MaxPool<>>("max_pool", 1, 9, 8);
  check<3, MaxPool<Kernel{2}, Stride{2}, Padding{0}>>("max_pool2", 1, 9, 8);
  check<3, GlobalAveragePool>("global_average_pool", 2, 5, 7);
}

TEST_CASE("resizes equal PyTorch", "[golden]") {
  check<2, UpsampleNearest<2>>("nearest", 1, 3, 4);
  const auto bilinear = [](const char* name, TensorShape from) {
    INFO(name);
    const StoredTensor& golden = goldens().tensors.find(name)->second;
    const auto extent = [&](std::size_t i) { return static_cast<int>(golden.dims[i]); };
    const Tensor in = signed_input(from);
    Tensor out({extent(0), extent(1), extent(2), extent(3)});
    ThreadPool pool(1);
    const Tensor* inputs[] = {&in};
    const RunOptions options;
    detail::bilinear_forward({Node{&resize_like_op}, inputs, {}, out, options, pool});
    const std::vector<float> theirs = to_floats(golden.bytes, golden.type);
    for (std::size_t i = 0; i < theirs.size(); ++i) CHECK(std::abs(out.data[i] - theirs[i]) <= 1e-6f);
  };
  bilinear("bilinear_up", {1, 4, 5, 3});
  bilinear("bilinear_down", {1, 11, 13, 3});
}

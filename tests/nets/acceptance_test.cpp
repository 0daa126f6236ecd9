// Properties that hold for any weights (the acceptance tests of the network's description).
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/nets/pictures.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
Tensor picture(std::string_view name, TensorShape shape) {
  Tensor t(shape);
  const auto u = seeded_uniform(name, t.data.size());
  for (std::size_t i = 0; i < u.size(); ++i) t.data[i] = static_cast<float>(u[i]);
  return t;
}
Tensor part_of_batch(const Tensor& t, int b) {
  TensorShape s = t.shape;
  s.batch = 1;
  Tensor one(s);
  std::copy_n(t.at(b, 0, 0), one.data.size(), one.data.begin());
  return one;
}
double difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape == b.shape);
  double worst = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a.data[i]) - static_cast<double>(b.data[i])));
  return worst;
}
using Network = BackgroundMattingV2<MobileNetV2>;
const Weights& weights() {
  static const Weights w = seeded_weights(graph<Network>(), 7);
  return w;
}
NetworkResults run(const std::vector<Tensor>& inputs, const RunOptions& o) {
  return run_reference(graph<Network>(), weights(), inputs, o).value();
}
}  // namespace

TEST_CASE("full mode equals sampling of all cells, bit for bit") {
  const std::vector<Tensor> in{picture("a", {2, 40, 56, 3}), picture("b", {2, 40, 56, 3})};
  RunOptions all;
  all.set("refine_sample_pixels", 1e9);
  all.set("refine_prevent_oversampling", 0);
  RunOptions full;
  full.set("refine_mode", static_cast<int>(RefineMode::full));
  const auto a = run(in, all), b = run(in, full);
  for (const char* name : {"pha", "fgr", "ref_sm"}) CHECK(difference(a.at(name), b.at(name)) == 0.0);
}

TEST_CASE("a batch of two equals two batches of one, in every mode") {
  const Tensor src = picture("a", {2, 37, 55, 3}), bgr = picture("b", {2, 37, 55, 3});
  RunOptions o;
  o.set("refine_mode", GENERATE(0, 1, 2, 3));
  o.set("refine_sample_pixels", 320);
  const auto both = run({src, bgr}, o);
  for (int b = 0; b < 2; ++b) {
    const auto one = run({part_of_batch(src, b), part_of_batch(bgr, b)}, o);
    for (const auto& [name, tensor] : both) CHECK(difference(part_of_batch(tensor, b), one.at(name)) == 0.0);
  }
}

TEST_CASE("outside refined cells the result is the upsampled coarse one, and cells obey their rule") {
  const std::vector<Tensor> in{picture("a", {1, 48, 64, 3}), picture("b", {1, 48, 64, 3})};
  RunOptions none;
  none.set("refine_mode", static_cast<int>(RefineMode::none));
  const auto coarse = run(in, none);
  RunOptions o;
  const int mode = GENERATE(0, 1);
  o.set("refine_mode", mode);
  o.set("refine_sample_pixels", 640);
  const auto r = run(in, o);
  const Tensor &mask = r.at("ref_sm"), &error = r.at("err_sm");
  REQUIRE(mask.shape == error.shape);  // at scale 1/4 the error map has one value a cell
  int cells = 0;
  for (std::size_t i = 0; i < mask.data.size(); ++i) {
    cells += mask.data[i] == 1.0f;
    if (mask.data[i] == 1.0f) CHECK(error.data[i] > (mode == 1 ? 0.1f : 0.0f));
    if (mode == 1) CHECK((mask.data[i] == 1.0f) == (error.data[i] > 0.1f));
  }
  CHECK(cells > 0);
  if (mode == 0) CHECK(cells <= 40);
  for (int y = 0; y < 48; ++y)
    for (int x = 0; x < 64; ++x)
      if (*mask.at(0, y / 4, x / 4) == 0.0f) {
        CHECK(*r.at("pha").at(0, y, x) == *coarse.at("pha").at(0, y, x));
        for (int c = 0; c < 3; ++c) CHECK(r.at("fgr").at(0, y, x)[c] == coarse.at("fgr").at(0, y, x)[c]);
      }
}

TEST_CASE("downsampling by 1/2, 1/4 and 1/8 is the mean of the central 2x2 of each block") {
  const int d = GENERATE(2, 4, 8);
  const Tensor in = picture("a", {1, 48, 32, 3});
  Tensor out({1, 48 / d, 32 / d, 3});
  ThreadPool pool(1);
  const Tensor* inputs[] = {&in};
  const RunOptions options;
  Node node{&downsample_op};
  detail::bilinear_forward({node, inputs, {}, out, options, pool});
  const int first = d / 2 - 1;
  for (int y = 0; y < out.shape.height; ++y)
    for (int x = 0; x < out.shape.width; ++x)
      for (int c = 0; c < 3; ++c) {
        const float mean =
            (in.at(0, d * y + first, d * x + first)[c] + in.at(0, d * y + first, d * x + first + 1)[c] +
             in.at(0, d * y + first + 1, d * x + first)[c] + in.at(0, d * y + first + 1, d * x + first + 1)[c]) /
            4;
        CHECK(out.at(0, y, x)[c] == Approx(mean).margin(1e-6));
      }
}

TEST_CASE("equal errors are chosen in row-major order") {
  const std::vector<float> error{0.5f, 0.25f, 0.5f, 0.5f, 0.75f, 0.0f};
  RunOptions o;
  o.set("refine_sample_pixels", 3 * 16);
  CHECK(detail::choose_cells(error.data(), 6, o).cells == std::vector<int>{0, 2, 4});
  CHECK(detail::choose_cells(error.data(), 6, o).line == 0.5f);
  o.set("refine_sample_pixels", 100 * 16);
  CHECK(detail::choose_cells(error.data(), 6, o).cells == std::vector<int>{0, 1, 2, 3, 4});
  CHECK(detail::choose_cells(error.data(), 6, o).line == 0);
  o.set("refine_least_error", 0.25);
  CHECK(detail::choose_cells(error.data(), 6, o).cells == std::vector<int>{0, 2, 3, 4});
  CHECK(detail::choose_cells(error.data(), 6, o).line == 0.25f);
  o.set("refine_sample_pixels", 3 * 16);
  CHECK(detail::choose_cells(error.data(), 6, o).cells == std::vector<int>{0, 2, 4});
  CHECK(detail::choose_cells(error.data(), 6, o).line == 0.5f);
  o.set("refine_sample_pixels", 100 * 16);
  o.set("refine_prevent_oversampling", 0);
  CHECK(detail::choose_cells(error.data(), 6, o).cells.size() == 6);
}

TEST_CASE("refinement fades in from the error that divides chosen cells from the others") {
  CHECK(detail::refined_share(0.2f, 0.2f, 0) == 1);
  CHECK(detail::refined_share(0.2f, 0, 0.5f) == 1);  // none are left out
  CHECK(detail::refined_share(0.2f, 0.2f, 0.5f) == 0);
  CHECK(detail::refined_share(0.25f, 0.2f, 0.5f) == Approx(0.5));
  CHECK(detail::refined_share(0.31f, 0.2f, 0.5f) == 1);
}

TEST_CASE("with a fade, which of two nearly equal errors is the larger one decides nothing") {
  // Two cells side by side; coarse is 0 everywhere, refined 1.
  const auto run = [](float left, float right, double fade) {
    constexpr Graph g = graph<
        Net<"two_cells", Inputs<Input<"error", 1>, Input<"coarse", 1>, Input<"refined", 1>>,
            Apply<"error", "error_of_cells", DownsampleBilinear<4>>, Apply<"error_of_cells", "cells", SelectCells>,
            Take<"refined">, CropPatches<"cells", 4, 0>, ReplacePatches<"coarse", "cells">, Keep<"y">, Give<"y">>>();
    Tensor error({1, 4, 8, 1}), coarse({1, 4, 8, 1}), refined({1, 4, 8, 1});
    for (std::size_t i = 0; i < error.data.size(); ++i) error.data[i] = i % 8 < 4 ? left : right;
    std::fill(refined.data.begin(), refined.data.end(), 1.0f);
    RunOptions o;
    o.set("refine_sample_pixels", 16);
    o.set("refine_fade", fade);
    return run_reference(g, Weights{}, {error, coarse, refined}, o).value().at("y").data;
  };
  const float more = 0.5f, less = std::nextafter(more, 0.0f);
  const auto jump = [](const std::vector<float>& a, const std::vector<float>& b) {
    float most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
    return most;
  };
  CHECK(jump(run(more, less, 0), run(less, more, 0)) == 1);
  CHECK(jump(run(more, less, 0.5), run(less, more, 0.5)) < 1e-6);
}

TEST_CASE("the coarse network is the whole one with nothing refined, and at scale 1 the base network") {
  constexpr Graph coarse = graph<BackgroundMattingV2Coarse<MobileNetV2>>();
  constexpr Graph base = graph<BackgroundMattingV2Base<MobileNetV2>>();
  const std::vector<Tensor> odd{picture("a", {2, 37, 55, 3}), picture("b", {2, 37, 55, 3})};
  const BackgroundMattingV2Options none{.backbone_scale = GENERATE(0.25, 0.5), .refine_mode = RefineMode::none};
  const auto whole = run(odd, none);
  const auto found = run_reference(coarse, weights(), odd, none).value();
  for (const auto& [name, tensor] : found) CHECK(difference(tensor, whole.at(name)) == 0.0);
  const std::vector<Tensor> even{picture("a", {1, 36, 52, 3}), picture("b", {1, 36, 52, 3})};
  const auto alone = run_reference(base, weights(), even, {}).value();
  const auto same = run_reference(coarse, weights(), even, BackgroundMattingV2Options{.backbone_scale = 1}).value();
  for (const char* name : {"pha", "fgr"}) CHECK(difference(alone.at(name), same.at(name)) == 0.0);
  CHECK(difference(alone.at("err"), same.at("err_sm")) == 0.0);
}

TEST_CASE("the options' defaults are those of the graph, and a picture becomes a tensor and back") {
  const std::vector<Tensor> in{picture("a", {1, 48, 64, 3}), picture("b", {1, 48, 64, 3})};
  for (const RefineMode mode : {RefineMode::sampling, RefineMode::thresholding}) {
    RunOptions only_mode;
    only_mode.set("refine_mode", static_cast<int>(mode));
    const auto a = run(in, only_mode), b = run(in, BackgroundMattingV2Options{.refine_mode = mode});
    for (const auto& [name, tensor] : a) CHECK(difference(tensor, b.at(name)) == 0.0);
  }
  const Image<float> image = to_image(in[1]);
  CHECK(image.shape() == Shape{48, 64, 3});
  CHECK(difference(to_tensor(image), in[1]) == 0.0);
  const Tensor eight = to_tensor(convert<std::uint8_t>(image));
  for (std::size_t i = 0; i < eight.data.size(); ++i)
    CHECK(eight.data[i] == Approx(in[1].data[i]).margin(0.5 / 255 + 1e-6));
}

TEST_CASE("what does not fit is an error with wanted and given") {
  const Tensor good = picture("a", {1, 8, 8, 3});
  CHECK_THAT(run_reference(graph<Network>(), weights(), {good}).error().message,
             Catch::Contains("reads 2 pictures, given 1"));
  CHECK_THAT(run_reference(graph<Network>(), weights(), {good, picture("b", {1, 8, 12, 3})}).error().message,
             Catch::Contains("'bgr' has shape 1x8x12x3, wanted 1x8x8x3"));
  Weights part = weights();
  part.tensors.erase("decoder.conv4.bias");
  part.tensors["refiner.conv4.bias"].values.resize(3);
  CHECK_THAT(
      run_reference(graph<Network>(), part, {good, good}).error().message,
      Catch::Contains("missing decoder.conv4.bias") && Catch::Contains("refiner.conv4.bias has 3 values, wanted 4"));
  const Tensor dot = picture("a", {1, 1, 1, 3});
  CHECK(run({dot, dot}, {}).at("pha").shape == TensorShape{1, 1, 1, 1});
  RunOptions tiny;
  tiny.set("backbone_scale", 0.125);
  CHECK_THAT(run_reference(graph<Network>(), weights(), {dot, dot}, tiny).error().message,
             Catch::Contains("too small"));
}

// A self-test passes with the weights it was made for and fails with any other.
#include <algorithm>
#include <cmath>
#include <limits>

#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/weights/seeded.hpp"
#include "hairline/weights/self_test.hpp"
#include "tests/support/catch.hpp"
#include "tests/weights/small.hpp"

using namespace hairline;

namespace {
using Matting = BackgroundMattingV2<MobileNetV2>;

SelfTestOptions options() {
  SelfTestOptions o;
  o.run.set("backbone_scale", 0.5);
  o.run.set("refine_mode", static_cast<int>(RefineMode::full));
  return o;
}
}  // namespace

TEST_CASE("a self-test shows every tensor that is not what it was") {
  const Graph g = graph<Matting>();
  Weights weights = seeded_weights(g, 3);
  const SelfTest test = make_self_test(g, weights, options()).value();
  const auto whole = run_self_test(g, weights, test).value();
  CHECK(whole.passed);
  CHECK(whole.largest == 0.0);  // the same machine, the same sums
  CHECK(whole.differences.size() == g.outputs.size());
  double least = 1e9;
  for (auto& [name, tensor] : weights.tensors) {
    if (name.ends_with("num_batches_tracked")) continue;
    std::reverse(tensor.values.begin(), tensor.values.end());  // the same numbers in another order
    const auto report = run_self_test(g, weights, test).value();
    std::reverse(tensor.values.begin(), tensor.values.end());
    INFO(name << " " << report.largest);
    CHECK_FALSE(report.passed);
    least = std::min(least, report.largest);
  }
  CHECK(least > 4 * test.tolerance);
  CHECK_THAT(test.reason, Catch::Contains("f32 sums"));
}

TEST_CASE("a self-test shows two layers that were swapped") {
  const Graph g = graph<Matting>();
  Weights weights = seeded_weights(g, 3);
  const SelfTest test = make_self_test(g, weights, options()).value();
  for (const auto& [a, b] :
       {std::pair("backbone.features.5.conv.0.0.weight", "backbone.features.6.conv.0.0.weight"),
        std::pair("aspp.convs.1.0.weight", "aspp.convs.3.0.weight"),
        std::pair("backbone.features.15.conv.1.1.running_mean", "backbone.features.16.conv.1.1.running_mean"),
        std::pair("decoder.bn3.weight", "decoder.bn3.running_var")}) {
    INFO(a);
    REQUIRE(weights.tensors.at(a).dims == weights.tensors.at(b).dims);
    std::swap(weights.tensors.at(a), weights.tensors.at(b));
    CHECK_FALSE(run_self_test(g, weights, test).value().passed);
    std::swap(weights.tensors.at(a), weights.tensors.at(b));
  }
}

TEST_CASE("a self-test's pictures are pictures, and the results vary") {
  const Graph g = graph<Matting>();
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const auto pictures = self_test_pictures(g, 20, 28, seed);
    REQUIRE(pictures.size() == 2);
    int same = 0;
    for (std::size_t i = 0; i < pictures[0].data.size(); ++i) {
      const float v = pictures[0].data[i];
      if (!(v >= 0 && v <= 1) || std::abs(v * 255 - std::round(v * 255)) > 1e-4f) FAIL(v);
      same += v == pictures[1].data[i];
    }
    // The disc differs from the plate, the surroundings do not: both kinds of pixels are there.
    CHECK(same > 100);
    CHECK(same < static_cast<int>(pictures[0].data.size()) - 100);
  }
  const SelfTest test = make_self_test(g, seeded_weights(g), options()).value();
  for (const char* name : {"pha", "fgr", "pha_sm", "fgr_sm", "err_sm"})
    CHECK(varied_share(test.expected.at(name)) > 0.1);
}

TEST_CASE("an input with one channel is the disc") {
  using Trimapped =
      Net<"trimapped", Inputs<Input<"image", 3>, Input<"trimap", 1>>, Take<"trimap">, Keep<"y">, Give<"y">>;
  const auto pictures = self_test_pictures(graph<Trimapped>(), 32, 32, 1);
  const auto [least, greatest] = std::minmax_element(pictures[1].data.begin(), pictures[1].data.end());
  CHECK(*least == 0.0f);
  CHECK(*greatest == 1.0f);
}

TEST_CASE("results that are not numbers neither make nor pass a self-test") {
  const Graph g = graph<tests::Small>();
  Weights weights = seeded_weights(g);
  const SelfTest test = make_self_test(g, weights).value();
  weights.tensors.at("conv.weight").values[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THAT(make_self_test(g, weights).error().message, Catch::Contains("not finite"));
  const auto report = run_self_test(g, weights, test).value();
  CHECK_FALSE(report.passed);
  CHECK(report.largest == std::numeric_limits<double>::infinity());
}

TEST_CASE("tests that no network needs are refused") {
  const Graph g = graph<tests::Small>();
  const Weights weights = seeded_weights(g);
  const SelfTest good = make_self_test(g, weights).value();
  const auto message = [&](auto&& change) {
    SelfTest test = good;
    change(test);
    const auto r = run_self_test(g, weights, test);
    return r ? std::string() : r.error().message;
  };
  CHECK(message([](SelfTest&) {}).empty());
  CHECK_THAT(message([](SelfTest& t) { t.inputs.clear(); }), Catch::Contains("lacks the network's input 'x'"));
  CHECK_THAT(message([](SelfTest& t) { t.inputs.at("x") = Tensor({1, 8, 8, 2}); }), Catch::Contains("wanted 1x8x8x3"));
  CHECK_THAT(message([](SelfTest& t) { t.inputs.at("x") = Tensor({1, 1, 2000, 3}); }), Catch::Contains("1024x1024"));
  CHECK_THAT(message([](SelfTest& t) { t.options.emplace_back("backbone_scale", 1e9); }), Catch::Contains("2^17"));
  CHECK_THAT(message([](SelfTest& t) { t.options.emplace_back("backbone_scale", std::nan("")); }),
             Catch::Contains("2^17"));
  CHECK_THAT(message([](SelfTest& t) { t.options.resize(13); }), Catch::Contains("more than 12"));
  CHECK_THAT(message([](SelfTest& t) { t.expected.clear(); }), Catch::Contains("expects nothing"));
  CHECK_THAT(message([](SelfTest& t) { t.expected.at("y") = Tensor({1, 1, 1, 1}); }), Catch::Contains("'y'"));
  CHECK_THAT(message([](SelfTest& t) { t.expected["z"] = Tensor({1, 1, 1, 1}); }), Catch::Contains("'z'"));

  // A scale that would make planes of 64 million pixels.
  const Graph matting = graph<Matting>();
  SelfTest large = make_self_test(matting, seeded_weights(matting), options()).value();
  large.options = {{"backbone_scale", 128.0}};
  CHECK_THAT(run_self_test(matting, seeded_weights(matting), large).error().message, Catch::Contains("20 GMac"));
}

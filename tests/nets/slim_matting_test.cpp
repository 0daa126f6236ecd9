// The slim network: what it must keep of Background Matting V2, and what it may cost.
#include "hairline/nets/slim_matting.hpp"

#include "hairline/nets/cost.hpp"
#include "hairline/nets/parameters.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

TEST_CASE("slim: the results of Background Matting V2, in less than two thirds of the work") {
  constexpr Graph slim = graph<SlimMatting>(), large = graph<BackgroundMattingV2<MobileNetV2>>();
  REQUIRE(slim.outputs.size() == large.outputs.size());
  const auto sizes = shapes(slim, 1080, 1920), others = shapes(large, 1080, 1920);
  for (std::size_t i = 0; i < slim.outputs.size(); ++i) {
    CHECK(slim.outputs[i].name == large.outputs[i].name);
    CHECK(sizes[static_cast<std::size_t>(slim.outputs[i].node)] ==
          others[static_cast<std::size_t>(large.outputs[i].node)]);
  }
  CHECK(network_cost(slim, sizes).total.multiply_adds < network_cost(large, others).total.multiply_adds / 1.5);
  CHECK(2 * parameter_count(slim) <= 8 << 20);  // bytes as f16
}

TEST_CASE("slim: the coarse stage has 480 pixels on its longer side, or those of a smaller picture") {
  static_assert(slim_backbone_scale(1080, 1920) == 0.25 && slim_backbone_scale(3840, 2160) == 0.125);
  static_assert(slim_backbone_scale(360, 480) == 1 && slim_backbone_scale(9, 7) == 1);
  static_assert(slim_options(0.25).refine_sample_pixels == 80000 && slim_options(0.5).refine_sample_pixels == 160000);
  static_assert(slim_options(0.66).refine_mode == RefineMode::sampling);
  static_assert(slim_options(0.67).refine_mode == RefineMode::none && slim_options(0.67).backbone_scale == 0.67);
  constexpr Graph g = graph<SlimMatting>();
  for (const int side : {481, 640, 800, 1100, 1999}) {
    const auto sizes = shapes(g, side / 2, side, slim_options(slim_backbone_scale(side / 2, side)));
    for (const Output& o : g.outputs)
      if (o.name == "pha_sm") CHECK(std::abs(sizes[static_cast<std::size_t>(o.node)].width - 480) <= 2);
  }
}

TEST_CASE("slim: with nothing refined the coarse graph and the whole one agree") {
  constexpr Graph whole = graph<SlimMatting>(), coarse = graph<SlimMattingCoarse>();
  const Weights weights = seeded_weights(whole, 4), part = seeded_weights(coarse, 4);
  const auto pictures = [] {
    std::vector<Tensor> all;
    for (const char* name : {"src", "bgr"}) {
      Tensor t({1, 45, 70, 3});
      const auto u = seeded_uniform(name, t.data.size());
      for (std::size_t i = 0; i < u.size(); ++i) t.data[i] = static_cast<float>(u[i]);
      all.push_back(std::move(t));
    }
    return all;
  };
  const auto a = run_reference(whole, weights, pictures(), BackgroundMattingV2Options{.refine_mode = RefineMode::none});
  const auto b = run_reference(coarse, part, pictures(), BackgroundMattingV2Options{});
  REQUIRE(a);
  REQUIRE(b);
  for (const auto& [name, tensor] : *b) CHECK(tensor.data == a->at(name).data);
}

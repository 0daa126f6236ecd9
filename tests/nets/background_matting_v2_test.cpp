#include "hairline/nets/background_matting_v2.hpp"

#include "hairline/nets/cost.hpp"
#include "hairline/nets/parameters.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/nets/shapes.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

// Table 4 of the paper, to the unit.
static_assert(parameter_count(graph<BackgroundMattingV2<ResNet50>>()) == 40'247'703);
static_assert(parameter_count(graph<BackgroundMattingV2<ResNet101>>()) == 59'239'831);
static_assert(parameter_count(graph<BackgroundMattingV2<MobileNetV2>>()) == 5'006'839);
static_assert(parameter_count(graph<BackgroundMattingV2Base<ResNet50>>()) == 40'232'259);
static_assert(parameter_count(graph<BackgroundMattingV2Base<ResNet101>>()) == 59'224'387);
static_assert(parameter_count(graph<BackgroundMattingV2Base<MobileNetV2>>()) == 4'991'395);
static_assert(tensor_count(graph<BackgroundMattingV2<ResNet50>>()) == 394);
static_assert(tensor_count(graph<BackgroundMattingV2<ResNet101>>()) == 700);
static_assert(tensor_count(graph<BackgroundMattingV2<MobileNetV2>>()) == 382);
static_assert(parameter_count(graph<BackgroundMattingV2<ResNet50, Kernel{1}>>()) == 40'232'259 + 1812);

TEST_CASE("keys stand in the published order") {
  const auto all = parameters(graph<BackgroundMattingV2<ResNet50>>());
  CHECK(all.front().name == "backbone.conv1.weight");
  CHECK(all.back().name == "refiner.conv4.bias");
  const auto mobile = parameters(graph<BackgroundMattingV2<MobileNetV2>>());
  CHECK(mobile[0].name == "backbone.features.0.0.weight");
}

TEST_CASE("shapes follow the published sizes") {
  using Net50 = BackgroundMattingV2<ResNet50>;
  static_assert(result_shape<Net50>("pha", 1080, 1920) == TensorShape{1, 1080, 1920, 1});
  static_assert(result_shape<Net50>("fgr", 1081, 1919) == TensorShape{1, 1081, 1919, 3});
  static_assert(result_shape<Net50>("err_sm", 1080, 1920) == TensorShape{1, 270, 480, 1});
  static_assert(result_shape<Net50>("ref_sm", 1080, 1920) == TensorShape{1, 270, 480, 1});
  const auto all = shapes(graph<Net50>(), 1080, 1920);
  std::vector<TensorShape> blocks;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (graph<Net50>().nodes[i].name == Name("backbone.layer4.2")) blocks.push_back(all[i]);
  REQUIRE_FALSE(blocks.empty());
  CHECK(blocks.back() == TensorShape{1, 17, 30, 2048});
}

TEST_CASE("costs are those of the paper") {
  struct Row {
    Graph graph;
    int height, width;
    double scale, sample_pixels, base, refiner;
  };
  const Row row = GENERATE(Row{graph<BackgroundMattingV2<ResNet50>>(), 1080, 1920, 0.25, 80000, 31.84, 2.37},
                           Row{graph<BackgroundMattingV2<ResNet101>>(), 1080, 1920, 0.25, 80000, 41.50, 2.37},
                           Row{graph<BackgroundMattingV2<MobileNetV2>>(), 1080, 1920, 0.25, 80000, 7.39, 2.37},
                           Row{graph<BackgroundMattingV2<ResNet50>>(), 2160, 3840, 0.125, 320000, 31.84, 9.49});
  RunOptions options;
  options.set("backbone_scale", row.scale);
  options.set("refine_sample_pixels", row.sample_pixels);
  const auto all = shapes(row.graph, row.height, row.width, options);
  const auto costs = node_costs(row.graph, all);
  double base = 0, refiner = 0;
  for (std::size_t i = 0; i < costs.size(); ++i)
    (row.graph.nodes[i].name.view().substr(0, 7) == "refiner" ? refiner : base) += costs[i].multiply_adds;
  CHECK(base / 1e9 == Approx(row.base).margin(0.005));
  CHECK(refiner / 1e9 == Approx(row.refiner).margin(0.005));
}

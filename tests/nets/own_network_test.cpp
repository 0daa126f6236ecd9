// A network defined outside the toolkit gets everything that the published ones get.
#include "examples/own_network.hpp"

#include <cmath>
#include <set>

#include "hairline/nets/cost.hpp"
#include "hairline/nets/description.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/weights/fit.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

TEST_CASE("a network from outside has shapes, keys, cost, JSON and a reference") {
  using Mine = example::SmallMatting<8>;
  constexpr Graph g = graph<Mine>();
  static_assert(result_shape<Mine>("pha", 33, 47) == TensorShape{1, 33, 47, 1});
  static_assert(graph<example::SmallMatting<12>>().nodes.size() == g.nodes.size());

  std::set<std::string> names;
  for (const auto& p : parameters(g)) names.insert(p.name);
  CHECK(names.size() == tensor_count(g));
  for (const char* key : {"stem.0.weight", "stem.1.running_var", "down1.conv.1.0.weight", "up1.0.weight", "alpha.bias"})
    CHECK(names.count(key) == 1);

  // Counted by hand: 6*8*9 + 16, the inverted residual 8 -> 16 with 32 hidden, 16 -> 32, 48 -> 16, 24 -> 8, 8 -> 1.
  const std::size_t inverted = 8 * 32 + 64 + 32 * 9 + 64 + 32 * 16 + 32;
  CHECK(parameter_count(g) ==
        6 * 8 * 9 + 16 + inverted + (16 * 32 * 9 + 64) + (48 * 16 * 9 + 32) + (24 * 8 * 9 + 16) + 9);

  const auto sizes = shapes(g, 64, 96);
  double expected = 32.0 * 48 * 8 * 6 * 9;                                                // stem
  expected += 32.0 * 48 * 32 * 8 + 16.0 * 24 * (32 * 9 + 32 * 16);                        // down1
  expected += 8.0 * 12 * 32 * 16 * 9 + 16.0 * 24 * 16 * 48 * 9 + 32.0 * 48 * 8 * 24 * 9;  // down2, up2, up1
  expected += 64.0 * 96 * 8;                                                              // alpha
  CHECK(network_cost(g, sizes).total.multiply_adds == expected);

  const auto json = describe(g);
  CHECK(json["nodes"].size() == g.nodes.size());
  CHECK(json["outputs"][0]["name"] == "pha");
  CHECK(json["blocks"].size() == 3);  // the inverted residual and two decoder steps

  Tensor src({2, 33, 47, 3}), bgr({2, 33, 47, 3});
  const auto u = seeded_uniform("src", src.data.size());
  for (std::size_t i = 0; i < u.size(); ++i) src.data[i] = static_cast<float>(u[i]);
  const auto alpha = run_reference(g, seeded_weights(g), {src, bgr}).value().at("pha");
  CHECK(alpha.shape == TensorShape{2, 33, 47, 1});
  for (float a : alpha.data) CHECK((a >= 0.0f && a <= 1.0f));
}

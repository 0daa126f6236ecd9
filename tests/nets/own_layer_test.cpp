// A layer defined outside the toolkit works in networks as the built-in ones do.
#include <cmath>

#include "examples/own_layer.hpp"
#include "hairline/nets/cost.hpp"
#include "hairline/nets/description.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/weights/fit.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
// The same without it, up to where the layer comes.
using Before = Net<"before", Inputs<Input<"src", 3>>, Take<"src">, Named<"conv", Conv2d<3, 4>>, Keep<"y">, Give<"y">>;
using After = Net<"after", Inputs<Input<"src", 4>>, Take<"src">, Named<"out", Conv2d<4, 1>>, Keep<"y">, Give<"y">>;
}  // namespace

TEST_CASE("a layer from outside has shapes, keys, JSON and a reference") {
  constexpr Graph g = graph<example::WithOwnLayer>();
  static_assert(parameter_count(g) == (3 * 9 + 1) * 4 + 4 + (4 * 9 + 1));
  static_assert(result_shape<example::WithOwnLayer>("y", 5, 7) == TensorShape{1, 5, 7, 1});
  CHECK(parameters(g)[2].name == "act.weight");
  const auto json = describe(g);
  CHECK(json["nodes"][2]["op"] == "parametric_relu");
  CHECK(json["nodes"][2]["parameters"][0]["shape"] == std::vector<int>{4});
  CHECK(network_cost(g, shapes(g, 5, 7)).total.multiply_adds == 5 * 7 * (3 * 4 + 4) * 9);

  Tensor src({2, 5, 7, 3});
  const auto u = seeded_uniform("src", src.data.size());
  for (std::size_t i = 0; i < u.size(); ++i) src.data[i] = static_cast<float>(2 * u[i] - 1);
  const Weights weights = seeded_weights(g);
  const Tensor whole = run_reference(g, weights, {src}).value().at("y");
  Tensor middle = run_reference(graph<Before>(), weights, {src}).value().at("y");
  int below = 0;
  for (std::size_t i = 0; i < middle.data.size(); ++i) {
    const float slope = weights.tensors.at("act.weight").values[i % 4];
    below += middle.data[i] < 0;
    middle.data[i] = std::fmax(middle.data[i], 0.0f) + slope * std::fmin(middle.data[i], 0.0f);
  }
  CHECK(below > 50);
  CHECK(run_reference(graph<After>(), weights, {middle}).value().at("y").data == whole.data);

  Weights without = weights;
  without.tensors.erase("act.weight");
  CHECK_THAT(run_reference(g, without, {src}).error().message, Catch::Contains("missing act.weight"));
}

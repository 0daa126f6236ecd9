#include "hairline/losses/error_map_mse.hpp"

#include "tests/losses/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::losses;

TEST_CASE("an error map is right where it equals the alpha's error") {
  const Image<double> alpha(Shape{1, 1, 1}, 0.25), truth(Shape{1, 1, 1}, 1.0), right(Shape{1, 1, 1}, 0.75),
      low(Shape{1, 1, 1}, 0.5);
  CHECK(error_map_mse(right, alpha, truth)->value == 0);
  const auto joint = error_map_mse<double>(low, alpha, truth, {}, ErrorMapMseOptions::bgmv2_joint()).value();
  CHECK(joint.value == 0.0625);
  CHECK(joint.error(0, 0) == -0.5);
  CHECK(joint.alpha(0, 0) == -0.5);  // a worse alpha would make the map right: why the base stage detaches it
  CHECK(error_map_mse<double>(low, alpha, truth, {}, ErrorMapMseOptions::bgmv2_base())->alpha(0, 0) == 0);
  CHECK_FALSE(error_map_mse(Image<float>(Shape{1, 2, 1}), alpha, truth).has_value());
}

TEST_CASE("the error map's gradients equal finite differences") {
  const auto x = losses_test::inputs(5, 4);
  const auto options = ErrorMapMseOptions::bgmv2_joint();
  const auto g = error_map_mse<double>(x.error, x.alpha, x.true_alpha, x.weights, options).value();
  const auto of_error = [&](const Image<double>& e) {
    return error_map_mse(e, x.alpha, x.true_alpha, x.weights, options)->value;
  };
  const auto of_alpha = [&](const Image<double>& a) {
    return error_map_mse(x.error, a, x.true_alpha, x.weights, options)->value;
  };
  CHECK(losses_test::worst_difference(x.error, g.error, of_error) < 1e-6);
  CHECK(losses_test::worst_difference(x.alpha, g.alpha, of_alpha) < 1e-6);
}

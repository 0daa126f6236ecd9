#include "hairline/losses/sobel_magnitude.hpp"

#include "hairline/losses/sobel_components.hpp"
#include "tests/losses/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::losses;

TEST_CASE("the magnitude does not see an edge's direction, the components do") {
  Image<double> right(Shape{9, 9, 1}), down(Shape{9, 9, 1}), flat(Shape{9, 9, 1}), inside(Shape{9, 9, 1});
  for (int y = 0; y < 9; ++y)
    for (int x = 0; x < 9; ++x) {
      right(y, x) = 0.1 * x;
      down(y, x) = 0.1 * y;
      inside(y, x) = y > 0 && y < 8 && x > 0 && x < 8;
    }
  SobelMagnitudeOptions options;
  options.reduction = Reduction::region_mean();
  CHECK(sobel_magnitude(right, down, inside, options)->value < 1e-15);
  CHECK(sobel_magnitude(right, flat, inside, options)->value == Approx(std::sqrt(0.01 + 1e-6) - 1e-3).epsilon(1e-12));
  const SobelComponentsOptions components{SobelFilter::normalised(), Reduction::region_mean()};
  CHECK(sobel_components(right, down, inside, components)->value == Approx(0.2).epsilon(1e-12));
}

TEST_CASE("the Sobel magnitude's gradient equals finite differences") {
  const auto x = losses_test::inputs(6, 5);
  const auto loss = [&](const Image<double>& p) { return sobel_magnitude(p, x.true_foreground, x.weights)->value; };
  const auto g = sobel_magnitude<double>(x.foreground, x.true_foreground, x.weights)->gradient;
  CHECK(losses_test::worst_difference(x.foreground, g, loss) < 1e-5);
}

TEST_CASE("flat and tiny pictures have no slope, and epsilon must be there for its root") {
  const Image<double> one(Shape{1, 1, 1}, 0.3), other(Shape{1, 1, 1}, 0.9);
  const auto loss = sobel_magnitude<double>(one, other).value();
  CHECK(loss.value == 0);
  CHECK(loss.gradient(0, 0) == 0);
  SobelMagnitudeOptions none;
  none.epsilon = 0;
  CHECK_FALSE(sobel_magnitude(one, other, {}, none).has_value());
}

#include "hairline/losses/sobel_components.hpp"

#include "tests/losses/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::losses;

TEST_CASE("zero padding sees a constant difference at the border, replication does not") {
  const Image<double> p(Shape{3, 3, 1}, 0.5), a(Shape{3, 3, 1}, 0.25);
  CHECK(sobel_components(p, a, {}, SobelComponentsOptions::fba())->value == 0);
  // Each of the four corners 3 * 0.25 in x and in y, each of the four edges' middles 4 * 0.25 across the border.
  CHECK(sobel_components(p, a, {}, {SobelFilter::zero_padded(), Reduction::sum()})->value == 4 * 1.5 + 4 * 1.0);
}

TEST_CASE("the Sobel components' gradient equals finite differences") {
  const auto x = losses_test::inputs(6, 5);
  for (const auto& options :
       {SobelComponentsOptions::bgmv1(), SobelComponentsOptions::fba(), SobelComponentsOptions::fba_mmediting()}) {
    const auto loss = [&](const Image<double>& p) {
      return sobel_components(p, x.true_alpha, x.weights, options)->value;
    };
    const auto g = sobel_components<double>(x.alpha, x.true_alpha, x.weights, options)->gradient;
    CHECK(losses_test::worst_difference(x.alpha, g, loss) < 1e-6);
  }
}

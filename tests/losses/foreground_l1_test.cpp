#include "hairline/losses/foreground_l1.hpp"

#include "tests/losses/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::losses;

TEST_CASE("a foreground's colour counts only where there is a foreground") {
  Image<double> p(Shape{1, 2, 3}, 0.5), t(Shape{1, 2, 3}, 0.25), alpha(Shape{1, 2, 1});
  alpha(0, 0) = 0.004;
  const auto v2 = foreground_l1<double>(p, t, alpha).value();  // above 0: the first pixel
  CHECK(v2.value == 0.125);
  CHECK(v2.gradient(0, 0, 2) == Approx(1.0 / 6));
  CHECK(v2.gradient(0, 1, 2) == 0);
  CHECK(foreground_l1(p, t, alpha, {}, ForegroundL1Options::context_aware())->value == 0.75);
  CHECK(foreground_l1(p, t, alpha, {}, ForegroundL1Options::bgmv1())->value == 0);  // not above 0.005
  alpha(0, 0) = 0.0075;
  // Three channels against one pixel.
  CHECK(foreground_l1(p, t, alpha, {}, ForegroundL1Options::bgmv1())->value ==
        Approx(0.75 / (1 + 1e-6)).epsilon(1e-12));
  CHECK(foreground_l1(p, t, alpha, {}, ForegroundL1Options::bgmv1_student())->value == 0);
  CHECK(colour_l1(p, t)->value == 1.5);
  CHECK(colour_l1(p, t, {}, Reduction::mean())->value == 0.25);
  CHECK(foreground_l1(p, t, p).error().message == "the true alpha has 3 channels, wanted 1");
  CHECK_FALSE(foreground_l1(p, t, Image<double>(Shape{1, 2, 1}), {}, {0, Reduction::region_mean()}).has_value());
}

TEST_CASE("the foreground loss's gradient equals finite differences") {
  const auto x = losses_test::inputs(5, 4);
  for (const auto& options : {ForegroundL1Options::bgmv2(), ForegroundL1Options::bgmv1(),
                              ForegroundL1Options::bgmv1_student(), ForegroundL1Options::context_aware()}) {
    const auto loss = [&](const Image<double>& p) {
      return foreground_l1(p, x.true_foreground, x.true_alpha, x.weights, options)->value;
    };
    const auto g = foreground_l1<double>(x.foreground, x.true_foreground, x.true_alpha, x.weights, options)->gradient;
    CHECK(losses_test::worst_difference(x.foreground, g, loss) < 1e-6);
  }
  const auto g = colour_l1<double>(x.background, x.true_background, x.weights)->gradient;
  const auto loss = [&](const Image<double>& b) { return colour_l1(b, x.true_background, x.weights)->value; };
  CHECK(losses_test::worst_difference(x.background, g, loss) < 1e-6);
}

#include "hairline/losses/compositional.hpp"

#include "tests/losses/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::losses;

TEST_CASE("a picture that is exactly the composite has no loss") {
  const auto x = losses_test::inputs(4, 5);
  Image<double> picture(x.foreground.shape());
  for (int y = 0; y < 4; ++y)
    for (int c = 0; c < 5; ++c)
      for (int k = 0; k < 3; ++k)
        picture(y, c, k) = x.alpha(y, c) * x.foreground(y, c, k) + (1 - x.alpha(y, c)) * x.background(y, c, k);
  CHECK(compositional(x.alpha, x.foreground, x.background, picture)->value < 1e-16);
  CHECK(compositional(x.alpha, x.foreground, x.background, picture, {}, CompositionalOptions::dim_paper())->value ==
        Approx(1e-6).epsilon(1e-9));
}

TEST_CASE("Background Matting v1 composites the picture itself where alpha is high") {
  const Image<double> alpha(Shape{1, 1, 1}, 0.98), fore(Shape{1, 1, 3}, 0.1), back(Shape{1, 1, 3}, 0.0),
      picture(Shape{1, 1, 3}, 0.5);
  const auto loss = compositional<double>(alpha, fore, back, picture, {}, CompositionalOptions::bgmv1()).value();
  CHECK(loss.value == Approx(3 * 0.01 / (1 + 1e-6)).epsilon(1e-12));  // 0.98 * 0.5 against 0.5, three channels
  CHECK(loss.foreground(0, 0, 1) == 0);
  CHECK(loss.alpha(0, 0) == Approx(-1.5 / (1 + 1e-6)).epsilon(1e-12));
}

TEST_CASE("the compositional loss's gradients equal finite differences") {
  const auto x = losses_test::inputs(4, 5);
  CompositionalOptions smooth = CompositionalOptions::dim_paper();
  smooth.epsilon = 0.05;
  for (const auto& options : {CompositionalOptions::dim(), CompositionalOptions::bgmv1(), CompositionalOptions::fba(),
                              CompositionalOptions::fba_mmediting(), smooth}) {
    const auto g = compositional<double>(x.alpha, x.foreground, x.background, x.picture, x.weights, options).value();
    const auto value = [&](const Image<double>& a, const Image<double>& f, const Image<double>& b) {
      return compositional(a, f, b, x.picture, x.weights, options)->value;
    };
    using P = const Image<double>&;
    CHECK(losses_test::worst_difference(x.alpha, g.alpha, [&](P v) { return value(v, x.foreground, x.background); }) <
          1e-5);
    CHECK(losses_test::worst_difference(x.foreground, g.foreground,
                                        [&](P v) { return value(x.alpha, v, x.background); }) < 1e-5);
    CHECK(losses_test::worst_difference(x.background, g.background,
                                        [&](P v) { return value(x.alpha, x.foreground, v); }) < 1e-5);
  }
}

TEST_CASE("the compositional loss says which picture does not fit") {
  const auto x = losses_test::inputs(4, 5);
  CHECK(compositional(x.foreground, x.foreground, x.background, x.picture).error().message ==
        "the alpha has 3 channels, wanted 1");
  CHECK(compositional(x.alpha, x.foreground, x.alpha, x.picture).error().message ==
        "the background has 1 channels, wanted 3");
  CHECK_FALSE(compositional(x.alpha, x.foreground, x.background, Image<float>()).has_value());
}

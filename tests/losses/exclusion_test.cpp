#include "hairline/losses/exclusion.hpp"

#include "tests/losses/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::losses;

TEST_CASE("an edge in one layer costs nothing, the same edge in both does") {
  Image<double> edge(Shape{5, 8, 3}), far(Shape{5, 8, 3}), flat(Shape{5, 8, 3}, 0.4);
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 8; ++x)
      for (int c = 0; c < 3; ++c) {
        edge(y, x, c) = x >= 2;
        far(y, x, c) = x >= 6;
      }
  const auto value = [](const Image<double>& f, const Image<double>& b) {
    return exclusion(f, b, {}, ExclusionOptions::fba())->value;
  };
  CHECK(value(edge, flat) == 0);
  CHECK(value(edge, far) == 0);
  CHECK(value(edge, edge) == Approx(5 * 2 * 3 * 0.25).epsilon(1e-14));  // rows, columns beside it, channels, (1/2)^2
}

TEST_CASE("summed channels miss an edge between colours of one brightness") {
  Image<double> edge(Shape{5, 8, 3}), grey(Shape{5, 8, 3});
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 8; ++x) {
      edge(y, x, 0) = x >= 4;
      edge(y, x, 1) = x < 4;
      grey(y, x, 0) = grey(y, x, 1) = x >= 4;
    }
  ExclusionOptions summed = ExclusionOptions::fba();
  summed.sum_channels = true;
  CHECK(exclusion(edge, grey, {}, summed)->value == 0);
  CHECK(exclusion(edge, grey, {}, ExclusionOptions::fba())->value == Approx(5 * 2 * 2 * 0.25).epsilon(1e-14));
}

TEST_CASE("the exclusion loss's gradients equal finite differences") {
  const auto x = losses_test::inputs(5, 4);
  for (const auto& options : {ExclusionOptions::fba(), ExclusionOptions::fba_mmediting()}) {
    using P = const Image<double>&;
    const auto g = exclusion<double>(x.foreground, x.background, x.weights, options).value();
    CHECK(losses_test::worst_difference(x.foreground, g.foreground, [&](P f) {
            return exclusion(f, x.background, x.weights, options)->value;
          }) < 1e-6);
    CHECK(losses_test::worst_difference(x.background, g.background, [&](P b) {
            return exclusion(x.foreground, b, x.weights, options)->value;
          }) < 1e-6);
  }
  CHECK(exclusion(x.foreground, x.alpha).error().message == "the background has 1 channels, wanted 3");
}

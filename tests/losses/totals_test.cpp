// Whole training losses put together from their terms, as docs/losses.md shows.
#include "hairline/losses/alpha_l1.hpp"
#include "hairline/losses/error_map_mse.hpp"
#include "hairline/losses/foreground_l1.hpp"
#include "hairline/losses/sobel_magnitude.hpp"
#include "tests/losses/support.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("the loss of Background Matting v2's base stage is the sum of its four terms") {
  const auto x = hairline::losses_test::inputs(6, 7);
  const auto &alpha = x.alpha, &true_alpha = x.true_alpha, &foreground = x.foreground,
             &true_foreground = x.true_foreground, &error = x.error;
  // [losses]
  namespace losses = hairline::losses;
  const auto level = losses::alpha_l1(alpha, true_alpha).value();
  const auto slope = losses::sobel_magnitude(alpha, true_alpha).value();
  const auto colour = losses::foreground_l1(foreground, true_foreground, true_alpha).value();
  const auto unsure = losses::error_map_mse(error, alpha, true_alpha).value();
  const double total = level.value + slope.value + colour.value + unsure.value;
  hairline::Plane to_alpha = level.gradient;  // what flows back into the network's alpha
  hairline::as_xtensor(to_alpha) += hairline::as_xtensor(slope.gradient);
  // [/losses]
  CHECK(total > level.value);
  CHECK(to_alpha(2, 3) == level.gradient(2, 3) + slope.gradient(2, 3));
  CHECK(unsure.alpha(2, 3) == 0);
}

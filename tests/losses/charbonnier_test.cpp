#include "hairline/losses/charbonnier.hpp"

#include "hairline/losses/alpha_l1.hpp"
#include "tests/losses/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::losses;

TEST_CASE("the stages of Deep Image Matting's port differ by 1e-6 for every known pixel") {
  const auto x = losses_test::inputs(9, 8);
  double unknown = 0;
  for (const double v : x.unknown) unknown += v;
  const double stage1 = charbonnier(x.alpha, x.true_alpha, x.unknown, CharbonnierOptions::dim())->value;
  const double stage0 = charbonnier(x.alpha, x.true_alpha, x.unknown, CharbonnierOptions::dim_stage0())->value;
  CHECK((stage0 - stage1) * (unknown + 1) == Approx((72 - unknown) * 1e-6).epsilon(1e-6));
}

TEST_CASE("without epsilon the Charbonnier loss is L1, and it is epsilon where the prediction is right") {
  const auto x = losses_test::inputs(9, 8);
  const CharbonnierOptions plain{0, Reduction::mean(), false};
  const auto c = charbonnier<double>(x.alpha, x.true_alpha, {}, plain).value();
  const auto l = alpha_l1<double>(x.alpha, x.true_alpha).value();
  CHECK(c.value == Approx(l.value).epsilon(1e-15));
  // The root of a square is off by a rounding, so a slope is 1 within one.
  for (std::size_t i = 0; i < l.gradient.size(); ++i)
    CHECK(c.gradient.data()[i] == Approx(l.gradient.data()[i]).epsilon(1e-15));
  CHECK(charbonnier(x.alpha, x.alpha).value().value == Approx(1e-6).epsilon(1e-12));
  CHECK_FALSE(charbonnier(x.alpha, x.alpha, {}, {-1e-6, Reduction::mean(), false}).has_value());
}

TEST_CASE("the Charbonnier loss's gradient equals finite differences") {
  const auto x = losses_test::inputs(6, 5);
  CharbonnierOptions wide;
  wide.epsilon = 0.1;
  CharbonnierOptions weighed = wide;
  weighed.weigh_difference = true;
  for (const auto& options : {CharbonnierOptions::dim_paper(), CharbonnierOptions::dim(),
                              CharbonnierOptions::dim_stage0(), CharbonnierOptions::dim_mmediting(), wide, weighed}) {
    const auto loss = [&](const Image<double>& p) { return charbonnier(p, x.true_alpha, x.weights, options)->value; };
    const auto g = charbonnier<double>(x.alpha, x.true_alpha, x.weights, options)->gradient;
    CHECK(losses_test::worst_difference(x.alpha, g, loss) < 1e-5);
  }
}

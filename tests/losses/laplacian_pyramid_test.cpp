#include "hairline/losses/laplacian_pyramid.hpp"

#include "tests/losses/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::losses;
using Options = LaplacianPyramidOptions;

TEST_CASE("bands do not see a constant difference, the rest does") {
  const Image<double> p(Shape{33, 40, 1}, 0.75), a(Shape{33, 40, 1}, 0.25);
  for (const auto& options : {Options::context_aware(), Options::fba()})
    CHECK(laplacian_pyramid(p, a, {}, options)->value < 1e-11);
  // The rest is one pixel, and its mean is divided by 1 + 1e-12.
  CHECK(laplacian_pyramid(p, a, {}, Options::fba_mmediting())->value == Approx(0.5).epsilon(1e-11));
}

TEST_CASE("an impulse far from the border leaves the bands that the kernels say") {
  Image<double> p(Shape{33, 33, 1}), a(Shape{33, 33, 1});
  p(16, 16) = 1;
  Options one = Options::context_aware();
  one.levels = 1;
  // Along one axis an impulse on a kept pixel becomes [1 6 1]/16 of 2x coarser pixels (times 1, 6, 1 of 8 apart), and
  // the expansion of that is u; the band is the impulse minus u times u.
  const double coarse[3] = {1.0 / 16, 6.0 / 16, 1.0 / 16};
  double u[9] = {};
  for (int i = -4; i <= 4; ++i)
    for (int k = -1; k <= 1; ++k) {
      const int d = std::abs(i - 2 * k);
      u[i + 4] += coarse[k + 1] * (d == 0 ? 6.0 / 8 : d == 1 ? 0.5 : d == 2 ? 1.0 / 8 : 0);
    }
  double wanted = 0;
  for (int y = 0; y < 9; ++y)
    for (int x = 0; x < 9; ++x) wanted += std::abs((y == 4 && x == 4) - u[y] * u[x]);
  CHECK(laplacian_pyramid(p, a, {}, one)->value == Approx(wanted).epsilon(1e-13));

  Options flat{Options::Form::same_size, Options::Kernel::binomial, 1, 1, true, false, Reduction::sum()};
  const double centre = 36.0 / 256;
  CHECK(laplacian_pyramid(p, a, {}, flat)->value == Approx(2 * (1 - centre)).epsilon(1e-13));
}

TEST_CASE("the Laplacian loss's gradient equals finite differences") {
  const auto x = losses_test::inputs(9, 12);
  Options three = Options::context_aware(), rest = Options::context_aware(), fba = Options::fba(),
          mmediting = Options::fba_mmediting();
  three.levels = fba.levels = mmediting.levels = 3;
  rest.rest = true;
  rest.reduction = Reduction::mean();
  for (const auto& options : {three, rest, fba, mmediting}) {
    const auto loss = [&](const Image<double>& p) {
      return laplacian_pyramid(p, x.true_alpha, x.weights, options)->value;
    };
    const auto g = laplacian_pyramid<double>(x.alpha, x.true_alpha, x.weights, options)->gradient;
    CHECK(losses_test::worst_difference(x.alpha, g, loss) < 1e-6);
  }
}

TEST_CASE("a region that the coarse levels miss is judged on the fine ones") {
  const auto x = losses_test::inputs(33, 40);
  Image<double> spot(Shape{33, 40, 1});
  spot(7, 9) = 1;  // odd: gone at the second level
  Options means = Options::fba_mmediting(), first = Options::fba_mmediting();
  means.reduction = Reduction::region_mean();
  first.reduction = Reduction::region_mean();
  first.levels = 1;
  first.rest = false;
  const double all = laplacian_pyramid(x.alpha, x.true_alpha, spot, means)->value;
  CHECK(all > 0);
  CHECK(all == laplacian_pyramid(x.alpha, x.true_alpha, spot, first)->value);
  CHECK_FALSE(laplacian_pyramid(x.alpha, x.true_alpha, Image<double>(Shape{33, 40, 1}), means).has_value());
}

TEST_CASE("Burt and Adelson's pyramid takes any size, the other says what it needs") {
  const Image<double> one(Shape{1, 1, 1}, 0.3), other(Shape{1, 1, 1}, 0.9);
  CHECK(laplacian_pyramid(one, other)->value == Approx(0).margin(1e-15));
  const Image<double> small(Shape{31, 64, 1});
  CHECK(laplacian_pyramid(small, small, {}, Options::fba()).has_value());
  CHECK(laplacian_pyramid(small, small, {}, Options::fba_mmediting()).error().message ==
        "a picture of 64x31 pixels is too small for this pyramid of 5 levels, wanted at least 32 along each side");
  Options wrong = Options::context_aware();
  wrong.levels = 0;
  CHECK_FALSE(laplacian_pyramid(small, small, {}, wrong).has_value());
  wrong = Options::context_aware();
  wrong.kernel = Options::Kernel::gaussian;
  CHECK_FALSE(laplacian_pyramid(small, small, {}, wrong).has_value());
  wrong = Options::fba();
  wrong.sigma = 0;
  CHECK_FALSE(laplacian_pyramid(small, small, {}, wrong).has_value());
}

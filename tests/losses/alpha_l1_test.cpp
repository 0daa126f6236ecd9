#include "hairline/losses/alpha_l1.hpp"

#include <limits>

#include "tests/losses/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::losses;

TEST_CASE("alpha L1 of a picture that can be summed by hand") {
  Image<float> p(Shape{1, 4, 1}), a(Shape{1, 4, 1});
  p(0, 0) = 0.25f, p(0, 1) = 1, p(0, 2) = 0.5f, p(0, 3) = 0;
  a(0, 0) = 0.75f, a(0, 1) = 0.75f, a(0, 2) = 0.5f, a(0, 3) = 1;
  const auto mean = alpha_l1(p, a).value();
  CHECK(mean.value == 1.75 / 4);
  CHECK(mean.gradient(0, 0) == -0.25f);
  CHECK(mean.gradient(0, 1) == 0.25f);
  CHECK(mean.gradient(0, 2) == 0);  // equal: derivative 0
  CHECK(alpha_l1(p, a, {}, AlphaL1Options::fba()).value().value == 1.75);

  Image<std::uint8_t> trimap(Shape{1, 4, 1}, 128);
  trimap(0, 3) = 255;
  const auto gca = alpha_l1(p, a, metrics::Region::unknown(trimap), AlphaL1Options::gca()).value();
  CHECK(gca.value == Approx(0.75 / (3 + 1e-8)).epsilon(1e-15));
  CHECK(gca.gradient(0, 3) == 0);
  // The mean over every element counts the known pixel as a zero.
  CHECK(alpha_l1(p, a, metrics::Region::unknown(trimap)).value().value == 0.75 / 4);
  const xt::xtensor<double, 2> half{{0.5, 0.5, 0.5, 0.0}};
  CHECK(alpha_l1(p, a, half, {Reduction::region_mean()}).value().value == 0.25);
}

TEST_CASE("sums over pictures make the batch that GCA averages over") {
  const auto one = losses_test::inputs(5, 7), two = losses_test::inputs(3, 4);
  double sum = 0, pixels = 0, by_hand = 0;
  for (const auto* x : {&one, &two}) {
    sum += alpha_l1(x->alpha, x->true_alpha, x->unknown, {Reduction::sum()}).value().value;
    for (std::size_t i = 0; i < x->alpha.size(); ++i) {
      pixels += x->unknown.data()[i];
      by_hand += x->unknown.data()[i] * std::abs(x->alpha.data()[i] - x->true_alpha.data()[i]);
    }
  }
  CHECK(sum / (pixels + 1e-8) == Approx(by_hand / (pixels + 1e-8)).epsilon(1e-13));
}

TEST_CASE("alpha L1's gradient equals finite differences") {
  const auto x = losses_test::inputs(6, 5);
  for (const auto& options : {AlphaL1Options::bgmv2(), AlphaL1Options::gca(), AlphaL1Options::bgmv1(),
                              AlphaL1Options::fba(), AlphaL1Options::fba_mmediting()}) {
    const auto loss = [&](const Image<double>& p) { return alpha_l1(p, x.true_alpha, x.weights, options)->value; };
    const auto g = alpha_l1<double>(x.alpha, x.true_alpha, x.weights, options)->gradient;
    CHECK(losses_test::worst_difference(x.alpha, g, loss) < 1e-6);
  }
}

TEST_CASE("images, integers, xtensor containers and lazy expressions are taken alike") {
  const auto x = losses_test::inputs(6, 5);
  Image<std::uint8_t> p8(x.alpha.shape()), a8(x.alpha.shape());
  for (std::size_t i = 0; i < p8.size(); ++i) {
    p8.data()[i] = PixelTraits<std::uint8_t>::from_unit(x.alpha.data()[i]);
    a8.data()[i] = PixelTraits<std::uint8_t>::from_unit(x.true_alpha.data()[i]);
  }
  const double wanted = alpha_l1(p8, a8).value().value;
  const xt::xtensor<double, 2> p = xt::cast<double>(as_xtensor_plane(p8)) / 255,
                               a = xt::cast<double>(as_xtensor_plane(a8)) / 255;
  CHECK(alpha_l1(p, a).value().value == Approx(wanted).epsilon(1e-14));
  CHECK(alpha_l1(1.0 - p, 1.0 - a).value().value == Approx(wanted).epsilon(1e-13));
  CHECK(alpha_l1(p, a, p > 0.5, {Reduction::sum()}).value().value <= wanted * 30);
  CHECK(alpha_l1(p, a, p >= 0.0).value().value == Approx(wanted).epsilon(1e-14));
}

TEST_CASE("what no loss can be computed of is refused with its reason") {
  const Image<float> p(Shape{2, 3, 1}, 0.5f), other(Shape{2, 4, 1}, 0.5f), colour(Shape{2, 3, 3}, 0.5f), none;
  const auto text = [](const Result<Loss<float>>& r) { return r ? std::string() : r.error().message; };
  CHECK(text(alpha_l1(p, other)) == "the truth has 4x2 pixels, wanted 3x2, the size of the prediction");
  CHECK(text(alpha_l1(p, colour)) == "the truth has 3 channels, wanted 1");
  CHECK(text(alpha_l1(none, none)) == "the prediction has no pixels");
  CHECK(text(alpha_l1(p, p, other)) == "the weight map has 4x2 pixels, wanted 3x2, the size of the prediction");
  Image<float> odd(Shape{2, 3, 1}, 1.0f);
  odd(1, 2) = std::numeric_limits<float>::quiet_NaN();
  CHECK(text(alpha_l1(odd, p)).find("row 1, column 2") != std::string::npos);
  CHECK(text(alpha_l1(p, p, odd)).find("weight map") != std::string::npos);
  odd(1, 2) = -1;
  CHECK(text(alpha_l1(p, p, odd)) == "the weight map holds a value below 0");
  CHECK(text(alpha_l1(p, p, {}, {Reduction::region_mean(-1)})).find("wanted at least 0") != std::string::npos);

  const Image<float> nowhere(Shape{2, 3, 1}, 0.0f), ones(Shape{2, 3, 1}, 1.0f);
  CHECK(text(alpha_l1(p, ones, nowhere, {Reduction::region_mean()})).find("no pixel") != std::string::npos);
  CHECK(alpha_l1(p, ones, nowhere, AlphaL1Options::gca()).value().value == 0);
  CHECK(alpha_l1(p, ones, nowhere).value().value == 0);
  CHECK(alpha_l1(Image<float>(Shape{1, 1, 1}, 0.25f), Image<float>(Shape{1, 1, 1}, 1.0f)).value().value == 0.75);
}

#include "hairline/losses/least_squares_gan.hpp"

#include "tests/losses/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::losses;

TEST_CASE("scores at their labels have no loss, and score maps may differ in size") {
  const Image<double> one(Shape{2, 3, 1}, 1.0), zero(Shape{4, 1, 1}, 0.0);
  CHECK(least_squares_gan_generator(one)->value == 0);
  CHECK(least_squares_gan_generator(zero)->value == 1);
  CHECK(least_squares_gan_discriminator(one, zero)->value == 0);
  const auto wrong = least_squares_gan_discriminator<double>(zero, one).value();
  CHECK(wrong.value == 1);
  CHECK(wrong.real(3, 0) == -0.25);
  CHECK(wrong.generated(1, 2) == Approx(1.0 / 6));
  CHECK(least_squares_gan_generator(Image<float>()).error().message == "the score map has no pixels");
}

TEST_CASE("the least-squares GAN's gradients equal finite differences") {
  const auto x = losses_test::inputs(5, 4);
  using P = const Image<double>&;
  const auto g = least_squares_gan_generator<double>(x.alpha, x.weights, Reduction::region_mean()).value();
  CHECK(losses_test::worst_difference(x.alpha, g.gradient, [&](P s) {
          return least_squares_gan_generator(s, x.weights, Reduction::region_mean())->value;
        }) < 1e-6);
  const auto d = least_squares_gan_discriminator<double>(x.alpha, x.error).value();
  CHECK(losses_test::worst_difference(x.alpha, d.real,
                                      [&](P s) { return least_squares_gan_discriminator(s, x.error)->value; }) < 1e-6);
  CHECK(losses_test::worst_difference(x.error, d.generated,
                                      [&](P s) { return least_squares_gan_discriminator(x.alpha, s)->value; }) < 1e-6);
}

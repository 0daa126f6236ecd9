// What a metric accepts, which pixels it sums over, and what it refuses.
#include <limits>

#include "hairline/core/convert.hpp"
#include "hairline/core/eigen.hpp"
#include "hairline/core/xtensor.hpp"
#include "hairline/metrics/connectivity_error.hpp"
#include "hairline/metrics/foreground_mse.hpp"
#include "hairline/metrics/gradient_error.hpp"
#include "hairline/metrics/mad.hpp"
#include "hairline/metrics/mse.hpp"
#include "hairline/metrics/sad.hpp"
#include "tests/metrics/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::metrics;

TEST_CASE("images, views, Eigen matrices, xtensor containers and lazy expressions give the same number") {
  const auto c = metrics_test::synthetic();
  const Region u = Region::unknown(c.trimap);
  const double wanted = sad(c.prediction, c.truth, u).value();

  const auto p = convert<double>(c.prediction), a = convert<double>(c.truth);
  CHECK(sad(p, a, u).value() == Approx(wanted).epsilon(1e-14));
  CHECK(sad(p.view(), AnyView(a), u).value() == Approx(wanted).epsilon(1e-14));
  CHECK(sad(as_eigen(p), as_eigen(a), u).value() == Approx(wanted).epsilon(1e-14));
  const Eigen::MatrixXd columns = as_eigen(p);  // column-major copy
  CHECK(sad(columns, a, u).value() == Approx(wanted).epsilon(1e-14));

  const xt::xtensor<double, 2> tp = as_xtensor_plane(p), ta = as_xtensor_plane(a);
  CHECK(sad(tp, ta, u).value() == Approx(wanted).epsilon(1e-14));
  CHECK(sad(tp + 0.0, 1.0 - (1.0 - ta), u).value() == Approx(wanted).epsilon(1e-12));
  CHECK(sad(xt::cast<double>(as_xtensor(c.prediction)) / 255.0, ta, u).value() == Approx(wanted).epsilon(1e-14));
  const xt::xarray<float> dynamic = xt::cast<float>(ta);
  CHECK(sad(dynamic * 1.0f, ta).value() == Approx(0).margin(1e-8));
  CHECK(sad(tp, ta, Region::mask(xt::equal(as_xtensor_plane(c.trimap), 128))).value() == Approx(wanted).epsilon(1e-14));
  CHECK(gradient_error(tp * 1.0, ta * 1.0, u).value() ==
        Approx(gradient_error(c.prediction, c.truth, u).value()).epsilon(1e-12));
  CHECK(connectivity_error(tp * 1.0, ta * 1.0, u).value() ==
        Approx(connectivity_error(c.prediction, c.truth, u).value()).epsilon(1e-12));
  const xt::xtensor<double, 4> wrong = xt::zeros<double>({2, 2, 2, 2});
  CHECK_THROWS_AS(sad(wrong + 1.0, wrong), std::invalid_argument);
}

TEST_CASE("crops, padded rows and planar pictures are read through their strides") {
  const auto c = metrics_test::synthetic();
  Image<std::uint8_t> padded(Shape{20, 40, 3}, 77);
  const View<std::uint8_t> window = padded.view().channel(1).crop(3, 5, 12, 16);
  copy_pixels<std::uint8_t>(c.prediction, window);
  CHECK(mse(window, c.truth).value() == mse(c.prediction, c.truth).value());
  CHECK(connectivity_error(window, c.truth).value() == connectivity_error(c.prediction, c.truth).value());
  CHECK(gradient_error(window, c.truth).value() == gradient_error(c.prediction, c.truth).value());
}

TEST_CASE("unknown is exactly 128 in 8-bit terms, for every pixel type") {
  Image<std::uint8_t> t8(Shape{1, 5, 1});
  for (int x = 0; x < 5; ++x) t8(0, x) = static_cast<std::uint8_t>(126 + x);
  const Plane one(Shape{1, 5, 1}, 1.0f), zero(Shape{1, 5, 1}, 0.0f);
  const auto count = [&](const Input& trimap) { return 1000 * sad(one, zero, Region::unknown(trimap)).value(); };
  CHECK(count(t8) == 1);
  CHECK(count(convert<float>(t8)) == 1);
  CHECK(count(convert<double>(t8)) == 1);
  CHECK(count(convert<std::uint16_t>(t8)) == 1);
  Plane floats(Shape{1, 5, 1});
  const float levels[] = {0.5f, 0.4999f, 128.0f / 255.0f, 128.49f / 255.0f, 128.51f / 255.0f};
  std::copy(std::begin(levels), std::end(levels), floats.begin());
  CHECK(count(floats) == 3);  // 0.5 rounds up to 128
  t8(0, 0) = 0;
  t8(0, 4) = 255;
  CHECK(1000 * sad(one, zero, Region::between(t8)).value() == 3);
  CHECK(1000 * sad(one, zero, Region::mask(t8)).value() == 4);
}

TEST_CASE("what cannot be measured is refused with the reason") {
  const Plane a(Shape{3, 4, 1}, 0.5f), small(Shape{3, 3, 1}, 0.5f);
  CHECK(sad(a, small).error().message == "the truth has 3x3 pixels, wanted 4x3, the size of the prediction");
  CHECK_FALSE(mse(small, a).has_value());
  CHECK_FALSE(gradient_error(a, small).has_value());
  CHECK_FALSE(connectivity_error(a, small).has_value());
  CHECK(sad(a, a, Region::unknown(small)).error().message ==
        "the trimap has 3x3 pixels, wanted 4x3, the size of the prediction");
  CHECK_FALSE(gradient_error(a, a, Region::mask(small)).has_value());
  CHECK_FALSE(sad(Plane{}, Plane{}).has_value());
  const Image<std::uint8_t> black(Shape{3, 4, 1});
  CHECK(sad(a, a, Region::unknown(black)).value() == 0);
  CHECK(mse(a, a, Region::unknown(black)).error().message.find("no pixel") != std::string::npos);
  CHECK_FALSE(mad(a, a, Region::unknown(black)).has_value());
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Plane broken = a;
    broken(2, 1) = bad;
    CHECK(sad(broken, a).error().message ==
          "the prediction holds a value that is not a number (NaN or infinite) at row 2, column 1");
    CHECK_FALSE(gradient_error(a, broken).has_value());
    CHECK_FALSE(connectivity_error(broken, a).has_value());
    CHECK_FALSE(mse(a, a, Region::unknown(broken)).has_value());
  }
}

TEST_CASE("one pixel and constant maps have errors too, but no gradient") {
  const Plane p(Shape{1, 1, 1}, 0.75f), a(Shape{1, 1, 1}, 0.25f);
  CHECK(sad(p, a).value() == 0.0005);
  CHECK(mse(p, a).value() == 0.25);
  CHECK(mad(p, a).value() == 0.5);
  CHECK(gradient_error(p, a).value() == Approx(0).margin(1e-12));
  // Connected up to 0.2 together: 0.75 is 0.55 above that, 0.25 is not 0.15 above.
  CHECK(connectivity_error(p, a).value() * 1000 == Approx(0.55));
  const Plane q(Shape{9, 7, 1}, 0.75f), b(Shape{9, 7, 1}, 0.25f);
  CHECK(gradient_error(q, b).value() == Approx(0).margin(1e-12));
}

TEST_CASE("a foreground's colour is judged where there is foreground") {
  Image<float> p(Shape{1, 4, 3}, 0.5f), t(Shape{1, 4, 3}, 0.5f);
  Plane alpha(Shape{1, 4, 1}, 1.0f);
  Image<std::uint8_t> trimap(Shape{1, 4, 1}, 128);
  alpha(0, 0) = 0;
  for (int ch = 0; ch < 3; ++ch) p(0, 0, ch) = 1;  // invisible: does not count
  p(0, 1, 0) = 0.7f;                               // squared error 0.04 in one channel
  p(0, 3, 1) = 0.9f;                               // 0.16, but known
  trimap(0, 3) = 255;
  const Region u = Region::unknown(trimap);
  CHECK(foreground_mse(p, t, alpha, u).value() == Approx(0.04 / 3 / 3));
  CHECK(foreground_mse(p, t, alpha, u, ForegroundConvention::rvm).value() == Approx(0.04 / 2 / 3));
  CHECK(foreground_mse(p, t, alpha, {}, ForegroundConvention::rvm).value() == Approx(0.20 / 3 / 3));
  CHECK(foreground_mad(p, t, alpha).value() == Approx(0.6 / 3 / 3));
  const Plane clear(Shape{1, 4, 1});
  CHECK(foreground_mse(p, t, clear).value() == 0);
  CHECK_FALSE(foreground_mse(p, t, clear, {}, ForegroundConvention::rvm).has_value());
  CHECK(foreground_mse(p, Image<float>(Shape{1, 4, 1}), alpha).error().message ==
        "the true foreground has 1 channels, wanted 3 as in the prediction");
  CHECK_FALSE(foreground_mse(p, t, Plane(Shape{2, 4, 1})).has_value());
}

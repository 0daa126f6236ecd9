// The worked example of docs/metrics.md: every number to all digits printed there.
#include <numeric>

#include "hairline/metrics/connectivity_error.hpp"
#include "hairline/metrics/dtssd.hpp"
#include "hairline/metrics/evaluate.hpp"
#include "hairline/metrics/gradient_error.hpp"
#include "hairline/metrics/mad.hpp"
#include "hairline/metrics/mse.hpp"
#include "hairline/metrics/sad.hpp"
#include "tests/metrics/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::metrics;

TEST_CASE("the worked example gives the documented numbers") {
  const auto c = metrics_test::synthetic();
  const Region u = Region::unknown(c.trimap);
  REQUIRE(std::accumulate(c.truth.begin(), c.truth.end(), 0) == 24282);
  REQUIRE(std::accumulate(c.prediction.begin(), c.prediction.end(), 0) == 24319);

  CHECK(sad(c.prediction, c.truth, u).value() * 1000 == Approx(3.886274510).margin(5e-10));
  CHECK(mse(c.prediction, c.truth, u).value() == Approx(0.00109135375).margin(5e-12));
  CHECK(mse(c.prediction, c.truth).value() == Approx(0.00081851531).margin(5e-12));
  CHECK(mad(c.prediction, c.truth, u).value() == Approx(0.0269880174).margin(5e-11));
  CHECK(mad(c.prediction, c.truth).value() * 1000 == Approx(20.2410131).margin(5e-8));

  CHECK(gradient_amplitude(c.prediction).value()(5, 8) == Approx(0.928622668).margin(5e-10));
  CHECK(gradient_amplitude(c.truth).value()(5, 8) == Approx(0.912316801).margin(5e-10));
  CHECK(gradient_error(c.prediction, c.truth, u).value() * 1000 == Approx(0.0813456822).margin(5e-11));
  CHECK(gradient_error(c.prediction, c.truth).value() * 1000 == Approx(0.1011740393).margin(5e-11));
  const GradientOptions scipy{GradientRange::none, GradientFilter::scipy};
  CHECK(gradient_error(c.prediction, c.truth, u, scipy).value() * 1e5 == Approx(0.0754763558).margin(5e-9));

  CHECK(connectivity_error(c.prediction, c.truth, u).value() * 1000 == Approx(0.164705882).margin(5e-10));
  const ConnectivityOptions floating{.thresholds = Thresholds::floating_steps};
  CHECK(connectivity_error(c.prediction, c.truth, u, floating).value() * 1000 == Approx(0.323529412).margin(5e-10));
  const ConnectivityOptions bug{.background_counts = true};
  CHECK(connectivity_error(c.prediction, c.truth, u, bug).value() * 1000 == Approx(2.094117647).margin(5e-10));
  const std::array<std::size_t, 10> sizes{143, 133, 114, 102, 90, 78, 66, 54, 43, 30};
  CHECK(connectivity(c.prediction, c.truth).value().largest == sizes);

  const Image<std::uint8_t> black(c.truth.shape());
  CHECK(dtssd_rvm(black, c.prediction, black, c.truth).value() == Approx(2.86097067).margin(5e-9));
  CHECK(dtssd_tcvom(black, c.prediction, black, c.truth, c.trimap).value() == Approx(0.396427724).margin(5e-10));
}

TEST_CASE("evaluate gives the worked example's numbers in table units") {
  const auto c = metrics_test::synthetic();
  const auto r = evaluate(c.prediction, c.truth, c.trimap).value();
  CHECK(r.warnings.empty());
  CHECK(r.unknown.pixels == 144);
  CHECK(r.whole.pixels == 192);
  CHECK(*r.unknown.sad * 1000 == Approx(3.886274510).margin(5e-10));
  CHECK(*r.unknown.mse == Approx(0.00109135375).margin(5e-12));
  CHECK(*r.whole.mse == Approx(0.00081851531).margin(5e-12));
  CHECK(*r.unknown.gradient * 1000 == Approx(0.0813456822).margin(5e-11));
  CHECK(*r.whole.gradient * 1000 == Approx(0.1011740393).margin(5e-11));
  CHECK(*r.unknown.connectivity * 1000 == Approx(0.164705882).margin(5e-10));
  CHECK(r.published.sad == r.unknown.sad);
  CHECK(r.published.connectivity == r.unknown.connectivity);
  CHECK_FALSE(r.published.mad.has_value());
}

TEST_CASE("a step and a ramp have the documented gradient amplitudes") {
  Image<float> step(Shape{20, 20, 1});
  for (int y = 0; y < 20; ++y)
    for (int x = 10; x < 20; ++x) step(y, x) = 1;
  const auto s = gradient_amplitude(step).value();
  const double wanted[] = {2.66199666, 1.55619077, 0.52736777, 0.09636021, 0.0};
  for (int d = 0; d < 5; ++d) {
    CHECK(s(10, 9 - d) == Approx(wanted[d]).margin(5e-9));
    CHECK(s(10, 10 + d) == Approx(wanted[d]).margin(5e-9));
  }
  Image<double> ramp(Shape{20, 11, 1});
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 11; ++x) ramp(y, x) = 0.1 * x;
  const auto r = gradient_amplitude(ramp, {.range = GradientRange::none}).value();
  CHECK(r(10, 5) == Approx(0.96838308).margin(5e-9));
  CHECK(gradient_amplitude(ramp).value()(10, 5) == Approx(0.96838308).margin(5e-9));  // already spans 0..1
}

// Sobel's filter under sobel_magnitude, sobel_components and exclusion.
#include "hairline/losses/sobel.hpp"

#include "tests/losses/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::losses;

TEST_CASE("a ramp of 1 per pixel has slope 1, halved at a replicated border") {
  Image<double> ramp(Shape{4, 6, 1});
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 6; ++x) ramp(y, x) = x;
  const auto s = losses::detail::sobel(ramp.data(), 4, 6, SobelFilter::normalised());
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 6; ++x) {
      const auto i = static_cast<std::size_t>(y * 6 + x);
      CHECK(s.x[i] == (x == 0 || x == 5 ? 0.5 : 1.0));
      CHECK(s.y[i] == 0);
    }
  const auto zero = losses::detail::sobel(ramp.data(), 4, 6, SobelFilter::zero_padded());
  CHECK(zero.x[7] == 8);     // not normalised
  CHECK(zero.y[1] == 4);     // the picture ends above: 0 + 2 * 1 + 2 of the row below
  CHECK(zero.x[11] == -16);  // and at the right: -(4 + 8 + 4)
}

TEST_CASE("the transposed filter is the filter's transpose") {
  const auto a = losses_test::picture("a", 5, 7, 1), bx = losses_test::picture("bx", 5, 7, 1),
             by = losses_test::picture("by", 5, 7, 1);
  for (const auto& filter : {SobelFilter::normalised(), SobelFilter::zero_padded()}) {
    const auto s = losses::detail::sobel(a.data(), 5, 7, filter);
    const losses::detail::Slopes b{{bx.begin(), bx.end()}, {by.begin(), by.end()}};
    std::vector<double> t(35);
    losses::detail::add_sobel_transposed(b, 5, 7, filter, t.data());
    double left = 0, right = 0;
    for (std::size_t i = 0; i < 35; ++i) {
      left += s.x[i] * b.x[i] + s.y[i] * b.y[i];
      right += a.data()[i] * t[i];
    }
    CHECK(left == Approx(right).epsilon(1e-12));
  }
}

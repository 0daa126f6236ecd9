#include "hairline/core/finite.hpp"

#include <cstdint>
#include <limits>

#include "hairline/core/image.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

TEMPLATE_TEST_CASE("all_finite finds one NaN or infinity anywhere, in every layout", "[core]", float, double) {
  using Limits = std::numeric_limits<TestType>;
  Image<TestType> image(Shape{5, 7, 3}, Limits::max());
  image(0, 0, 0) = Limits::lowest();
  image(1, 1, 1) = Limits::denorm_min();
  CHECK(all_finite(image));
  for (const TestType bad : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()})
    for (std::size_t i = 0; i < image.size(); ++i) {
      Image<TestType> broken = image;
      broken.data()[i] = bad;
      CHECK_FALSE(all_finite(broken));
      CHECK_FALSE(all_finite(broken.view().reversed_channels()));
      CHECK(all_finite(broken.view().channel((static_cast<int>(i % 3) + 1) % 3)));
    }
  CHECK(all_finite(Image<TestType>()));
  CHECK(all_finite(Image<std::uint8_t>(Shape{2, 2, 1}, 255)));
}

TEST_CASE("keep_first_channels drops the others in place", "[core]") {
  Image<int> image(Shape{2, 3, 4});
  for (std::size_t i = 0; i < image.size(); ++i) image.data()[i] = static_cast<int>(i);
  image.keep_first_channels(3);
  REQUIRE(image.shape() == Shape{2, 3, 3});
  REQUIRE(image.size() == 18);
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 3; ++x)
      for (int c = 0; c < 3; ++c) CHECK(image(y, x, c) == 4 * (3 * y + x) + c);
}

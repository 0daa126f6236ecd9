#include "hairline/core/alpha_mode.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

#include "tests/support/catch.hpp"

using namespace hairline;

TEST_CASE("associated colour is colour times alpha, and dividing gives it back") {
  Image<float, AlphaMode::straight> image(Shape{2, 3, 4});
  for (std::size_t i = 0; i < image.size(); ++i) image.data()[i] = static_cast<float>(i + 1) / 32.0f;
  const auto associated = associate(image);
  CHECK(associated(1, 2, 1) == image(1, 2, 1) * image(1, 2, 3));
  CHECK(associated(1, 2, 3) == image(1, 2, 3));
  const auto back = unassociate(associated);
  for (std::size_t i = 0; i < image.size(); ++i) CHECK(back.data()[i] == Approx(image.data()[i]).epsilon(1e-6));
}

TEST_CASE("where alpha is 0 or NaN there is nothing to divide by, and colour stays") {
  Image<float, AlphaMode::associated> image(Shape{1, 2, 2});
  image(0, 0, 0) = 0.75f;
  image(0, 1, 0) = 0.5f;
  image(0, 1, 1) = std::numeric_limits<float>::quiet_NaN();
  const auto straight = unassociate(image);
  CHECK(straight(0, 0, 0) == 0.75f);
  CHECK(straight(0, 0, 1) == 0.0f);
  CHECK(straight(0, 1, 0) == 0.5f);
  CHECK(std::isnan(straight(0, 1, 1)));
}

TEST_CASE("8-bit colour is rounded, and an impossible associated colour ends at the maximum") {
  Image<std::uint8_t, AlphaMode::straight> image(Shape{1, 1, 4});
  image(0, 0, 0) = 255;
  image(0, 0, 1) = 100;
  image(0, 0, 2) = 1;
  image(0, 0, 3) = 128;
  const auto associated = associate(image);
  CHECK(associated(0, 0, 0) == 128);
  CHECK(associated(0, 0, 1) == 50);  // 50.196
  CHECK(associated(0, 0, 2) == 1);   // 0.502
  Image<std::uint8_t, AlphaMode::associated> bright(Shape{1, 1, 2});
  bright(0, 0, 0) = 200;
  bright(0, 0, 1) = 100;
  CHECK(unassociate(bright)(0, 0, 0) == 255);
}

TEST_CASE("16-bit colour survives wherever alpha is full, and empty pictures stay empty") {
  Image<std::uint16_t, AlphaMode::straight> image(Shape{1, 4096, 2}, 65535);
  for (int x = 0; x < 4096; ++x) image(0, x, 0) = static_cast<std::uint16_t>(x * 16 + 5);
  const auto back = unassociate(associate(image));
  CHECK(std::equal(image.begin(), image.end(), back.begin(), back.end()));
  CHECK(associate(Image<float, AlphaMode::straight>()).empty());
}

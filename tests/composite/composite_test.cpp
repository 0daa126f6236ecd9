#include "hairline/composite/composite.hpp"

#include <limits>
#include <random>

#include "hairline/composite/srgb.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
Image<float> noise(Shape shape, unsigned seed) {
  std::mt19937 rng(seed);
  Image<float> out(shape);
  for (auto& v : out) v = static_cast<float>(rng() >> 8) / static_cast<float>(1 << 24);
  return out;
}
}  // namespace

TEST_CASE("the sRGB curve has its fixed points, its published values, and an inverse") {
  CHECK(srgb_to_linear(0.0) == 0.0);
  CHECK(srgb_to_linear(1.0) == Approx(1.0).margin(1e-15));
  CHECK(linear_to_srgb(1.0) == Approx(1.0).margin(1e-15));
  CHECK(srgb_to_linear(0.5) == Approx(0.21404114048).margin(1e-11));
  CHECK(linear_to_srgb(0.18) == Approx(0.46135612950).margin(1e-11));
  CHECK(srgb_to_linear(0.04045) == Approx(0.04045 / 12.92).margin(1e-15));
  for (int i = -10; i <= 2000; ++i) {
    const double v = i / 1000.0;
    // Where the two pieces meet, the standard's rounded constants differ by 3e-8.
    CHECK(linear_to_srgb(srgb_to_linear(v)) == Approx(v).margin(4e-8));
    CHECK(linear_to_srgb(srgb_to_linear(static_cast<float>(v))) == Approx(v).margin(1e-6));
  }
  for (int i = 0; i < 65536; ++i) {
    const float v = static_cast<float>(i) / 65535.0f;
    if (PixelTraits<std::uint16_t>::from_unit(linear_to_srgb(srgb_to_linear(v))) != i) FAIL("level " << i);
  }
}

TEST_CASE("a composite is the blend in code values or in light") {
  const auto f = noise({5, 7, 3}, 1), b = noise({5, 7, 3}, 2), a = noise({5, 7, 1}, 3);
  const auto plain = composite(f, a, b).value();
  const auto light = composite(f, a, b, {.linear_light = true}).value();
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 7; ++x)
      for (int c = 0; c < 3; ++c) {
        const double t = a(y, x);
        CHECK(plain(y, x, c) == Approx(t * f(y, x, c) + (1 - t) * b(y, x, c)).margin(1e-7));
        const double l = t * srgb_to_linear<double>(f(y, x, c)) + (1 - t) * srgb_to_linear<double>(b(y, x, c));
        CHECK(light(y, x, c) == Approx(linear_to_srgb(l)).margin(1e-6));
      }
}

TEST_CASE("alpha 0 and 1 give the background and the foreground bit for bit, whatever is hidden") {
  const bool light = GENERATE(false, true);
  auto f = noise({4, 4, 3}, 1);
  auto b = noise({4, 4, 3}, 2);
  Plane a(Shape{4, 4, 1});
  for (int x = 0; x < 4; ++x) a(1, x) = a(3, x) = 1;
  f(0, 0, 0) = std::numeric_limits<float>::quiet_NaN();
  b(1, 1, 1) = std::numeric_limits<float>::infinity();
  const auto out = composite(f, a, b, {light}).value();
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 4; ++x)
      for (int c = 0; c < 3; ++c) CHECK(out(y, x, c) == (a(y, x) == 1 ? f(y, x, c) : b(y, x, c)));
  a(0, 1) = -0.5f;
  a(0, 2) = 1.5f;
  const auto cut = composite(f, a, b, {light}).value();
  CHECK(cut(0, 1, 0) == b(0, 1, 0));
  CHECK(cut(0, 2, 0) == f(0, 2, 0));
}

TEST_CASE("a picture over itself is itself, and a solid colour is a picture of that colour") {
  const auto f = noise({6, 5, 3}, 4), a = noise({6, 5, 1}, 5);
  const auto same = composite(f, a, f).value();
  for (std::size_t i = 0; i < f.size(); ++i) CHECK(same.data()[i] == Approx(f.data()[i]).margin(1e-7));
  Image<float> green(Shape{6, 5, 3});
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 5; ++x) {
      green(y, x, 0) = 120 / 255.0f;
      green(y, x, 1) = 1;
      green(y, x, 2) = 155 / 255.0f;
    }
  const auto one = composite(f, a, green).value();
  const auto two = composite(f, a, Colour{120 / 255.0f, 1, 155 / 255.0f}).value();
  CHECK(std::equal(one.begin(), one.end(), two.begin()));
}

TEST_CASE("straight and associated pictures of the same thing give the same composite") {
  const bool light = GENERATE(false, true);
  const auto f = noise({6, 5, 3}, 4), a = noise({6, 5, 1}, 5), b = noise({6, 5, 3}, 6);
  Image<float, AlphaMode::straight> straight(Shape{6, 5, 4});
  Image<float, AlphaMode::associated> associated(Shape{6, 5, 4});
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 5; ++x) {
      for (int c = 0; c < 3; ++c) {
        straight(y, x, c) = f(y, x, c);
        associated(y, x, c) = f(y, x, c) * a(y, x);
      }
      straight(y, x, 3) = associated(y, x, 3) = a(y, x);
    }
  const auto wanted = composite(f, a, b, {light}).value();
  const auto s = composite(straight, b, {light}).value();
  const auto p = composite(associated, b, {light}).value();
  CHECK(std::equal(wanted.begin(), wanted.end(), s.begin()));
  for (std::size_t i = 0; i < wanted.size(); ++i) CHECK(p.data()[i] == Approx(wanted.data()[i]).margin(2e-6));
  const auto over_black = composite(associated, Colour{}).value();
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 5; ++x) CHECK(over_black(y, x, 1) == associated(y, x, 1));
}

TEST_CASE("over is associative and keeps alpha") {
  Image<double, AlphaMode::associated> a(Shape{3, 3, 4}), b(Shape{3, 3, 4}), c(Shape{3, 3, 4});
  std::mt19937 rng(9);
  for (auto* image : {&a, &b, &c})
    for (int y = 0; y < 3; ++y)
      for (int x = 0; x < 3; ++x) {
        (*image)(y, x, 3) = rng() / 4294967296.0;
        for (int k = 0; k < 3; ++k) (*image)(y, x, k) = (*image)(y, x, 3) * (rng() / 4294967296.0);
      }
  const auto left = over(over(a, b).value(), c).value();
  const auto right = over(a, over(b, c).value()).value();
  for (std::size_t i = 0; i < left.size(); ++i) CHECK(left.data()[i] == Approx(right.data()[i]).margin(1e-14));
  CHECK(over(a, b).value()(1, 1, 3) == Approx(1 - (1 - a(1, 1, 3)) * (1 - b(1, 1, 3))));
  CHECK_FALSE(over(a, Image<double, AlphaMode::associated>(Shape{3, 2, 4})).has_value());
}

TEST_CASE("grey, 8-bit and mixed pictures composite; sizes and channels are checked") {
  const Image<std::uint8_t> grey(Shape{2, 2, 1}, 255);
  const Image<std::uint16_t> half(Shape{2, 2, 1}, 32768);
  const auto out = composite(grey, half, Colour{0, 0.5f, 1}).value();
  CHECK(out.channels() == 3);
  CHECK(out(1, 1, 0) == Approx(32768 / 65535.0));
  CHECK(out(1, 1, 2) == Approx(1.0));
  CHECK(composite(grey, half, grey).value().channels() == 1);
  const auto bad = composite(grey, Plane(Shape{2, 3, 1}), grey);
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().message == "the alpha has 3x2 pixels, wanted 2x2, the size of the foreground");
  CHECK_FALSE(composite(grey, half, Plane(Shape{3, 2, 1})).has_value());
  CHECK_FALSE(composite(Image<float>(Shape{2, 2, 4}), half, grey).has_value());
  CHECK_FALSE(composite(grey, Image<float>(Shape{2, 2, 2}), grey).has_value());
  CHECK_FALSE(composite(Plane{}, Plane{}, Plane{}).has_value());
  Plane nan(Shape{2, 2, 1}, std::numeric_limits<float>::quiet_NaN());
  CHECK_FALSE(composite(grey, nan, grey).has_value());
}

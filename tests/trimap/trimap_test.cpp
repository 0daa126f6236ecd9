#include "hairline/trimap/trimap.hpp"

#include <limits>

#include "hairline/core/convert.hpp"
#include "hairline/metrics/region.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
Image<std::uint8_t> square(int size, int begin, int end, std::uint8_t inside = 255) {
  Image<std::uint8_t> m(Shape{size, size, 1});
  for (int y = begin; y < end; ++y)
    for (int x = begin; x < end; ++x) m(y, x) = inside;
  return m;
}
}  // namespace

TEST_CASE("a mask's edge becomes a band of the stated width on both sides") {
  const auto mask = square(60, 20, 40);
  const auto t = trimap_from_mask(mask, {.erode = 5}).value();
  for (int x = 0; x < 60; ++x) {
    const float wanted = x < 15 || x >= 45 ? 0.0f : x >= 25 && x < 35 ? 1.0f : trimap_unknown;
    if (t(30, x) != wanted) FAIL("column " << x << " is " << t(30, x));
  }
  CHECK(PixelTraits<std::uint8_t>::from_unit(t(30, 20)) == 128);
  // A disc rounds the band's outer corner, a square does not.
  CHECK(t(15, 15) == 0.0f);
  CHECK(trimap_from_mask(mask, {.erode = 5, .metric = Metric::chessboard}).value()(15, 15) == trimap_unknown);
}

TEST_CASE("the bounds are inclusive, for 8-bit, 16-bit and float masks alike") {
  Image<std::uint8_t> mask(Shape{1, 4, 1});
  mask(0, 0) = 10;
  mask(0, 1) = 11;
  mask(0, 2) = 239;
  mask(0, 3) = 240;
  const auto check = [](const Plane& t) {
    CHECK(t(0, 0) == 0.0f);
    CHECK(t(0, 1) == trimap_unknown);
    CHECK(t(0, 2) == trimap_unknown);
    CHECK(t(0, 3) == 1.0f);
  };
  check(trimap_from_mask(mask, {.erode = 0}).value());
  check(trimap_from_mask(convert<float>(mask), {.erode = 0}).value());
  check(trimap_from_mask(convert<double>(mask), {.erode = 0}).value());
  check(trimap_from_mask(convert<std::uint16_t>(mask), {.erode = 0}).value());
}

TEST_CASE("a trimap from an alpha dilates the soft band and hard edges") {
  Plane alpha(Shape{1, 40, 1});
  for (int x = 20; x < 40; ++x) alpha(0, x) = 1;
  alpha(0, 19) = 0.5f;
  const auto t = trimap_from_alpha(alpha, {.dilate = 3}).value();
  for (int x = 0; x < 40; ++x)
    if (t(0, x) != (x < 16 ? 0.0f : x > 22 ? 1.0f : trimap_unknown)) FAIL("column " << x << " is " << t(0, x));
  alpha(0, 19) = 0;
  const auto hard = trimap_from_alpha(alpha, {.dilate = 1}).value();
  CHECK(hard(0, 18) == 0.0f);
  CHECK(hard(0, 19) == trimap_unknown);
  CHECK(hard(0, 20) == trimap_unknown);
  CHECK(hard(0, 21) == 1.0f);
  CHECK(trimap_from_alpha(alpha, {.dilate = 0}).value()(0, 19) == 0.0f);
}

TEST_CASE("the bgmv2 preset is a diamond of radius 10 around 0.06 to 0.96") {
  Image<float> alpha(Shape{41, 41, 1}, 1.0f);
  alpha(20, 20) = 0.5f;
  alpha(0, 0) = 0.97f;  // above 0.96: stays foreground
  const auto t = trimap_from_alpha(alpha, TrimapFromAlphaOptions::bgmv2()).value();
  for (int y = 0; y < 41; ++y)
    for (int x = 0; x < 41; ++x) {
      const bool inside = std::abs(y - 20) + std::abs(x - 20) <= 10;
      if (t(y, x) != (inside ? trimap_unknown : 1.0f)) FAIL("at " << y << ", " << x);
    }
  SUCCEED();
}

TEST_CASE("trimaps refuse what cannot be right") {
  const auto mask = square(4, 1, 3);
  CHECK_FALSE(trimap_from_mask(Plane{}).has_value());
  CHECK_FALSE(trimap_from_mask(mask, {.erode = -1}).has_value());
  CHECK_FALSE(trimap_from_mask(mask, {.erode = std::numeric_limits<double>::quiet_NaN()}).has_value());
  CHECK_FALSE(trimap_from_mask(mask, {.fg = 0.1, .bg = 0.9}).has_value());
  Plane nan(Shape{2, 2, 1}, std::numeric_limits<float>::quiet_NaN());
  const auto r = trimap_from_mask(nan);
  REQUIRE_FALSE(r.has_value());
  CHECK(r.error().message.find("NaN") != std::string::npos);
  CHECK(trimap_from_mask(Plane(Shape{1, 1, 1}, 1.0f)).value()(0, 0) == 1.0f);
  CHECK(trimap_from_mask(Plane(Shape{1, 1, 1}, 0.5f)).value()(0, 0) == trimap_unknown);
}

#include "hairline/core/view.hpp"

#include <array>
#include <cstdint>
#include <numeric>

#include "hairline/core/any_view.hpp"
#include "hairline/core/convert.hpp"
#include "hairline/core/eigen.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/xtensor.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

TEST_CASE("a view sees planar, interleaved, cropped and reversed pixels as the same picture") {
  std::array<float, 2 * 3 * 3> rgb{};
  std::iota(rgb.begin(), rgb.end(), 0.0f);
  const View<float> inter(rgb.data(), Shape{2, 3, 3});
  std::array<float, 18> planes{};
  const View<float> plan(planes.data(), Shape{2, 3, 3}, planar(Shape{2, 3, 3}));
  copy_pixels<float>(inter, plan);
  CHECK(planes[0] == 0.0f);
  CHECK(planes[6] == 1.0f);  // second plane starts with green of the first pixel
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 3; ++x)
      for (int c = 0; c < 3; ++c) CHECK(inter(y, x, c) == plan(y, x, c));
  const auto bgr = inter.reversed_channels();
  CHECK(bgr(1, 2, 0) == inter(1, 2, 2));
  CHECK(bgr.reversed_channels()(1, 2, 1) == inter(1, 2, 1));
  const auto corner = inter.crop(1, 1, 1, 2);
  CHECK(corner.shape() == Shape{1, 2, 3});
  CHECK(corner(0, 0, 0) == inter(1, 1, 0));
  CHECK(inter.channel(2)(1, 1) == inter(1, 1, 2));
  CHECK_THROWS_AS(inter.channel(3), std::out_of_range);
  CHECK_THROWS_AS(inter.crop(0, 0, 3, 1), std::out_of_range);
}

TEST_CASE("integers convert with rounding, never truncation, and survive the round trip") {
  for (int i = 0; i < 256; ++i) {
    const auto v = static_cast<std::uint8_t>(i);
    CHECK(PixelTraits<std::uint8_t>::from_unit(PixelTraits<std::uint8_t>::to_unit<float>(v)) == v);
  }
  for (int i = 0; i < 65536; ++i) {
    const auto v = static_cast<std::uint16_t>(i);
    if (PixelTraits<std::uint16_t>::from_unit(PixelTraits<std::uint16_t>::to_unit<float>(v)) != v) FAIL(i);
  }
  CHECK(PixelTraits<std::uint8_t>::from_unit(0.999f) == 255);
  CHECK(PixelTraits<std::uint8_t>::from_unit(254.4f / 255.0f) == 254);
  CHECK(PixelTraits<std::uint8_t>::from_unit(-1.0) == 0);
  CHECK(PixelTraits<std::uint8_t>::from_unit(7.0) == 255);
  CHECK(PixelTraits<std::uint8_t>::from_unit(std::numeric_limits<float>::quiet_NaN()) == 0);
}

TEST_CASE("any pixel type, xtensor containers and Eigen maps are accepted without a copy") {
  Image<std::uint16_t> image(Shape{2, 2, 1}, 65535);
  AnyView any = image;
  CHECK(any.type() == PixelType::u16);
  CHECK(convert<float>(any)(1, 1) == 1.0f);

  xt::xtensor<float, 3> tensor = xt::arange<float>(24).reshape({2, 4, 3});
  const auto seen = view_of(tensor);
  CHECK(seen.data() == tensor.data());
  CHECK(seen.shape() == Shape{2, 4, 3});
  CHECK(seen(1, 2, 1) == tensor(1, 2, 1));
  auto part = xt::strided_view(tensor, {xt::all(), xt::range(1, 3), 2});
  const auto column = view_of(part);
  CHECK(column(1, 1) == tensor(1, 2, 2));
  CHECK(&column(0, 0) == &tensor(0, 1, 2));
  xt::xtensor<double, 4> wrong = xt::zeros<double>({1, 2, 3, 4});
  CHECK_THROWS_AS(view_of(wrong), std::invalid_argument);

  Eigen::MatrixXf columns(3, 2);
  columns << 1, 2, 3, 4, 5, 6;
  const auto matrix = view_of(columns);
  CHECK(matrix.data() == columns.data());
  CHECK(matrix.shape() == Shape{3, 2, 1});
  CHECK(matrix(2, 1) == 6.0f);
  CHECK(AnyView(columns).shape() == Shape{3, 2, 1});
}

TEST_CASE("images and views are produced as xtensor expressions and Eigen maps without a copy") {
  Image<float> image(Shape{3, 4, 3});
  std::iota(image.begin(), image.end(), 0.0f);
  auto tensor = as_xtensor(image);
  CHECK(tensor(2, 1, 0) == image(2, 1, 0));
  tensor(0, 0, 0) = 9.0f;
  CHECK(image(0, 0, 0) == 9.0f);
  auto green = as_xtensor_plane(image, 1);
  CHECK(green(2, 3) == image(2, 3, 1));
  auto red = as_eigen(image, 0);
  red(1, 2) = -1.0f;
  CHECK(image(1, 2, 0) == -1.0f);
  const auto reversed = image.view().reversed_channels();
  CHECK(as_eigen(reversed, 0)(1, 1) == image(1, 1, 2));
  CHECK_THROWS_AS(as_xtensor(reversed), std::invalid_argument);
  const Image<float>& constant = image;
  CHECK(as_eigen(constant, 2)(2, 2) == image(2, 2, 2));
}

TEST_CASE("images know their kind of alpha") {
  Image<float, AlphaMode::straight> rgba(Shape{1, 1, 4}, 0.5f);
  rgba.alpha()(0, 0) = 0.25f;
  CHECK(rgba.colour().shape() == Shape{1, 1, 3});
  CHECK(rgba(0, 0, 3) == 0.25f);
  auto moved = std::move(rgba);
  CHECK(rgba.empty());  // NOLINT: moved-from images are empty by contract
  CHECK(moved.alpha()(0, 0) == 0.25f);
}

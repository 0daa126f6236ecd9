#include "hairline/solvers/box_filter.hpp"

#include <random>

#include "tests/solvers/colour_golden.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
template <class Scalar>
Image<Scalar> noise(Shape shape, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<Scalar> unit(0, 1);
  Image<Scalar> image(shape);
  for (auto& v : image) v = unit(random);
  return image;
}

// Every window by a loop of its own over the whole picture.
template <class Scalar>
Image<Scalar> plain(const Image<Scalar>& image, int radius, BoxExtent extent, bool mean) {
  const int shift = extent == BoxExtent::same ? 0 : extent == BoxExtent::full ? -radius : radius;
  Image<Scalar> out(box_shape(image.shape(), radius, extent));
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x)
      for (int c = 0; c < out.channels(); ++c) {
        double sum = 0, count = 0;
        for (int v = 0; v < image.height(); ++v)
          for (int u = 0; u < image.width(); ++u)
            if (std::abs(v - y - shift) <= radius && std::abs(u - x - shift) <= radius) {
              sum += image(v, u, c);
              count += 1;
            }
        out(y, x, c) = static_cast<Scalar>(mean ? sum / count : sum);
      }
  return out;
}
}  // namespace

TEMPLATE_TEST_CASE("box filters equal plain windows", "[box_filter]", float, double) {
  const auto shape = GENERATE(Shape{1, 1, 1}, Shape{1, 9, 2}, Shape{11, 1, 1}, Shape{7, 7, 3}, Shape{40, 13, 1});
  const auto extent = GENERATE(BoxExtent::valid, BoxExtent::same, BoxExtent::full);
  const int radius = GENERATE(0, 1, 3, 20);
  const auto image = noise<TestType>(shape, 11);
  CAPTURE(to_string(shape), radius, static_cast<int>(extent));
  const auto sum = box_sum<TestType>(image.view(), radius, extent);
  const auto mean = box_mean<TestType>(image.view(), radius, extent);
  if (box_shape(shape, radius, extent).empty()) {
    CHECK_FALSE(sum.has_value());
    CHECK_FALSE(mean.has_value());
    return;
  }
  // Double sums of up to 520 values below 1; the float results are rounded once.
  const double tolerance = std::is_same_v<TestType, float> ? 1e-7 : 1e-15;
  CHECK(largest_difference(sum.value(), plain(image, radius, extent, false)) <= tolerance * 520);
  CHECK(largest_difference(mean.value(), plain(image, radius, extent, true)) <= tolerance * 10);
}

TEST_CASE("box filters give the same bits for every thread count", "[box_filter]") {
  const auto image = noise<float>(Shape{97, 31, 3}, 5);
  const auto one = box_mean<float>(image.view(), 4, BoxExtent::same, 1).value();
  CHECK(largest_difference(one, box_mean<float>(image.view(), 4, BoxExtent::same, 3).value()) == 0);
}

TEST_CASE("box filters refuse bad input", "[box_filter]") {
  const Image<float> image(Shape{4, 5, 1}, 0.5f);
  CHECK_FALSE(box_sum<float>(View<const float>(), 1).has_value());
  CHECK_FALSE(box_sum<float>(image.view(), -1).has_value());
  CHECK_FALSE(box_sum<float>(image.view(), 2, BoxExtent::valid).has_value());
  CHECK(box_mean<float>(image.view(), 1 << 30).value()(3, 4) == 0.5f);
}

#include "hairline/trimap/distance_transform.hpp"

#include <random>

#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
Image<std::uint8_t> random_set(int h, int w, double density, unsigned seed) {
  std::mt19937 rng(seed);
  Image<std::uint8_t> set(Shape{h, w, 1});
  for (auto& v : set) v = (rng() & 0xffff) < density * 0x10000;
  return set;
}

std::int64_t brute(const Image<std::uint8_t>& set, int y, int x, Metric metric) {
  std::int64_t best = no_distance;
  for (int v = 0; v < set.height(); ++v)
    for (int u = 0; u < set.width(); ++u) {
      if (!set(v, u)) continue;
      const std::int64_t dy = std::abs(v - y), dx = std::abs(u - x);
      best = std::min(best, metric == Metric::euclidean    ? dy * dy + dx * dx
                            : metric == Metric::chessboard ? std::max(dy, dx)
                                                           : dy + dx);
    }
  return best;
}
}  // namespace

TEST_CASE("distances equal those found by trying every pixel") {
  const auto size = GENERATE(Shape{1, 1, 1}, Shape{1, 17, 1}, Shape{23, 1, 1}, Shape{2, 2, 1}, Shape{31, 37, 1});
  const double density = GENERATE(0.0, 0.002, 0.02, 0.3, 1.0);
  const auto metric = GENERATE(Metric::euclidean, Metric::chessboard, Metric::city_block);
  for (unsigned seed = 0; seed < 4; ++seed) {
    const auto set = random_set(size.height, size.width, density, seed);
    const auto d = metric == Metric::euclidean ? squared_distance(set) : grid_distance(set, metric);
    for (int y = 0; y < size.height; ++y)
      for (int x = 0; x < size.width; ++x)
        if (d(y, x) != brute(set, y, x, metric)) FAIL("at " << y << ", " << x << ": " << d(y, x));
  }
  SUCCEED();
}

TEST_CASE("one pixel in a corner of a long picture is seen from far away") {
  Image<std::uint8_t> set(Shape{3, 20000, 1});
  set(2, 19999) = 1;
  const auto d = squared_distance(set);
  CHECK(d(0, 0) == std::int64_t{19999} * 19999 + 4);
  CHECK(grid_distance(set, Metric::city_block)(0, 0) == 20001);
}

TEST_CASE("erosion removes what is within the radius of the outside and is neutral at the border") {
  Image<std::uint8_t> set(Shape{9, 9, 1}, 1);
  set(4, 4) = 0;
  const auto count = [](const Image<std::uint8_t>& m) { return std::count(m.begin(), m.end(), 1); };
  CHECK(count(eroded(set, 2, Metric::euclidean)) == 81 - 13);   // lattice points in a disc of radius 2
  CHECK(count(eroded(set, 2, Metric::chessboard)) == 81 - 25);  // 5 x 5
  CHECK(count(eroded(set, 2, Metric::city_block)) == 81 - 13);  // 1 + 3 + 5 + 3 + 1
  CHECK(count(eroded(set, 3, Metric::city_block)) == 81 - 25);
  CHECK(count(eroded(set, 3, Metric::euclidean)) == 81 - 29);
  const Image<std::uint8_t> all(Shape{4, 4, 1}, 1), none(Shape{4, 4, 1});
  CHECK(count(eroded(all, 100, Metric::euclidean)) == 16);
  CHECK(count(eroded(all, 100, Metric::chessboard)) == 16);
  CHECK(count(eroded(none, 1, Metric::euclidean)) == 0);
}

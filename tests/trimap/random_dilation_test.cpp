#include "hairline/trimap/random_dilation.hpp"

#include <random>
#include <set>
#include <string>

#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
std::string draw_element(int size) {
  Image<std::uint8_t> point(Shape{2 * size + 1, 2 * size + 1, 1});
  point(size, size) = 1;
  // A dilated point shows the element mirrored through its centre.
  const auto d = dilated(point, ellipse(size));
  const int anchor = size / 2;
  std::string text;
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size; ++j) text += d(size - (i - anchor), size - (j - anchor)) ? '1' : '0';
    text += '/';
  }
  return text;
}
}  // namespace

TEST_CASE("elliptical elements have OpenCV's shapes") {
  CHECK(draw_element(1) == "1/");
  CHECK(draw_element(2) == "01/11/");
  CHECK(draw_element(3) == "010/111/010/");
  CHECK(draw_element(4) == "0010/1111/1111/1111/");
  CHECK(draw_element(5) == "00100/11111/11111/11111/00100/");
  CHECK(draw_element(7) == "0001000/0111110/1111111/1111111/1111111/0111110/0001000/");
}

TEST_CASE("dilation and erosion equal their definitions, pixel by pixel") {
  std::mt19937 rng(3);
  for (const int size : {1, 2, 3, 4, 5, 8, 13, 29}) {
    Image<std::uint8_t> set(Shape{17, 23, 1});
    for (auto& v : set) v = rng() % 100 < 12 ? 255 : 0;
    const Element e = ellipse(size);
    const auto d = dilated(set, e), r = eroded(set, e);
    for (int y = 0; y < 17; ++y)
      for (int x = 0; x < 23; ++x) {
        bool any = false, all = true;
        for (int i = 0; i < size; ++i)
          for (int j = e.rows[static_cast<std::size_t>(i)].begin; j < e.rows[static_cast<std::size_t>(i)].end; ++j) {
            const int v = y + i - e.anchor, u = x + j;
            if (v < 0 || v >= 17 || u < 0 || u >= 23) continue;
            any = any || set(v, u);
            all = all && set(v, u);
          }
        if (d(y, x) != any || r(y, x) != all) FAIL("size " << size << " at " << y << ", " << x);
      }
  }
  SUCCEED();
}

TEST_CASE("repeating the 3x3 cross is the city-block diamond") {
  Image<std::uint8_t> set(Shape{31, 29, 1}, 1);
  set(11, 14) = set(12, 20) = 0;
  const auto a = eroded(set, ellipse(3), 7);
  const auto b = eroded(set, 7.0, Metric::city_block);
  CHECK(std::equal(a.begin(), a.end(), b.begin()));
}

TEST_CASE("draws stay in their ranges, reach all of them, and depend on the seed alone") {
  static_assert(draw_dilation(RandomDilation::gca(), 7).foreground_size ==
                draw_dilation(RandomDilation::gca(), 7).foreground_size);
  // SplitMix64's published first output for seed 0.
  static_assert(detail::random_bits(0, 0) == 0xE220A8397B1DCDAFu);
  std::set<int> sizes, counts, fba;
  int apart = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const auto d = draw_dilation(RandomDilation::deep_image_matting(), seed);
    CHECK(d.foreground_size == d.background_size);
    CHECK(d.foreground_iterations == d.background_iterations);
    sizes.insert(d.foreground_size);
    counts.insert(d.foreground_iterations);
    const auto g = draw_dilation(RandomDilation::gca(), seed);
    CHECK((g.foreground_size >= 1 && g.foreground_size <= 29 && g.background_iterations == 1));
    apart += g.foreground_size != g.background_size;
    fba.insert(draw_dilation(RandomDilation::fba(), seed).background_size);
  }
  CHECK(sizes == std::set<int>{2, 3, 4});
  CHECK((counts.size() == 10 && *counts.begin() == 5 && *counts.rbegin() == 14));
  CHECK((fba.size() == 23 && *fba.begin() == 3 && *fba.rbegin() == 25));
  CHECK(apart > 3700);  // 28 of 29 on average
}

TEST_CASE("a random trimap is the drawn erosion of both known areas") {
  Plane alpha(Shape{64, 64, 1});
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 64; ++x) alpha(y, x) = std::clamp((x - 28) / 8.0f, 0.0f, 1.0f);
  const std::uint64_t seed = GENERATE(0u, 1u, 2u, 99u);
  for (const auto& distribution : {RandomDilation::deep_image_matting(), RandomDilation::deep_image_matting_narrow(),
                                   RandomDilation::gca(), RandomDilation::fba()}) {
    const auto t = random_dilation_trimap(alpha, distribution, seed).value();
    const auto again = random_dilation_trimap(alpha, distribution, seed).value();
    CHECK(std::equal(t.begin(), t.end(), again.begin()));
    const auto d = draw_dilation(distribution, seed);
    // Along a straight edge an element of size k reaches k / 2 pixels one way and (k - 1) / 2 the other.
    const int background_end = 28 - d.background_iterations * ((d.background_size - 1) / 2);
    const int foreground_begin = 36 + d.foreground_iterations * (d.foreground_size / 2);
    for (int x = 0; x < 64; ++x) {
      const float wanted = x <= background_end ? 0.0f : x >= foreground_begin ? 1.0f : trimap_unknown;
      if (t(32, x) != wanted) FAIL("column " << x << " is " << t(32, x) << ", wanted " << wanted);
    }
  }
  CHECK_FALSE(random_dilation_trimap(alpha, {.size = {0, 3}}, 1).has_value());
  CHECK_FALSE(random_dilation_trimap(alpha, {.size = {3, 2}}, 1).has_value());
  CHECK_FALSE(random_dilation_trimap(Plane{}, RandomDilation::gca(), 1).has_value());
}

// Small pieces far from the subject are taken out, and nothing else.
#include "hairline/composite/islands.hpp"

#include <algorithm>

#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
constexpr int height = 150, width = 200;  // so that 0.01 of the longer side are two pixels

void fill(Plane& alpha, int top, int left, int rows, int columns, float value) {
  for (int y = top; y < top + rows; ++y)
    for (int x = left; x < left + columns; ++x) alpha(y, x) = value;
}
Plane subject() {
  Plane alpha(Shape{height, width, 1});
  fill(alpha, 40, 60, 100, 80, 1);
  return alpha;
}
bool same(const Plane& a, const Plane& b) { return std::equal(a.begin(), a.end(), b.begin()); }
}  // namespace

TEST_CASE("islands: a speck far away goes, the subject stays to the bit") {
  Plane alpha = subject();
  fill(alpha, 61, 80, 10, 1, 0.5f);
  const Plane wanted = alpha;
  fill(alpha, 10, 181, 3, 4, 0.9f);  // 0.14 % of the subject
  fill(alpha, 140, 0, 2, 2, 0.3f);
  CHECK(remove_islands(alpha.view()) == 2);
  CHECK(same(alpha, wanted));
  CHECK(remove_islands(alpha.view()) == 0);
}

TEST_CASE("islands: what is near or large stays, what is faint goes") {
  Plane alpha = subject();
  fill(alpha, 38, 70, 1, 9, 0.4f);  // loose hair, a pixel away
  fill(alpha, 5, 5, 6, 6, 1);       // 0.45 % of the subject
  const Plane wanted = alpha;
  fill(alpha, 100, 180, 5, 5, 0.002f);  // haze
  CHECK(remove_islands(alpha.view()) == 0);
  CHECK(same(alpha, wanted));
  CHECK(remove_islands(alpha.view(), {.share = 0.01}) == 1);
  CHECK(alpha(7, 7) == 0);
}

TEST_CASE("islands: pieces fade in with their share and with what ties them to the subject") {
  const auto of_share = [](double share) {
    Plane alpha = subject();
    fill(alpha, 4, 4, 6, 6, 1);
    remove_islands(alpha.view(), {.share = share});
    return alpha(7, 7);
  };
  const double own = 36.0 / 8000;
  CHECK(of_share(own * 1.001) > 0.99f);
  CHECK(of_share(own * 1.5) > 0.2f);
  CHECK(of_share(own * 1.5) < 0.4f);
  CHECK(of_share(own * 2.001) == 0);
  const auto tied_by = [](float bridge) {
    Plane alpha = subject();
    fill(alpha, 60, 170, 3, 4, 0.8f);
    fill(alpha, 62, 140, 1, 30, bridge);
    remove_islands(alpha.view());
    return alpha(62, 172);
  };
  CHECK(tied_by(0.02f) == 0.8f);
  CHECK(tied_by(0.0025f) == 0);
  float before = 0;
  for (int i = 0; i <= 100; ++i) {
    const float now = tied_by(static_cast<float>(i) * 0.0002f);
    CHECK(now >= before);
    CHECK(now - before < 0.0095f);  // 0.0002 of 0.0175, times 0.8
    before = now;
  }
}

TEST_CASE("islands: no share, no alpha, no pixels") {
  Plane alpha = subject();
  fill(alpha, 10, 181, 3, 4, 0.9f);
  const Plane wanted = alpha;
  CHECK(remove_islands(alpha.view(), {.share = 0}) == 0);
  CHECK(same(alpha, wanted));
  Plane nothing(Shape{7, 3, 1}), none;
  CHECK(remove_islands(nothing.view()) == 0);
  CHECK(remove_islands(none.view()) == 0);
}

TEST_CASE("islands: many of one size are no islands, and borders need no whole squares") {
  Plane alpha(Shape{101, 203, 1});
  for (int y = 0; y < 101; y += 20)
    for (int x = 2; x < 203; x += 50) alpha(y, x) = 1;
  CHECK(remove_islands(alpha.view()) == 0);
  fill(alpha, 50, 60, 40, 38, 1);
  CHECK(remove_islands(alpha.view()) > 20);
  CHECK(alpha(100, 202) == 0);
  CHECK(alpha(70, 80) == 1);
}

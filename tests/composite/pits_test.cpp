// Small enclosed places where alpha sinks are filled, and nothing else.
#include "hairline/composite/pits.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
void fill(Plane& alpha, int top, int left, int rows, int columns, float value) {
  for (int y = top; y < top + rows; ++y)
    for (int x = left; x < left + columns; ++x) alpha(y, x) = value;
}
/// 8000 pixels of subject, down to the picture's lower border.
Plane subject() {
  Plane alpha(Shape{150, 200, 1});
  fill(alpha, 50, 60, 100, 80, 1);
  return alpha;
}
bool same(const Plane& a, const Plane& b) { return std::equal(a.begin(), a.end(), b.begin()); }

/// The pixels below `level` that hang together with (y, x).
std::vector<std::pair<int, int>> place(const Plane& alpha, int y, int x, float level) {
  std::vector<std::pair<int, int>> found{{y, x}};
  std::set<std::pair<int, int>> seen{{y, x}};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [py, px] = found[i];
    for (const auto& [ny, nx] : {std::pair{py - 1, px}, {py + 1, px}, {py, px - 1}, {py, px + 1}})
      if (ny >= 0 && nx >= 0 && ny < alpha.height() && nx < alpha.width() && alpha(ny, nx) < level &&
          seen.insert({ny, nx}).second)
        found.push_back({ny, nx});
  }
  return found;
}

/// For each pixel the integral, over the levels from its own to 1, of part(pixels of its place, the lowest of them).
template <class Part>
Plane over_levels(const Plane& alpha, Part part) {
  std::set<float> levels(alpha.begin(), alpha.end());
  levels.insert(1);
  Plane out(Shape{alpha.height(), alpha.width(), 1});
  for (int y = 0; y < alpha.height(); ++y)
    for (int x = 0; x < alpha.width(); ++x) {
      float below = alpha(y, x);
      for (const float level : levels) {
        if (level <= below) continue;
        const auto pixels = place(alpha, y, x, level);
        float least = 1;
        for (const auto& [py, px] : pixels) least = std::min(least, alpha(py, px));
        out(y, x) += static_cast<float>(part(static_cast<double>(pixels.size()), least)) * (level - below);
        below = level;
      }
    }
  return out;
}

/// What fill_pits does, from its definition.
Plane by_definition(const Plane& alpha, const PitOptions& o) {
  double sum = 0;
  for (const float a : alpha) sum += static_cast<double>(a);
  const double most = o.share * sum;
  const Plane raised = over_levels(alpha, [&](double size, float least) {
    const double depth = static_cast<double>((least - o.open) / (o.sure - o.open));
    return std::clamp(depth, 0.0, 1.0) * std::clamp(2 - 2 * size / most, 0.0, 1.0);
  });
  Plane first = raised;  // its first tenth, upside down
  for (float& a : first) a = 1 - std::min(a / 0.1f, 1.0f);
  const Plane kept = over_levels(
      first, [&](double size, float) { return o.gap > 0 ? std::clamp(2 * size / (o.gap * most) - 1, 0.0, 1.0) : 1; });
  Plane out = alpha;
  for (std::size_t i = 0; i < out.size(); ++i)
    if (raised.data()[i] > 0) out.data()[i] += raised.data()[i] * kept.data()[i] / (1 - first.data()[i]);
  return out;
}
/// The largest difference.
float apart(const Plane& a, const Plane& b) {
  float most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a.data()[i] - b.data()[i]));
  return most;
}
}  // namespace

TEST_CASE("pits: a soft place in the subject is filled, a hole and the outside stay to the bit") {
  Plane alpha = subject();
  fill(alpha, 60, 70, 3, 20, 0);      // a hole
  fill(alpha, 59, 70, 1, 20, 0.5f);   // its soft edge
  fill(alpha, 50, 60, 100, 1, 0.4f);  // the subject's own edge
  fill(alpha, 100, 30, 5, 5, 0.3f);   // something faint outside
  const Plane wanted = alpha;
  fill(alpha, 80, 70, 4, 15, 0.4f);
  fill(alpha, 147, 100, 3, 6, 0.7f);  // at the picture's border, cut off by it
  CHECK(fill_pits(alpha.view()) == 78);
  CHECK(same(alpha, wanted));
  CHECK(fill_pits(alpha.view()) == 0);
}

TEST_CASE("pits: a large soft place stays, a small one in it is filled as far as that") {
  Plane alpha = subject();
  fill(alpha, 60, 70, 20, 20, 0.6f);  // glass: 5 % of the subject
  const Plane wanted = alpha;
  fill(alpha, 65, 75, 4, 4, 0.3f);
  CHECK(fill_pits(alpha.view()) == 16);
  CHECK(same(alpha, wanted));
  CHECK(fill_pits(alpha.view(), {.share = 0.12}) == 400);
  CHECK(alpha(70, 80) == 1);
  CHECK(fill_pits(alpha.view(), {.share = 0}) == 0);
}

TEST_CASE("pits: between open and sure a place is filled in part") {
  for (const auto& [least, wanted] : {std::pair{0.05f, 0.05f}, {0.15f, 0.575f}, {0.25f, 1.0f}}) {
    Plane alpha = subject();
    fill(alpha, 80, 80, 5, 5, least);
    fill_pits(alpha.view());
    CHECK_THAT(alpha(81, 81), Catch::Matchers::WithinAbs(wanted, 1e-6));
  }
}

TEST_CASE("pits: between half the share and the share a place is filled in part") {
  for (const auto& [share, wanted] : {std::pair{0.01, 0.5f}, {0.015, 5.0f / 6}, {0.02, 1.0f}}) {
    Plane alpha = subject();
    fill(alpha, 80, 80, 8, 10, 0.5f);  // 80 pixels where the sum is 7960
    fill_pits(alpha.view(), {.share = share * 8000 / 7960});
    CHECK_THAT(alpha(85, 85), Catch::Matchers::WithinAbs(wanted, 1e-4));
  }
}

TEST_CASE("pits: a small place is a gap and stays, whatever lies at its bottom; between half of that and it, in part") {
  for (const auto& [rows, wanted] : {std::pair{2, 0.2f}, {3, 0.6f}, {4, 1.0f}}) {
    Plane alpha = subject();
    fill(alpha, 80, 80, rows, 20, 0.6f);
    fill(alpha, 81, 85, 1, 1, 0.2f);
    double sum = 0;
    for (const float a : alpha) sum += static_cast<double>(a);
    Plane some = alpha, all = alpha;
    fill_pits(some.view(), {.share = 0.1, .gap = 80 / (0.1 * sum), .sure = 0.1f});
    CHECK_THAT(some(81, 85), Catch::Matchers::WithinAbs(wanted, 1e-5));
    CHECK_THAT(some(80, 80), Catch::Matchers::WithinAbs(0.6 + 0.4 * (static_cast<double>(wanted) - 0.2) / 0.8, 1e-5));
    fill_pits(all.view(), {.share = 0.1, .gap = 0, .sure = 0.1f});
    CHECK(same(all, subject()));
  }
}

TEST_CASE("pits: random fields of few levels, against the definition") {
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    Plane alpha(Shape{9 + round % 5, 14 - round % 4, 1});
    for (float& a : alpha) a = std::min(1.0f, static_cast<float>(random() % 9) * 0.15f);
    for (int y = 0; y < alpha.height(); ++y)
      for (int x = 0; x < alpha.width(); ++x)
        if (alpha(y, x) == 0 && random() % 4 > 0) alpha(y, x) = 1;  // few holes, or nothing would be enclosed
    const PitOptions options{.share = 0.02 * (1 + round % 8), .gap = 0.25 * (round % 3), .open = 0.1f, .sure = 0.4f};
    const Plane wanted = by_definition(alpha, options);
    const auto raised = fill_pits(alpha.view(), options);
    INFO("round " << round);
    CHECK(apart(alpha, wanted) < 2e-6f);  // two sums of at most nine terms
    if (round % 8 == 7) CHECK(raised > 0);
  }
}

TEST_CASE("pits: what differs little before differs little after") {
  std::mt19937 random(4);
  for (int round = 0; round < 40; ++round) {
    Plane alpha(Shape{30, 30, 1});
    for (float& a : alpha) a = std::min(1.0f, static_cast<float>(random() % 64) / 40);
    Plane other = alpha;
    for (float& a : other) a = std::clamp(a + (static_cast<float>(random() % 201) - 100) * 1e-5f, 0.0f, 1.0f);
    fill_pits(alpha.view());
    fill_pits(other.view());
    // A pit's depth counts 1 / (sure - open) = 5 times over at most all levels; beside it levels move.
    CHECK(apart(alpha, other) < 1e-3f * (5 + 2));
  }
}

TEST_CASE("pits: of nothing, of nothing but background or subject, of a part of a picture") {
  Plane none, empty(Shape{5, 5, 1}), whole(Shape{5, 5, 1});
  fill(whole, 0, 0, 5, 5, 1);
  CHECK(fill_pits(none.view()) == 0);
  CHECK(fill_pits(empty.view()) == 0);
  CHECK(fill_pits(whole.view()) == 0);
  Plane alpha = subject();
  fill(alpha, 80, 80, 4, 4, 0.5f);
  const View<float> part(&alpha(70, 70), Shape{40, 50, 1}, alpha.view().strides());
  CHECK(fill_pits(part) == 16);
  CHECK(same(alpha, subject()));
}

#include <deque>
#include <random>

#include "hairline/metrics/connectivity_error.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::metrics;

namespace {
/// The definition, by flood fill from every pixel in scan order.
Image<std::uint8_t> flooded(const Image<std::uint8_t>& p, const Image<std::uint8_t>& a, bool by_columns, bool skip) {
  const int h = p.height(), w = p.width();
  Image<std::uint8_t> level(p.shape());
  std::vector<bool> lost(p.size());
  for (int i = 1; i <= 10; ++i) {
    Image<int> label(p.shape());
    std::vector<std::pair<int, int>> order;
    for (int k = 0; k < h * w; ++k) order.push_back(by_columns ? std::pair{k % h, k / h} : std::pair{k / w, k % w});
    int count = 0, best = 0;
    std::size_t best_size = 0;
    const auto in = [&](int y, int x) { return 10 * p(y, x) >= 255 * i && 10 * a(y, x) >= 255 * i; };
    for (const auto& [sy, sx] : order) {
      if (!in(sy, sx) || label(sy, sx)) continue;
      std::deque<std::pair<int, int>> queue{{sy, sx}};
      label(sy, sx) = ++count;
      std::size_t size = 0;
      for (; !queue.empty(); queue.pop_front(), ++size) {
        const auto [y, x] = queue.front();
        for (const auto& [v, u] : {std::pair{y - 1, x}, {y + 1, x}, {y, x - 1}, {y, x + 1}})
          if (v >= 0 && v < h && u >= 0 && u < w && in(v, u) && !label(v, u)) {
            label(v, u) = count;
            queue.push_back({v, u});
          }
      }
      if (size > best_size) {
        best_size = size;
        best = count;
      }
    }
    for (std::size_t k = 0; k < p.size(); ++k) {
      if (!(count == 0 && skip) && (count == 0 || label.data()[k] != best)) lost[k] = true;
      if (!lost[k]) level.data()[k] = static_cast<std::uint8_t>(i);
    }
  }
  return level;
}
}  // namespace

TEST_CASE("levels equal those of a flood fill, for both scan orders") {
  std::mt19937 rng(5);
  for (int round = 0; round < 60; ++round) {
    const int h = 1 + static_cast<int>(rng() % 13), w = 1 + static_cast<int>(rng() % 13);
    Image<std::uint8_t> p(Shape{h, w, 1}), a(Shape{h, w, 1});
    for (auto* m : {&p, &a})
      for (auto& v : *m) v = static_cast<std::uint8_t>(round % 2 ? rng() % 256 : 51 * (rng() % 6));
    for (const bool by_columns : {false, true})
      for (const bool skip : {false, true}) {
        const ConnectivityOptions options{.empty = skip ? EmptyLevel::skip : EmptyLevel::previous_threshold,
                                          .first = by_columns ? FirstComponent::by_columns : FirstComponent::by_rows};
        const auto got = connectivity(p, a, options).value();
        const auto wanted = flooded(p, a, by_columns, skip);
        if (!std::equal(wanted.begin(), wanted.end(), got.level.begin())) FAIL("round " << round);
      }
  }
  SUCCEED();
}

TEST_CASE("of two components of the same size the first one met stays connected") {
  // Opaque islands: one at the right of the first row, one at the left of the last.
  Image<std::uint8_t> m(Shape{5, 5, 1});
  m(0, 3) = m(0, 4) = m(4, 0) = m(4, 1) = 255;
  const auto rows = connectivity(m, m, {.first = FirstComponent::by_rows}).value();
  CHECK(rows.level(0, 3) == 10);
  CHECK(rows.level(4, 0) == 0);
  const auto columns = connectivity(m, m).value();
  CHECK(columns.level(0, 3) == 0);
  CHECK(columns.level(4, 0) == 10);
  CHECK(columns.largest[9] == 2);
}

TEST_CASE("diagonal neighbours are not connected") {
  Image<std::uint8_t> m(Shape{3, 3, 1});
  m(0, 0) = m(0, 1) = m(1, 2) = m(2, 2) = m(2, 1) = 255;
  CHECK(connectivity(m, m).value().largest[0] == 3);
}

TEST_CASE("thresholds that nothing reaches cut off or are passed over") {
  const Image<std::uint8_t> p(Shape{3, 3, 1}, 140), a(Shape{3, 3, 1}, 200);  // common up to 0.5
  const auto cut = connectivity(p, a).value();
  CHECK(cut.level(1, 1) == 5);
  CHECK(cut.largest == std::array<std::size_t, 10>{9, 9, 9, 9, 9, 0, 0, 0, 0, 0});
  // 200 / 255 is 0.284 above 0.5, 140 / 255 is not 0.15 above.
  CHECK(connectivity_error(p, a).value() * 1000 == Approx(9 * (200 / 255.0 - 0.5)));
  CHECK(connectivity(p, a, {.empty = EmptyLevel::skip}).value().level(1, 1) == 10);
  CHECK(connectivity_error(p, a, {}, {.empty = EmptyLevel::skip}).value() == 0);
  const Image<std::uint8_t> black(Shape{3, 3, 1});
  CHECK(connectivity(black, black).value().level(0, 0) == 0);
  CHECK(connectivity_error(black, a).value() * 1000 == Approx(9 * 200 / 255.0));
}

TEST_CASE("grey levels on a threshold reach it; floating steps lose level 153 alone") {
  for (int v = 0; v < 256; ++v) {
    const double unit = v / 255.0;
    CHECK(metrics::detail::thresholds_reached(unit, Thresholds::exact) == 10 * v / 255);
    CHECK(metrics::detail::thresholds_reached(unit, Thresholds::floating_steps) == (v == 153 ? 5 : 10 * v / 255));
    CHECK(metrics::detail::thresholds_reached(static_cast<float>(unit), Thresholds::exact) == 10 * v / 255);
  }
  for (int v = 0; v < 65536; ++v)
    if (metrics::detail::thresholds_reached(v / 65535.0, Thresholds::exact) != 10 * v / 65535)
      FAIL("16-bit level " << v);
  for (int i = 0; i <= 10; ++i)
    CHECK(metrics::detail::thresholds_reached(static_cast<float>(i) / 10.0f, Thresholds::exact) == i);
  CHECK(metrics::detail::thresholds_reached(-1e30, Thresholds::exact) == 0);
  CHECK(metrics::detail::thresholds_reached(1e30, Thresholds::exact) == 10);
}

TEST_CASE("a full HD frame of noise has about as many runs as can be, and is labelled") {
  std::mt19937 rng(1);
  Image<std::uint8_t> p(Shape{1080, 1920, 1}), a(Shape{1080, 1920, 1});
  for (std::size_t i = 0; i < p.size(); ++i) {
    p.data()[i] = static_cast<std::uint8_t>(rng());
    a.data()[i] = static_cast<std::uint8_t>(std::min<int>(255, p.data()[i] + 20));
  }
  const auto c = connectivity(p, a).value();
  CHECK(c.largest[0] > 1'700'000);  // 90 % of the pixels: far above the percolation threshold of 59 %
  CHECK(c.largest[7] < 1000);       // 20 %: far below
}

#include "hairline/core/parallel.hpp"

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "tests/support/catch.hpp"

using hairline::ThreadPool;

TEST_CASE("every index is visited once, whatever the thread count and grain") {
  const int threads = GENERATE(1, 2, 5);
  const std::ptrdiff_t grain = GENERATE(1, 7, 1000);
  ThreadPool pool(threads);
  CHECK(pool.threads() == threads);
  for (int repeat = 0; repeat < 50; ++repeat) {
    std::vector<int> visits(997, 0);
    pool.parallel_for(0, 997, grain, [&](std::ptrdiff_t b, std::ptrdiff_t e) {
      for (; b < e; ++b) ++visits[static_cast<std::size_t>(b)];
    });
    CHECK(std::accumulate(visits.begin(), visits.end(), 0) == 997);
    CHECK(*std::max_element(visits.begin(), visits.end()) == 1);
  }
  pool.parallel_for(5, 5, 1, [](auto, auto) { FAIL("an empty range has no chunks"); });
}

TEST_CASE("an exception in a chunk reaches the caller and the pool goes on working") {
  ThreadPool pool(3);
  CHECK_THROWS_AS(pool.parallel_for(0, 100, 1,
                                    [](std::ptrdiff_t b, std::ptrdiff_t) {
                                      if (b == 42) throw std::runtime_error("chunk");
                                    }),
                  std::runtime_error);
  std::atomic<int> sum{0};
  pool.parallel_for(0, 10, 1, [&](std::ptrdiff_t b, std::ptrdiff_t) { sum += static_cast<int>(b); });
  CHECK(sum == 45);
}

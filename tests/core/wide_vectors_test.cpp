#include "hairline/core/wide_vectors.hpp"

#include <cstddef>
#include <random>
#include <vector>

#include "tests/support/catch.hpp"

using namespace hairline::detail;

// What is said of them: the same bits. Products and sums that were fused would be rounded once instead of twice.
TEST_CASE("loops in wide vectors give the bits of narrow ones", "[core][wide_vectors]") {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> number(-2, 2);
  std::vector<float> a(1003), b(a.size()), wide(a.size()), narrow(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = number(random);
    b[i] = number(random);
  }
  const auto compute = [&](float* out) {
    return [&, out ]() __attribute__((always_inline)) {
      for (std::size_t i = 0; i < a.size(); ++i) out[i] = a[i] * b[i] + a[i] / (1 + b[i] * b[i]);
    };
  };
  with_wide_vectors(compute(wide.data()));
  compute(narrow.data())();
  CHECK(wide == narrow);
}

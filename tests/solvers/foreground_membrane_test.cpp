#include "hairline/solvers/foreground_membrane.hpp"

#include <cmath>
#include <random>
#include <string>

#include "tests/solvers/colour_golden.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

TEMPLATE_TEST_CASE("a membrane between two edges is a ramp", "[foreground][membrane]", float, double) {
  // Opaque columns 0-1 and 8-9 of different colours, nothing between: the foreground must rise linearly from 1 to 8.
  Image<double> image(Shape{5, 10, 3}, 0.5), alpha(Shape{5, 10, 1});
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 10; ++x)
      if (x < 2 || x > 7) {
        alpha(y, x) = 1;
        for (int c = 0; c < 3; ++c) image(y, x, c) = x < 2 ? 0.1 + 0.1 * c : 0.8;
      }
  ForegroundMembraneOptions options;
  options.solve.relative_tolerance = 1e-6;
  const auto r = foreground_membrane<TestType>(image, alpha, options).value();
  CHECK(r.report.status == SolveStatus::converged);
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 10; ++x)
      for (int c = 0; c < 3; ++c) {
        const double low = 0.1 + 0.1 * c, t = std::clamp((x - 1) / 7.0, 0.0, 1.0);
        CHECK(r.foreground(y, x, c) == Approx(low + t * (0.8 - low)).margin(1e-5));
        CHECK(r.background(y, x, c) == Approx(0.5).margin(1e-5));  // the membrane in a frame of one colour is flat
      }
}

TEST_CASE("membranes keep what is seen and stay within its range", "[foreground][membrane]") {
  std::mt19937 random(2);
  std::uniform_real_distribution<double> unit(0.2, 0.9);
  Image<double> image(Shape{23, 31, 3}), alpha(Shape{23, 31, 1});
  for (auto& v : image) v = unit(random);
  for (auto& v : alpha) v = std::clamp(2 * unit(random) - 0.6, 0.0, 1.0);
  ForegroundMembraneOptions options;
  options.solve.relative_tolerance = 1e-10;
  options.solve.threads = 1;
  const auto r = foreground_membrane<double>(image, alpha, options).value();
  options.solve.threads = 3;
  CHECK(largest_difference(r.foreground, foreground_membrane<double>(image, alpha, options).value().foreground) == 0);
  for (int y = 0; y < 23; ++y)
    for (int x = 0; x < 31; ++x)
      for (int c = 0; c < 3; ++c) {
        CHECK(r.foreground(y, x, c) >= 0.2 - 1e-8);
        CHECK(r.foreground(y, x, c) <= 0.9 + 1e-8);
        if (alpha(y, x) == 1) CHECK(r.foreground(y, x, c) == image(y, x, c));
        if (alpha(y, x) == 0) CHECK(r.background(y, x, c) == image(y, x, c));
        if (alpha(y, x) == 1 || y == 0 || x == 0 || y == 22 || x == 30) continue;
        const double mean = (r.foreground(y - 1, x, c) + r.foreground(y + 1, x, c) + r.foreground(y, x - 1, c) +
                             r.foreground(y, x + 1, c)) /
                            4;
        CHECK(r.foreground(y, x, c) == Approx(mean).margin(1e-7));
      }
}

TEST_CASE("membranes refuse bad input", "[foreground][membrane]") {
  using Catch::Matchers::Contains;
  const auto text = [](const auto& result) { return result.has_value() ? std::string() : result.error().message; };
  const Image<float> image(Shape{3, 4, 3}, 0.5f);
  Image<float> alpha(Shape{3, 4, 1}, 0.5f);
  CHECK_THAT(text(foreground_membrane(image, alpha)), Contains("foreground (alpha 1), given none"));
  alpha(0, 0) = 1;
  CHECK_THAT(text(foreground_membrane(image, alpha)), Contains("background (alpha 0), given none"));
  alpha(0, 1) = 0;
  CHECK(foreground_membrane(image, alpha).has_value());
  CHECK_THAT(text(foreground_membrane(image, image)), Contains("3 channels, wanted 1"));
  ForegroundMembraneOptions options;
  options.opaque = 0.3;
  CHECK_THAT(text(foreground_membrane(image, alpha, options)), Contains("opaque"));
  options = {};
  options.solve.preconditioner = Preconditioner::multigrid;
  CHECK_THAT(text(foreground_membrane(image, alpha, options)), Contains("multigrid"));
}

#include "hairline/solvers/poisson.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "tests/solvers/colour_golden.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {

struct Scene {
  Image<double> image, alpha, trimap;
};

// Any alpha over two constant colours; a margin of known pixels on two sides.
Scene flat_scene(int h, int w, int channels, double noise) {
  Scene s{Image<double>(Shape{h, w, channels}), Image<double>(Shape{h, w, 1}), Image<double>(Shape{h, w, 1}, 0.5)};
  std::mt19937 random(8);
  std::uniform_real_distribution<double> wobble(-1, 1);
  const double f[3] = {0.9, 0.5, 0.2}, b[3] = {0.2, 0.5, 0.8};
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      if (x < 3) s.trimap(y, x) = 1;
      if (x >= w - 3) s.trimap(y, x) = 0;
      const double t = std::clamp((w - 3.5 - x) / (w - 7.0), 0.0, 1.0);
      s.alpha(y, x) = s.trimap(y, x) != 0.5 ? s.trimap(y, x) : 0.1 + 0.8 * t * std::abs(std::sin(0.7 * x + 0.4 * y));
      for (int c = 0; c < channels; ++c)
        s.image(y, x, c) = s.alpha(y, x) * f[c] + (1 - s.alpha(y, x)) * b[c] + noise * wobble(random);
    }
  return s;
}

}  // namespace

TEMPLATE_TEST_CASE("poisson matting recovers any alpha over constant colours", "[poisson]", float, double) {
  const auto size = GENERATE(Shape{1, 20, 3}, Shape{12, 25, 3}, Shape{12, 25, 1});
  const Scene s = flat_scene(size.height, size.width, size.channels, 0.0);
  PoissonOptions options;
  options.solve.relative_tolerance = std::is_same_v<TestType, float> ? 1e-6 : 1e-10;
  const auto r = poisson_matting<TestType>(s.image, s.trimap, options).value();
  CHECK(r.report.status == SolveStatus::converged);
  // F - B is held in float: 1e-7 relative, on gradients that add up over at most 25 pixels.
  CHECK(largest_difference(r.alpha, s.alpha) <= (std::is_same_v<TestType, float> ? 1e-4 : 1e-5));
}

TEST_CASE("poisson matting sees colours that are the same in grey", "[poisson]") {
  // Equal luma: 0.299 * 0.6 + 0.587 * 0.3 = 0.299 * 0 + 0.587 * 0.6056...
  Scene s = flat_scene(10, 20, 3, 0.0);
  const double f[3] = {0.6, 0.3, 0.4}, b[3] = {0.0, 0.60562, 0.4};
  for (int y = 0; y < 10; ++y)
    for (int x = 0; x < 20; ++x)
      for (int c = 0; c < 3; ++c) s.image(y, x, c) = s.alpha(y, x) * f[c] + (1 - s.alpha(y, x)) * b[c];
  CHECK(largest_difference(poisson_matting<double>(s.image, s.trimap).value().alpha, s.alpha) <= 1e-5);
}

TEST_CASE("one round of poisson matting equals plain relaxation", "[poisson]") {
  const Scene s = flat_scene(9, 16, 3, 0.05);
  PoissonOptions options;
  options.rounds = 1;
  options.blur = 0;
  options.solve.relative_tolerance = 1e-11;
  const auto r = poisson_matting<double>(s.image, s.trimap, options).value();
  // Colours by a search of the whole picture (known pixels are a column each, so the nearest is in the same row),
  // alpha by 20000 Gauss-Seidel sweeps: each pixel is the mean of what its neighbours ask for.
  Image<double> a = s.trimap;
  const auto d = [&](int y, int x, int c) { return s.image(y, std::min(x, 2), c) - s.image(y, std::max(x, 13), c); };
  for (int sweep = 0; sweep < 20000; ++sweep)
    for (int y = 0; y < 9; ++y)
      for (int x = 0; x < 16; ++x) {
        if (s.trimap(y, x) != 0.5) continue;
        double sum = 0, count = 0;
        for (const auto& [v, u] : {std::pair{y, x - 1}, {y, x + 1}, {y - 1, x}, {y + 1, x}}) {
          if (v < 0 || v >= 9 || u < 0 || u >= 16) continue;
          double along = 0, square = 0;
          for (int c = 0; c < 3; ++c) {
            const double mean = 0.5 * (d(y, x, c) + d(v, u, c));
            along += mean * (s.image(y, x, c) - s.image(v, u, c));
            square += mean * mean;
          }
          sum += a(v, u) + along / square;
          count += 1;
        }
        a(y, x) = sum / count;
      }
  for (auto& v : a) v = std::clamp(v, 0.0, 1.0);
  CHECK(largest_difference(r.alpha, a) <= 1e-5);  // F - B is held in float
}

TEST_CASE("rounds of poisson matting use the colours they find", "[poisson]") {
  // The foreground's colour drifts away from the trimap's edge; the drift is only known from pixels inside.
  Scene s = flat_scene(20, 60, 3, 0.0);
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 60; ++x) {
      s.alpha(y, x) = std::clamp((45.0 - x) / 10, 0.0, 1.0);
      const double f = x < 3 ? 0.9 : 0.9 - 0.0035 * (x - 3);
      for (int c = 0; c < 3; ++c) s.image(y, x, c) = s.alpha(y, x) * f + (1 - s.alpha(y, x)) * 0.2;
    }
  PoissonOptions one;
  one.rounds = 1;
  const auto error = [&](const AlphaResult<double>& r) {
    double sum = 0;
    for (std::size_t i = 0; i < s.alpha.size(); ++i) sum += std::abs(r.alpha.data()[i] - s.alpha.data()[i]);
    return sum / static_cast<double>(s.alpha.size());
  };
  const auto first = poisson_matting<double>(s.image, s.trimap, one).value();
  const auto all = poisson_matting<double>(s.image, s.trimap).value();
  CHECK(error(all) <= error(first));
  CHECK(error(all) <= 0.1);
}

TEST_CASE("poisson matting gives the same bits for every thread count", "[poisson]") {
  const Scene s = flat_scene(70, 90, 3, 0.05);
  PoissonOptions options;
  options.solve.threads = 1;
  const auto one = poisson_matting<double>(s.image, s.trimap, options).value();
  options.solve.threads = 4;
  CHECK(largest_difference(one.alpha, poisson_matting<double>(s.image, s.trimap, options).value().alpha) == 0);
  for (const double a : one.alpha) CHECK((a >= 0 && a <= 1));
}

TEST_CASE("poisson matting of degenerate pictures", "[poisson]") {
  using Catch::Matchers::Contains;
  const auto text = [](const auto& result) { return result.has_value() ? std::string() : result.error().message; };
  Image<double> image(Shape{1, 3, 3}, 0.5), trimap(Shape{1, 3, 1}, 0.5);
  trimap(0, 0) = 1;
  trimap(0, 2) = 0;
  SECTION("no difference in colour leaves a ramp") {
    CHECK(poisson_matting<double>(image, trimap).value().alpha(0, 1) == Approx(0.5));
  }
  SECTION("everything known") {
    trimap(0, 1) = 0;
    const auto r = poisson_matting<double>(image, trimap).value();
    CHECK(r.report.status == SolveStatus::nothing_to_solve);
    CHECK(largest_difference(r.alpha, trimap) == 0);
  }
  SECTION("errors") {
    CHECK_THAT(text(poisson_matting(image, Image<float>(Shape{2, 2, 1}))), Contains("wanted 3x1"));
    CHECK_THAT(text(poisson_matting(Image<float>(), trimap)), Contains("no pixels"));
    PoissonOptions options;
    options.rounds = 0;
    CHECK_THAT(text(poisson_matting(image, trimap, options)), Contains("rounds >= 1"));
    options = {};
    options.solve.preconditioner = Preconditioner::multigrid;
    CHECK_THAT(text(poisson_matting(image, trimap, options)), Contains("multigrid"));
    image(0, 0, 0) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THAT(text(poisson_matting(image, trimap)), Contains("NaN"));
    trimap(0, 0) = 0;
    CHECK_THAT(text(poisson_matting(Image<double>(Shape{1, 3, 3}), trimap)), Contains("no foreground"));
  }
}

#include "hairline/solvers/foreground_closed_form.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "hairline/core/convert.hpp"
#include "tests/solvers/colour_golden.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {

struct Colours {
  Image<double> f, b;
};

// The same energy as a dense least-squares problem, one row per squared term, solved by a complete orthogonal
// decomposition: no normal equations, no Laplacian.
Colours dense(const Image<double>& image, const Image<double>& alpha, double regularization) {
  const int h = alpha.height(), w = alpha.width(), n = h * w;
  std::vector<std::array<int, 4>> edges;  // pixels p, q as y, x
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x)
      for (const auto& [v, u] : {std::pair{y, x - 1}, {y, x + 1}, {y - 1, x}, {y + 1, x}})
        if (v >= 0 && v < h && u >= 0 && u < w) edges.push_back({y, x, v, u});
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(n + 2 * static_cast<int>(edges.size()), 2 * n);
  Eigen::MatrixXd right = Eigen::MatrixXd::Zero(a.rows(), 3);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const int i = y * w + x;
      a(i, i) = alpha(y, x);
      a(i, n + i) = 1 - alpha(y, x);
      for (int c = 0; c < 3; ++c) right(i, c) = image(y, x, c);
    }
  int row = n;
  for (const auto& [y, x, v, u] : edges) {
    const double root = std::sqrt(regularization + std::abs(alpha(y, x) - alpha(v, u)));
    for (int layer = 0; layer < 2; ++layer, ++row) {
      a(row, layer * n + y * w + x) = root;
      a(row, layer * n + v * w + u) = -root;
    }
  }
  const Eigen::MatrixXd solution = a.completeOrthogonalDecomposition().solve(right);
  Colours out{Image<double>(image.shape()), Image<double>(image.shape())};
  for (int i = 0; i < n; ++i)
    for (int c = 0; c < 3; ++c) {
      out.f.data()[3 * i + c] = std::clamp(solution(i, c), 0.0, 1.0);
      out.b.data()[3 * i + c] = std::clamp(solution(n + i, c), 0.0, 1.0);
    }
  return out;
}

struct Scene {
  Image<double> image, alpha;
};

Scene noisy_scene(int h, int w) {
  std::mt19937 random(9);
  std::uniform_real_distribution<double> unit(0, 1);
  Scene s{Image<double>(Shape{h, w, 3}), Image<double>(Shape{h, w, 1})};
  for (auto& v : s.image) v = unit(random);
  for (auto& v : s.alpha) v = std::clamp(1.6 * unit(random) - 0.3, 0.0, 1.0);
  return s;
}

}  // namespace

TEST_CASE("foreground_closed_form equals a dense least-squares solve", "[foreground][closed_form]") {
  const auto size = GENERATE(Shape{1, 4, 3}, Shape{1, 9, 3}, Shape{7, 1, 3}, Shape{6, 8, 3});
  const auto preconditioner = GENERATE(Preconditioner::automatic, Preconditioner::jacobi, Preconditioner::none);
  const Scene s = noisy_scene(size.height, size.width);
  CAPTURE(to_string(size), name(preconditioner));
  const Colours wanted = dense(s.image, s.alpha, 1e-3);
  ForegroundClosedFormOptions options;
  options.regularization = 1e-3;
  options.solve.preconditioner = preconditioner;
  options.solve.relative_tolerance = 1e-12;
  const auto r = foreground_closed_form<double>(s.image, s.alpha, options).value();
  CHECK(r.report.status == SolveStatus::converged);
  // The matrix' condition is about 1e4, so a residual of 1e-12 leaves an error of up to 1e-8.
  CHECK(largest_difference(r.foreground, wanted.f) <= 1e-8);
  CHECK(largest_difference(r.background, wanted.b) <= 1e-8);
  if (preconditioner != Preconditioner::automatic) return;
  options.solve.relative_tolerance = 1e-6;
  const auto single = foreground_closed_form<float>(s.image, s.alpha, options).value();
  CHECK(largest_difference(single.foreground, wanted.f) <= 5e-3);  // 1e-6 times half the condition
  CHECK(largest_difference(single.background, wanted.b) <= 5e-3);
}

TEST_CASE("foreground_closed_form equals the recorded direct solve", "[foreground][closed_form][golden]") {
  const ColourGolden golden;
  const auto& recorded = golden.values.at("closed_form");
  ForegroundClosedFormOptions options;
  options.solve.relative_tolerance = 1e-10;
  const auto r = foreground_closed_form<double>(golden.image, golden.alpha, options).value();
  CHECK(r.report.preconditioner == Preconditioner::incomplete_cholesky);
  CHECK_FALSE(r.report.preconditioner_replaced);
  CHECK(largest_difference(r.foreground, golden.picture(recorded.at("foreground"), 3)) <= 6e-6);  // five decimals
  CHECK(largest_difference(r.background, golden.picture(recorded.at("background"), 3)) <= 6e-6);

  SECTION("the usual tolerance is enough for eight bits where the colour is seen") {
    const auto usual = foreground_closed_form<double>(golden.image, golden.alpha).value();
    CHECK(usual.report.iterations < r.report.iterations);
    double seen = 0;
    for (std::size_t i = 0; i < r.foreground.size(); ++i)
      seen = std::max(
          seen, golden.alpha.data()[i / 3] / 255.0 * std::abs(usual.foreground.data()[i] - r.foreground.data()[i]));
    CHECK(seen <= 0.5 / 255);
  }
  SECTION("a start at the solution needs no step") {
    options.solve.relative_tolerance = 1e-7;
    options.foreground_start = r.foreground;
    options.background_start = r.background;
    const auto warm = foreground_closed_form<double>(golden.image, golden.alpha, options).value();
    CHECK(warm.report.iterations == 0);
  }
}

TEST_CASE("foreground_closed_form of one class only", "[foreground][closed_form]") {
  Scene s = noisy_scene(6, 7);
  s.alpha = Image<double>(Shape{6, 7, 1}, 1.0);
  // The background is free up to a constant: a singular system, yet a consistent one.
  const auto r = foreground_closed_form<double>(s.image, s.alpha).value();
  CHECK(r.report.status == SolveStatus::converged);
  CHECK(largest_difference(r.foreground, s.image) <= 1e-3);
  for (const double v : r.background) CHECK((v >= 0 && v <= 1));
  const auto black = foreground_closed_form<double>(Image<double>(Shape{6, 7, 3}), s.alpha).value();
  CHECK(black.report.status == SolveStatus::nothing_to_solve);
  CHECK(largest_difference(black.foreground, Image<double>(Shape{6, 7, 3})) == 0);
  const auto one =
      foreground_closed_form<double>(Image<double>(Shape{1, 1, 3}, 0.3), Image<double>(Shape{1, 1, 1}, 0.4));
  CHECK(one.value().foreground(0, 0, 1) == Approx(0.3));
}

TEST_CASE("foreground_closed_form gives the same bits for every thread count", "[foreground][closed_form]") {
  const Scene s = noisy_scene(70, 80);
  ForegroundClosedFormOptions options;
  options.solve.threads = 1;
  const auto one = foreground_closed_form<double>(s.image, s.alpha, options).value();
  options.solve.threads = 3;
  const auto many = foreground_closed_form<double>(s.image, s.alpha, options).value();
  CHECK(largest_difference(one.foreground, many.foreground) == 0);
  CHECK(largest_difference(one.background, many.background) == 0);
}

TEST_CASE("foreground_closed_form says when it did not converge, and refuses bad input", "[foreground][closed_form]") {
  using Catch::Matchers::Contains;
  const auto text = [](const auto& result) { return result.has_value() ? std::string() : result.error().message; };
  const Scene s = noisy_scene(20, 20);
  ForegroundClosedFormOptions options;
  options.solve.max_iterations = 1;
  options.solve.preconditioner = Preconditioner::none;
  CHECK(foreground_closed_form(s.image, s.alpha, options).value().report.status == SolveStatus::iteration_limit);
  options = {};
  options.regularization = 0;
  CHECK_THAT(text(foreground_closed_form(s.image, s.alpha, options)), Contains("regularization > 0"));
  options = {};
  options.solve.preconditioner = Preconditioner::multigrid;
  CHECK_THAT(text(foreground_closed_form(s.image, s.alpha, options)), Contains("multigrid"));
  options = {};
  const Image<float> small(Shape{2, 2, 3});
  options.foreground_start = small;
  CHECK_THAT(text(foreground_closed_form(s.image, s.alpha, options)), Contains("first guess has 2x2"));
  CHECK_THAT(text(foreground_closed_form(Image<float>(), s.alpha)), Contains("no pixels"));
  CHECK_THAT(text(foreground_closed_form(s.image, small)), Contains("2x2"));
  Scene broken = s;
  broken.image(0, 0, 0) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THAT(text(foreground_closed_form(broken.image, s.alpha)), Contains("NaN"));
}

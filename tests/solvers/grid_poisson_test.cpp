#include "hairline/solvers/grid_poisson.hpp"

#include <Eigen/Dense>
#include <cstdint>
#include <random>

#include "hairline/solvers/nearest_pixel.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

TEST_CASE("nearest pixel equals a search of the whole picture", "[nearest_pixel]") {
  const auto size = GENERATE(Shape{1, 1, 1}, Shape{1, 20, 1}, Shape{17, 1, 1}, Shape{13, 29, 1}, Shape{40, 33, 1});
  const int per_mille = GENERATE(0, 5, 60, 500, 1000);
  std::mt19937 random(3);
  Image<std::uint8_t> set(size);
  for (auto& v : set) v = static_cast<int>(random() % 1000) < per_mille ? 1 : 0;
  if (per_mille == 5) set(size.height / 2, size.width / 3) = 1;
  CAPTURE(to_string(size), per_mille);
  ThreadPool one(1), three(3);
  const auto nearest = nearest_pixel(set, one), again = nearest_pixel(set, three);
  CHECK(std::equal(nearest.begin(), nearest.end(), again.begin()));
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) {
      int best = -1;
      for (int v = 0; v < size.height; ++v)
        for (int u = 0; u < size.width; ++u)
          if (set(v, u)) {
            const int d = (v - y) * (v - y) + (u - x) * (u - x);
            if (best < 0 || d < best) best = d;
          }
      const int found = nearest(y, x);
      if (best < 0) {
        CHECK(found == -1);
        continue;
      }
      REQUIRE(found >= 0);
      CHECK(set.data()[found] == 1);
      const int v = found / size.width, u = found % size.width;
      CHECK((v - y) * (v - y) + (u - x) * (u - x) == best);
    }
}

TEMPLATE_TEST_CASE("grid Poisson equals a dense least-squares solve", "[grid_poisson]", float, double) {
  const auto size = GENERATE(Shape{1, 8, 1}, Shape{7, 1, 1}, Shape{6, 9, 1});
  const auto preconditioner = GENERATE(Preconditioner::automatic, Preconditioner::jacobi, Preconditioner::none);
  std::mt19937 random(5);
  std::uniform_real_distribution<double> unit(-1, 1);
  const int n = static_cast<int>(size.pixels());
  std::vector<int> unknown;
  std::vector<double> value(static_cast<std::size_t>(n)), potential(value);
  for (int i = 0; i < n; ++i) {
    value[static_cast<std::size_t>(i)] = unit(random);
    potential[static_cast<std::size_t>(i)] = unit(random);
    if (i % 5 != 2) unknown.push_back(i);
  }
  // A field that is no gradient: every edge has a rise of its own.
  const auto rise = [&](int p, int q) {
    const double r = potential[static_cast<std::size_t>(std::max(p, q))] *
                     potential[static_cast<std::size_t>(std::min(p, q))] * (p < q ? 1 : -1);
    return static_cast<TestType>(r);
  };
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(3 * n, n);
  Eigen::VectorXd right = Eigen::VectorXd::Zero(3 * n);
  int row = 0;
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) {
      const int p = y * size.width + x;
      for (const int q : {x + 1 < size.width ? p + 1 : -1, y + 1 < size.height ? p + size.width : -1}) {
        if (q < 0) continue;
        a(row, q) = 1;
        a(row, p) = -1;
        right(row++) = static_cast<double>(rise(p, q));
      }
    }
  // Known pixels' columns move to the right-hand side.
  Eigen::MatrixXd free(row, static_cast<Eigen::Index>(unknown.size()));
  Eigen::VectorXd b = right.head(row);
  for (int i = 0, k = 0; i < n; ++i) {
    if (i % 5 != 2)
      free.col(k++) = a.col(i).head(row);
    else
      b -= a.col(i).head(row) * value[static_cast<std::size_t>(i)];
  }
  const Eigen::VectorXd wanted = free.colPivHouseholderQr().solve(b);

  ThreadPool pool(2);
  SolveOptions options;
  options.preconditioner = preconditioner;
  options.relative_tolerance = std::is_same_v<TestType, float> ? 1e-6 : 1e-12;
  const auto system = GridPoisson<TestType>::make(size, unknown, options, pool);
  const auto known = [&](int q) { return static_cast<TestType>(value[static_cast<std::size_t>(q)]); };
  const auto solved = system.value().solve(rise, known, {});
  CHECK(solved.report.status == SolveStatus::converged);
  CHECK(solved.report.preconditioner ==
        (preconditioner == Preconditioner::automatic ? Preconditioner::incomplete_cholesky : preconditioner));
  // Condition below 100 on so small a grid.
  CHECK((solved.x.template cast<double>() - wanted).cwiseAbs().maxCoeff() <=
        (std::is_same_v<TestType, float> ? 1e-4 : 1e-10));
}

TEST_CASE("grid Poisson refuses multigrid", "[grid_poisson]") {
  ThreadPool pool(1);
  SolveOptions options;
  options.preconditioner = Preconditioner::multigrid;
  CHECK(GridPoisson<double>::make(Shape{2, 2, 1}, {0, 1}, options, pool).error().code == ErrorCode::unsupported);
}

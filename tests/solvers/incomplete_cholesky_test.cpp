#include "hairline/solvers/incomplete_cholesky.hpp"

#include <Eigen/Dense>
#include <random>
#include <vector>

#include "tests/support/catch.hpp"

using namespace hairline;

namespace {

// The five-point Laplacian of a w x h grid with Dirichlet edges and random positive conductances.
Eigen::SparseMatrix<double> grid_matrix(int w, int h, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> weight(0.1, 2.0);
  std::vector<Eigen::Triplet<double>> entries;
  const auto edge = [&](int i, int j) {
    const double c = weight(random);
    entries.emplace_back(i, i, c);
    entries.emplace_back(j, j, c);
    entries.emplace_back(i, j, -c);
    entries.emplace_back(j, i, -c);
  };
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const int i = y * w + x;
      if (x + 1 < w) edge(i, i + 1);
      if (y + 1 < h) edge(i, i + w);
      if (x == 0 || y == 0 || x == w - 1 || y == h - 1) entries.emplace_back(i, i, weight(random));
    }
  Eigen::SparseMatrix<double> a(w * h, w * h);
  a.setFromTriplets(entries.begin(), entries.end());
  return a;
}

SolveReport solve(const Eigen::SparseMatrix<double>& a, const auto& precondition) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  const Vector<double> b = Vector<double>::NullaryExpr(a.rows(), [&] { return normal(random); });
  const auto apply = [&](const Vector<double>& x, Vector<double>& y) { y.noalias() = a * x; };
  const auto result = conjugate_gradients(b, apply, precondition, SolveOptions{});
  CHECK((a * result.x - b).norm() <= 2e-7 * b.norm());
  return result.report;
}

}  // namespace

TEST_CASE("without a threshold the factor is the exact Cholesky factor", "[ichol]") {
  const auto a = grid_matrix(9, 8, 1);
  const IncompleteCholesky<double> factor(a, {.threshold = 0});
  CHECK_FALSE(factor.replaced());
  CHECK(factor.shift() == 0);
  const Eigen::MatrixXd dense = Eigen::MatrixXd(a).llt().matrixL();
  // Both do the same arithmetic in another order; entries are of order one.
  CHECK((Eigen::MatrixXd(factor.factor()) - dense).cwiseAbs().maxCoeff() <= 1e-13);
  CHECK(solve(a, factor).iterations == 1);
}

TEST_CASE("the factor is the same from row-major and one-triangle storage", "[ichol]") {
  const auto a = grid_matrix(7, 11, 2);
  const IncompleteCholesky<double> whole(a);
  const Eigen::SparseMatrix<double> triangle = a.triangularView<Eigen::Lower>();
  const Eigen::SparseMatrix<double, Eigen::RowMajor> rows = a;
  const Eigen::MatrixXd l = whole.factor();
  CHECK(Eigen::MatrixXd(IncompleteCholesky<double>(triangle).factor()) == l);
  CHECK(Eigen::MatrixXd(IncompleteCholesky<double>(rows).factor()) == l);
}

TEST_CASE("a threshold trades entries for steps", "[ichol]") {
  const auto a = grid_matrix(60, 50, 3);
  const int jacobi = solve(a, Jacobi<double>(a)).iterations;
  const IncompleteCholesky<double> tight(a, {.threshold = 1e-4});
  const IncompleteCholesky<double> loose(a, {.threshold = 1e-2});
  CHECK(loose.nonzeros() < tight.nonzeros());
  const int few = solve(a, tight).iterations;
  const int more = solve(a, loose).iterations;
  CHECK(few < more);
  CHECK(more < jacobi);
  CHECK(few <= 10);

  const IncompleteCholesky<double, float> single(a, {.threshold = 1e-4});
  CHECK(single.bytes() < tight.bytes());
  CHECK(solve(a, single).iterations <= few + 1);
}

TEST_CASE("dropped entries are symmetric positive definite as an operator", "[ichol]") {
  const auto a = grid_matrix(12, 12, 4);
  const IncompleteCholesky<double> factor(a, {.threshold = 0.05});
  const Eigen::MatrixXd l = factor.factor();
  const Eigen::MatrixXd inverse = (l * l.transpose()).inverse();
  for (int i = 0; i < 5; ++i) {
    const Vector<double> r = Vector<double>::Random(144);
    Vector<double> z;
    factor(r, z);
    CHECK((z - inverse * r).norm() <= 1e-12 * z.norm());
    CHECK(r.dot(z) > 0);
  }
}

TEST_CASE("a matrix without a factor gets a shift, and the shift is told", "[ichol]") {
  Eigen::SparseMatrix<double> a = grid_matrix(6, 6, 5);
  a.coeffRef(20, 20) = -0.05;  // indefinite
  const IncompleteCholesky<double> factor(a);
  CHECK_FALSE(factor.replaced());
  CHECK(factor.shift() > 0);
}

TEST_CASE("a hopeless matrix is preconditioned by Jacobi, and that is told", "[ichol]") {
  Eigen::SparseMatrix<double> a = grid_matrix(4, 4, 6);
  SECTION("no shift is large enough") { a.coeffRef(3, 3) = -1e9; }
  SECTION("not a number") { a.coeffRef(3, 3) = std::nan(""); }
  const IncompleteCholesky<double> factor(a);
  CHECK(factor.replaced());
  CHECK(factor.kind() == Preconditioner::jacobi);
  Vector<double> z;
  const Vector<double> r = Vector<double>::Ones(16);
  factor(r, z);
  CHECK(z[0] == 1 / a.coeff(0, 0));
  CHECK(z[3] == 1);
}

TEST_CASE("the byte budget raises the threshold, then gives up", "[ichol]") {
  const auto a = grid_matrix(40, 40, 8);
  const IncompleteCholesky<double> free(a, {.threshold = 1e-6});
  CHECK(free.threshold() == 1e-6);
  const std::size_t budget = (free.nonzeros() - 1600) * 12 / 3;
  const IncompleteCholesky<double> tight(a, {.threshold = 1e-6, .max_bytes = budget});
  CHECK_FALSE(tight.replaced());
  CHECK(tight.threshold() > 1e-6);
  CHECK((tight.nonzeros() - 1600) * 12 <= budget);
  const IncompleteCholesky<double> none(a, {.max_bytes = 100});
  CHECK(none.replaced());
}

TEST_CASE("empty and one-row matrices are factored", "[ichol]") {
  const IncompleteCholesky<double> empty(Eigen::SparseMatrix<double>(0, 0));
  CHECK_FALSE(empty.replaced());
  Eigen::SparseMatrix<double> one(1, 1);
  one.insert(0, 0) = 4;
  const IncompleteCholesky<double> factor(one);
  Vector<double> z;
  factor(Vector<double>::Ones(1), z);
  CHECK(z[0] == 0.25);
}

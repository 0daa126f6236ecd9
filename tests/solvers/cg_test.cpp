#include "hairline/solvers/cg.hpp"

#include <Eigen/Dense>

#include "tests/support/catch.hpp"

using namespace hairline;

TEMPLATE_TEST_CASE("conjugate gradients equal a dense solve", "[cg]", float, double) {
  using Matrix = Eigen::Matrix<TestType, Eigen::Dynamic, Eigen::Dynamic>;
  std::srand(1);
  const Matrix m = Matrix::Random(40, 40);
  const Matrix a = m * m.transpose() + Matrix::Identity(40, 40);
  const Vector<TestType> b = Vector<TestType>::Random(40);
  const auto apply = [&](const Vector<TestType>& x, Vector<TestType>& y) { y.noalias() = a * x; };
  const auto jacobi = [&](const Vector<TestType>& r, Vector<TestType>& z) { z = r.cwiseQuotient(a.diagonal()); };
  SolveOptions options;
  options.relative_tolerance = std::is_same_v<TestType, float> ? 1e-5 : 1e-10;
  const auto result = conjugate_gradients(b, apply, jacobi, options);
  CHECK(result.report.status == SolveStatus::converged);
  const Vector<TestType> exact = a.llt().solve(b);
  CHECK((result.x - exact).norm() <= exact.norm() * (std::is_same_v<TestType, float> ? 1e-3 : 1e-7));

  SECTION("a good start needs no step") {
    const auto warm = conjugate_gradients(b, apply, jacobi, options, exact);
    CHECK(warm.report.iterations <= 1);
  }
  SECTION("a zero right-hand side is answered at once") {
    const auto zero = conjugate_gradients<TestType>(Vector<TestType>::Zero(40), apply, jacobi, options);
    CHECK(zero.report.status == SolveStatus::nothing_to_solve);
    CHECK(zero.x.isZero(0));
  }
  SECTION("too few steps are reported, with the best iterate") {
    options.max_iterations = 3;
    const auto part = conjugate_gradients(b, apply, jacobi, options);
    CHECK(part.report.status == SolveStatus::iteration_limit);
    CHECK(part.report.residual > options.relative_tolerance);
    CHECK(part.report.residual <= 1.0);
  }
  SECTION("an indefinite operator is a breakdown") {
    const auto negative = [&](const Vector<TestType>& x, Vector<TestType>& y) { y.noalias() = -(a * x); };
    const auto broken = conjugate_gradients(b, negative, jacobi, options);
    CHECK(broken.report.status == SolveStatus::breakdown);
  }
}

#include "hairline/solvers/multigrid.hpp"

#include "hairline/solvers/closed_form.hpp"
#include "hairline/solvers/closed_form_laplacian.hpp"
#include "tests/solvers/closed_form_support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {

struct Problem {
  closed_form_support::Scene scene;
  UnknownRegion region;
  MattingSystem<double> system;

  Problem(int h, int w, int radius, ThreadPool& pool)
      : scene(closed_form_support::scene(h, w)),
        region(unknown(scene.trimap), 2 * radius),
        system(closed_form_system(scene.image, region, known(scene.trimap), radius, 1e-7, pool)) {}

  static Image<std::uint8_t> unknown(const Image<double>& trimap) {
    Image<std::uint8_t> out(trimap.shape());
    for (std::size_t i = 0; i < out.size(); ++i) out.data()[i] = trimap.data()[i] == 0.5;
    return out;
  }
  static Image<double> known(Image<double> trimap) {
    for (double& v : trimap) v = v == 1 ? 1 : 0;
    return trimap;
  }
  Vector<double> random(unsigned seed) const {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    Vector<double> v = Vector<double>::Zero(region.slots());
    for (const auto& s : region.segments())
      for (auto i = s.begin; i < s.end; ++i) v[i] = normal(generator);
    return v;
  }
};

}  // namespace

TEST_CASE("the multigrid cycle is symmetric and positive definite", "[multigrid]") {
  ThreadPool pool(2);
  const int radius = GENERATE(1, 2);
  const Problem problem(90, 70, radius, pool);
  Multigrid<double> cycle(problem.system.a, problem.scene.image, pool);
  REQUIRE(cycle.usable());
  CHECK(cycle.levels() >= 3);
  for (unsigned k = 0; k < 6; ++k) {
    const Vector<double> u = problem.random(k), v = problem.random(100 + k);
    Vector<double> mu, mv;
    cycle(u, mu);
    cycle(v, mv);
    // Float inside: the two products agree to a few rounding errors of float relative to the norms.
    CHECK(std::abs(u.dot(mv) - v.dot(mu)) <= 1e-5 * std::sqrt(u.dot(mu) * v.dot(mv)));
    CHECK(u.dot(mu) > 0);
    CHECK(v.dot(mv) > 0);
  }
}

TEST_CASE("the multigrid cycle never over-corrects", "[multigrid]") {
  // Largest eigenvalue of M^-1 A by power iteration; 1 in exact arithmetic.
  ThreadPool pool(1);
  const Problem problem(60, 80, 1, pool);
  Multigrid<double> cycle(problem.system.a, problem.scene.image, pool);
  Vector<double> v = problem.random(3), av, mav;
  double largest = 0;
  for (int k = 0; k < 60; ++k) {
    problem.system.a.apply(v, av, pool);
    cycle(av, mav);
    largest = mav.norm() / v.norm();
    v = mav / mav.norm();
  }
  CHECK(largest <= 1.01);
  CHECK(largest >= 0.5);
}

TEST_CASE("multigrid steps hardly grow with the picture", "[multigrid]") {
  ThreadPool pool(0);
  std::vector<int> steps;
  for (const int side : {64, 128, 256}) {
    const Problem problem(side, side, 1, pool);
    Multigrid<double> cycle(problem.system.a, problem.scene.image, pool);
    SolveOptions options;
    const auto apply = [&](const Vector<double>& x, Vector<double>& y) { problem.system.a.apply(x, y, pool); };
    const auto result = conjugate_gradients(problem.system.b, apply, cycle, options, {}, &pool);
    CHECK(result.report.status == SolveStatus::converged);
    steps.push_back(result.report.iterations);
  }
  CAPTURE(steps);
  CHECK(steps.back() <= 2 * steps.front());
  CHECK(steps.back() <= 40);
}

TEST_CASE("multigrid holds where a few pixels are weakly held among firmly held ones", "[multigrid]") {
  // There the largest eigenvalue of D^-1 A, about 2, belongs to the few; everything else has 1. An estimate from some
  // products with a random vector misses it, and the step then over-corrects until the cycle is indefinite.
  const auto scene = closed_form_support::scene(90, 120);
  const int half = GENERATE(2, 3, 4);
  const double firm = GENERATE(10.0, 100.0);
  Image<double> confidence(scene.trimap.shape(), firm);
  for (int y = 45 - half; y <= 45 + half; ++y)
    for (int x = 40 - half; x <= 40 + half; ++x) confidence(y, x) = 1e-3;
  ClosedFormOptions options;
  options.solve.preconditioner = Preconditioner::multigrid;
  const auto result = closed_form_with_prior<double>(scene.image, scene.trimap, confidence, options).value();
  CAPTURE(half, firm, result.report.iterations);
  CHECK(result.report.status == SolveStatus::converged);
  CHECK_FALSE(result.report.preconditioner_replaced);
  CHECK(result.report.iterations <= 20);
}

TEST_CASE("float and double vectors get the same preconditioner", "[multigrid]") {
  ThreadPool pool(1);
  const Problem problem(50, 50, 1, pool);
  Image<float> image(problem.scene.image.shape());
  for (std::size_t i = 0; i < image.size(); ++i) image.data()[i] = static_cast<float>(problem.scene.image.data()[i]);
  Multigrid<double> wide(problem.system.a, problem.scene.image, pool);
  Multigrid<float> narrow(problem.system.a.cast<float>(pool), image, pool);
  const Vector<double> r = problem.random(1);
  Vector<double> z;
  Vector<float> zf;
  wide(r, z);
  narrow(r.cast<float>(), zf);
  CHECK((z - zf.cast<double>()).norm() <= 1e-2 * z.norm());  // float assembly moves nearly dependent colours
}

TEST_CASE("an operator that is not finite is refused", "[multigrid]") {
  ThreadPool pool(1);
  Problem problem(40, 40, 1, pool);
  problem.system.a.at(0, problem.region.segments()[0].begin) = std::nan("");
  const Multigrid<double> cycle(problem.system.a, problem.scene.image, pool);
  CHECK_FALSE(cycle.usable());
}

TEST_CASE("the orthonormal basis of a cell spans its colours", "[multigrid]") {
  Eigen::MatrixX4d x = Eigen::MatrixX4d::Random(9, 4), q;
  x.col(0).setOnes();
  SECTION("independent") {}
  SECTION("grey") { x.col(2) = x.col(3) = x.col(1); }
  SECTION("one colour") { x.rightCols(3).setConstant(0.3); }
  const Eigen::Matrix4d r = detail::orthonormalise(x, q);
  CHECK((q * r - x).cwiseAbs().maxCoeff() <= 1e-12);
  const Eigen::Matrix4d gram = q.transpose() * q;
  const Eigen::Index rank = Eigen::ColPivHouseholderQR<Eigen::MatrixXd>(x).setThreshold(1e-9).rank();
  CHECK(gram.trace() == Approx(static_cast<double>(rank)));
  CHECK((gram - Eigen::Matrix4d(gram.diagonal().asDiagonal())).cwiseAbs().maxCoeff() <= 1e-12);
}

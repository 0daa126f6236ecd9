#include "hairline/solvers/random_walk.hpp"

#include "tests/solvers/affinity_support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {

// Steps of a walk on the picture with repeated borders, one by one; the mean of both directions.
Eigen::MatrixXd dense_random_walk(const Image<double>& image, double sigma, int radius, double regularization) {
  const int n = static_cast<int>(image.shape().pixels());
  Eigen::MatrixXd w = Eigen::MatrixXd::Zero(n, n);
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x)
      for (int dy = -radius; dy <= radius; ++dy)
        for (int dx = -radius; dx <= radius; ++dx) {
          const int i = y * image.width() + x;
          const int j =
              std::clamp(y + dy, 0, image.height() - 1) * image.width() + std::clamp(x + dx, 0, image.width() - 1);
          w(i, j) += std::exp(-(colour_at(image, i) - colour_at(image, j)).squaredNorm() / (sigma * sigma));
        }
  w = 0.5 * (w + w.transpose().eval());
  Eigen::MatrixXd laplacian = -w;
  laplacian.diagonal() += (1 + regularization) * w.rowwise().sum();
  return laplacian;
}

}  // namespace

TEST_CASE("the random walk Laplacian equals a dense one, step by step", "[affinity][random_walk]") {
  const int radius = GENERATE(1, 2, 3);
  const double sigma = GENERATE(1.0 / 30, 0.3, 2.0);
  const auto image = random_colours(8, 9);
  ThreadPool pool(2);
  const Eigen::MatrixXd l = detail::random_walk_system(all_unknown(image), sigma, radius, 0, pool).matrix;
  CHECK((l - dense_random_walk(image, sigma, radius, 0)).cwiseAbs().maxCoeff() <= 1e-13);
  CHECK((l - l.transpose()).cwiseAbs().maxCoeff() <= 1e-14);
  CHECK(l.rowwise().sum().cwiseAbs().maxCoeff() <= 1e-12);
  const Eigen::MatrixXd pulled = detail::random_walk_system(all_unknown(image), sigma, radius, 0.125, pool).matrix;
  CHECK((pulled - dense_random_walk(image, sigma, radius, 0.125)).cwiseAbs().maxCoeff() <= 1e-13);
}

TEST_CASE("random walk alpha equals the dense solution", "[affinity][random_walk]") {
  const auto image = random_colours(8, 9);
  const auto trimap = striped_trimap(8, 9);
  RandomWalkOptions options;
  options.sigma = 0.5;
  options.solve.relative_tolerance = 1e-12;
  options.solve.preconditioner = GENERATE(Preconditioner::automatic, Preconditioner::none, Preconditioner::jacobi,
                                          Preconditioner::incomplete_cholesky);
  const auto result = random_walk<double>(image, trimap, options).value();
  CHECK(result.report.status == SolveStatus::converged);
  CHECK(largest_difference(result.alpha,
                           dense_solution(dense_random_walk(image, 0.5, 1, 1e-8), problem_of(image, trimap))) <= 1e-9);
}

TEST_CASE("sigma acts, and its default is PyMatting's 900", "[affinity][random_walk][golden]") {
  const AffinityGolden golden;
  RandomWalkOptions options;
  options.solve.relative_tolerance = 1e-12;
  const auto same = random_walk<double>(golden.image, golden.trimap, options).value();
  CHECK(golden.gap(same.alpha, "random_walk", "split") <= 1e-6);
  options.sigma = 0.1;
  CHECK(golden.gap(random_walk<double>(golden.image, golden.trimap, options).value().alpha, "random_walk", "split") >
        0.05);
  options.sigma = 0;
  CHECK(random_walk<double>(golden.image, golden.trimap, options).error().message.find("sigma > 0") !=
        std::string::npos);
}

TEST_CASE("a pixel that no step reaches is background", "[affinity][random_walk]") {
  Image<double> image({5, 5, 3}, 0.0);
  for (int c = 0; c < 3; ++c) image(2, 2, c) = 1;  // exp(-2700) is 0 in double
  Image<double> trimap({5, 5, 1}, 1.0);
  trimap(0, 0) = 0;
  trimap(2, 2) = 0.5;
  trimap(2, 3) = 0.5;
  for (const double regularization : {0.0, 1e-8}) {
    RandomWalkOptions options;
    options.regularization = regularization;
    const auto result = random_walk<double>(image, trimap, options).value();
    CHECK(result.alpha(2, 2) == 0.0);
    CHECK(result.alpha(2, 3) == Approx(1).epsilon(1e-6));
  }
}

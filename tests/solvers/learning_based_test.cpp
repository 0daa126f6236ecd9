#include "hairline/solvers/learning_based.hpp"

#include "tests/solvers/affinity_support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {

// The paper's definition: a solve of the window's full A x A kernel matrix per window, whose condition number is about
// 9 / epsilon; hence the long doubles.
using Dense = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
Eigen::MatrixXd dense_learning_based(const Image<double>& image, double epsilon, int radius) {
  const int n = static_cast<int>(image.shape().pixels());
  const int area = (2 * radius + 1) * (2 * radius + 1);
  Eigen::MatrixXd l = Eigen::MatrixXd::Zero(n, n);
  for (int cy = radius; cy < image.height() - radius; ++cy)
    for (int cx = radius; cx < image.width() - radius; ++cx) {
      Dense x(area, 4);
      std::vector<int> window;
      for (int k = 0; k < area; ++k) {
        const int i = (cy - radius + k / (2 * radius + 1)) * image.width() + cx - radius + k % (2 * radius + 1);
        x.row(k) << colour_at(image, i).transpose().cast<long double>(), 1.0L;
        window.push_back(i);
      }
      const Dense kernel = x * x.transpose();
      const Dense f =
          (kernel + static_cast<long double>(epsilon) * Dense::Identity(area, area)).partialPivLu().solve(kernel);
      const Dense rest = Dense::Identity(area, area) - f;
      const Dense add = rest * rest.transpose();
      for (int i = 0; i < area; ++i)
        for (int j = 0; j < area; ++j)
          l(window[static_cast<std::size_t>(i)], window[static_cast<std::size_t>(j)]) += static_cast<double>(add(i, j));
    }
  return l;
}

}  // namespace

TEST_CASE("the learning-based Laplacian equals the paper's A x A solve", "[affinity][learning_based]") {
  const int radius = GENERATE(1, 2);
  const double epsilon = GENERATE(1e-7, 1e-3, 1.0);
  const auto image = random_colours(8, 9);
  ThreadPool pool(2);
  const auto problem = all_unknown(image);
  const detail::LocalWindows windows(problem, detail::LocalModel::learning_based, epsilon, radius, pool);
  const Eigen::MatrixXd l = detail::local_system(problem, windows, pool).matrix;
  CHECK((l - dense_learning_based(image, epsilon, radius)).cwiseAbs().maxCoeff() <= 1e-10);
  CHECK((l - l.transpose()).cwiseAbs().maxCoeff() <= 1e-14);
  if (epsilon == 1e-7)
    CHECK(l.rowwise().sum().cwiseAbs().maxCoeff() <= 1e-12);  // the ridge holds constants back a little
}

TEST_CASE("the learning-based Laplacian of flat windows is a projection", "[affinity][learning_based]") {
  // All colours equal: fitting (colour, 1) removes the mean and nothing else, however ill-conditioned the kernel is.
  const Image<double> image({3, 3, 3}, 0.7);
  ThreadPool pool(1);
  const auto problem = all_unknown(image);
  const detail::LocalWindows windows(problem, detail::LocalModel::learning_based, 1e-7, 1, pool);
  const Eigen::MatrixXd l = detail::local_system(problem, windows, pool).matrix;
  const Eigen::MatrixXd wanted = Eigen::MatrixXd::Identity(9, 9) - Eigen::MatrixXd::Constant(9, 9, 1.0 / 9);
  CHECK((l - wanted).cwiseAbs().maxCoeff() <= 1e-12);
}

TEST_CASE("the closed-form windows give Levin's Laplacian", "[affinity][learning_based]") {
  const int radius = GENERATE(1, 2);
  const auto image = random_colours(8, 9);
  ThreadPool pool(2);
  const auto problem = all_unknown(image);
  const detail::LocalWindows windows(problem, detail::LocalModel::closed_form, 1e-7, radius, pool);
  const Eigen::MatrixXd l = detail::local_system(problem, windows, pool).matrix;
  CHECK((l - dense_closed_form(image, 1e-7, radius)).cwiseAbs().maxCoeff() <= 1e-10);
  CHECK(l.rowwise().sum().cwiseAbs().maxCoeff() <= 1e-12);
}

TEST_CASE("learning-based alpha equals the dense solution", "[affinity][learning_based]") {
  const auto image = random_colours(8, 9);
  const auto trimap = striped_trimap(8, 9);
  LearningBasedOptions options;
  options.radius = GENERATE(1, 2);
  options.epsilon = 1e-3;
  options.solve.relative_tolerance = 1e-12;
  options.solve.preconditioner = GENERATE(Preconditioner::automatic, Preconditioner::jacobi);
  const auto result = learning_based<double>(image, trimap, options).value();
  CHECK(result.report.status == SolveStatus::converged);
  const auto wanted = dense_solution(dense_learning_based(image, 1e-3, options.radius), problem_of(image, trimap));
  CHECK(largest_difference(result.alpha, wanted) <= 1e-8);
}

TEST_CASE("learning-based matting agrees with PyMatting", "[affinity][learning_based][golden]") {
  const AffinityGolden golden;
  LearningBasedOptions options;
  options.solve.relative_tolerance = 1e-10;
  const auto result = learning_based<double>(golden.image, golden.trimap, options).value();
  CHECK(golden.gap(result.alpha, "learning_based", "split") <= 1e-5);  // the system's condition is near 1e5
  CHECK(golden.gap(result.alpha, "learning_based", "soft") <=
        5e-3);  // constraints of weight 100, tolerance on their norm
  CHECK(golden.gap(result.alpha, "closed_form", "split") <= 1e-4);  // nearly the same method at this epsilon
  options.solve.relative_tolerance = 1e-7;
  CHECK(golden.gap(learning_based<float>(golden.image, golden.trimap, options).value().alpha, "learning_based",
                   "split") <= 2e-3);  // entries of float, same condition
  options.epsilon = 1e-4;
  options.radius = 2;
  options.solve.relative_tolerance = 1e-10;
  CHECK(golden.gap(learning_based<double>(golden.image, golden.trimap, options).value().alpha,
                   "learning_based_radius_2", "split") <= 1e-5);
}

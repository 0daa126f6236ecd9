#include "hairline/solvers/knn.hpp"

#include "tests/solvers/affinity_support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {

// The paper's graph by brute force: every pair of (pixel, neighbour) counts once in each direction.
Eigen::MatrixXd dense_knn(const Image<double>& image, const std::vector<KnnPass>& passes, bool soft) {
  const int n = static_cast<int>(image.shape().pixels());
  Eigen::MatrixXd w = Eigen::MatrixXd::Zero(n, n);
  for (const KnnPass& pass : passes) {
    const Eigen::MatrixXf f = features_of(image, pass.distance_weight);
    for (int i = 0; i < n; ++i) {
      const auto order = by_distance(f, i);
      for (int k = 0; k < std::min(pass.neighbours, n); ++k) {
        const int j = order[static_cast<std::size_t>(k)];
        const double weight = soft ? 1 - (f.col(i) - f.col(j)).cwiseAbs().sum() / 5 : 1.0;
        w(i, j) += weight;
        w(j, i) += weight;
      }
    }
  }
  Eigen::MatrixXd laplacian = -w;
  laplacian.diagonal() += w.rowwise().sum();
  return laplacian;
}

}  // namespace

TEST_CASE("the knn Laplacian equals a dense one by brute force", "[affinity][knn]") {
  const auto image = random_colours(8, 9);
  const bool soft = GENERATE(false, true);
  const std::vector<KnnPass> passes =
      GENERATE(std::vector<KnnPass>{{20, 2.0}, {10, 0.1}}, std::vector<KnnPass>{{4, 0.0}},
               std::vector<KnnPass>{{1000, 1.0}, {1, 1.0}});
  ThreadPool pool(2);
  const Eigen::MatrixXd l = detail::knn_system(all_unknown(image), passes, soft, pool).matrix;
  const Eigen::MatrixXd wanted = dense_knn(image, passes, soft);
  CHECK((l - wanted).cwiseAbs().maxCoeff() <= (soft ? 1e-5 : 0.0));  // soft weights are float
  CHECK((l - l.transpose()).cwiseAbs().maxCoeff() == 0.0);
  CHECK(l.rowwise().sum().cwiseAbs().maxCoeff() <= 1e-12);  // constants are in the null space

  SECTION("known pixels are eliminated: the dense solution") {
    const auto problem = problem_of(image, striped_trimap(8, 9));
    KnnOptions options;
    options.passes = passes;
    options.soft = soft;
    options.solve.relative_tolerance = 1e-12;
    const auto result = knn_matting<double>(image, striped_trimap(8, 9), options).value();
    CHECK(largest_difference(result.alpha, dense_solution(wanted, problem)) <= 1e-6);
  }
}

TEST_CASE("knn finds every neighbourhood of a larger picture with few unknown pixels", "[affinity][knn]") {
  // Known pixels are only searched for where an unknown one may be near: nothing may be missed. 8 bits: many ties.
  Image<double> image = random_colours(30, 34);
  for (double& v : image) v = std::round(v * 12) / 12;
  Image<double> trimap({30, 34, 1}, 0);
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 34; ++x) trimap(y, x) = x < 12 ? 1 : (x == 15 && y % 3 == 0) || (y == 20 && x > 28) ? 0.5 : 0;
  KnnOptions options;
  options.solve.relative_tolerance = 1e-12;
  const auto result = knn_matting<double>(image, trimap, options).value();
  const auto wanted = dense_solution(dense_knn(image, options.passes, false), problem_of(image, trimap));
  CHECK(largest_difference(result.alpha, wanted) <= 1e-9);
}

TEST_CASE("knn agrees with PyMatting", "[affinity][knn][golden]") {
  const AffinityGolden golden;
  KnnOptions options;
  options.solve.relative_tolerance = 1e-10;
  options.soft = GENERATE(false, true);
  const std::string name = options.soft ? "knn_soft_kernel" : "knn";
  const auto result = knn_matting<double>(golden.image, golden.trimap, options).value();
  CHECK(result.report.status == SolveStatus::converged);
  CHECK(golden.gap(result.alpha, name, "split") <= (options.soft ? 1e-6 : 1e-8));  // soft weights are float
  CHECK(golden.gap(result.alpha, name, "soft") <= 1e-3);                           // constraints of weight 100
  CHECK(golden.gap(knn_matting<float>(golden.image, golden.trimap, options).value().alpha, name, "split") <= 1e-4);
}

TEST_CASE("knn says what is wrong with its passes", "[affinity][knn]") {
  const auto image = random_colours(5, 6);
  const auto trimap = striped_trimap(5, 6);
  KnnOptions options;
  options.passes = {};
  CHECK(knn_matting(image, trimap, options).error().code == ErrorCode::invalid_argument);
  options.passes = {{0, 1.0}};
  CHECK(knn_matting(image, trimap, options).error().message.find("at least 1 neighbour") != std::string::npos);
  options.passes = {{3, NAN}};
  CHECK_FALSE(knn_matting(image, trimap, options).has_value());
  options = {};
  options.solve.preconditioner = Preconditioner::multigrid;
  CHECK(knn_matting(image, trimap, options).error().code == ErrorCode::unsupported);
}

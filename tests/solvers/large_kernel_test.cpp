#include "hairline/solvers/large_kernel.hpp"

#include "tests/solvers/affinity_support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

TEST_CASE("the large-kernel operator and diagonal equal the dense closed form", "[affinity][large_kernel]") {
  const int radius = GENERATE(1, 2, 3);
  const Shape size = GENERATE_COPY(Shape{2 * radius + 1, 2 * radius + 1, 3}, Shape{2 * radius + 1, 19, 3},
                                   Shape{21, 2 * radius + 2, 3}, Shape{9, 8, 3}, Shape{70, 8, 3});
  const double epsilon = GENERATE(1e-7, 1e-3);
  const auto image = random_colours(size.height, size.width);
  const Eigen::MatrixXd wanted = dense_closed_form(image, epsilon, radius);
  ThreadPool pool(2);
  detail::LargeKernelLaplacian laplacian(image, {0, 0, size.height, size.width}, epsilon, radius, pool);
  const double scale = wanted.cwiseAbs().maxCoeff();
  const auto diagonal = laplacian.diagonal(pool);
  std::vector<double> p(size.pixels(), 0.0);
  std::vector<double> y;
  double worst = 0;
  double worst_diagonal = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    p[i] = 1;
    laplacian.apply(p, y, pool);
    p[i] = 0;
    const auto column = static_cast<Eigen::Index>(i);
    worst = std::max(worst,
                     (Eigen::Map<Eigen::VectorXd>(y.data(), wanted.rows()) - wanted.col(column)).cwiseAbs().maxCoeff());
    worst_diagonal = std::max(worst_diagonal, std::abs(diagonal[i] - wanted(column, column)));
  }
  CHECK(worst <= 1e-11 * scale);
  CHECK(worst_diagonal <= 1e-11 * scale);
  std::fill(p.begin(), p.end(), 1.0);
  laplacian.apply(p, y, pool);
  CHECK(Eigen::Map<Eigen::VectorXd>(y.data(), wanted.rows()).cwiseAbs().maxCoeff() <= 1e-10 * scale);
}

TEST_CASE("large-kernel alpha equals the dense solution, also where only a part is worked on",
          "[affinity][large_kernel]") {
  const auto image = random_colours(20, 23);
  const int radius = GENERATE(1, 2, 4);
  Image<double> trimap({20, 23, 1}, 0.0);
  const int corner = GENERATE(0, 1, 2);
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 23; ++x) {
      if ((x + y) % 3 == 0) trimap(y, x) = 1;
      const int cy = corner == 0 ? 0 : corner == 1 ? 19 : 10;
      const int cx = corner == 0 ? 22 : corner == 1 ? 0 : 11;
      if (std::abs(y - cy) < 4 && std::abs(x - cx) < 3) trimap(y, x) = 0.5;
    }
  LargeKernelOptions options;
  options.radius = radius;
  options.solve.relative_tolerance = 1e-12;
  const auto result = large_kernel<double>(image, trimap, options).value();
  CHECK(result.report.status == SolveStatus::converged);
  CHECK(largest_difference(result.alpha,
                           dense_solution(dense_closed_form(image, 1e-7, radius), problem_of(image, trimap))) <= 1e-8);
}

TEST_CASE("large kernel agrees with PyMatting", "[affinity][large_kernel][golden]") {
  const AffinityGolden golden;
  LargeKernelOptions options;
  options.radius = 3;
  options.solve.relative_tolerance = 1e-10;
  const auto result = large_kernel<double>(golden.image, golden.trimap, options).value();
  CHECK(golden.gap(result.alpha, "large_kernel_radius_3", "split") <= 1e-6);
  CHECK(golden.gap(result.alpha, "large_kernel_radius_3", "soft") <=
        0.02);  // constraints of weight 100 against 49 windows
  const auto single = large_kernel<float>(golden.image, golden.trimap, options).value();
  CHECK(golden.gap(single.alpha, "large_kernel_radius_3", "split") <= 1e-3);
}

TEST_CASE("large kernel says what does not fit", "[affinity][large_kernel]") {
  LargeKernelOptions options;
  const auto trimap = striped_trimap(20, 21);
  CHECK(large_kernel(random_colours(20, 21), trimap, options).error().message.find("2 radius + 1") !=
        std::string::npos);
  options.radius = 9;
  CHECK(large_kernel(random_colours(20, 21), trimap, options).has_value());
  for (const int radius : {0, -1, 1 << 30, 2147483647}) {
    options.radius = radius;
    CHECK_FALSE(large_kernel(random_colours(20, 21), trimap, options).has_value());
  }
  options.radius = 2;
  options.solve.preconditioner = Preconditioner::incomplete_cholesky;
  CHECK(large_kernel(random_colours(20, 21), trimap, options).error().code == ErrorCode::unsupported);
}

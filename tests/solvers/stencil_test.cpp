#include "hairline/solvers/stencil.hpp"

#include "hairline/solvers/closed_form_laplacian.hpp"
#include "tests/solvers/closed_form_support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using closed_form_support::dense_laplacian;
using closed_form_support::noise;

namespace {

Image<std::uint8_t> random_mask(int height, int width, double share, unsigned seed) {
  std::mt19937 random(seed);
  std::bernoulli_distribution unknown(share);
  Image<std::uint8_t> mask(Shape{height, width, 1});
  for (auto& m : mask) m = unknown(random);
  return mask;
}

}  // namespace

TEST_CASE("the closed-form system equals the dense formula on every pattern of unknown pixels", "[closed_form]") {
  const int radius = GENERATE(1, 2, 3);
  const double share = GENERATE(0.03, 0.3, 0.7, 0.97, 1.0);
  const int h = 9, w = 8 + (radius == 2 ? 20 : 0);
  const auto image = noise(h, w, 3);
  const auto mask = random_mask(h, w, share, static_cast<unsigned>(100 * share) + static_cast<unsigned>(radius));
  const Eigen::MatrixXd dense = dense_laplacian(image, radius, 1e-7);
  auto value = noise(h, w, 4);
  Image<double> known(Shape{h, w, 1});
  for (int i = 0; i < h * w; ++i) known.data()[i] = value.data()[3 * i];

  ThreadPool pool(2);
  const UnknownRegion region(mask, 2 * radius);
  const auto system = closed_form_system(image, region, known, radius, 1e-7, pool);
  Vector<double> x = Vector<double>::Zero(region.slots()), y;
  Eigen::VectorXd dense_x = Eigen::VectorXd::Zero(h * w), dense_known = dense_x;
  for (int i = 0; i < h * w; ++i) {
    const int slot = region.slot(i / w, i % w);
    CHECK((slot >= 0) == (mask.data()[i] != 0));
    if (slot >= 0)
      x[slot] = dense_x[i] = std::cos(3.0 * i);
    else
      dense_known[i] = known.data()[i];
  }
  system.a.apply(x, y, pool);
  const Eigen::VectorXd product = dense * dense_x, right = -dense * dense_known;
  double worst = 0, worst_right = 0, kept = 0;
  for (int i = 0; i < h * w; ++i) {
    const int slot = region.slot(i / w, i % w);
    if (slot < 0) continue;
    worst = std::max(worst, std::abs(y[slot] - product[i]));
    worst_right = std::max(worst_right, std::abs(system.b[slot] - right[i]));
    kept += std::abs(y[slot]);
    y[slot] = 0;
  }
  // Entries are of order one (window sums of at most 49 terms); rounding of double is all that may differ.
  CHECK(worst <= 1e-11);
  CHECK(worst_right <= 1e-11);
  CHECK(y.isZero(0));  // nothing in the padding
  if (share > 0.2) CHECK(kept > 0);

  Vector<double> r;
  system.a.residual(system.b, x, r, pool);
  Vector<double> again;
  system.a.apply(x, again, pool);
  CHECK((r - (system.b - again)).cwiseAbs().maxCoeff() <= 1e-13);
}

TEST_CASE("the closed-form Laplacian has zero row sums, is symmetric and knows its null space", "[closed_form]") {
  const int radius = GENERATE(1, 2);
  const int h = 8, w = 9;
  const auto image = noise(h, w, 6);
  ThreadPool pool(1);
  const UnknownRegion region(Image<std::uint8_t>(Shape{h, w, 1}, 1), 2 * radius);
  const auto system = closed_form_system(image, region, Image<double>(Shape{h, w, 1}), radius, 1e-7, pool);
  const Eigen::MatrixXd lower = system.a.lower_triangle();
  const Eigen::MatrixXd l = lower.selfadjointView<Eigen::Lower>();
  const Eigen::MatrixXd dense = dense_laplacian(image, radius, 1e-7);
  CHECK((l - dense).cwiseAbs().maxCoeff() <= 1e-11);
  CHECK((l * Eigen::VectorXd::Ones(h * w)).cwiseAbs().maxCoeff() <= 1e-12);
  // A linear function of colour costs only what epsilon makes it cost.
  Eigen::VectorXd alpha(h * w);
  for (int i = 0; i < h * w; ++i)
    alpha[i] = 0.2 + 0.3 * image.data()[3 * i] - 0.4 * image.data()[3 * i + 1] + 0.1 * image.data()[3 * i + 2];
  // Magnitudes of the rows, as the dense matrix has them.
  const Vector<double> magnitudes = system.a.row_magnitudes(pool);
  for (int i = 0; i < h * w; ++i)
    CHECK(magnitudes[region.slot(i / w, i % w)] == Approx(dense.row(i).cwiseAbs().sum()).epsilon(1e-10));
  CHECK((l * alpha).cwiseAbs().maxCoeff() <= 1e-5);
  CHECK(Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(l).eigenvalues().minCoeff() >= -1e-12);
}

TEST_CASE("segments cover long rows, borders and holes", "[closed_form]") {
  Image<std::uint8_t> mask(Shape{7, 700, 1}, 1);
  for (int x = 0; x < 700; x += 13) mask(3, x) = 0;
  const UnknownRegion region(mask, 2);
  std::ptrdiff_t count = 0;
  for (const auto& s : region.segments()) {
    CHECK(s.end - s.begin <= UnknownRegion::segment_limit);
    count += s.end - s.begin;
  }
  CHECK(count == region.size());
  CHECK(region.size() == 7 * 700 - 54);
}

#include "hairline/solvers/trimming.hpp"

#include "tests/solvers/affinity_support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {

Image<double> two_colours(int height, int width, int edge) {
  Image<double> image({height, width, 3});
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) image(y, x, c) = x < edge ? 0.2 : 0.8;
  return image;
}

Labels labels_of(const Image<double>& trimap) { return classify_trimap(trimap, trimap.shape()).value(); }

}  // namespace

TEST_CASE("edge trimming grows known regions along equal colours, 45 pixels in all", "[affinity][trimming]") {
  // Radii 1, 2 ... 8 may be walked one after the other; at the ninth the colour threshold has reached 1/256.
  const auto image = two_colours(3, 120, 60);
  Image<double> trimap({3, 120, 1}, 0.5);
  for (int y = 0; y < 3; ++y) trimap(y, 0) = 1, trimap(y, 119) = 0;
  ThreadPool pool(2);
  const auto trimmed = edge_trimming(image, labels_of(trimap), pool);
  for (int x = 0; x < 120; ++x) {
    const Label wanted = x <= 45 ? Label::foreground : x >= 119 - 45 ? Label::background : Label::unknown;
    CHECK(trimmed(1, x) == wanted);
  }
}

TEST_CASE("edge trimming heeds the colour and takes the nearest", "[affinity][trimming]") {
  auto image = two_colours(3, 11, 11);
  Image<double> trimap({3, 11, 1}, 0.5);
  for (int y = 0; y < 3; ++y) trimap(y, 0) = 1, trimap(y, 10) = 0;
  ThreadPool pool(1);
  SECTION("both ends grow at the same pace; of equally near labels the first in reading order") {
    const auto trimmed = edge_trimming(image, labels_of(trimap), pool);
    for (int x = 0; x < 11; ++x) CHECK(trimmed(1, x) == (x <= 5 ? Label::foreground : Label::background));
  }
  SECTION("a pixel of another colour stays unknown; thresholds fall from 8/256 to 1/256") {
    for (int c = 0; c < 3; ++c) image(1, 3, c) = 0.3;
    image(1, 1, 0) += 8.0 / 256;  // beyond pass 1's threshold of 8.1/256? below it: labelled
    image(1, 2, 1) += 8.2 / 256;  // above every threshold
    const auto trimmed = edge_trimming(image, labels_of(trimap), pool);
    CHECK(trimmed(1, 1) == Label::foreground);
    CHECK(trimmed(1, 2) == Label::unknown);
    CHECK(trimmed(1, 3) == Label::unknown);
    CHECK(trimmed(1, 4) == Label::foreground);
  }
}

TEST_CASE("patch trimming labels what looks like one class only", "[affinity][trimming]") {
  // Left: smooth grey. Right: the same mean, but rough. Colour alone cannot tell them apart.
  Image<double> image = random_colours(30, 40, 9);
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 40; ++x)
      for (int c = 0; c < 3; ++c) image(y, x, c) = 0.5 + (x < 20 ? 0.01 : 0.6) * (image(y, x, c) - 0.5);
  Image<double> trimap({30, 40, 1}, 0.5);
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 40; ++x) trimap(y, x) = x < 8 ? 1 : x >= 32 ? 0 : 0.5;
  const auto labels = labels_of(trimap);
  ThreadPool pool(2);
  const auto trimmed = patch_trimming(image, labels, {}, pool);
  int right = 0, wrong = 0, unknown = 0;
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 40; ++x) {
      if (trimap(y, x) != 0.5) {
        CHECK(trimmed(y, x) == labels.map(y, x));
        continue;
      }
      const Label wanted = x < 20 ? Label::foreground : Label::background;
      (trimmed(y, x) == wanted ? right : trimmed(y, x) == Label::unknown ? unknown : wrong)++;
    }
  CHECK(wrong == 0);
  CHECK(right > 150);
  ThreadPool one(1);
  CHECK(std::equal(trimmed.begin(), trimmed.end(), patch_trimming(image, labels, {}, one).begin()));
}

TEST_CASE("the Bhattacharyya distance of Gaussians", "[affinity][trimming]") {
  detail::PatchStatistics a, b;
  a.covariance = Eigen::Vector3d(1, 2, 4).asDiagonal();
  b.covariance = Eigen::Vector3d(3, 2, 4).asDiagonal();
  a.log_determinant = std::log(8.0);
  b.log_determinant = std::log(24.0);
  CHECK(detail::bhattacharyya(a, a) == Approx(0).margin(1e-15));
  b.mean = Eigen::Vector3d(2, 0, 0);
  // One axis differs: variances 1 and 3, means 2 apart: 4 / (8 * 2) + ln(2 / sqrt(3)) / 2.
  CHECK(detail::bhattacharyya(a, b) == Approx(0.25 + 0.5 * std::log(2 / std::sqrt(3.0))).epsilon(1e-12));
}

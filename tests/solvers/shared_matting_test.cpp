#include "hairline/solvers/shared_matting.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <random>
#include <string>

#include "hairline/core/convert.hpp"
#if __has_include(<png.h>)
#include "hairline/io/read.hpp"
#endif
#include "tests/solvers/colour_golden.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {

struct Scene {
  Image<double> image, alpha, trimap;
};

// A soft vertical edge between two colours that barely vary, the trimap unknown across it.
Scene edge_scene(int h, int w, double variation) {
  Scene s{Image<double>(Shape{h, w, 3}), Image<double>(Shape{h, w, 1}), Image<double>(Shape{h, w, 1})};
  std::mt19937 random(4);
  std::uniform_real_distribution<double> noise(-variation, variation);
  const double f[3] = {0.85, 0.6, 0.3}, b[3] = {0.1, 0.25, 0.55};
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const double edge = w / 2.0 + 3 * std::sin(0.3 * y);
      s.alpha(y, x) = std::clamp(0.5 + (edge - x) / 10, 0.0, 1.0);
      s.trimap(y, x) = x < w / 2 - 9 ? 1.0 : x > w / 2 + 9 ? 0.0 : 0.5;
      for (int c = 0; c < 3; ++c) s.image(y, x, c) = s.alpha(y, x) * f[c] + (1 - s.alpha(y, x)) * b[c] + noise(random);
    }
  return s;
}

double mean_error(const Image<double>& a, const Image<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a.data()[i] - b.data()[i]);
  return sum / static_cast<double>(a.size());
}

}  // namespace

TEST_CASE("shared matting equals PyMatting where no decided difference acts", "[shared_matting][golden]") {
  const ColourGolden golden;
  const auto& recorded = golden.values.at("shared");
  SharedMattingOptions options;
  options.rays = recorded.at("rays");
  options.probability_exponent = recorded.at("probability_exponent");
  options.weigh_by_confidence = false;
  const auto trimap = golden.picture<std::uint8_t>(recorded.at("trimap"), 1);
  const auto r = shared_matting<double>(golden.image, trimap, options).value();
  // PyMatting works in single precision: rounding, times up to 1 / |F - B| ~ 10, through three averaging stages.
  CHECK(largest_difference(r.alpha, golden.picture(recorded.at("alpha"), 1)) <= 1e-4);
  CHECK(largest_difference(r.foreground, golden.picture(recorded.at("foreground"), 3)) <= 1e-4);
  CHECK(largest_difference(r.background, golden.picture(recorded.at("background"), 3)) <= 1e-4);
}

TEST_CASE("the gradient integral of a ramp is its rise", "[shared_matting]") {
  // Brightness 0.02 x + 0.03 y in one channel: every step sees the same gradient, and both ends count, so the integral
  // is (steps + 1) / steps times the rise. Only y changing proves that y advances with y's step.
  const double gx = GENERATE(0.0, 0.02), gy = GENERATE(0.0, 0.03);
  const auto ramp = [&](int x, int y) { return detail::Rgb<double>{0.1, gx * x + gy * y, 0.3}; };
  const auto integral = [&](int x, int y, int u, int v) { return detail::path_integral<double>(ramp, x, y, u, v); };
  CHECK(integral(20, 20, 23, 24) == Approx(6.0 / 5 * std::abs(3 * gx + 4 * gy)));
  CHECK(integral(20, 20, 17, 24) == Approx(6.0 / 5 * std::abs(-3 * gx + 4 * gy)));
  CHECK(integral(20, 20, 20, 2) == Approx(11.0 / 10 * 18 * gy));  // capped at 10 steps
  CHECK(integral(20, 20, 20, 20) == 0);
  // A wall that only a walk in y meets.
  const auto wall = [](int, int y) { return detail::Rgb<double>{y > 25 ? 1.0 : 0.0, 0.0, 0.0}; };
  CHECK(detail::path_integral<double>(wall, 20, 20, 20, 30) == Approx(1.0));
  CHECK(detail::path_integral<double>(wall, 20, 20, 30, 20) == 0);
}

TEMPLATE_TEST_CASE("shared matting recovers a mix of two colours", "[shared_matting]", float, double) {
  const Scene s = edge_scene(30, 50, 0.0);
  const auto r = shared_matting<TestType>(s.image, s.trimap).value();
  // Both colours are exact wherever a pure pixel is seen; what is left is the pull to the low-frequency alpha.
  CHECK(mean_error(convert<double>(r.alpha), s.alpha) <= 0.005);
  CHECK(largest_difference(r.alpha, s.alpha) <= 0.06);
  double f = 0;
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 50; ++x)
      if (s.trimap(y, x) == 0.5) f = std::max(f, std::abs(static_cast<double>(r.foreground(y, x, 0)) - 0.85));
  CHECK(f <= 0.06);
  CHECK(r.report.status == SolveStatus::converged);
}

TEST_CASE("shared matting copes with noise in the colours", "[shared_matting]") {
  const Scene s = edge_scene(40, 60, 0.03);
  const auto r = shared_matting<double>(s.image, s.trimap).value();
  CHECK(mean_error(r.alpha, s.alpha) <= 0.03);
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 60; ++x) {
      CHECK(r.alpha(y, x) >= 0.0);
      CHECK(r.alpha(y, x) <= 1.0);
      if (s.trimap(y, x) != 0.5) CHECK(r.alpha(y, x) == s.trimap(y, x));
    }
}

TEST_CASE("known labels spread to the nearest pixel of nearly the same colour", "[shared_matting]") {
  // One row: foreground, four unknown pixels of its colour, unknown pixels of a third colour, background.
  Image<double> image(Shape{1, 30, 3}, 0.5), trimap(Shape{1, 30, 1}, 0.5);
  for (int x = 0; x < 30; ++x)
    for (int c = 0; c < 3; ++c) image(0, x, c) = x < 5 ? 0.9 : x > 20 ? 0.1 : 0.5;
  trimap(0, 0) = 1;
  trimap(0, 29) = 0;
  const auto r = shared_matting<double>(image, trimap).value();
  for (int x = 0; x < 5; ++x) CHECK(r.alpha(0, x) == 1.0);
  for (int x = 21; x < 30; ++x) CHECK(r.alpha(0, x) == 0.0);
  for (int x = 6; x < 20; ++x) CHECK(r.alpha(0, x) == Approx(0.5).margin(0.2));
  SharedMattingOptions none;
  none.expansion_radius = 0;
  CHECK(shared_matting<double>(image, trimap, none).value().report.status == SolveStatus::converged);
}

TEST_CASE("shared matting gives the same bits for every thread count", "[shared_matting]") {
  const Scene s = edge_scene(61, 70, 0.05);
  SharedMattingOptions options;
  options.solve.threads = 1;
  const auto one = shared_matting<float>(s.image, s.trimap, options).value();
  for (const int threads : {2, 5}) {
    options.solve.threads = threads;
    const auto many = shared_matting<float>(s.image, s.trimap, options).value();
    CHECK(largest_difference(one.alpha, many.alpha) == 0);
    CHECK(largest_difference(one.foreground, many.foreground) == 0);
  }
}

TEST_CASE("shared matting of degenerate pictures", "[shared_matting]") {
  using Catch::Matchers::Contains;
  const auto text = [](const auto& result) { return result.has_value() ? std::string() : result.error().message; };
  Image<float> image(Shape{1, 3, 3}), trimap(Shape{1, 3, 1});
  for (int c = 0; c < 3; ++c) {
    image(0, 0, c) = 0.9f;
    image(0, 1, c) = 0.5f;
    image(0, 2, c) = 0.1f;
  }
  trimap(0, 0) = 1;
  trimap(0, 1) = 0.5f;
  SECTION("an isolated unknown pixel") {
    // The known pixels' pairs are their own colour and the other class' mean, which here is the other pixel.
    CHECK(shared_matting<double>(image, trimap).value().alpha(0, 1) == Approx(0.5).margin(0.01));
  }
  SECTION("everything known") {
    trimap(0, 1) = 1;
    const auto r = shared_matting<float>(image, trimap).value();
    CHECK(r.report.status == SolveStatus::nothing_to_solve);
    CHECK(largest_difference(r.alpha, trimap) == 0);
  }
  SECTION("one colour everywhere") {
    const auto r = shared_matting<float>(Image<float>(Shape{1, 3, 3}, 0.4f), trimap).value();
    for (const float a : r.alpha) CHECK((a >= 0 && a <= 1));
  }
  SECTION("errors") {
    CHECK_THAT(text(shared_matting(Image<float>(), trimap)), Contains("no pixels"));
    CHECK_THAT(text(shared_matting(image, Image<float>(Shape{2, 3, 1}))), Contains("wanted 3x1"));
    trimap(0, 0) = 0.5f;
    CHECK_THAT(text(shared_matting(image, trimap)), Contains("no foreground"));
    trimap(0, 0) = 1;
    image(0, 1, 1) = std::numeric_limits<float>::quiet_NaN();
    CHECK_THAT(text(shared_matting(image, trimap)), Contains("NaN"));
    SharedMattingOptions options;
    options.rays = 0;
    CHECK_THAT(text(shared_matting(image, trimap, options)), Contains("rays"));
    options = {};
    options.colour_radius = -1;
    CHECK_THAT(text(shared_matting(image, trimap, options)), Contains("radii"));
  }
}

TEST_CASE("unknown pixels that see only one class are judged by the class means", "[shared_matting]") {
  // Foreground in one corner; most rays from the far side miss it. The unknown region is a chequer of both colours.
  Image<double> image(Shape{40, 40, 3}), trimap(Shape{40, 40, 1}, 0.5);
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 40; ++x) {
      const bool bright = (x < 3 && y < 3) || (x / 8 + y / 8) % 2 == 0;
      for (int c = 0; c < 3; ++c) image(y, x, c) = bright ? 0.8 : 0.2;
      if (x < 3 && y < 3) trimap(y, x) = 1;
      if (x > 36 || y > 36) trimap(y, x) = 0;
    }
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 40; ++x)
      if (trimap(y, x) == 0)
        for (int c = 0; c < 3; ++c) image(y, x, c) = 0.2;
  const auto r = shared_matting<double>(image, trimap).value();
  // Away from the spreading labels' reach and the smoothing windows of the chequer's edges.
  CHECK(r.alpha(20, 20) > 0.8);
  CHECK(r.alpha(20, 28) < 0.2);
}

#if __has_include(<png.h>)
TEST_CASE("shared matting on the lemur at a tenth of its size", "[shared_matting][data]") {
  const std::string folder = HAIRLINE_SHARED_DATA "/lemur/";
  if (!std::filesystem::exists(folder + "lemur.png")) return;
  const auto full = io::read_image(folder + "lemur.png").value();
  const auto full_alpha = io::read_plane(folder + "lemur_alpha.png").value();
  const auto full_trimap = io::read_plane(folder + "lemur_trimap.png").value();
  const int h = full.height() / 10, w = full.width() / 10;
  Image<float> image(Shape{h, w, 3}), alpha(Shape{h, w, 1}), trimap(Shape{h, w, 1});
  for (int y = 0; y < 10 * h; ++y)
    for (int x = 0; x < 10 * w; ++x) {
      for (int c = 0; c < 3; ++c) image(y / 10, x / 10, c) += full(y, x, c) / 100;
      alpha(y / 10, x / 10) += full_alpha(y, x) / 100;
      if (y % 10 == 5 && x % 10 == 5) trimap(y / 10, x / 10) = full_trimap(y, x);
    }
  const auto error = [&](const Image<float>& matte) {
    double sum = 0;
    for (std::size_t i = 0; i < matte.size(); ++i)
      if (trimap.data()[i] > 0.1f && trimap.data()[i] < 0.9f) {
        const double d = static_cast<double>(matte.data()[i]) - static_cast<double>(alpha.data()[i]);
        sum += d * d;
      }
    return std::sqrt(sum);
  };
  // 2.1 is the bound of PyMatting's own test for its shared matting on this picture.
  CHECK(error(shared_matting<float>(image, trimap).value().alpha) <= 2.1);
  SharedMattingOptions plain;
  plain.weigh_by_confidence = false;
  CHECK(error(shared_matting<float>(image, trimap, plain).value().alpha) <= 2.1);
}
#endif

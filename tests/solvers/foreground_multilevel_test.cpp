#include "hairline/solvers/foreground_multilevel.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "hairline/core/convert.hpp"
#include "tests/solvers/colour_golden.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {

struct Colours {
  Image<double> f, b;
};

// A second writing of the method, from its definition: plain pictures, one pixel at a time, Cramer's rule on the 2x2
// system as published. `red_black` is the only choice: raster order is the published one.
Colours plain_multilevel(const Image<double>& image, const Image<double>& alpha, bool red_black) {
  double sum_f[3] = {}, sum_b[3] = {}, count_f = 1e-5, count_b = 1e-5;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) {
      if (alpha(y, x) > 0.9) count_f += 1;
      if (alpha(y, x) < 0.1) count_b += 1;
      for (int c = 0; c < 3; ++c) {
        if (alpha(y, x) > 0.9) sum_f[c] += image(y, x, c);
        if (alpha(y, x) < 0.1) sum_b[c] += image(y, x, c);
      }
    }
  Colours now{Image<double>(Shape{1, 1, 3}), Image<double>(Shape{1, 1, 3})};
  for (int c = 0; c < 3; ++c) {
    now.f(0, 0, c) = sum_f[c] / count_f;
    now.b(0, 0, c) = sum_b[c] / count_b;
  }
  const int n = static_cast<int>(std::ceil(std::log2(std::max(image.width(), image.height()))));
  for (int level = 0; level <= n; ++level) {
    const double share = n == 0 ? 1.0 : static_cast<double>(level) / n;
    const int w = static_cast<int>(std::lrint(std::pow(image.width(), share)));
    const int h = static_cast<int>(std::lrint(std::pow(image.height(), share)));
    const auto shrink = [&](const Image<double>& from) {
      Image<double> to(Shape{h, w, from.channels()});
      for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x)
          for (int c = 0; c < from.channels(); ++c) to(y, x, c) = from(y * from.height() / h, x * from.width() / w, c);
      return to;
    };
    const auto I = shrink(image), A = shrink(alpha);
    now = Colours{shrink(now.f), shrink(now.b)};
    const int sweeps = w <= 32 && h <= 32 ? 10 : 2;
    for (int pass = 0; pass < sweeps * (red_black ? 2 : 1); ++pass)
      for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x) {
          if (red_black && (x + y) % 2 != pass % 2) continue;
          const int near_y[4] = {y, y, std::max(y - 1, 0), std::min(y + 1, h - 1)};
          const int near_x[4] = {std::max(x - 1, 0), std::min(x + 1, w - 1), x, x};
          const double a = A(y, x);
          double a00 = a * a, a01 = a * (1 - a), a11 = (1 - a) * (1 - a), right_f[3], right_b[3];
          for (int c = 0; c < 3; ++c) {
            right_f[c] = a * I(y, x, c);
            right_b[c] = (1 - a) * I(y, x, c);
          }
          for (int k = 0; k < 4; ++k) {
            const double d = 1e-5 + std::abs(a - A(near_y[k], near_x[k]));
            a00 += d;
            a11 += d;
            for (int c = 0; c < 3; ++c) {
              right_f[c] += d * now.f(near_y[k], near_x[k], c);
              right_b[c] += d * now.b(near_y[k], near_x[k], c);
            }
          }
          const double det = a00 * a11 - a01 * a01;
          for (int c = 0; c < 3; ++c) {
            now.f(y, x, c) = std::clamp((a11 * right_f[c] - a01 * right_b[c]) / det, 0.0, 1.0);
            now.b(y, x, c) = std::clamp((a00 * right_b[c] - a01 * right_f[c]) / det, 0.0, 1.0);
          }
        }
  }
  return now;
}

struct Scene {
  Image<double> image, alpha, f, b;
};

// Noise in the colours and an alpha with plateaus at 0 and 1.
Scene noisy_scene(int h, int w, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> unit(0, 1);
  Scene s{Image<double>(Shape{h, w, 3}), Image<double>(Shape{h, w, 1}), {}, {}};
  for (auto& v : s.image) v = unit(random);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) s.alpha(y, x) = std::clamp(2.5 * unit(random) * (x + 1) / w - 0.4, 0.0, 1.0);
  return s;
}

// An exact composition of two smooth colour fields by a smooth alpha.
Scene smooth_scene(int h, int w) {
  const Shape three{h, w, 3};
  Scene s{Image<double>(three), Image<double>(Shape{h, w, 1}), Image<double>(three), Image<double>(three)};
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const double u = (x + 0.5) / w, v = (y + 0.5) / h;
      const double t = std::clamp((0.4 - std::hypot(u - 0.5, v - 0.5)) / 0.25, 0.0, 1.0);
      s.alpha(y, x) = t * t * (3 - 2 * t);
      for (int c = 0; c < 3; ++c) {
        s.f(y, x, c) = 0.7 + 0.2 * u - 0.05 * c;
        s.b(y, x, c) = 0.2 + 0.15 * v + 0.05 * c;
        s.image(y, x, c) = s.alpha(y, x) * s.f(y, x, c) + (1 - s.alpha(y, x)) * s.b(y, x, c);
      }
    }
  return s;
}

}  // namespace

TEST_CASE("multilevel sizes are the published ones", "[foreground][multilevel]") {
  const int widths[] = {1, 2, 4, 8, 16, 31, 62, 123, 244, 486, 966, 1920};
  const int heights[] = {1, 2, 4, 7, 13, 24, 45, 85, 161, 303, 572, 1080};
  const auto sizes = multilevel_sizes(Shape{1080, 1920, 3});
  REQUIRE(sizes.size() == 12);
  for (std::size_t i = 0; i < sizes.size(); ++i) CHECK(sizes[i] == Shape{heights[i], widths[i], 1});
  CHECK(multilevel_sizes(Shape{1, 1, 3}) == std::vector<Shape>{Shape{1, 1, 1}});
  CHECK(multilevel_sizes(Shape{1, 2, 3}) == std::vector<Shape>{Shape{1, 1, 1}, Shape{1, 2, 1}});
}

TEST_CASE("foreground_multilevel equals a plain writing of the method", "[foreground][multilevel]") {
  const auto size = GENERATE(Shape{1, 1, 3}, Shape{1, 2, 3}, Shape{1, 7, 3}, Shape{9, 1, 3}, Shape{2, 2, 3},
                             Shape{5, 3, 3}, Shape{32, 33, 3}, Shape{37, 50, 3}, Shape{3, 140, 3});
  const Scene s = noisy_scene(size.height, size.width, 7);
  const Colours plain = plain_multilevel(s.image, s.alpha, true);
  CAPTURE(to_string(size));
  const auto precise = foreground_multilevel<double>(s.image, s.alpha).value();
  // The same numbers in another order of operations. Cramer's rule loses up to a factor 1/det = 2.5e4, each sweep.
  CHECK(largest_difference(precise.foreground, plain.f) <= 1e-10);
  CHECK(largest_difference(precise.background, plain.b) <= 1e-10);
  const auto single = foreground_multilevel<float>(s.image, s.alpha).value();
  // One rounding of a colour is 6e-8, and the sweeps average, so a few dozen of them is already generous.
  CHECK(largest_difference(single.foreground, plain.f) <= 5e-6);
  CHECK(largest_difference(single.background, plain.b) <= 5e-6);
}

TEST_CASE("foreground_multilevel is close to PyMatting", "[foreground][multilevel][golden]") {
  const ColourGolden golden;
  const auto& recorded = golden.values.at("multilevel");
  const auto f = golden.picture(recorded.at("foreground"), 3), b = golden.picture(recorded.at("background"), 3);
  const auto image = convert<double>(golden.image), alpha = convert<double>(golden.alpha);
  // In raster order the plain writing is PyMatting's own algorithm: only its float arithmetic and the five recorded
  // decimals are left.
  const Colours raster = plain_multilevel(image, alpha, false);
  CHECK(largest_difference(raster.f, f) <= 2e-5);
  CHECK(largest_difference(raster.b, b) <= 2e-5);
  // Red-black order converges to the same fixed point, but neither is run to convergence: 10 and 2 sweeps a level leave
  // a difference where a colour does not matter (its share of the pixel is small). Weighted by that share it is tiny.
  const auto ours = foreground_multilevel<float>(golden.image, golden.alpha).value();
  double weighted_f = 0, weighted_b = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x)
      for (int c = 0; c < 3; ++c) {
        const double share = alpha(y, x);
        weighted_f = std::max(weighted_f, share * std::abs(ours.foreground(y, x, c) - f(y, x, c)));
        weighted_b = std::max(weighted_b, (1 - share) * std::abs(ours.background(y, x, c) - b(y, x, c)));
      }
  CHECK(weighted_f <= 0.004);
  CHECK(weighted_b <= 0.004);
  CHECK(largest_difference(ours.foreground, f) <= 0.02);
  CHECK(largest_difference(ours.background, b) <= 0.02);
}

TEMPLATE_TEST_CASE("exact compositions of smooth colours come apart again", "[foreground][multilevel]", float, double) {
  const Scene s = smooth_scene(90, 120);
  const auto r = foreground_multilevel<TestType>(s.image, s.alpha).value();
  double recomposed = 0, error_f = 0, error_b = 0;
  for (int y = 0; y < 90; ++y)
    for (int x = 0; x < 120; ++x)
      for (int c = 0; c < 3; ++c) {
        const double a = s.alpha(y, x);
        recomposed = std::max(recomposed,
                              std::abs(a * r.foreground(y, x, c) + (1 - a) * r.background(y, x, c) - s.image(y, x, c)));
        error_f = std::max(error_f, a * std::abs(r.foreground(y, x, c) - s.f(y, x, c)));
        error_b = std::max(error_b, (1 - a) * std::abs(r.background(y, x, c) - s.b(y, x, c)));
      }
  // The colours vary by 0.2 across the picture, alpha by at most 0.06 per pixel, which is the weight that pulls a
  // pixel's colours towards its neighbours' and away from the exact mix.
  CHECK(recomposed <= 3e-4);
  CHECK(error_f <= 0.02);
  CHECK(error_b <= 0.02);
}

TEST_CASE("foreground_multilevel gives the same bits for every thread count", "[foreground][multilevel]") {
  const Scene s = noisy_scene(301, 257, 3);
  ForegroundMultilevelOptions options;
  options.threads = 1;
  const auto one = foreground_multilevel<float>(s.image, s.alpha, options).value();
  for (const int threads : {2, 3, 7}) {
    options.threads = threads;
    const auto many = foreground_multilevel<float>(s.image, s.alpha, options).value();
    CHECK(largest_difference(one.foreground, many.foreground) == 0);
    CHECK(largest_difference(one.background, many.background) == 0);
  }
}

TEST_CASE("colours are extended where they are not visible", "[foreground][multilevel]") {
  Image<float> image(Shape{20, 30, 3}), alpha(Shape{20, 30, 1});
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 30; ++x) {
      alpha(y, x) = x < 15 ? 1.0f : 0.0f;
      for (int c = 0; c < 3; ++c) image(y, x, c) = x < 15 ? 0.8f - 0.1f * static_cast<float>(c) : 0.25f;
    }
  const auto r = foreground_multilevel<float>(image, alpha).value();
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 30; ++x)
      for (int c = 0; c < 3; ++c) {
        CHECK(std::abs(r.foreground(y, x, c) - (0.8f - 0.1f * static_cast<float>(c))) <= 1e-4f);
        CHECK(std::abs(r.background(y, x, c) - 0.25f) <= 1e-4f);
      }
}

TEST_CASE("foreground_multilevel takes grey, RGBA, integer and planar pictures", "[foreground][multilevel]") {
  const Scene s = noisy_scene(12, 17, 5);
  const auto bytes = convert<std::uint8_t>(s.image), alpha = convert<std::uint8_t>(s.alpha);
  const auto as_float = convert<double>(bytes);
  const auto wanted = foreground_multilevel<double>(as_float, convert<double>(alpha)).value();
  // But for the mean colours of the start, which are added up as integers.
  CHECK(largest_difference(foreground_multilevel<double>(bytes, alpha).value().foreground, wanted.foreground) <= 1e-12);
  Image<double> rgba(Shape{12, 17, 4}), grey(Shape{12, 17, 1}), grey3(Shape{12, 17, 3});
  for (int y = 0; y < 12; ++y)
    for (int x = 0; x < 17; ++x) {
      for (int c = 0; c < 3; ++c) {
        rgba(y, x, c) = as_float(y, x, c);
        grey3(y, x, c) = as_float(y, x, 0);
      }
      rgba(y, x, 3) = 0.1;
      grey(y, x) = as_float(y, x, 0);
    }
  CHECK(largest_difference(foreground_multilevel<double>(rgba, alpha).value().foreground, wanted.foreground) <= 1e-12);
  CHECK(largest_difference(foreground_multilevel<double>(grey, alpha).value().background,
                           foreground_multilevel<double>(grey3, alpha).value().background) == 0);
}

TEMPLATE_TEST_CASE("foreground_multilevel's result in a file's pixels is the rounded one", "[foreground][multilevel]",
                   std::uint8_t, std::uint16_t, double) {
  const Scene s = noisy_scene(70, 301, 11);  // several tiles across, none of them even
  const auto wanted = foreground_multilevel<float>(s.image, s.alpha).value();
  const auto stored = foreground_multilevel<float, TestType>(s.image, s.alpha).value();
  CHECK(largest_difference(stored.foreground, convert<TestType>(wanted.foreground)) == 0);
  CHECK(largest_difference(stored.background, convert<TestType>(wanted.background)) == 0);
}

TEST_CASE("foreground_multilevel refuses bad input with a clear text", "[foreground][multilevel]") {
  const Scene s = noisy_scene(4, 6, 1);
  const auto text = [](const auto& result) { return result.has_value() ? std::string() : result.error().message; };
  using Catch::Matchers::Contains;
  CHECK_THAT(text(foreground_multilevel(Image<float>(), s.alpha)), Contains("no pixels"));
  CHECK_THAT(text(foreground_multilevel(s.image, Image<float>())), Contains("wanted 6x4"));
  CHECK_THAT(text(foreground_multilevel(s.image, Image<float>(Shape{4, 5, 1}))), Contains("5x4"));
  CHECK_THAT(text(foreground_multilevel(s.image, s.image)), Contains("3 channels, wanted 1"));
  CHECK_THAT(text(foreground_multilevel(Image<float>(Shape{4, 6, 2}), s.alpha)), Contains("2 channels"));
  auto broken = s;
  broken.image(2, 3, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THAT(text(foreground_multilevel(broken.image, s.alpha)), Contains("NaN"));
  broken.alpha(1, 1) = std::numeric_limits<double>::infinity();
  CHECK_THAT(text(foreground_multilevel(s.image, broken.alpha)), Contains("NaN"));
  broken.alpha(1, 1) = 255;
  CHECK_THAT(text(foreground_multilevel(s.image, broken.alpha)), Contains("wanted [0,1]"));
  ForegroundMultilevelOptions options;
  options.regularization = 0;
  CHECK_THAT(text(foreground_multilevel(s.image, s.alpha, options)), Contains("regularization > 0"));
  options = {};
  options.big_iterations = -1;
  CHECK_THAT(text(foreground_multilevel(s.image, s.alpha, options)), Contains("iteration counts"));
}

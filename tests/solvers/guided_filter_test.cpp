#include "hairline/solvers/guided_filter.hpp"

#include <Eigen/Dense>
#include <limits>
#include <random>
#include <vector>

#include "tests/solvers/colour_golden.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {

Image<double> noise(Shape shape, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> unit(0, 1);
  Image<double> image(shape);
  for (auto& v : image) v = unit(random);
  return image;
}

// The definition, window by window: a ridge regression on centred samples by Eigen's own solver, then the mean of the
// models of all windows that hold the pixel.
Image<double> plain_guided(const Image<double>& guide, const Image<double>& target, int radius, double epsilon) {
  const int h = guide.height(), w = guide.width(), channels = guide.channels();
  Image<double> out(target.shape());
  for (int t = 0; t < target.channels(); ++t) {
    std::vector<Eigen::VectorXd> a;
    std::vector<double> b;
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        std::vector<std::pair<int, int>> window;
        for (int v = std::max(0, y - radius); v <= std::min(h - 1, y + radius); ++v)
          for (int u = std::max(0, x - radius); u <= std::min(w - 1, x + radius); ++u) window.push_back({v, u});
        const auto n = static_cast<Eigen::Index>(window.size());
        Eigen::MatrixXd samples(n, channels);
        Eigen::VectorXd values(n);
        for (Eigen::Index k = 0; k < n; ++k) {
          const auto [v, u] = window[static_cast<std::size_t>(k)];
          for (int c = 0; c < channels; ++c) samples(k, c) = guide(v, u, c);
          values(k) = target(v, u, t);
        }
        const Eigen::RowVectorXd mean = samples.colwise().mean();
        samples.rowwise() -= mean;
        Eigen::MatrixXd normal = samples.transpose() * samples / static_cast<double>(n);
        normal.diagonal().array() += epsilon;
        const Eigen::VectorXd right = samples.transpose() * values / static_cast<double>(n);
        a.push_back(normal.fullPivLu().solve(right));
        b.push_back(values.mean() - mean.dot(a.back()));
      }
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        double sum = 0, count = 0;
        for (int v = std::max(0, y - radius); v <= std::min(h - 1, y + radius); ++v)
          for (int u = std::max(0, x - radius); u <= std::min(w - 1, x + radius); ++u) {
            const auto k = static_cast<std::size_t>(v * w + u);
            sum += b[k];
            for (int c = 0; c < channels; ++c) sum += a[k](c) * guide(y, x, c);
            count += 1;
          }
        out(y, x, t) = sum / count;
      }
  }
  return out;
}

}  // namespace

TEMPLATE_TEST_CASE("guided filter equals a solve per window", "[guided_filter]", float, double) {
  const int channels = GENERATE(1, 3);
  const int targets = GENERATE(1, 2);
  const auto [size, radius] = GENERATE(table<Shape, int>({{Shape{1, 1, 1}, 1},
                                                          {Shape{1, 13, 1}, 2},
                                                          {Shape{11, 1, 1}, 4},
                                                          {Shape{7, 9, 1}, 1},
                                                          {Shape{13, 11, 1}, 2},
                                                          {Shape{9, 14, 1}, 3},
                                                          {Shape{15, 17, 1}, 4},
                                                          {Shape{12, 19, 1}, 5},
                                                          {Shape{5, 6, 1}, 30}}));
  const double epsilon = GENERATE(1e-2, 1e-6);
  const auto guide = noise(Shape{size.height, size.width, channels}, 1);
  const auto target = noise(Shape{size.height, size.width, targets}, 2);
  CAPTURE(channels, targets, to_string(size), radius, epsilon);
  const auto result = guided_filter<TestType>(guide, target, {radius, epsilon, 2});
  // Windows of 1x2 or 2x2 pixels make the regression as ill-conditioned as epsilon allows (1e5), which multiplies
  // rounding: of sums in double (1e-15), and in float of the input (6e-8 times coefficients of up to about 100).
  const double tolerance = std::is_same_v<TestType, float> ? 2e-4 : 1e-9;
  CHECK(largest_difference(result.value(), plain_guided(guide, target, radius, epsilon)) <= tolerance);
}

TEST_CASE("guided filter equals the recorded numpy values", "[guided_filter][golden]") {
  const ColourGolden golden;
  const auto& recorded = golden.values.at("guided");
  const auto output = golden.picture(recorded.at("output"), 1);
  const GuidedFilterOptions options{recorded.at("radius"), recorded.at("epsilon"), 0};
  CHECK(largest_difference(guided_filter<double>(golden.image, golden.alpha, options).value(), output) <= 1e-7);
  // Coefficients of size 10 stored in float.
  CHECK(largest_difference(guided_filter<float>(golden.image, golden.alpha, options).value(), output) <= 1e-5);
}

TEST_CASE("a constant guide leaves a box filter applied twice", "[guided_filter]") {
  const Image<double> guide(Shape{9, 12, 3}, 0.7);
  const auto target = noise(Shape{9, 12, 1}, 3);
  const auto once = box_mean<double>(target.view(), 2).value();
  const auto twice = box_mean<double>(once.view(), 2).value();
  CHECK(largest_difference(guided_filter<double>(guide, target, {2, 1e-6, 0}).value(), twice) <= 1e-9);
}

TEST_CASE("a colour guide of three equal channels behaves like the grey one", "[guided_filter]") {
  const auto grey = noise(Shape{20, 23, 1}, 4), target = noise(Shape{20, 23, 1}, 5);
  Image<double> colour(Shape{20, 23, 3});
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 23; ++x)
      for (int c = 0; c < 3; ++c) colour(y, x, c) = grey(y, x);
  // Three equal channels share the coefficient, so the penalty on each counts a third.
  const auto wanted = guided_filter<double>(grey, target, {3, 1e-6 / 3, 0}).value();
  CHECK(largest_difference(guided_filter<double>(colour, target, {3, 1e-6, 0}).value(), wanted) <= 1e-8);
  // The covariance is singular to 1e-17: in float, too, nothing blows up.
  CHECK(largest_difference(guided_filter<float>(colour, target, {3, 1e-6, 0}).value(), wanted) <= 1e-4);
}

TEST_CASE("a small epsilon keeps its accuracy in float on a large flat picture", "[guided_filter]") {
  // A ramp of one thousandth on a bright guide: single-precision E[xx] - E[x]E[x] would be all rounding.
  Image<float> guide(Shape{64, 300, 1}), target(Shape{64, 300, 1});
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 300; ++x) {
      guide(y, x) = 0.9f + 0.01f * static_cast<float>(x) / 300.0f;
      target(y, x) = static_cast<float>(x) / 300.0f;
    }
  const auto single = guided_filter<float>(guide, target, {8, 1e-8, 0}).value();
  const auto precise = guided_filter<double>(guide, target, {8, 1e-8, 0}).value();
  // Coefficients reach 80, so half a unit in the last place of guide and coefficient gives 80 * 6e-8 and a little more.
  CHECK(largest_difference(single, precise) <= 5e-5);
  // var = 0.01^2 / 300^2 * (17^2 - 1) / 12 = 2.7e-8 against epsilon 1e-8: the ramp must survive in the main.
  CHECK(precise(32, 200) - precise(32, 100) > 0.3);
}

TEST_CASE("fast guided filter", "[guided_filter]") {
  const auto guide = noise(Shape{33, 41, 3}, 6), target = noise(Shape{33, 41, 2}, 7);
  SECTION("without sub-sampling it is the guided filter") {
    const auto slow = guided_filter<float>(guide, target, {5, 1e-4, 0}).value();
    CHECK(largest_difference(fast_guided_filter<float>(guide, target, {5, 1e-4, 1, 0}).value(), slow) == 0);
  }
  SECTION("equals its definition: block means, filter, bilinear coefficients") {
    // Written backwards from the output pixel, with plain loops; 32x40 pixels in blocks of 4.
    const int h = 32, w = 40, s = 4;
    const auto grey = noise(Shape{h, w, 1}, 8), input = noise(Shape{h, w, 1}, 9);
    const auto shrink = [&](const Image<double>& full) {
      Image<double> small(Shape{h / s, w / s, 1});
      for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x) small(y / s, x / s) += full(y, x) / (s * s);
      return small;
    };
    const auto i = shrink(grey), p = shrink(input);
    // Mean coefficients from two applications of the plain filter's linearity in the guide at the centre pixel:
    // output(guide = g) = A g + B, so evaluate A and B window by window.
    const int r = 2;
    const auto mean = [&](auto f, int y, int x) {
      double sum = 0, n = 0;
      for (int v = std::max(0, y - r); v <= std::min(h / s - 1, y + r); ++v)
        for (int u = std::max(0, x - r); u <= std::min(w / s - 1, x + r); ++u, ++n) sum += f(v, u);
      return sum / n;
    };
    const auto a = [&](int y, int x) {
      const double mi = mean(i, y, x), mp = mean(p, y, x);
      const double cov = mean([&](int v, int u) { return (i(v, u) - mi) * (p(v, u) - mp); }, y, x);
      return cov / (mean([&](int v, int u) { return (i(v, u) - mi) * (i(v, u) - mi); }, y, x) + 1e-3);
    };
    const auto b = [&](int y, int x) { return mean(p, y, x) - a(y, x) * mean(i, y, x); };
    const auto result = fast_guided_filter<double>(grey, input, {8, 1e-3, s, 0}).value();
    for (const auto& [y, x] : {std::pair{0, 0}, {1, 2}, {13, 17}, {31, 39}, {14, 38}, {30, 3}}) {
      double sum = 0;
      for (int v = 0; v < h / s; ++v)
        for (int u = 0; u < w / s; ++u) {
          const double cy = std::clamp((y + 0.5) / s - 0.5, 0.0, h / s - 1.0);
          const double cx = std::clamp((x + 0.5) / s - 0.5, 0.0, w / s - 1.0);
          const double tent = std::max(0.0, 1 - std::abs(cy - v)) * std::max(0.0, 1 - std::abs(cx - u));
          if (tent > 0) sum += tent * (mean(a, v, u) * grey(y, x) + mean(b, v, u));
        }
      CHECK(result(y, x) == Approx(sum).margin(1e-12));
    }
  }
  SECTION("is close to the guided filter on smooth pictures, ragged sizes included") {
    Image<double> smooth(Shape{61, 83, 3}), soft(Shape{61, 83, 1});
    for (int y = 0; y < 61; ++y)
      for (int x = 0; x < 83; ++x) {
        for (int c = 0; c < 3; ++c) smooth(y, x, c) = 0.5 + 0.4 * std::sin(0.05 * x + 0.04 * y + c);
        soft(y, x) = 0.5 + 0.5 * std::sin(0.05 * x + 0.04 * y);
      }
    const auto full = guided_filter<double>(smooth, soft, {8, 1e-4, 0}).value();
    // The target is a linear function of the guide in every window, so sub-sampling only moves the regularised part.
    CHECK(largest_difference(fast_guided_filter<double>(smooth, soft, {8, 1e-4, 4, 0}).value(), full) <= 0.02);
  }
  SECTION("blocks larger than the picture give its mean") {
    const auto result =
        fast_guided_filter<double>(noise(Shape{5, 7, 3}, 1), Image<double>(Shape{5, 7, 1}, 0.25), {3, 1e-4, 1000, 0});
    CHECK(largest_difference(result.value(), Image<double>(Shape{5, 7, 1}, 0.25)) <= 1e-12);
  }
}

TEST_CASE("guided filter gives the same bits for every thread count", "[guided_filter]") {
  const auto guide = noise(Shape{120, 31, 3}, 6), target = noise(Shape{120, 31, 1}, 7);
  for (const int subsample : {1, 3}) {
    const auto one = fast_guided_filter<float>(guide, target, {5, 1e-4, subsample, 1}).value();
    for (const int threads : {2, 5})
      CHECK(largest_difference(one, fast_guided_filter<float>(guide, target, {5, 1e-4, subsample, threads}).value()) ==
            0);
  }
}

TEST_CASE("guided filter refuses bad input with a clear text", "[guided_filter]") {
  using Catch::Matchers::Contains;
  const auto guide = noise(Shape{4, 5, 3}, 1), target = noise(Shape{4, 5, 1}, 2);
  const auto text = [](const auto& result) { return result.has_value() ? std::string() : result.error().message; };
  CHECK_THAT(text(guided_filter(Image<float>(), target)), Contains("guide has no pixels"));
  CHECK_THAT(text(guided_filter(guide, Image<float>())), Contains("wanted 5x4"));
  CHECK_THAT(text(guided_filter(guide, Image<float>(Shape{4, 6, 1}))), Contains("6x4"));
  CHECK_THAT(text(guided_filter(Image<float>(Shape{4, 5, 2}), target)), Contains("2 channels"));
  CHECK_THAT(text(guided_filter(guide, target, {-1, 1e-6, 0})), Contains("radius >= 0"));
  CHECK_THAT(text(guided_filter(guide, target, {1, 0.0, 0})), Contains("epsilon > 0"));
  CHECK_THAT(text(fast_guided_filter(guide, target, {1, 1e-4, 0, 0})), Contains("subsample >= 1"));
  auto broken = target;
  broken(0, 0) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THAT(text(guided_filter(guide, broken)), Contains("NaN"));
}

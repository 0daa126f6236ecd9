// An alpha weighed against colours: the posterior against dense matrices in double, and what comes of blunders.
#include "hairline/solvers/weigh_colours.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "hairline/core/convert.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/difference.hpp"

using namespace hairline;

namespace {

Eigen::Matrix3d dense(const detail::Symmetric3& s) {
  Eigen::Matrix3d m;
  m << s[0], s[1], s[2], s[1], s[3], s[4], s[2], s[4], s[5];
  return m;
}
Eigen::Vector3d dense(const std::array<float, 3>& v) { return {v[0], v[1], v[2]}; }

double distance(const detail::Mixture& m, double alpha) {
  const Eigen::Matrix3d s = alpha * alpha * dense(m.subject.spread) + (1 - alpha) * (1 - alpha) * dense(m.unsure) +
                            static_cast<double>(m.noise * m.noise) * Eigen::Matrix3d::Identity();
  const Eigen::Vector3d r = dense(m.colour) - alpha * dense(m.subject.mean) - (1 - alpha) * dense(m.plate);
  return r.dot(s.ldlt().solve(r));
}

// The beta-binomial distribution's, written with gamma functions.
double prior_of(int j, int n, double a, double b) {
  const auto beta = [](double p, double q) { return std::lgamma(p) + std::lgamma(q) - std::lgamma(p + q); };
  return std::exp(std::lgamma(n + 1) - std::lgamma(j + 1) - std::lgamma(n - j + 1) + beta(j + a, n - j + b) -
                  beta(a, b));
}

detail::Mixture random_mixture(std::mt19937& random) {
  std::uniform_real_distribution<float> u(0, 1);
  const auto colour = [&] { return std::array<float, 3>{u(random), u(random), u(random)}; };
  const auto covariance = [&](float scale) {
    Eigen::Matrix3f a;
    for (int i = 0; i < 9; ++i) a.data()[i] = scale * (u(random) - 0.5f);
    const Eigen::Matrix3f s = a * a.transpose();
    return detail::Symmetric3{s(0, 0), s(0, 1), s(0, 2), s(1, 1), s(1, 2), s(2, 2)};
  };
  return {colour(), colour(), {1, colour(), covariance(0.3f)}, covariance(0.05f), 0.012f};
}

struct Case {
  Image<float> picture, plate, truth, given;
};

// A brown disc with a soft edge over a blue plate with some texture, everything a little noisy; the alpha given is the
// truth but for a gap in the disc, through which 0.6 of the plate are seen, and a haze beside it.
Case blunder(int h = 120, int w = 160, float light = 1) {
  std::mt19937 random(7);
  std::normal_distribution<float> noise(0, 0.008f), grain(0, 0.03f);
  const Shape shape{h, w, 3}, plane{h, w, 1};
  Case c{Image<float>(shape), Image<float>(shape), Plane(plane), Plane(plane)};
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const float r = std::hypot(static_cast<float>(y - h / 2), static_cast<float>(x - w / 2));
      const bool gap = std::abs(y - h / 2 + 20) < 3 && std::abs(x - w / 2) < 4;
      const bool haze = std::abs(y - h / 2) < 5 && x - w / 2 > 48 && x - w / 2 < 56;
      c.truth(y, x) = gap ? 0.4f : std::clamp((44 - r) / 4, 0.0f, 1.0f);
      c.given(y, x) = gap ? 0.85f : haze ? 0.3f : c.truth(y, x);
      const float a = c.truth(y, x), shade = grain(random);
      for (int i = 0; i < 3; ++i) {
        const float f = (i == 0 ? 0.45f : i == 1 ? 0.3f : 0.2f) + shade;
        const float b = (i == 0 ? 0.5f : i == 1 ? 0.65f : 0.85f) + 0.05f * std::sin(0.3f * static_cast<float>(x + y));
        c.picture(y, x, i) = std::clamp(a * f + (1 - a) * b + noise(random), 0.0f, 1.0f);
        c.plate(y, x, i) = std::clamp(light * b + noise(random), 0.0f, 1.0f);
      }
    }
  return c;
}

Plane weighed(const Case& c, int threads = 2, ColourWeighing options = {}) {
  ThreadPool pool(threads);
  Plane alpha = c.given;
  REQUIRE(weigh_colours(c.picture, c.plate, alpha.view(), {}, options, pool));
  return alpha;
}

}  // namespace

TEST_CASE("a mixture's posterior is that of dense matrices and gamma functions in double", "[colours]") {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> u(0, 1);
  for (int i = 0; i < 200; ++i) {
    const detail::Mixture m = random_mixture(random);
    const float alpha = i == 0 ? 1 : 0.01f + 0.98f * u(random), prior = 0.5f + 8 * u(random);
    double sum = 0, mean = 0;
    for (int j = 0; j <= 8; ++j) {
      const double against = std::max((1 - static_cast<double>(alpha)) * static_cast<double>(prior), 1e-5);
      const double weight =
          prior_of(j, 8, static_cast<double>(alpha * prior), against) * std::pow(1 + distance(m, j / 8.0), -2);
      sum += weight;
      mean += weight * j / 8;
    }
    CAPTURE(i, alpha, prior);
    // In single precision the matrices of subjects with little spread lose some three digits.
    CHECK(m.posterior(alpha, prior) == Approx(mean / sum).margin(2e-3));
    CHECK(m.alien() == Approx(std::sqrt(distance(m, 1))).epsilon(2e-3));
  }
}

TEST_CASE("without evidence the posterior is the alpha given", "[colours]") {
  detail::Mixture m{{0.4f, 0.5f, 0.6f}, {0.4f, 0.5f, 0.6f}, {1, {0.4f, 0.5f, 0.6f}, {}}, {}, 0.012f};
  for (const float alpha : {0.01f, 0.2f, 0.5f, 0.9f, 0.99f}) {
    CHECK(m.posterior(alpha, 4) == Approx(alpha).margin(1e-5));
    CHECK(detail::weighed(m, alpha, m.alien(), alpha, 4) == Approx(alpha).margin(1e-5));
  }
}

TEST_CASE("the likeliest foreground is that of the normal equations", "[colours]") {
  std::mt19937 random(2);
  for (int i = 0; i < 50; ++i) {
    detail::Mixture m = random_mixture(random);
    m.noise = 0.05f;  // so that the two ways to write it are both well conditioned
    const double a = 0.2 + 0.01 * i;
    // maximises -(F - mean) P (F - mean) - (r - a (F - mean)) N (r - a (F - mean)), P and N inverse covariances
    const Eigen::Matrix3d p = (dense(m.subject.spread) + 1e-9 * Eigen::Matrix3d::Identity()).inverse();
    const Eigen::Matrix3d n = ((1 - a) * (1 - a) * dense(m.unsure) + 0.0025 * Eigen::Matrix3d::Identity()).inverse();
    const Eigen::Vector3d r = dense(m.colour) - a * dense(m.subject.mean) - (1 - a) * dense(m.plate);
    const Eigen::Vector3d f = dense(m.subject.mean) + (p + a * a * n).ldlt().solve(a * n * r);
    const auto found = m.foreground(static_cast<float>(a));
    for (int k = 0; k < 3; ++k)
      CHECK(found[static_cast<std::size_t>(k)] == Approx(std::clamp(f[k], 0.0, 1.0)).margin(2e-3));
  }
}

TEST_CASE("windows hold mean and covariance of the colours in them", "[colours]") {
  ThreadPool pool(2);
  const Shape shape{90, 160, 1};
  const std::array<float, 3> dark{0.1f, 0.2f, 0.3f}, light{0.5f, 0.3f, 0.9f};
  const detail::ColourWindows windows(shape, 0.05, pool, [&](int y, int x, float* to) {
    detail::add_colour(0.5f, (x + y) % 2 == 0 ? dark : light, to);
  });
  for (const auto& [y, x] : {std::pair{0, 0}, {45, 80}, {89, 159}, {17, 101}}) {
    const detail::LocalColour found = detail::colour_at(windows, y, x);
    CHECK(found.weight == Approx(0.5f));
    for (std::size_t i = 0, k = 0; i < 3; ++i) {
      CHECK(found.mean[i] == Approx((dark[i] + light[i]) / 2));
      for (std::size_t j = i; j < 3; ++j, ++k)
        CHECK(found.spread[k] == Approx((light[i] - dark[i]) * (light[j] - dark[j]) / 4).margin(1e-6));
    }
  }
}

TEST_CASE("gaps that were closed and haze that is none are found by their colours", "[colours]") {
  const Case c = blunder();
  const Plane alpha = weighed(c);
  CHECK(mean_squared_difference(c.given, c.truth) > 6e-4);
  CHECK(mean_squared_difference(alpha, c.truth) <
        2e-4);  // the subject's grain of 0.03 makes alpha uncertain to about as much
  double gap = 0;
  for (int y = 38; y < 43; ++y)
    for (int x = 77; x < 84; ++x) gap += static_cast<double>(alpha(y, x)) / 35;
  CHECK(gap < (0.4 + 0.85) / 2);
  CHECK(alpha(60, 80 + 52) < 0.05f);
  // a plate lit otherwise, by four deviations of its noise
  const Case lit = blunder(120, 160, 0.95f);
  CHECK(mean_squared_difference(weighed(lit), lit.truth) < 3e-4);
}

TEST_CASE("what has the plate's colour stays where the subject has such colours", "[colours]") {
  // a white figure with dark stripes before a white wall
  const Shape shape{120, 120, 3};
  Case c{Image<float>(shape, 0.92f), Image<float>(shape, 0.92f), Plane(Shape{120, 120, 1}), Plane(Shape{120, 120, 1})};
  for (int y = 20; y < 120; ++y)
    for (int x = 30; x < 90; ++x) {
      c.given(y, x) = x > 50 && x < 60 ? 0.85f : 1;
      if (x % 8 == 0)
        for (int i = 0; i < 3; ++i) c.picture(y, x, i) = 0.2f;
    }
  const Plane alpha = weighed(c);
  for (int y = 30; y < 110; ++y)
    for (int x = 51; x < 60; ++x) CHECK(alpha(y, x) > 0.8f);
  // in a dark subject the same is a hole, unless it is said to be the subject's all but surely
  for (int y = 20; y < 120; ++y)
    for (int x = 30; x < 90; ++x) {
      const bool gap = x > 50 && x < 60;
      if (gap) c.given(y, x) = 0.6f;
      for (int i = 0; i < 3; ++i) c.picture(y, x, i) = gap ? 0.92f : 0.2f;
    }
  const Plane open = weighed(c);
  CHECK(open(60, 55) < 0.1f);
}

TEST_CASE("weighing gives the same for any number of threads and any pixel type, and leaves certainty alone",
          "[colours]") {
  const Case c = blunder();
  const Plane one = weighed(c, 1);
  for (const int threads : {2, 5}) {
    const Plane many = weighed(c, threads);
    CHECK(std::equal(one.begin(), one.end(), many.begin()));
  }
  for (std::size_t i = 0; i < one.size(); ++i) {
    if (c.given.data()[i] == 0) CHECK(one.data()[i] == 0);
    CHECK((one.data()[i] >= 0 && one.data()[i] <= 1));
  }
  ThreadPool pool(2);
  const auto bytes = convert<std::uint8_t>(c.picture), behind = convert<std::uint8_t>(c.plate);
  Plane from_bytes = c.given, from_floats = c.given;
  REQUIRE(weigh_colours(bytes, behind, from_bytes.view(), {}, {}, pool));
  REQUIRE(weigh_colours(convert<float>(bytes), convert<float>(behind), from_floats.view(), {}, {}, pool));
  CHECK(std::equal(from_bytes.begin(), from_bytes.end(), from_floats.begin()));
}

TEST_CASE("the foreground is found where alpha is weighed", "[colours]") {
  const Case c = blunder();
  ThreadPool pool(2);
  Plane alpha = c.given;
  Image<float> foreground = c.picture;
  const auto moved = weigh_colours(c.picture, c.plate, alpha.view(), foreground.view(), {}, pool);
  REQUIRE(moved);
  std::size_t count = 0;
  for (int y = 0; y < alpha.height(); ++y)
    for (int x = 0; x < alpha.width(); ++x) {
      count += std::abs(alpha(y, x) - c.given(y, x)) > 1.0f / 255;
      if (c.given(y, x) == 0)
        for (int i = 0; i < 3; ++i) CHECK(foreground(y, x, i) == c.picture(y, x, i));
    }
  CHECK(*moved == count);
  // in the gap the picture has the plate's blue for the most part, 0.85, and not the disc's, 0.2
  CHECK(foreground(40, 80, 2) < (0.2f + c.picture(40, 80, 2)) / 2);
}

TEST_CASE("weighing takes pictures of any size, grey and with alpha, and says what it cannot take", "[colours]") {
  ThreadPool pool(1);
  for (const Shape& s : {Shape{1, 1, 3}, {3, 50, 3}, {38, 9, 4}, {20, 20, 1}}) {
    const Image<float> picture(s, 0.6f), plate(s, 0.3f);
    Plane alpha(Shape{s.height, s.width, 1}, 0.5f);
    alpha(0, 0) = 1;
    REQUIRE(weigh_colours(picture, plate, alpha.view(), {}, {}, pool));
    for (const float a : alpha) CHECK((a >= 0 && a <= 1));
  }
  const Image<float> picture(Shape{8, 9, 3}), other(Shape{8, 8, 3}), two(Shape{8, 9, 2});
  Plane alpha(Shape{8, 9, 1}), small(Shape{8, 8, 1});
  Image<float> colour(Shape{9, 9, 3});
  const auto message = [&](AnyView p, AnyView b, View<float> a, View<float> f, const ColourWeighing& o) {
    const auto r = weigh_colours(p, b, a, f, o, pool);
    REQUIRE_FALSE(r);
    CHECK(r.error().code == ErrorCode::invalid_argument);
    return r.error().message;
  };
  CHECK(message(picture, other, alpha.view(), {}, {}) ==
        "the plate has 8x8 pixels, wanted 9x8, the size of the picture");
  CHECK(message(picture, picture, small.view(), {}, {}) ==
        "the alpha has 8x8 pixels, wanted 9x8, the size of the picture");
  CHECK(message(picture, picture, alpha.view(), colour.view(), {}) ==
        "the foreground has 9x9 pixels, wanted 9x8, the size of the picture");
  Image<float> four(Shape{8, 9, 4});
  CHECK(message(picture, picture, alpha.view(), four.view(), {}) == "the foreground has 4 channels, wanted 3");
  alpha(3, 3) = std::numeric_limits<float>::quiet_NaN();
  CHECK(message(picture, picture, alpha.view(), {}, {}) ==
        "the alpha holds a value that is not a number (NaN or infinite)");
  alpha(3, 3) = 0;
  CHECK(message(two, picture, alpha.view(), {}, {}) ==
        "the picture has 2 channels, wanted 1 (grey), 3 (RGB) or 4 (RGBA)");
  CHECK(message(picture, picture, alpha.view(), {}, {.prior = 0}).find("positive prior") != std::string::npos);
  CHECK(message(picture, picture, alpha.view(), {}, {.reach = 2}).find("reach") != std::string::npos);
  Image<float> broken(Shape{8, 9, 3});
  broken(1, 1, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK(message(picture, broken, alpha.view(), {}, {}) ==
        "the plate holds a value that is not a number (NaN or infinite)");
}

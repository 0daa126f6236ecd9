#include "hairline/solvers/plate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "hairline/solvers/plate_settling.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/difference.hpp"

using namespace hairline;

namespace {

// A value in [0,1) for every integer triple; the same on every machine.
float hash(int y, int x, int k) {
  std::uint32_t v = static_cast<std::uint32_t>(y) * 73856093u ^ static_cast<std::uint32_t>(x) * 19349663u ^
                    static_cast<std::uint32_t>(k) * 83492791u;
  v = (v ^ (v >> 16)) * 0x7feb352du;
  v = (v ^ (v >> 15)) * 0x846ca68bu;
  v ^= v >> 16;
  return static_cast<float>(v >> 8) / 16777216.0f;
}

// Deviation 1, nearly Gaussian.
float noise(int y, int x, int k) {
  float s = 0;
  for (int i = 0; i < 4; ++i) s += hash(y, x, 4 * k + i) - 0.5f;
  return s * 1.7320508f;
}

// A continuous background, so that a shift by a part of a pixel is exact.
float scene(double y, double x, int c) {
  const double v = 0.45 + 0.12 * std::sin(0.11 * x + 0.07 * y + c) + 0.08 * std::sin(0.31 * y - 0.23 * x + 2 * c) +
                   0.05 * std::sin(0.61 * x + 0.05 * y) * std::cos(0.47 * y) + 0.1 * (c == 1) * y / 200;
  return static_cast<float>(v);
}

struct Setup {
  int h = 160, w = 200;
  double dy = 0, dx = 0;
  float gain = 1, offset = 0, grain = 0.008f;
  bool shadow = false, subject = true, grey = false;
};

struct Case {
  Image<float> image, plate, alpha;
};

// A disc with soft edge and strands, warm, patterned, over the scene.
Case make(const Setup& s) {
  const Shape shape{s.h, s.w, s.grey ? 1 : 3};
  Case out{Image<float>(shape), Image<float>(shape), Image<float>(Shape{s.h, s.w, 1})};
  for (int y = 0; y < s.h; ++y)
    for (int x = 0; x < s.w; ++x) {
      const double r = std::hypot(y - s.h * 0.55, x - s.w * 0.5), angle = std::atan2(y - s.h * 0.55, x - s.w * 0.5);
      const double edge = s.h * 0.27 + 2 * std::sin(5 * angle);
      double a = std::clamp((edge + 1.5 - r) / 3, 0.0, 1.0);
      if (r > edge && r < edge + 14)
        a = std::max(a, 0.7 * std::pow(std::max(0.0, std::cos(40 * angle)), 6) * (edge + 14 - r) / 14);
      if (!s.subject) a = 0;
      out.alpha(y, x) = static_cast<float>(a);
      const double dark =
          s.shadow ? 1 - 0.25 * std::exp(-std::pow((y - s.h * 0.5) / 30, 2) - std::pow((x - s.w * 0.85) / 25, 2)) : 1;
      for (int c = 0; c < shape.channels; ++c) {
        const double pattern = 0.08 * std::sin(0.9 * x) * std::sin(0.4 * y);
        const double f = (c == 0 ? 0.85 : c == 1 ? 0.55 : 0.3) + pattern;
        const double seen = a * f + (1 - a) * dark * static_cast<double>(scene(y, x, c));
        out.image(y, x, c) = static_cast<float>(seen) + s.grain * noise(y, x, c);
        // The plate is read dy, dx further on, so it was shot with the scene moved by as much.
        out.plate(y, x, c) = (scene(y - s.dy, x - s.dx, c) - s.offset) / s.gain + s.grain * noise(y, x, c + 5);
      }
    }
  return out;
}

PlateOptions two_threads() {
  PlateOptions o;
  o.solve.threads = 2;
  return o;
}

}  // namespace

TEST_CASE("a subject in front of a noisy, shifted, brighter plate is cut out", "[plate]") {
  Setup s;
  s.dy = 0.6;
  s.dx = -1;
  s.gain = 1.02f;
  const Case c = make(s);
  const auto r = plate_matting(c.image, c.plate, two_threads());
  REQUIRE(r);
  CAPTURE(mean_squared_difference(r->alpha, c.alpha), r->noise.sigma[0], r->report.iterations);
  CHECK(mean_squared_difference(r->alpha, c.alpha) < 2.5e-3);
  CHECK(r->report.status == SolveStatus::converged);
  // Shift to a twentieth of a pixel, exposure (seen in the middle of the range) to half a percent.
  CHECK(std::abs(r->alignment.shift[0] - s.dy) < 0.05);
  CHECK(std::abs(r->alignment.shift[1] - s.dx) < 0.05);
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(std::abs(0.45 * r->alignment.gain[k] + r->alignment.offset[k] - 0.45 * static_cast<double>(s.gain)) < 0.005);
    // Both pictures are noisy; interpolation by 0.6 px averages part of the plate's away.
    CHECK(r->noise.sigma[k] > 0.007);
    CHECK(r->noise.sigma[k] < 0.014);
  }
  // The trimap holds all three classes and is never wrong by more than a trace.
  std::size_t known = 0, wrong = 0;
  for (std::size_t i = 0; i < c.alpha.size(); ++i) {
    const float t = r->trimap.data()[i];
    CHECK_FALSE((t != 0 && t != 1 && t != 128.0f / 255));
    if (t == 0 || t == 1) {
      ++known;
      wrong += std::abs(t - c.alpha.data()[i]) > 0.2f;
    }
  }
  CHECK(known > c.alpha.size() / 2);
  CHECK(wrong < c.alpha.size() / 200);
}

TEST_CASE("an offset and a gain per picture are recovered without a shift", "[plate]") {
  Setup s;
  s.gain = 0.97f;
  s.offset = 0.02f;
  const Case c = make(s);
  PlateOptions o = two_threads();
  o.motion = PlateMotion::none;
  const auto r = plate_matting(c.image, c.plate, o);
  REQUIRE(r);
  CHECK(r->alignment.shift[0] == 0);
  CHECK(r->alignment.shift[1] == 0);
  for (std::size_t k = 0; k < 3; ++k)
    for (const double level : {0.3, 0.6})
      CHECK(std::abs(r->alignment.gain[k] * (level - 0.02) / 0.97 + r->alignment.offset[k] - level) < 0.006);
  CHECK(mean_squared_difference(r->alpha, c.alpha) < 2.5e-3);
}

TEST_CASE("a plate shot again by hand is found by a homography", "[plate]") {
  const int h = 180, w = 220;
  Image<float> image(Shape{h, w, 3}), plate(Shape{h, w, 3});
  const double turn = 0.01, zoom = 1.008;
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x)
      for (int c = 0; c < 3; ++c) {
        const double v = y - h / 2.0, u = x - w / 2.0;
        image(y, x, c) = scene(y, x, c);
        plate(y, x, c) = scene(h / 2.0 + zoom * (v + turn * u) + 3.3, w / 2.0 + zoom * (u - turn * v) - 5.2, c);
        if (std::hypot(v, u) < 45) image(y, x, c) = c == 0 ? 0.9f : 0.2f;
      }
  ThreadPool pool(2);
  const auto a = align_plate(image, plate, PlateMotion::homography, 16, true, pool);
  const auto moved = apply_alignment(plate, a, pool);
  double worst = 0;
  for (int y = 12; y < h - 12; ++y)
    for (int x = 12; x < w - 12; ++x)
      for (int c = 0; c < 3; ++c)
        worst =
            std::max(worst, std::abs(static_cast<double>(moved.plate(y, x, c)) - static_cast<double>(scene(y, x, c))));
  CHECK(worst < 0.02);  // the scene's contrast is 0.5
}

TEST_CASE("a plate some pixels off and lit otherwise is settled, one in place stays as it is", "[plate]") {
  ThreadPool pool(2);
  for (const int h : {160, 1200}) {  // the second is looked at in a smaller copy
    const Setup s{.h = h, .w = h * 5 / 4, .dy = 0.6, .dx = -1, .gain = 1.02f};
    const Case c = make(s);
    const PlateAlignment found = find_alignment(c.image, c.plate, false, pool);
    CHECK(found.shift[0] == Approx(0.6).margin(0.05));
    CHECK(found.shift[1] == Approx(-1).margin(0.05));
    CHECK(0.45 * found.gain[1] + found.offset[1] == Approx(0.45 * 1.02).margin(0.005));
    const auto eight = find_alignment(convert<std::uint8_t>(c.image), convert<std::uint8_t>(c.plate), false, pool);
    CHECK(eight.shift[0] == Approx(found.shift[0]).margin(0.02));
    CHECK(alignment_misfit(c.image, c.plate, found, pool) < 0.7 * alignment_misfit(c.image, c.plate, {}, pool));
  }
  const Case still = make({});
  const PlateAlignment none = find_alignment(still.image, still.plate, true, pool);
  CHECK(none.is_identity());
  CHECK(none.warp == PlateAlignment{}.warp);
  CHECK(none.gain == PlateAlignment{}.gain);
}

TEST_CASE("a plate that was exposed longer and lost its lights differs from the picture in nothing", "[plate]") {
  ThreadPool pool(2);
  Image<float> image(Shape{200, 260, 3}), plate(Shape{200, 260, 3});
  const auto subject = [](int y, int x) { return std::hypot(y - 90, x - 80) < 35; };
  for (int y = 0; y < 200; ++y)
    for (int x = 0; x < 260; ++x)
      for (int c = 0; c < 3; ++c) {
        const float behind = x < 160 ? 0.9f * scene(y, x, c) : 0.93f;  // the right is a window
        plate(y, x, c) = std::min(behind / 0.88f, 1.0f) + 0.002f * noise(y, x, c);
        image(y, x, c) = (subject(y, x) ? 0.2f : behind) + 0.002f * noise(y, x, c + 5);
      }
  const Image<float> moved = moved_plate(image, plate, false, pool);
  REQUIRE(moved.shape() == image.shape());
  for (int y = 5; y < 195; ++y)
    for (int x = 5; x < 255; ++x)
      for (int c = 0; c < 3; ++c)
        if (!subject(y, x) && std::abs(x - 160) > 3)  // off the window's edge: 0.02 and two noises
          CHECK(std::abs(moved(y, x, c) - image(y, x, c)) < 0.04f);
  CHECK(moved_plate(image, image, false, pool).empty());
  // Only near white, only between the two exposures, and by nothing when they are about equal.
  CHECK(detail::within_exposure(0.7f, 0.66f, 0.88f, 0) == 0.66f);
  CHECK(detail::within_exposure(0.93f, 0.88f, 0.88f, 0) == 0.93f);
  CHECK(detail::within_exposure(0.5f, 0.88f, 0.88f, 0) == 0.88f);
  CHECK(detail::within_exposure(0.93f, 1.1f, 1.1f, 0) == Approx(1.02));
  CHECK(detail::within_exposure(0.97f, 0.98f, 0.985f, 0) == 0.98f);
}

TEST_CASE("before a flat wall nothing is read into noise, not even from the hand", "[plate]") {
  ThreadPool pool(2);
  Image<float> image(Shape{300, 400, 3}), plate(Shape{300, 400, 3});
  for (int y = 0; y < 300; ++y)
    for (int x = 0; x < 400; ++x)
      for (int c = 0; c < 3; ++c) {
        image(y, x, c) =
            (std::hypot(y - 200, x - 180) < 90 ? 0.3f + 0.2f * scene(y, x, c) : 0.9f) + 0.008f * noise(y, x, c);
        plate(y, x, c) = 0.98f * 0.9f + 0.008f * noise(y, x, c + 5);
      }
  const PlateAlignment found = find_alignment(image, plate, true, pool);
  for (const auto& [y, x] : {std::pair{0, 0}, {0, 399}, {299, 0}, {299, 399}}) {
    const auto at = detail::warped(found.warp, y, x);
    CHECK(std::hypot(at[0] - y, at[1] - x) < 4);
  }
  CHECK(found.gain[0] * 0.882 + found.offset[0] == Approx(0.9).margin(0.003));
}

TEST_CASE("a shifted plate is the same sampled pixel by pixel", "[plate]") {
  ThreadPool pool(2);
  Image<float> plate(Shape{21, 30, 3});
  for (int y = 0; y < 21; ++y)
    for (int x = 0; x < 30; ++x)
      for (int c = 0; c < 3; ++c) plate(y, x, c) = hash(y, x, c);
  for (const auto& [dy, dx] :
       {std::pair{0.6, -1.3}, {-4.25, 7.5}, {0.0, 0.5}, {25.0, 0.3}, {0.2, -40.0}, {2.0, -3.0}}) {
    PlateAlignment a;
    a.warp = {1, 0, dx, 0, 1, dy, 0, 0, 1};
    a.gain = {1.1, 1, 0.9};
    const AlignedPlate found = apply_alignment(plate, a, pool);
    for (int y = 0; y < 21; ++y)
      for (int x = 0; x < 30; ++x) {
        const auto wanted = detail::sample_cubic(plate, y + dy, x + dx);
        for (std::size_t c = 0; c < 3; ++c)
          CHECK(found.plate(y, x, static_cast<int>(c)) ==
                Approx(a.gain[c] * static_cast<double>(wanted.value[c])).margin(2e-6));
        CHECK((found.inside(y, x) != 0) == (y + dy >= -0.5 && x + dx >= -0.5 && y + dy <= 20.5 && x + dx <= 29.5));
      }
  }
}

TEST_CASE("a warp of a larger picture sends places where the smaller one's does", "[plate]") {
  const std::array<double, 9> warp{1.01, -0.02, 3, 0.015, 0.99, -2, 1e-5, -2e-5, 1};
  for (const double factor : {0.5, 2.0, 4.0}) {
    const auto large = detail::enlarged(warp, factor);
    CHECK(large[8] == Approx(1));
    for (const auto& [y, x] : {std::pair{0.0, 0.0}, {40.0, 7.0}, {12.5, 90.0}}) {
      const auto small = detail::warped(warp, y, x);
      const auto found = detail::warped(large, factor * (y + 0.5) - 0.5, factor * (x + 0.5) - 0.5);
      for (std::size_t k = 0; k < 2; ++k) CHECK(found[k] == Approx(factor * (small[k] + 0.5) - 0.5).margin(1e-9));
    }
  }
  const std::array<double, 9> shift{1, 0, 0.3, 0, 1, -0.7, 0, 0, 1};
  CHECK(detail::is_shift(detail::enlarged(shift, 2)));
  CHECK(detail::enlarged(shift, 2)[2] == 0.6);
}

TEST_CASE("a blurred picture is its sum with the kernel, the border repeated", "[plate]") {
  ThreadPool pool(2);
  const int h = 19, w = 23;
  Image<float> in(Shape{h, w, 3});
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x)
      for (int c = 0; c < 3; ++c) in(y, x, c) = hash(y, x, c);
  const double sigma = 1.2;
  const int radius = 4;
  const auto weight = [&](int i) { return std::exp(-0.5 * i * i / (sigma * sigma)); };
  double total = 0;
  for (int i = -radius; i <= radius; ++i) total += weight(i);
  const Image<float> found = detail::gaussian_blur(in, sigma, pool);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x)
      for (int c = 0; c < 3; ++c) {
        double sum = 0;
        for (int i = -radius; i <= radius; ++i)
          for (int j = -radius; j <= radius; ++j)
            sum += weight(i) * weight(j) *
                   static_cast<double>(in(std::clamp(y + i, 0, h - 1), std::clamp(x + j, 0, w - 1), c));
        CHECK(found(y, x, c) == Approx(sum / total / total).margin(1e-6));
      }
}

TEST_CASE("a plate off by next to nothing is read where it lies", "[plate]") {
  ThreadPool pool(1);
  const Case c = make({.h = 80, .w = 100});
  PlateAlignment a;
  const double in_place = alignment_misfit(c.image, c.plate, a, pool);
  for (const double off : {-1e-17, -1e-9, 1e-17, 1e-9}) {
    a.warp[2] = a.warp[5] = off;
    CHECK(alignment_misfit(c.image, c.plate, a, pool) == Approx(in_place).margin(0.05));
  }
}

TEST_CASE("a shrunk picture holds the means of the pixels that it covers", "[plate]") {
  ThreadPool pool(2);
  Image<std::uint8_t> colour(Shape{7, 10, 4}), grey(Shape{7, 10, 1});
  for (std::size_t i = 0; i < colour.size(); ++i) colour.data()[i] = static_cast<std::uint8_t>((i * 37) % 251);
  for (std::size_t i = 0; i < grey.size(); ++i) grey.data()[i] = static_cast<std::uint8_t>((i * 53) % 251);
  const Image<float> floats = convert<float>(colour);
  for (const int factor : {1, 2, 4}) {
    const Image<float> a = detail::shrunk(colour, factor, 3, pool), b = detail::shrunk(grey, factor, 3, pool),
                       c = detail::shrunk(floats, factor, 4, pool);
    REQUIRE(a.shape() == Shape{(7 + factor - 1) / factor, (10 + factor - 1) / factor, 3});
    for (int y = 0; y < a.height(); ++y)
      for (int x = 0; x < a.width(); ++x)
        for (int k = 0; k < 4; ++k) {
          double sum = 0, of_grey = 0;
          int n = 0;
          for (int py = y * factor; py < std::min(7, (y + 1) * factor); ++py)
            for (int px = x * factor; px < std::min(10, (x + 1) * factor); ++px, ++n) {
              sum += colour(py, px, k);
              of_grey += grey(py, px);
            }
          CHECK(c(y, x, k) == Approx(sum / n / 255).margin(1e-6));
          if (k == 3) continue;
          CHECK(a(y, x, k) == Approx(sum / n / 255).margin(1e-6));
          CHECK(b(y, x, k) == Approx(of_grey / n / 255).margin(1e-6));
        }
  }
}

TEST_CASE("a plate that lies far off is noticed, one in place or without texture is not", "[plate]") {
  ThreadPool pool(2);
  const auto off = [&](const Setup& s) {
    const Case c = make(s);
    return plate_seems_off(c.image, c.plate, pool);
  };
  CHECK(off({.h = 320, .w = 400}) == 0);
  CHECK(off({.h = 320, .w = 400, .gain = 1.05f, .offset = 0.02f, .shadow = true}) == 0);
  CHECK(off({.h = 320, .w = 400, .dy = -8, .dx = 12}) == Approx(std::hypot(8, 12)).margin(4));
  CHECK(off({.h = 320, .w = 400, .dx = 16, .subject = false}) == Approx(16).margin(4));
  Image<float> flat[2] = {Image<float>(Shape{320, 400, 3}), Image<float>(Shape{320, 400, 3})};
  for (int k = 0; k < 2; ++k)
    for (int y = 0; y < 320; ++y)
      for (int x = 0; x < 400; ++x)
        for (int c = 0; c < 3; ++c) flat[k](y, x, c) = 0.95f + 0.01f * noise(y, x, c + 5 * k);
  CHECK(plate_seems_off(flat[0], flat[1], pool) == 0);
  CHECK(plate_seems_off(Image<float>(Shape{3, 3, 3}), Image<float>(Shape{3, 3, 3}), pool) == 0);
}

TEST_CASE("a soft shadow on the background stays background", "[plate]") {
  Setup s;
  s.shadow = true;
  const Case c = make(s);
  const auto r = plate_matting(c.image, c.plate, two_threads());
  REQUIRE(r);
  double right = 0;
  int n = 0;
  for (int y = 60; y < 100; ++y)
    for (int x = 165; x < 185; ++x, ++n) right += static_cast<double>(r->alpha(y, x));
  CHECK(right / n < 0.1);
  CHECK(mean_squared_difference(r->alpha, c.alpha) < 5e-3);
}

TEST_CASE("without a subject alpha is zero and there is nothing to solve", "[plate]") {
  Setup s;
  s.subject = false;
  const Case c = make(s);
  for (const bool same : {true, false}) {
    const auto r = plate_matting(c.image, same ? c.image : c.plate, two_threads());
    REQUIRE(r);
    CHECK(*std::max_element(r->alpha.begin(), r->alpha.end()) == 0);
    CHECK(*std::max_element(r->trimap.begin(), r->trimap.end()) == 0);
    CHECK(r->report.status == SolveStatus::nothing_to_solve);
  }
}

TEST_CASE("a picture that has nothing of its plate is all subject", "[plate]") {
  Image<float> image(Shape{60, 80, 3}), plate(Shape{60, 80, 3});
  for (int y = 0; y < 60; ++y)
    for (int x = 0; x < 80; ++x)
      for (int c = 0; c < 3; ++c) {
        image(y, x, c) = 0.8f + 0.15f * (hash(y, x, c) - 0.5f);
        plate(y, x, c) = 0.2f + 0.15f * (hash(y, x, c + 9) - 0.5f);
      }
  const auto r = plate_matting(image, plate, two_threads());
  REQUIRE(r);
  CHECK(*std::min_element(r->alpha.begin(), r->alpha.end()) > 0.9f);
}

TEST_CASE("grey pictures and 8-bit pictures are taken", "[plate]") {
  Setup s;
  s.grey = true;
  const Case c = make(s);
  Image<std::uint8_t> image(c.image.shape()), plate(c.plate.shape());
  for (std::size_t i = 0; i < image.size(); ++i) {
    image.data()[i] = PixelTraits<std::uint8_t>::from_unit(c.image.data()[i]);
    plate.data()[i] = PixelTraits<std::uint8_t>::from_unit(c.plate.data()[i]);
  }
  const auto r = plate_matting<double>(image, plate, two_threads());
  REQUIRE(r);
  Image<float> alpha(c.alpha.shape());
  for (std::size_t i = 0; i < alpha.size(); ++i) alpha.data()[i] = static_cast<float>(r->alpha.data()[i]);
  CHECK(mean_squared_difference(alpha, c.alpha) < 6e-3);
}

TEST_CASE("plate matting does not depend on the number of threads", "[plate]") {
  const Case c = make({});
  PlateOptions one, three;
  one.solve.threads = 1;
  three.solve.threads = 3;
  const auto a = plate_matting(c.image, c.plate, one), b = plate_matting(c.image, c.plate, three);
  REQUIRE(a);
  REQUIRE(b);
  CHECK(std::equal(a->alpha.begin(), a->alpha.end(), b->alpha.begin()));
}

TEST_CASE("tiny pictures are answered", "[plate]") {
  for (const int side : {1, 2, 3, 5}) {
    const Image<float> image(Shape{side, side, 3}, 0.9f), plate(Shape{side, side, 3}, 0.1f);
    const auto other = plate_matting(image, plate, two_threads());
    REQUIRE(other);
    CHECK(*std::min_element(other->alpha.begin(), other->alpha.end()) > 0.9f);
    const auto same = plate_matting(plate, plate, two_threads());
    REQUIRE(same);
    CHECK(*std::max_element(same->alpha.begin(), same->alpha.end()) == 0);
  }
}

TEST_CASE("what cannot be right is refused", "[plate]") {
  const Image<float> image(Shape{8, 9, 3}, 0.5f), wider(Shape{8, 10, 3}, 0.5f), two(Shape{8, 9, 2});
  const auto size = plate_matting(image, wider);
  REQUIRE_FALSE(size);
  CHECK(size.error().code == ErrorCode::invalid_argument);
  CHECK(size.error().message == "the plate has 10x8 pixels, wanted 9x8, the size of the picture");
  CHECK_FALSE(plate_matting(two, image));
  CHECK_FALSE(plate_matting(Image<float>(), Image<float>()));
  Image<float> broken = image;
  broken(3, 3, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK_FALSE(plate_matting(broken, image));
  const auto plate = plate_matting(image, broken);
  REQUIRE_FALSE(plate);
  CHECK(plate.error().message.find("the plate holds a value that is not a number") == 0);
  PlateOptions o;
  o.band = -1;
  CHECK_FALSE(plate_matting(image, image, o));
}

TEST_CASE("distances to a mask equal a search over all its pixels", "[plate]") {
  Image<std::uint8_t> mask(Shape{13, 17, 1});
  for (int y = 0; y < 13; ++y)
    for (int x = 0; x < 17; ++x) mask(y, x) = hash(y, x, 1) < 0.05f;
  const auto d = detail::distance_to(mask);
  for (int y = 0; y < 13; ++y)
    for (int x = 0; x < 17; ++x) {
      double best = 1e9;
      for (int v = 0; v < 13; ++v)
        for (int u = 0; u < 17; ++u)
          if (mask(v, u)) best = std::min(best, std::hypot(v - y, u - x));
      CHECK(static_cast<double>(d(y, x)) == Approx(best).margin(1e-5));
    }
  CHECK(detail::distance_to(Image<std::uint8_t>(Shape{3, 3, 1}))(1, 1) > 1e5f);
}

TEST_CASE("small holes deep inside are filled, gaps near the outline and large ones stay, specks far away go") {
  const Shape plane{120, 160, 1};
  const auto square = [](Image<std::uint8_t>& map, int y, int x, int side, std::uint8_t value) {
    for (int i = y; i < y + side; ++i)
      for (int j = x; j < x + side; ++j) map(i, j) = value;
  };
  Image<std::uint8_t> in(plane), out(plane, 1);
  const auto cut = [&](int y, int x, int side, bool subject) {
    square(in, y, x, side, subject ? 1 : 0);
    square(out, y, x, side, subject ? 0 : 1);
  };
  cut(10, 10, 100, true);
  cut(60, 60, 4, false);   // an eye, 46 pixels deep
  cut(13, 40, 4, false);   // between curls, 3 pixels deep
  cut(25, 25, 20, false);  // under an arm: larger than the band's square
  cut(50, 114, 3, true);   // a strand's end, 4 pixels away
  cut(50, 150, 3, true);   // a leaf that moved
  detail::drop_strays(in, out, 10);
  detail::fill_deep_holes(in, out, 10);
  CHECK(in(61, 61) == 1);
  CHECK(in(14, 41) == 0);
  CHECK(in(30, 30) == 0);
  CHECK(in(51, 115) == 1);
  CHECK(in(51, 151) == 0);
  for (std::size_t i = 0; i < in.size(); ++i) CHECK(in.data()[i] + out.data()[i] == 1);
}

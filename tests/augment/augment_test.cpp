// The augmentations against Pillow, scipy and colorsys (python/golden/augment.py), and against what they must keep.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "hairline/augment/affine.hpp"
#include "hairline/augment/blur.hpp"
#include "hairline/augment/colour.hpp"
#include "hairline/augment/combine.hpp"
#include "hairline/augment/crop.hpp"
#include "hairline/augment/jpeg.hpp"
#include "hairline/augment/noise.hpp"
#include "hairline/augment/plate.hpp"
#include "hairline/augment/sharpen.hpp"
#include "hairline/augment/traces.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/difference.hpp"

using namespace hairline;
namespace augment = hairline::augment;

namespace {

const nlohmann::json& golden() {
  static const nlohmann::json g =
      nlohmann::json::parse(std::ifstream(HAIRLINE_SOURCE_DIR "/tests/golden/augment.json"));
  return g;
}
// As python/golden/augment.py draws it.
Image<float> picture(int h = 24, int w = 32) {
  Image<float> p(Shape{h, w, 3});
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      p(y, x, 0) = static_cast<float>((x * 9 + y * 4) % 256) / 255;
      p(y, x, 1) = static_cast<float>((x / 5 + y / 3) % 2 == 0 ? 200 : 60) / 255;
      p(y, x, 2) = static_cast<float>((y * 11) % 256) / 255;
    }
  return p;
}
Image<float> levels(const nlohmann::json& rows) {
  Image<float> p(Shape{static_cast<int>(rows.size()), static_cast<int>(rows[0].size()), 3});
  for (int y = 0; y < p.height(); ++y)
    for (int x = 0; x < p.width(); ++x)
      for (int c = 0; c < 3; ++c)
        p(y, x, c) =
            rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)][static_cast<std::size_t>(c)].get<float>() /
            255;
  return p;
}
double mean_difference(const Image<float>& a, const Image<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += std::abs(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i]));
  return sum / static_cast<double>(a.size());
}
bool in_unit(const Image<float>& p) {
  for (const float v : p)
    if (!(v >= 0 && v <= 1)) return false;
  return true;
}

}  // namespace

TEST_CASE("JPEG leaves what libjpeg leaves", "[augment][golden]") {
  Image<float> full = levels(golden()["smooth"]);
  augment::jpeg(full.view(), 75, false);
  // libjpeg transforms in integers, so a coefficient half way between two steps (of about 9 levels) may fall to the
  // other side now and then; nearly all values are within a level.
  CHECK(largest_difference(full, levels(golden()["jpeg_75"])) <= 10.0 / 255);
  CHECK(mean_difference(full, levels(golden()["jpeg_75"])) <= 0.5 / 255);
  Image<float> halved = levels(golden()["smooth"]);
  const Image<float> before = halved;
  augment::jpeg(halved.view(), 30, true);
  // libjpeg blends halved chroma between its samples, we repeat them: the mean stays near, and nearer than doing
  // nothing.
  const Image<float> wanted = levels(golden()["jpeg_30_halved"]);
  CHECK(mean_difference(halved, wanted) <= 4.0 / 255);
  CHECK(mean_difference(halved, wanted) < 0.7 * mean_difference(before, wanted));
}

TEST_CASE("JPEG is nearly lossless at 100 and blocky at 5", "[augment]") {
  Image<float> fine = picture(17, 23), coarse = fine;
  augment::jpeg(fine.view(), 100, false);
  CHECK(largest_difference(fine, picture(17, 23)) <= 4.0 / 255);
  augment::jpeg(coarse.view(), 5, true);
  CHECK(mean_difference(coarse, picture(17, 23)) > 0.03);
  CHECK(in_unit(coarse));
}

TEST_CASE("Box, Gaussian and sharpening equal scipy and Pillow", "[augment][golden]") {
  Image<float> box = picture(), smooth = picture(), sharp = picture();
  augment::box_blur(box.view(), 2, 2);
  CHECK(largest_difference(box, levels(golden()["box_2"])) <= 1e-5);  // sums of float
  augment::gaussian_blur(smooth.view(), 2);
  // Three boxes and a Gaussian of the same variance differ by 4 % of their sum; on average it is far less.
  CHECK(largest_difference(smooth, levels(golden()["gaussian_2"])) <= 0.05);
  CHECK(mean_difference(smooth, levels(golden()["gaussian_2"])) <= 0.006);
  augment::sharpen(sharp);
  CHECK(largest_difference(sharp, levels(golden()["sharpen"])) <= 0.51 / 255);  // Pillow rounds to levels
}

TEST_CASE("A box of fractional radius keeps the mean and every constant", "[augment]") {
  for (const float radius : {0.3f, 0.5f, 1.7f, 9.9f, 200.0f}) {
    Image<float> flat(Shape{7, 5, 4}, 0.25f);
    augment::box_blur(flat.view(), radius, radius);
    CHECK(largest_difference(flat, Image<float>(Shape{7, 5, 4}, 0.25f)) <= 1e-5);
  }
  Plane dot(Shape{41, 41, 1});
  dot(20, 20) = 1;
  augment::box_blur(dot.view(), 1.5f, 0);
  CHECK(dot(20, 20) == Approx(0.25));
  CHECK(dot(20, 22) == Approx(0.125));
  CHECK(dot(20, 23) == Approx(0).margin(1e-7));
}

TEST_CASE("HSV equals colorsys, and back", "[augment][golden]") {
  const Image<float> p = picture();
  for (int x = 0; x < p.width(); ++x) {
    const auto c = augment::to_hsv(p(5, x, 0), p(5, x, 1), p(5, x, 2));
    const auto& wanted = golden()["hsv"][static_cast<std::size_t>(x)];
    CHECK(c.hue == Approx(wanted[0].get<double>()).margin(1e-6));
    CHECK(c.saturation == Approx(wanted[1].get<double>()).margin(1e-6));
    CHECK(c.value == Approx(wanted[2].get<double>()).margin(1e-6));
    const auto back = augment::to_rgb(c);
    for (std::size_t i = 0; i < 3; ++i) CHECK(back[i] == Approx(p(5, x, static_cast<int>(i))).margin(1e-6));
  }
}

TEST_CASE("Every interpolation keeps a picture that does not move, and shifts by whole pixels exactly", "[augment]") {
  const Image<float> p = picture();
  for (int how = 0; how < 4; ++how) {
    const auto kind = static_cast<augment::Interpolation>(how);
    CHECK(largest_difference(augment::warp(p, augment::Affine{}, p.height(), p.width(), kind), p) <= 1e-6);
    const auto moved = augment::warp(p, augment::Affine{1, 0, 3, 0, 1, -2}, p.height(), p.width(), kind, 0);
    CHECK(moved(10, 10, 0) == Approx(p(8, 13, 0)).margin(1e-6));
    CHECK(largest_difference(augment::resized(Image<float>(Shape{3, 4, 1}, 0.7f), 9, 5, kind),
                             Image<float>(Shape{9, 5, 1}, 0.7f)) <= 1e-6);
  }
}

TEST_CASE("Linear interpolation reproduces a plane under any affine map", "[augment]") {
  Plane ramp(Shape{60, 60, 1});
  for (int y = 0; y < 60; ++y)
    for (int x = 0; x < 60; ++x) ramp(y, x) = 0.01f * static_cast<float>(x) + 0.004f * static_cast<float>(y);
  Random r(3);
  for (int i = 0; i < 20; ++i) {
    const auto m = augment::affine_of(augment::draw_affine(augment::AffineRange::gca(1024), r), 60, 60);
    for (const auto how : {augment::Interpolation::linear, augment::Interpolation::cubic}) {
      const Plane out = augment::warp(ramp, m, 60, 60, how, 0);
      for (int y = 25; y < 35; ++y)
        for (int x = 25; x < 35; ++x) {
          const double sx = m.a * (x + 0.5) + m.b * (y + 0.5) + m.c, sy = m.d * (x + 0.5) + m.e * (y + 0.5) + m.f;
          // OpenCV's cubic (a = -0.75) does not reproduce a slope between pixels: up to 0.04 of the step.
          REQUIRE(out(y, x) == Approx(0.01 * (sx - 0.5) + 0.004 * (sy - 0.5))
                                   .margin(how == augment::Interpolation::linear ? 1e-6 : 1e-3));
        }
    }
  }
}

TEST_CASE("An affine draw stays in its range and means what it says", "[augment]") {
  Random r(5);
  float least = 9, most = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto d = augment::draw_affine(augment::AffineRange::bgmv2_base(), r);
    CHECK(std::abs(d.rotation) <= 5);
    CHECK(std::abs(d.shift_x) <= 0.1f);
    CHECK(d.scale_x == d.scale_y);
    CHECK_FALSE(d.flip_x);
    least = std::min(least, d.scale_x);
    most = std::max(most, d.scale_x);
  }
  CHECK(least == Approx(0.4).margin(0.01));
  CHECK(most == Approx(1).margin(0.01));
  CHECK(augment::AffineRange::gca(1023).rotation == 0);
  augment::AffineDraw twice;
  twice.scale_x = twice.scale_y = 2;  // forwards: the centre's neighbourhood is enlarged
  const auto m = augment::affine_of(twice, 10, 20);
  CHECK(m.a == Approx(0.5));
  CHECK(m.a * 10 + m.c == Approx(10));
  augment::AffineDraw shifted;
  shifted.shift_x = 0.25f;
  CHECK(augment::affine_of(shifted, 10, 20).c == Approx(-5));
  const Image<float> p = picture();
  augment::AffineDraw mirrored;
  mirrored.flip_x = true;
  CHECK(largest_difference(augment::warp(p, mirrored, augment::Interpolation::nearest), augment::flipped_x(p)) == 0);
  CHECK(largest_difference(augment::flipped_y(augment::flipped_y(p)), p) == 0);
}

TEST_CASE("Crops are of the papers' sides, inside, and hold an unknown pixel", "[augment]") {
  Plane alpha(Shape{700, 900, 1});
  for (int y = 300; y < 320; ++y)
    for (int x = 850; x < 860; ++x) alpha(y, x) = 0.5f;
  Random r(8);
  int counts[3] = {0, 0, 0};
  for (int i = 0; i < 300; ++i) {
    const auto d = augment::draw_crop(alpha, augment::CropRange::deep_image_matting(), r).value();
    REQUIRE((d.side == 320 || d.side == 480 || d.side == 640));
    ++counts[d.side / 160 - 2];
    REQUIRE((d.top >= 0 && d.left >= 0 && d.top + d.side <= 700 && d.left + d.side <= 900));
    const Plane cut = augment::crop(alpha, d, augment::Interpolation::nearest);
    REQUIRE(*std::max_element(cut.begin(), cut.end()) == 0.5f);
  }
  for (const int c : counts) CHECK(c > 60);
  const auto small = augment::draw_crop(Plane(Shape{100, 50, 1}, 0.5f), augment::CropRange::gca(), r).value();
  CHECK(small.width >= 512);
  CHECK(augment::crop(picture(100, 50), small, augment::Interpolation::linear, 64).shape() == Shape{64, 64, 3});
  const auto none =
      augment::draw_crop(Plane(Shape{700, 900, 1}, 1.0f), augment::CropRange::deep_image_matting(), r).value();
  CHECK((none.top == 0 && none.left == 0));
  CHECK_FALSE(augment::draw_crop(Plane{}, augment::CropRange::gca(), r));
}

TEST_CASE("Colour jitter keeps to its ranges", "[augment]") {
  Random r(4);
  for (int i = 0; i < 50; ++i) {
    Image<float> grey(Shape{4, 4, 3}, 0.5f);
    augment::jitter(grey, augment::ColourJitter::bgmv2(), r);
    CHECK(grey(0, 0, 0) >= 0.5f * 0.85f - 1e-5f);
    CHECK(grey(0, 0, 0) <= 0.5f * 1.15f + 1e-5f);
    CHECK(grey(0, 0, 0) == Approx(grey(0, 0, 2)).margin(1e-5));  // grey has no hue to turn
    Image<float> plate = picture();
    augment::jitter(plate, augment::ColourJitter::bgmv2_plate(), r);
    CHECK(in_unit(plate));
  }
  Image<float> same = picture();
  augment::jitter(same, augment::ColourJitter{0, 0, 0, 0, false}, r);
  CHECK(largest_difference(same, picture()) <= 1e-6);
}

TEST_CASE("GCA's jitter turns hues by up to 40 degrees and leaves empty foregrounds", "[augment]") {
  Random r(9);
  Image<float> none = picture();
  augment::jitter_gca(none, Plane(Shape{24, 32, 1}), r);
  CHECK(largest_difference(none, picture()) == 0);
  for (int i = 0; i < 50; ++i) {
    Image<float> red(Shape{2, 2, 3});
    for (int y = 0; y < 2; ++y)
      for (int x = 0; x < 2; ++x) red(y, x, 0) = 0.8f, red(y, x, 1) = 0.2f, red(y, x, 2) = 0.2f;
    augment::jitter_gca(red, Plane(Shape{2, 2, 1}, 1.0f), r);
    const auto c = augment::to_hsv(red(0, 0, 0), red(0, 0, 1), red(0, 0, 2));
    const float turn = c.hue > 0.5f ? c.hue - 1 : c.hue;
    CHECK(std::abs(turn) <= 40.0f / 360 + 1e-4f);
    CHECK(c.saturation == Approx(0.75).margin(0.0351));  // (1.1 - 0.75) / 10
    CHECK(c.value == Approx(0.8).margin(0.0301));
  }
}

TEST_CASE("Two foregrounds combined compose as one over the other", "[augment]") {
  Random r(2);
  const Shape colour{6, 9, 3}, plane{6, 9, 1};
  const auto filled = [&](Shape s) {
    Image<float> p(s);
    for (float& v : p) v = r.chance(0.2f) ? std::round(r.uniform()) : r.uniform();
    return p;
  };
  const augment::Subject front{filled(colour), filled(plane)}, back{filled(colour), filled(plane)};
  const Image<float> behind = filled(colour);
  const auto both = augment::combined(front, back).value();
  const auto published = augment::combined(front, back, augment::CombinedColour::published).value();
  for (std::size_t i = 0; i < both.alpha.size(); ++i) {
    const double a = front.alpha.data()[i], b = back.alpha.data()[i];
    CHECK(both.alpha.data()[i] == Approx(1 - (1 - a) * (1 - b)).margin(1e-6));
    for (std::size_t c = 3 * i; c < 3 * i + 3; ++c) {
      const double wanted =
          a * front.foreground.data()[c] + (1 - a) * (b * back.foreground.data()[c] + (1 - b) * behind.data()[c]);
      const double k = both.alpha.data()[i];
      CHECK(k * both.foreground.data()[c] + (1 - k) * behind.data()[c] == Approx(wanted).margin(1e-6));
      CHECK(published.foreground.data()[c] ==
            Approx(a * front.foreground.data()[c] + (1 - a) * back.foreground.data()[c]).margin(1e-6));
    }
  }
  CHECK_FALSE(augment::combined(front, {Image<float>(Shape{5, 9, 3}), Plane(Shape{5, 9, 1})}));
}

TEST_CASE("Noise has the mean and deviation asked for", "[augment]") {
  Plane p(Shape{200, 200, 1}, 0.5f);
  Random r(1);
  augment::add_noise(p, 0.02f, 0.05f, r);
  double sum = 0, squares = 0;
  for (const float v : p) sum += static_cast<double>(v), squares += static_cast<double>(v) * static_cast<double>(v);
  const double mean = sum / 40000;
  CHECK(mean == Approx(0.52).margin(0.001));  // 4 standard errors
  CHECK(std::sqrt(squares / 40000 - mean * mean) == Approx(0.05).margin(0.001));
}

TEST_CASE("Plates are perturbed within the papers' ranges, the same for the same seed", "[augment]") {
  const Plane alpha(Shape{24, 32, 1}, 1.0f);
  int shadowed = 0, changed = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random a(seed), b(seed), c(seed), d(seed);
    const auto first = augment::perturb_plate_v2(picture(), alpha, a),
               second = augment::perturb_plate_v2(picture(), alpha, b);
    REQUIRE(largest_difference(first.plate, second.plate) == 0);
    REQUIRE((in_unit(first.plate) && in_unit(first.behind)));
    const double dark = largest_difference(first.behind, picture());
    CHECK(dark <= 0.3 + 1e-6);
    shadowed += dark > 0 ? 1 : 0;
    changed += largest_difference(first.plate, picture()) > 0 ? 1 : 0;
    Image<float> v1 = picture(), test = picture();
    augment::perturb_plate_v1(v1, c);
    augment::perturb_plate_v2_test(test, 0.01f, d);
    REQUIRE((in_unit(v1) && in_unit(test)));
  }
  CHECK(shadowed == Approx(60).margin(20));  // p 0.3; 3 deviations
  CHECK(changed == Approx(183).margin(14));  // 1 - 0.6 * 0.2 * 0.7
}

TEST_CASE("Traces are hidden at any size", "[augment]") {
  for (const auto& [h, w] : {std::pair{1, 1}, std::pair{7, 5}, std::pair{40, 33}}) {
    Random r(6);
    for (int i = 0; i < 10; ++i) {
      Image<float> p = picture(h, w);
      augment::hide_traces(p, {}, r);
      CHECK(p.shape() == Shape{h, w, 3});
      CHECK(in_unit(p));
    }
  }
}

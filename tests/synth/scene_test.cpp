// Scenes: repeatable, exact, of every kind at every size.
#include "hairline/synth/scene.hpp"

#include <cmath>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "hairline/core/parallel.hpp"
#include "hairline/synth/options_json.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/difference.hpp"

using namespace hairline;
using namespace hairline::synth;

namespace {

bool same(const Sample& a, const Sample& b) {
  return largest_difference(a.picture, b.picture) == 0 && largest_difference(a.plate, b.plate) == 0 &&
         largest_difference(a.alpha, b.alpha) == 0 && largest_difference(a.foreground, b.foreground) == 0 &&
         largest_difference(a.background, b.background) == 0;
}
bool in_unit(const Image<float>& p) {
  for (const float v : p)
    if (!(v >= 0 && v <= 1)) return false;
  return true;
}
bool sound(const Sample& s) {
  return in_unit(s.picture) && in_unit(s.plate) && in_unit(s.alpha) && in_unit(s.foreground) && in_unit(s.background);
}
SceneOptions sized(int h, int w) {
  SceneOptions o;
  o.height = h;
  o.width = w;
  return o;
}
SceneOptions only(const std::function<void(KindWeights&)>& choose) {
  SceneOptions o = sized(96, 96);
  o.kinds = {0, 0, 0, 0, 0, 0, 0, 0};
  o.empty = 0;
  choose(o.kinds);
  return o;
}
const std::vector<std::pair<std::string, float KindWeights::*>> kinds{
    {"person", &KindWeights::person}, {"animal", &KindWeights::animal}, {"foliage", &KindWeights::foliage},
    {"net", &KindWeights::net},       {"glass", &KindWeights::glass},   {"smoke", &KindWeights::smoke},
    {"seeds", &KindWeights::seeds},   {"thing", &KindWeights::thing}};

}  // namespace

TEST_CASE("A sample depends on seed and index alone", "[synth]") {
  const auto scenes = Scenes::make(sized(64, 80), 5).value();
  const Sample s = scenes(17);
  CHECK(same(s, scenes(17)));
  CHECK(same(s, scene(sized(64, 80), 5, 17).value()));
  CHECK_FALSE(same(s, scenes(18)));
  CHECK_FALSE(same(s, scene(sized(64, 80), 6, 17).value()));
  scenes(9000);  // other textures in between
  scenes(5000);
  CHECK(same(s, scenes(17)));
}

TEST_CASE("Threads do not change samples", "[synth]") {
  const auto scenes = Scenes::make(sized(48, 48), 3).value();
  std::vector<Sample> one, several(24);
  for (std::uint64_t i = 0; i < 24; ++i) one.push_back(scenes(4090 + i));  // across a change of textures
  const auto fresh = Scenes::make(sized(48, 48), 3).value();
  ThreadPool pool(4);
  pool.parallel_for(0, 24, 1, [&](std::ptrdiff_t b, std::ptrdiff_t e) {
    for (std::ptrdiff_t i = b; i < e; ++i)
      several[static_cast<std::size_t>(i)] = fresh(4090 + static_cast<std::uint64_t>(i));
  });
  for (std::size_t i = 0; i < 24; ++i) CHECK(same(one[i], several[i]));
}

TEST_CASE("Without perturbations the picture is exactly the composite and the plate the background", "[synth]") {
  SceneOptions o = sized(80, 96);
  o.difficulty = 0;
  const auto scenes = Scenes::make(o, 1).value();
  for (std::uint64_t k = 0; k < 30; ++k) {
    const Sample s = scenes(k);
    CHECK(largest_difference(s.plate, s.background) == 0);
    double off = 0;
    for (std::size_t i = 0; i < s.alpha.size(); ++i)
      for (std::size_t c = 3 * i; c < 3 * i + 3; ++c) {
        const double a = s.alpha.data()[i];
        off = std::max(off,
                       std::abs(a * s.foreground.data()[c] + (1 - a) * s.background.data()[c] - s.picture.data()[c]));
      }
    CHECK(off <= 1e-6);  // one rounding in float
  }
}

TEST_CASE("With perturbations the plate stays near the background where nothing covers it", "[synth]") {
  const auto scenes = Scenes::make(sized(96, 96), 2).value();
  double sum = 0;
  int different = 0;
  for (std::uint64_t k = 0; k < 40; ++k) {
    const Sample s = scenes(k);
    double off = 0;
    for (std::size_t i = 0; i < s.plate.size(); ++i)
      off += std::abs(static_cast<double>(s.plate.data()[i]) - static_cast<double>(s.background.data()[i]));
    off /= static_cast<double>(s.plate.size());
    sum += off;
    different += off > 1e-4 ? 1 : 0;
  }
  CHECK(different >= 38);
  CHECK(sum / 40 < 0.08);
}

TEST_CASE("Every kind gives sound samples with a subject, at ragged sizes too", "[synth]") {
  for (const auto& [name, weight] : kinds) {
    INFO(name);
    SceneOptions o = only([weight = weight](KindWeights& k) { k.*weight = 1; });
    const auto scenes = Scenes::make(o, 4).value();
    int seen = 0, mixed = 0;
    for (std::uint64_t k = 0; k < 25; ++k) {
      const Sample s = scenes(k);
      REQUIRE(sound(s));
      double cover = 0;
      for (const float a : s.alpha) cover += static_cast<double>(a), mixed += a > 0.02f && a < 0.98f ? 1 : 0;
      seen += cover > 20 ? 1 : 0;
    }
    CHECK(seen >= 17);  // a few lie outside the frame
    CHECK(mixed > 25 * 20);
    for (const auto& [h, w] : {std::pair{1, 1}, std::pair{7, 5}, std::pair{1, 40}, std::pair{33, 3}}) {
      o.height = h;
      o.width = w;
      const auto small = Scenes::make(o, 4).value();
      for (std::uint64_t k = 0; k < 6; ++k) REQUIRE(sound(small(k)));
      CHECK(small(0).picture.shape() == Shape{h, w, 3});
      CHECK(small(0).alpha.shape() == Shape{h, w, 1});
    }
  }
}

TEST_CASE("Coverage varies as it should", "[synth]") {
  const auto scenes = Scenes::make(sized(64, 64), 12).value();
  int empty = 0, large = 0, partial = 0;
  const int count = 300;
  for (std::uint64_t k = 0; k < count; ++k) {
    const Sample s = scenes(k);
    double cover = 0, mixed = 0;
    for (const float a : s.alpha) cover += static_cast<double>(a), mixed += a > 0.05f && a < 0.95f ? 1 : 0;
    empty += cover == 0 ? 1 : 0;
    large += cover > 0.6 * 64 * 64 ? 1 : 0;
    partial += mixed > 0.2 * 64 * 64 ? 1 : 0;
  }
  CHECK(empty >= 2);
  CHECK(empty <= count / 8);
  CHECK(large >= count / 20);
  CHECK(large <= count / 2);
  CHECK(partial >= count / 20);
}

TEST_CASE("A scene with no subject has no alpha", "[synth]") {
  SceneOptions o = sized(40, 40);
  o.empty = 1;
  o.difficulty = 0;
  const Sample s = scene(o, 1, 0).value();
  for (const float a : s.alpha) REQUIRE(a == 0.0f);
  CHECK(largest_difference(s.picture, s.background) == 0);
  CHECK(in_unit(s.foreground));
}

TEST_CASE("Larger pictures are the same kind of scene", "[synth]") {
  const Sample s = scene(sized(300, 500), 1, 3).value();
  CHECK(sound(s));
  CHECK(s.picture.shape() == Shape{300, 500, 3});
}

TEST_CASE("Given pictures take the place of procedural ones", "[synth]") {
  auto given = std::make_shared<Given>();
  given->foregrounds.emplace_back(Shape{30, 20, 3}, 0.9f);
  given->alphas.emplace_back(Shape{30, 20, 1}, 1.0f);
  given->backgrounds.emplace_back(Shape{50, 70, 3}, 0.25f);
  SceneOptions o = sized(64, 64);
  o.given = given;
  o.difficulty = 0;
  o.empty = 0;
  o.defocus = o.motion_blur = 0;
  const auto scenes = Scenes::make(o, 1).value();
  for (std::uint64_t k = 0; k < 10; ++k) {
    const Sample s = scenes(k);
    CHECK(s.background(3, 3, 1) == Approx(0.25).margin(1e-5));
    double cover = 0;
    for (const float a : s.alpha) cover += static_cast<double>(a);
    CHECK(cover > 100);
  }
  o.given = std::make_shared<Given>(Given{{Image<float>(Shape{3, 3, 3})}, {Plane(Shape{4, 3, 1})}, {}});
  const auto wrong = Scenes::make(o, 1);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.find("3x4") != std::string::npos);
}

TEST_CASE("Scene options from JSON", "[synth]") {
  const auto s =
      scene_from_json(R"({"camouflage": 0.5, "kinds": {"net": 3}, "plate": {"shift": 0}, "camera": {"jpeg_low": 70},
                                     "height": 12, "foregrounds": "fg"})")
          .value();
  CHECK(s.options.camouflage == 0.5f);
  CHECK(s.options.kinds.net == 3);
  CHECK(s.options.kinds.person == KindWeights{}.person);
  CHECK(s.options.plate.shift == 0);
  CHECK(s.options.camera.jpeg_low == 70);
  CHECK(s.options.height == 12);
  CHECK(s.folders.foregrounds == "fg");
  CHECK(scene_from_json("").value().options.several == SceneOptions{}.several);
  for (const char* wrong :
       {"{", "[]", R"({"shift": 1})", R"({"plate": {"shift": "far"}})", R"({"camera": {"noise": -1}})",
        R"({"camera": {"jpeg_low": 99, "jpeg_high": 20}})", R"({"height": 1.5})", R"({"foregrounds": 3})"}) {
    INFO(wrong);
    CHECK_FALSE(scene_from_json(wrong));
  }
  CHECK(scene_from_json(R"({"plate": {"shfit": 1}})").error().message.find("shift") != std::string::npos);
  CHECK_FALSE(Scenes::make(sized(0, 5), 1));
  CHECK_FALSE(Scenes::make(only([](KindWeights&) {}), 1));
}

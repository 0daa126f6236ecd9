#include "hairline/metrics/evaluate.hpp"

#include <limits>

#include "hairline/core/convert.hpp"
#include "hairline/metrics/dtssd.hpp"
#include "tests/metrics/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::metrics;

namespace {
bool warns(const Report& report, WarningCode code, std::size_t count) {
  for (const auto& w : report.warnings)
    if (w.code == code) return w.count == count;
  return false;
}
}  // namespace

TEST_CASE("a report is plain numbers") {
  const auto c = metrics_test::synthetic();
  const auto &prediction = c.prediction, &truth = c.truth, &trimap = c.trimap;
  // [evaluate]
  const auto report = hairline::metrics::evaluate(prediction, truth, trimap).value();  // as Composition-1k does
  const std::optional<double> sad = report.unknown.sad;                                // absent if nothing is unknown
  const std::optional<double> mse = report.whole.mse;
  const bool trusted = report.warnings.empty();
  // [/evaluate]
  CHECK(*sad * 1000 == Approx(3.886274510).margin(5e-10));
  CHECK(*mse == Approx(0.00081851531).margin(5e-12));
  CHECK(trusted);
}

TEST_CASE("presets scale and mix regions as their programs do") {
  const auto c = metrics_test::synthetic();
  const auto ref = evaluate(c.prediction, c.truth, c.trimap).value();
  const auto b2 = evaluate(c.prediction, c.truth, c.trimap, presets::bgmv2).value();  // 16x12: nothing is cropped
  CHECK(*b2.published.gradient == Approx(1000 * *ref.published.gradient));
  CHECK(*b2.published.connectivity == Approx(1000 * *ref.published.connectivity));
  CHECK(*b2.published.mse == Approx(1000 * *ref.published.mse));
  const auto mm = evaluate(c.prediction, c.truth, c.trimap, presets::mmagic).value();
  CHECK(*mm.published.sad == Approx(*ref.whole.sad));
  CHECK(*mm.published.mse == Approx(*ref.whole.mse * 192 / 144));
  CHECK(*mm.published.connectivity * 1000 == Approx(0.323529412).margin(5e-10));
  const auto gp = evaluate(c.prediction, c.truth, c.trimap, presets::gca_python).value();
  CHECK(*gp.published.mse < *ref.published.mse);
  const auto rl = evaluate(c.prediction, c.truth, c.trimap, presets::rvm_lr).value();
  CHECK(*rl.published.mad == Approx(20.2410131).margin(5e-8));
  CHECK(*rl.published.gradient * 1000 == Approx(0.1011740393).margin(5e-11));
  CHECK_FALSE(rl.published.sad.has_value());
  CHECK(rl.whole.sad == ref.whole.sad);
  const auto ixp = evaluate(c.prediction, c.truth, c.trimap, presets::indexnet_python).value();
  CHECK(*ixp.published.gradient * 100 == Approx(0.00754763558).margin(5e-10));  // both maps already span 0..255
  const auto dp = evaluate(c.prediction, c.truth, c.trimap, presets::deep_image_matting_pytorch).value();
  CHECK(*dp.published.sad == Approx(1000 * *ref.whole.sad));
  CHECK_FALSE(dp.published.gradient.has_value());
  CHECK(dp.whole.gradient.has_value());
  for (const Preset* p : presets::all) {
    CHECK(std::string(find_preset(p->name).value().name) == p->name);
    for (const Column* column : {&p->sad, &p->mse, &p->mad, &p->gradient, &p->connectivity})
      CHECK_FALSE(std::string(column->unit).empty());
  }
  CHECK(find_preset("rvm").error().code == ErrorCode::not_found);
}

TEST_CASE("presets crop, demand pasted predictions, or paste") {
  auto c = metrics_test::synthetic();
  c.prediction(0, 0) = 51;  // a known background pixel that was not pasted
  c.truth(11, 15) = 204;    // a truth that the trimap contradicts
  const auto ref = evaluate(c.prediction, c.truth, c.trimap).value();
  CHECK(warns(ref, WarningCode::not_pasted, 1));
  CHECK(warns(ref, WarningCode::truth_not_known, 1));
  CHECK(*ref.unknown.sad * 1000 == Approx(3.886274510).margin(5e-10));  // SAD of the unknown region does not care
  CHECK(*ref.whole.sad * 1000 == Approx(3.886274510 + 0.4).margin(1e-8));
  const auto refused = evaluate(c.prediction, c.truth, c.trimap, presets::mmagic);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("1 pixels in the trimap's known areas") != std::string::npos);
  const auto pasted = evaluate(c.prediction, c.truth, c.trimap, presets::gfm).value();
  CHECK(*pasted.published.sad * 1000 == Approx(3.886274510 + 0.2).margin(1e-8));

  const AnyView p = c.prediction.view().crop(0, 0, 11, 15), a = c.truth.view().crop(0, 0, 11, 15),
                t = c.trimap.view().crop(0, 0, 11, 15);
  const auto cropped = evaluate(p, a, t, presets::bgmv2).value();
  CHECK(warns(cropped, WarningCode::cropped, 11 * 15 - 8 * 12));
  CHECK(cropped.whole.pixels == 96);
  CHECK_FALSE(evaluate(p, a, c.trimap, presets::bgmv2).has_value());
  const Image<std::uint8_t> tiny(Shape{3, 9, 1}, 128);
  CHECK(evaluate(tiny, tiny, tiny, presets::bgmv2).error().message ==
        "bgmv2 crops to multiples of 4, which leaves nothing of 9x3 pixels");
}

TEST_CASE("predictions of every pixel type are rounded to 8 bits") {
  const auto c = metrics_test::synthetic();
  const auto wanted = evaluate(c.prediction, c.truth, c.trimap).value();
  auto p = convert<float>(c.prediction);
  for (auto& v : p) v += 0.4f / 255;  // less than half a level
  const auto r = evaluate(p, convert<std::uint16_t>(c.truth), convert<float>(c.trimap)).value();
  CHECK(r.unknown.sad == wanted.unknown.sad);
  CHECK(r.unknown.mse == wanted.unknown.mse);
  CHECK(r.whole.gradient == wanted.whole.gradient);
  CHECK(r.unknown.connectivity == wanted.unknown.connectivity);
  CHECK(warns(r, WarningCode::bit_depths_differ, 32));
  const auto told = evaluate(p, c.truth, c.trimap, presets::composition1k, {.prediction_bits = 8}).value();
  for (const auto& w : told.warnings) CHECK(w.code != WarningCode::bit_depths_differ);
  const auto exact = evaluate(p, c.truth, c.trimap, presets::composition1k, {.round_to_8_bits = false}).value();
  CHECK(*exact.unknown.sad != Approx(*wanted.unknown.sad).epsilon(1e-4));
  CHECK(warns(exact, WarningCode::values_not_to_be_compared, 0));
  p(5, 5) = 1.25f;
  p(6, 6) = -0.5f;
  std::size_t outside = 0;
  for (const float v : p) outside += v < 0 || v > 1;
  CHECK(warns(evaluate(p, c.truth, c.trimap).value(), WarningCode::outside_range, outside));
}

TEST_CASE("an empty unknown region is reported, never divided by") {
  const Image<std::uint8_t> map(Shape{6, 6, 1}, 255), trimap(Shape{6, 6, 1}, 255);
  for (const Preset* preset : presets::all) {
    const auto r = evaluate(map, map, trimap, *preset).value();
    CHECK(r.unknown.pixels == 0);
    CHECK_FALSE(r.unknown.sad.has_value());
    CHECK_FALSE(r.unknown.mse.has_value());
    CHECK(*r.whole.mse == 0);
    CHECK(warns(r, WarningCode::empty_unknown_region, 0));
    if (preset->mse.over != Over::whole) CHECK_FALSE(r.published.mse.has_value());
  }
  Image<std::uint8_t> odd = trimap;
  odd(2, 2) = 127;
  odd(2, 3) = 64;
  CHECK(warns(evaluate(map, map, odd).value(), WarningCode::odd_trimap_levels, 2));
}

TEST_CASE("evaluate refuses what cannot be right, and handles one pixel") {
  const auto c = metrics_test::synthetic();
  CHECK_FALSE(evaluate(c.prediction, c.truth, Plane(Shape{12, 15, 1})).has_value());
  CHECK_FALSE(evaluate(c.prediction, Plane(Shape{11, 16, 1}), c.trimap).has_value());
  auto nan = convert<float>(c.prediction);
  nan(3, 3) = std::numeric_limits<float>::quiet_NaN();
  CHECK(evaluate(nan, c.truth, c.trimap).error().message.find("NaN") != std::string::npos);
  CHECK_FALSE(evaluate(Plane{}, Plane{}, Plane{}).has_value());
  Image<std::uint8_t> p(Shape{1, 1, 1}, 255), a(Shape{1, 1, 1}, 0), t(Shape{1, 1, 1}, 128);
  const auto r = evaluate(p, a, t).value();
  CHECK(*r.unknown.mse == 1);
  CHECK(*r.unknown.sad == 0.001);
  CHECK(*r.unknown.gradient == Approx(0).margin(1e-12));
  CHECK(*r.unknown.connectivity == 0.001);
  const Image<std::uint8_t> glass(Shape{8, 8, 1}, 100), unknown(Shape{8, 8, 1}, 128);
  CHECK(warns(evaluate(glass, glass, unknown, presets::bgmv2).value(), WarningCode::original_fails, 7));
}

TEST_CASE("dtSSD of a clip names its convention and both averages") {
  const auto c = metrics_test::synthetic();
  const Image<std::uint8_t> black(c.truth.shape());
  const std::vector<Input> predictions{black, c.prediction, c.prediction}, truths{black, c.truth, c.truth},
      trimaps{c.trimap, c.trimap, c.trimap};
  const auto rvm = dtssd_clip(DtssdConvention::rvm, predictions, truths).value();
  CHECK(rvm.changes.size() == 2);
  CHECK(rvm.changes[0] == Approx(2.86097067).margin(5e-9));
  CHECK(rvm.changes[1] == 0);
  CHECK(rvm.mean == Approx(2.86097067 / 2));
  CHECK(rvm.published == Approx(2.86097067 / 3));
  const auto tcvom = dtssd_clip(DtssdConvention::tcvom, predictions, truths, trimaps).value();
  CHECK(tcvom.mean == Approx(0.396427724 / 2));
  CHECK(std::string(unit(tcvom.convention)) != unit(rvm.convention));
  CHECK_FALSE(dtssd_clip(DtssdConvention::tcvom, predictions, truths).has_value());
  CHECK_FALSE(dtssd_clip(DtssdConvention::rvm, std::vector<Input>{black}, std::vector<Input>{black}).has_value());
  const Image<std::uint8_t> other(Shape{2, 2, 1});
  const std::vector<Input> mixed{black, c.prediction, other};
  CHECK(dtssd_clip(DtssdConvention::rvm, mixed, truths).error().message.rfind("frame 1: the later prediction", 0) == 0);
  // RVM's sheet has room for 700 frames.
  const std::vector<Input> many_p(702, predictions[0]), many_a(702, truths[0]);
  auto changing = many_p;
  changing[701] = Input(c.prediction);
  CHECK(dtssd_clip(DtssdConvention::rvm, changing, many_a).value().published == 0);
  CHECK(dtssd_clip(DtssdConvention::rvm, changing, many_a).value().mean > 0);
}

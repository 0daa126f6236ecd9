// Every preset against python/golden/metrics.py, which uses dense filters and SciPy's labelling.
#include <fstream>
#include <nlohmann/json.hpp>

#include "hairline/metrics/dtssd.hpp"
#include "hairline/metrics/evaluate.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::metrics;

namespace {
// The same whole-number pictures as in the script.
std::uint32_t mixed(int y, int x, int seed) {
  const auto s = static_cast<std::uint64_t>(seed) * 2246822519u;
  auto h = static_cast<std::uint32_t>(static_cast<std::uint64_t>(x) * 374761393u +
                                      static_cast<std::uint64_t>(y) * 668265263u + s);
  h = (h ^ (h >> 13)) * 1274126177u;
  return h ^ (h >> 16);
}
int smooth(int y, int x, int seed, int step = 8) {
  const int cy = y / step, cx = x / step, fy = y % step, fx = x % step;
  const auto at = [&](int dy, int dx) { return static_cast<int>(mixed(cy + dy, cx + dx, seed) & 255); };
  const int top = at(0, 0) * (step - fx) + at(0, 1) * fx, bottom = at(1, 0) * (step - fx) + at(1, 1) * fx;
  return (top * (step - fy) + bottom * fy) / (step * step);
}
struct Frame {
  Image<std::uint8_t> prediction, truth, trimap;
};
Frame make(const std::string& kind, int h, int w, int seed) {
  const Shape shape{h, w, 1};
  Frame f{Image<std::uint8_t>(shape), Image<std::uint8_t>(shape), Image<std::uint8_t>(shape)};
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const std::uint32_t bits = mixed(y, x, seed + 1000);
      int a = kind == "noise"     ? static_cast<int>(bits % 256)
              : kind == "glass"   ? smooth(y, x, seed) * 3 / 5
              : kind == "islands" ? (smooth(y, x, seed, 4) > 128 ? 204 : 0)
                                  : std::clamp((smooth(y, x, seed) - 96) * 4, 0, 255);
      int p = std::clamp(a + static_cast<int>(bits / 256 % 41) - 20, 0, 255);
      int t = a == 0 ? 0 : a == 255 ? 255 : 128;
      if (bits / 65536 % 7 == 0) t = 128;
      if ((kind == "noise" || kind == "glass" || kind == "islands") && bits / 65536 % 5 >= 2) t = 128;
      if (kind != "unpasted" && t != 128) p = a = t;
      f.prediction(y, x) = static_cast<std::uint8_t>(p);
      f.truth(y, x) = static_cast<std::uint8_t>(a);
      f.trimap(y, x) = static_cast<std::uint8_t>(t);
    }
  return f;
}
long sum(const Image<std::uint8_t>& image) {
  long s = 0;
  for (const auto v : image) s += v;
  return s;
}
}  // namespace

TEST_CASE("every preset prints what an independent implementation prints") {
  std::ifstream file(HAIRLINE_SOURCE_DIR "/tests/golden/metrics.json");
  REQUIRE(file);
  const auto golden = nlohmann::json::parse(file);
  const double relative = golden["relative_tolerance"], absolute = golden["absolute_tolerance"];
  const auto close = [&](double got, double wanted) {
    return std::abs(got - wanted) <= absolute + relative * std::abs(wanted);
  };
  int compared = 0;
  for (const auto& c : golden["cases"]) {
    const std::string kind = c["kind"];
    const int h = c["height"], w = c["width"], seed = c["seed"];
    INFO(kind << " " << w << "x" << h);
    const Frame f = make(kind, h, w, seed), next = make(kind, h, w, seed + 500);
    REQUIRE(c["sums"] == nlohmann::json({sum(f.prediction), sum(f.truth), sum(f.trimap)}));
    for (const Preset* preset : presets::all) {
      INFO(preset->name);
      const auto report = evaluate(f.prediction, f.truth, f.trimap, *preset);
      if (!c["published"].contains(preset->name)) {
        if (report) CHECK_FALSE(report->published.mse.has_value());
        continue;
      }
      REQUIRE(report.has_value());
      CHECK((report->unknown.pixels == c["unknown"] || preset->crop_to_multiple > 1));
      const auto& wanted = c["published"][preset->name];
      const auto compare = [&](const char* name, const std::optional<double>& got) {
        INFO(name << " is " << got.value_or(-1));
        REQUIRE(got.has_value() == wanted.contains(name));
        if (!got) return;
        CHECK(close(*got, wanted[name]));
        ++compared;
      };
      compare("sad", report->published.sad);
      compare("mse", report->published.mse);
      compare("mad", report->published.mad);
      compare("gradient", report->published.gradient);
      compare("connectivity", report->published.connectivity);
    }
    CHECK(close(dtssd_rvm(f.prediction, next.prediction, f.truth, next.truth).value(), c["dtssd_rvm"]));
    CHECK(close(dtssd_tcvom(f.prediction, next.prediction, f.truth, next.truth, f.trimap).value(), c["dtssd_tcvom"]));
  }
  CHECK(compared > 900);
}

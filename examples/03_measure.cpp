// How far a result is from the truth, in the units that papers print.
#include <algorithm>
#include <cstdio>

#include "hairline/core/image.hpp"
#include "hairline/core/xtensor.hpp"
#include "hairline/metrics/evaluate.hpp"
#include "hairline/metrics/sad.hpp"

int main() {
  using namespace hairline;
  Plane truth(Shape{64, 96, 1}), alpha(Shape{64, 96, 1}), trimap(Shape{64, 96, 1});
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 96; ++x) {
      truth(y, x) = std::clamp(static_cast<float>(x - 30) / 36.0f, 0.0f, 1.0f);
      alpha(y, x) = std::clamp(truth(y, x) + 0.02f * static_cast<float>((x + y) % 3 - 1), 0.0f, 1.0f);
      trimap(y, x) = x < 24 ? 0.0f : x > 72 ? 1.0f : 128.0f / 255.0f;
      if (x < 24 || x > 72) alpha(y, x) = truth(y, x);
    }

  // [measure]
  const auto report = metrics::evaluate(alpha, truth, trimap).value();  // preset: Composition-1k's evaluation code
  std::printf("SAD %.3f  MSE %.5f  Grad %.3f  Conn %.3f\n", *report.unknown.sad, *report.unknown.mse,
              *report.unknown.gradient, *report.unknown.connectivity);
  for (const auto& warning : report.warnings) std::printf("mind: %s\n", warning.text.c_str());
  // [/measure]
  return *report.unknown.sad > 0 && *report.whole.mse < 1e-3 ? 0 : 1;
}

// Frames that follow each other: the last alpha is a good start for the next solve.
#include <cstdio>

#include "hairline/core/image.hpp"
#include "hairline/solvers/closed_form.hpp"

namespace {
// A soft disc that moves; the same disc's ring is unknown.
struct Frame {
  hairline::Image<float> image;
  hairline::Plane trimap;
};
Frame frame(int index) {
  Frame f{hairline::Image<float>(hairline::Shape{96, 128, 3}), hairline::Plane(hairline::Shape{96, 128, 1})};
  for (int y = 0; y < 96; ++y)
    for (int x = 0; x < 128; ++x) {
      const float dx = static_cast<float>(x - 60) - 0.2f * static_cast<float>(index), dy = static_cast<float>(y - 48);
      const float distance = dx * dx + dy * dy;
      const float inside = distance < 700 ? 1.0f : distance > 1100 ? 0.0f : (1100 - distance) / 400;
      f.image(y, x, 0) = 0.2f + 0.6f * inside;
      f.image(y, x, 1) = 0.5f + 0.002f * static_cast<float>(x);
      f.image(y, x, 2) = 0.8f - 0.6f * inside + 0.001f * static_cast<float>(y);
      f.trimap(y, x) = distance < 500 ? 1.0f : distance > 1400 ? 0.0f : 0.5f;
    }
  return f;
}
}  // namespace

int main() {
  // [video]
  hairline::ClosedFormOptions options;
  hairline::Image<double> last;
  int first_frame = 0, later = 0;
  for (int i = 0; i < 5; ++i) {
    const Frame f = frame(i);
    if (!last.empty()) options.solve.start = last;  // a view: `last` stays alive during the solve
    auto matte = hairline::closed_form(f.image, f.trimap, options).value();
    (i == 0 ? first_frame : later) = matte.report.iterations;
    last = std::move(matte.alpha);
  }
  // [/video]
  std::printf("%d iterations for the first frame, %d for the last\n", first_frame, later);
  return later <= first_frame ? 0 : 1;
}

#include "scenery.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "canvas.hpp"
#include "random.hpp"

namespace hairline::demo {

namespace {

Image<float> colour_of(const Canvas& canvas) {
  Image<float> out(Shape{canvas.height(), canvas.width(), 3});
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x)
      for (int c = 0; c < 3; ++c) out(y, x, c) = canvas.pixels()(y, x, c);
  return out;
}

// Separable Gaussian with repeated borders.
Image<float> blurred(const Image<float>& in, float sigma) {
  const int radius = static_cast<int>(std::ceil(3 * sigma));
  std::vector<float> kernel;
  float total = 0;
  for (int i = -radius; i <= radius; ++i) {
    kernel.push_back(std::exp(-static_cast<float>(i * i) / (2 * sigma * sigma)));
    total += kernel.back();
  }
  Image<float> across(in.shape()), out(in.shape());
  const auto pass = [&](const Image<float>& from, Image<float>& to, int dx, int dy) {
    for (int y = 0; y < to.height(); ++y)
      for (int x = 0; x < to.width(); ++x)
        for (int c = 0; c < 3; ++c) {
          float sum = 0;
          for (int i = -radius; i <= radius; ++i)
            sum += kernel[static_cast<std::size_t>(i + radius)] *
                   from(std::clamp(y + i * dy, 0, to.height() - 1), std::clamp(x + i * dx, 0, to.width() - 1), c);
          to(y, x, c) = sum / total;
        }
  };
  pass(in, across, 1, 0);
  pass(across, out, 0, 1);
  return out;
}

void leaf(Canvas& canvas, Random& random, Point at, float size, Paint paint) {
  const float angle = random.between(0, 6.283f);
  const Point along = turned({1, 0}, angle);
  const float side = random.uniform() < 0.5f ? 0.86f : 1.12f;
  canvas.ellipse(at, size, size * 0.42f, angle, 1.2f, 1, [&](float x, float y) {
    const Point p = Point{x, y} - at;
    const float across = along.x * p.y - along.y * p.x;  // the vein divides a lit half from a dull one
    const float vein = std::exp(-across * across / 1.2f) * 0.12f;
    return (across > 0 ? side : 1.0f) * paint + vein * Paint{0.5f, 0.6f, 0.3f};
  });
}

void flower(Canvas& canvas, Random& random, Point at, float size) {
  const Paint petal = mix({0.93f, 0.55f, 0.66f}, {0.97f, 0.90f, 0.92f}, random.uniform());
  const float start = random.between(0, 1.2f);
  for (int i = 0; i < 5; ++i) {
    const float angle = start + 1.2566f * static_cast<float>(i);
    canvas.ellipse(at + size * 0.62f * turned({1, 0}, angle), size * 0.6f, size * 0.42f, angle, 1, 1,
                   [&](float x, float y) {
                     return (0.82f + 0.2f * length(Point{x, y} - at) / size) * petal;
                   });
  }
  canvas.ellipse(at, size * 0.3f, size * 0.3f, 0, 1, 1, [](float, float) { return Paint{0.93f, 0.76f, 0.25f}; });
}

}  // namespace

Image<float> hedge(int width, int height) {
  Canvas canvas(width, height);
  Random random(11);
  const float w = static_cast<float>(width), h = static_cast<float>(height);
  canvas.fill(
      0, 0, w, h, [](float, float) { return 1.0f; },
      [&](float x, float y) {
        return (0.10f + 0.05f * layered_noise(x / 60, y / 60, 4, 3)) * Paint{0.8f, 1.1f, 0.55f};
      });
  const int leaves = width * height / 75;
  for (int i = 0; i < leaves; ++i) {
    const float depth = static_cast<float>(i) / static_cast<float>(leaves);  // 0 far, 1 near
    const Point at{random.between(-20, w + 20), random.between(-20, h + 20)};
    const float light = (0.22f + 0.62f * depth) * (1.05f + 0.55f * layered_noise(at.x / 140, at.y / 140, 3, 8)) *
                        (1.12f - 0.45f * at.y / h);
    const Paint hue = mix({0.42f, 0.60f, 0.22f}, {0.66f, 0.70f, 0.26f}, random.uniform());
    leaf(canvas, random, at, random.between(7, 13) + 8 * depth, (light * random.between(0.75f, 1.2f)) * hue);
    if (i % 90 == 89) flower(canvas, random, {random.between(0, w), random.between(0, h)}, random.between(7, 13));
  }
  Image<float> out = blurred(colour_of(canvas), 1.7f);
  for (float& v : out) v = std::clamp(v, 0.0f, 1.0f);
  return out;
}

Image<float> seaside(int width, int height) {
  Canvas canvas(width, height);
  Random random(23);
  const float w = static_cast<float>(width), h = static_cast<float>(height), horizon = 0.62f * h;
  const Point sun{0.74f * w, 0.47f * h};
  canvas.fill(
      0, 0, w, h, [](float, float) { return 1.0f; },
      [&](float x, float y) {
        const float glow = std::exp(-length(Point{x, y} - sun) / (0.28f * w));
        if (y < horizon) {
          const float cloud = smooth_step(0.02f, 0.5f, layered_noise(x / 260, y / 55, 5, 5));
          const Paint sky = mix({0.24f, 0.30f, 0.52f}, {0.96f, 0.62f, 0.42f}, std::pow(y / horizon, 1.6f));
          return mix(sky, {0.86f, 0.52f, 0.50f}, 0.55f * cloud) + glow * Paint{0.42f, 0.25f, 0.08f};
        }
        const float depth = (y - horizon) / (h - horizon);
        const float wave = layered_noise(x / (18 + 130 * depth), y / (2 + 9 * depth), 4, 9);
        const Paint sea = mix({0.62f, 0.45f, 0.46f}, {0.10f, 0.20f, 0.32f}, std::sqrt(depth));
        const float path = std::exp(-std::pow((x - sun.x) / (40 + 190 * depth), 2.0f));
        return (1 + 0.35f * wave) * sea + (path * smooth_step(0.0f, 0.5f, wave)) * Paint{0.95f, 0.62f, 0.30f};
      });
  canvas.ellipse(sun, 34, 34, 0, 3, 1, [](float, float) { return Paint{1.0f, 0.91f, 0.70f}; });
  for (int i = 0; i < 26; ++i) {  // lamps along a promenade, out of focus
    const Point at{random.between(0, w), random.between(0.70f * h, h)};
    const float size = random.between(9, 26);
    const Paint lamp = mix({1.0f, 0.75f, 0.35f}, {0.95f, 0.45f, 0.35f}, random.uniform());
    canvas.ellipse(at, size, size, 0, 2, random.between(0.10f, 0.35f), [&](float, float) { return lamp; });
  }
  Image<float> out = colour_of(canvas);
  for (float& v : out) v = std::clamp(v, 0.0f, 1.0f);
  return out;
}

void add_noise(Image<float>& picture, float deviation, unsigned seed) {
  Random random(seed);
  for (float& v : picture) v = std::clamp(v + deviation * random.normal(), 0.0f, 1.0f);
}

Image<float> second_shot(const Image<float>& view, float move_x, float move_y, float gain, float noise_deviation) {
  Image<float> out(view.shape());
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x) {
      const float sx = std::clamp(static_cast<float>(x) + move_x, 0.0f, static_cast<float>(out.width() - 1));
      const float sy = std::clamp(static_cast<float>(y) + move_y, 0.0f, static_cast<float>(out.height() - 1));
      const int x0 = static_cast<int>(sx), y0 = static_cast<int>(sy);
      const int x1 = std::min(x0 + 1, out.width() - 1), y1 = std::min(y0 + 1, out.height() - 1);
      const float u = sx - static_cast<float>(x0), v = sy - static_cast<float>(y0);
      for (int c = 0; c < 3; ++c)
        out(y, x, c) = gain * ((view(y0, x0, c) * (1 - u) + view(y0, x1, c) * u) * (1 - v) +
                               (view(y1, x0, c) * (1 - u) + view(y1, x1, c) * u) * v);
    }
  add_noise(out, noise_deviation, 77);
  return out;
}

}  // namespace hairline::demo

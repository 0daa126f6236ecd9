// render_sample FOLDER [HEIGHT]: the demonstration's picture, drawn by this program alone, with everything that is
// known about it: image.png, trimap.png (as if drawn by hand), plate.png (the view without the creature: another
// shot, moved by a fraction of a pixel, brighter by 2 %, noisy), alpha.png, foreground.png, seaside.png.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "canvas.hpp"
#include "creature.hpp"
#include "hairline/core/alpha_mode.hpp"
#include "hairline/core/convert.hpp"
#include "hairline/io/png.hpp"
#include "random.hpp"
#include "scenery.hpp"

namespace {

using namespace hairline;

// A brush of varying size over everything mixed, as a hand does it; never less than 5 pixels on either side.
Plane hand_drawn_trimap(const Plane& alpha) {
  Plane trimap(alpha.shape());
  for (int y = 0; y < alpha.height(); ++y)
    for (int x = 0; x < alpha.width(); ++x) trimap(y, x) = alpha(y, x) >= 0.5f ? 1.0f : 0.0f;
  demo::Random random(5);
  const auto dab = [&](int cx, int cy, int radius) {
    for (int y = std::max(0, cy - radius); y <= std::min(alpha.height() - 1, cy + radius); ++y)
      for (int x = std::max(0, cx - radius); x <= std::min(alpha.width() - 1, cx + radius); ++x)
        if ((x - cx) * (x - cx) + (y - cy) * (y - cy) <= radius * radius) trimap(y, x) = 128.0f / 255;
  };
  for (int y = 0; y < alpha.height(); ++y)
    for (int x = 0; x < alpha.width(); ++x) {
      if (alpha(y, x) <= 0.004f || alpha(y, x) >= 0.996f) continue;
      dab(x, y, random.uniform() < 0.03f ? static_cast<int>(random.between(8, 17)) : 5);
    }
  return trimap;
}

int write(const std::string& path, const Result<void>& result) {
  if (result) return 0;
  std::fprintf(stderr, "render_sample: %s: %s\n", path.c_str(), result.error().message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const int height = argc > 2 ? std::atoi(argv[2]) : 720;
  if (argc < 2 || argc > 3 || height < 16 || height > 8640) {
    std::fprintf(stderr, "usage: render_sample FOLDER [HEIGHT of 16 to 8640]\n");
    return 2;
  }
  const int width = height * 16 / 9;
  demo::Canvas canvas(width, height);
  demo::paint_creature(canvas);
  const auto cutout = unassociate(canvas.pixels());
  const Image<float> hedge = demo::hedge(width, height);
  Plane alpha(Shape{height, width, 1});
  Image<float> foreground(Shape{height, width, 3}), image(Shape{height, width, 3});
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const float a = cutout(y, x, 3) >= 0.998f ? 1.0f : cutout(y, x, 3) <= 0.002f ? 0.0f : cutout(y, x, 3);
      alpha(y, x) = a;
      for (int c = 0; c < 3; ++c) {
        foreground(y, x, c) = std::clamp(cutout(y, x, c), 0.0f, 1.0f);
        image(y, x, c) = a * foreground(y, x, c) + (1 - a) * hedge(y, x, c);
      }
    }
  demo::add_noise(image, 0.004f, 41);
  const std::string folder = std::string(argv[1]) + "/";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const io::PngOptions eight{.depth = 8}, sixteen{.depth = 16};
  return write("image.png", io::write_png(folder + "image.png", image, eight)) |
         write("trimap.png", io::write_png(folder + "trimap.png", hand_drawn_trimap(alpha), eight)) |
         write("plate.png",
               io::write_png(folder + "plate.png", demo::second_shot(hedge, 0.8f, -0.5f, 1.02f, 0.008f), eight)) |
         write("alpha.png", io::write_png(folder + "alpha.png", alpha, sixteen)) |
         write("foreground.png", io::write_png(folder + "foreground.png", foreground, sixteen)) |
         write("seaside.png", io::write_png(folder + "seaside.png", demo::seaside(width, height), eight));
}

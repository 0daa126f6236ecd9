// Training data without a data set: procedural scenes, a crop around mixed pixels, two subjects combined.
#include <cstdio>
#include <string>

#include "hairline/augment/combine.hpp"
#include "hairline/augment/crop.hpp"
#include "hairline/io/png.hpp"
#include "hairline/synth/scene.hpp"
#include "hairline/trimap/random_dilation.hpp"

int main(int argc, char** argv) try {
  using namespace hairline;
  if (argc != 2) return std::fputs("wanted: OUT_PREFIX\n", stderr), 2;
  // [scenes]
  synth::SceneOptions options;
  options.height = 360;
  options.width = 480;
  options.kinds.glass = 0.3f;  // more glass than usual
  options.plate.shift = 3;     // a plate that is up to three pixels off
  const auto scenes = synth::Scenes::make(options, /*seed=*/42).value();
  const synth::Sample sample = scenes(7);  // always the same, from any thread
  // sample.picture, .plate, .alpha, .foreground, .background
  // [/scenes]
  // [augment]
  Random random(42, 7);
  const auto where = augment::draw_crop(sample.alpha, augment::CropRange::deep_image_matting(), random).value();
  const Plane alpha = augment::crop(sample.alpha, where, augment::Interpolation::linear, 320);
  const Plane trimap = random_dilation_trimap(alpha, RandomDilation::deep_image_matting(), random.next()).value();
  const synth::Sample other = scenes(8);
  const auto both = augment::combined({sample.foreground, sample.alpha}, {other.foreground, other.alpha}).value();
  // [/augment]
  const std::string prefix = argv[1];
  io::write_png(prefix + "picture.png", sample.picture).value();
  io::write_png(prefix + "plate.png", sample.plate).value();
  io::write_png(prefix + "alpha.png", sample.alpha).value();
  io::write_png(prefix + "trimap.png", trimap).value();
  io::write_png(prefix + "both.png", both.alpha).value();
} catch (const hairline::BadResult& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}

// A network: picture + plate + trained weights -> alpha and foreground, computed by the plain reference.
#include <cstdio>

#include "hairline/io/png.hpp"
#include "hairline/io/read.hpp"
#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/nets/pictures.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/weights/load.hpp"
#include "hairline/weights/seeded.hpp"

int main(int argc, char** argv) try {
  using namespace hairline;
  if (argc < 5) return std::fputs("wanted: PICTURE PLATE OUT_ALPHA OUT_FOREGROUND [WEIGHTS]\n", stderr), 2;
  // [run]
  constexpr Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  const Weights weights = argc > 5 ? load_weights(g, argv[5]).value()  // .pth, .safetensors, .onnx
                                   : seeded_weights(g);                // made up: shows the way, mattes nothing
  const auto picture = io::read_image(argv[1]).value(), plate = io::read_image(argv[2]).value();
  const BackgroundMattingV2Options options{.refine_mode = RefineMode::sampling, .refine_sample_pixels = 40000};
  const auto found = run_reference(g, weights, {to_tensor(picture), to_tensor(plate)}, options).value();
  io::write_png(argv[3], to_image(found.at("pha"))).value();
  io::write_png(argv[4], to_image(found.at("fgr"))).value();  // straight colour
  // [/run]
} catch (const hairline::BadResult& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}

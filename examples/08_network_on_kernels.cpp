// Background Matting V2 on compiled kernels: weights packed once, a session for each thread, any pixels.
#include <hairline/io/png.hpp>
#include <hairline/io/read.hpp>
#include <hairline/kernels/session.hpp>
#include <hairline/nets/background_matting_v2.hpp>
#include <hairline/weights/load.hpp>
#include <hairline/weights/seeded.hpp>

#include <cstdio>

// [library]
// In the static library hairline::kernels_bgmv2_mobilenetv2.
extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2;
// [/library]

int main(int argc, char** argv) try {
  if (argc < 4) return std::fputs("wanted: PICTURE PLATE OUT_ALPHA [WEIGHTS]\n", stderr), 2;
  // [session]
  using namespace hairline;
  constexpr Graph network = graph<BackgroundMattingV2<MobileNetV2>>();
  const Weights weights = argc > 4 ? load_weights(network, argv[4]).value()  // .pth, .safetensors, .onnx
                                   : seeded_weights(network);                // made up: shows the way, mattes nothing
  const auto packed =
      kernels::pack_network(network, weights, kernels::cpu_backend(hairline_kernels_bgmv2_mobilenetv2)).value();
  kernels::Session session(packed);  // one for each thread; the packed weights are shared

  const auto picture = io::read_any_image(argv[1]).value(), plate = io::read_any_image(argv[2]).value();
  Image<float> alpha(Shape{picture.height(), picture.width(), 1});
  const AnyView in[] = {picture.view(), plate.view()};          // 8 or 16 bits, float; any layout
  const kernels::ResultTarget out[] = {{"pha", alpha.view()}};  // "fgr", "err_sm" ... likewise
  const auto report = session.run(in, out, BackgroundMattingV2Options{}).value();
  // [/session]
  io::write_png(argv[3], alpha).value();
  std::printf("%d of %d cells refined\n", report.refined_cells, report.cells);
} catch (const hairline::BadResult& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}

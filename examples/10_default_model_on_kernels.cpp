// What `hairline matte PICTURE OUT --background PLATE` does, in a program: the plate settled, the network that hairline
// brings weights for, on compiled kernels, and its alpha cleaned and weighed against colours.
#include <hairline/composite/islands.hpp>
#include <hairline/composite/pits.hpp>
#include <hairline/io/png.hpp>
#include <hairline/io/read.hpp>
#include <hairline/kernels/session.hpp>
#include <hairline/nets/slim_matting.hpp>
#include <hairline/solvers/plate_settling.hpp>
#include <hairline/solvers/weigh_colours.hpp>
#include <hairline/weights/load.hpp>

#include <cstdio>

// In the static library hairline::kernels_slim.
extern "C" const hairline::kernels::Library hairline_kernels_slim;

int main(int argc, char** argv) try {
  if (argc < 6)
    return std::fputs("wanted: PICTURE PLATE weights/default.safetensors OUT_ALPHA OUT_COLOUR\n", stderr), 2;
  // [default]
  using namespace hairline;
  constexpr Graph network = graph<SlimMatting>();
  const auto packed = kernels::pack_network(network, load_weights(network, argv[3]).value(),
                                            kernels::cpu_backend(hairline_kernels_slim))
                          .value();
  kernels::Session session(packed);
  ThreadPool pool;

  const auto picture = io::read_any_image(argv[1]).value(), plate = io::read_any_image(argv[2]).value();
  const Image<float> moved = moved_plate(picture.view(), plate.view(), /*from_hand=*/false, pool);
  const AnyView behind = moved.empty() ? plate.view() : AnyView(moved);  // empty: it lay right

  Image<float> alpha(Shape{picture.height(), picture.width(), 1}), colour(Shape{picture.height(), picture.width(), 3});
  const AnyView in[] = {picture.view(), behind};
  const kernels::ResultTarget out[] = {{"pha", alpha.view()}, {"fgr", colour.view()}};
  session.run(in, out, slim_options(slim_backbone_scale(picture.height(), picture.width()))).value();

  remove_islands(alpha.view());
  fill_pits(alpha.view());
  weigh_colours(picture.view(), behind, alpha.view(), colour.view(), {}, pool).value();
  // [/default]
  io::write_png(argv[4], alpha).value();
  io::write_png(argv[5], colour).value();
} catch (const hairline::BadResult& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}

// usage: example_01_matte_one_image PICTURE TRIMAP OUT_ALPHA OUT_COMPOSITE
#include <cstdio>

// [readme]
#include <hairline/composite/composite.hpp>
#include <hairline/io/png.hpp>
#include <hairline/io/read.hpp>
#include <hairline/solvers/closed_form.hpp>
#include <hairline/solvers/foreground_multilevel.hpp>

int main(int argc, char** argv) try {
  if (argc != 5) return std::fputs("wanted: PICTURE TRIMAP OUT_ALPHA OUT_COMPOSITE\n", stderr), 2;
  const auto image = hairline::io::read_image(argv[1]).value();     // RGB in [0,1]
  const auto trimap = hairline::io::read_plane(argv[2]).value();    // black, grey, white
  const auto matte = hairline::closed_form(image, trimap).value();  // alpha, and how the solver fared
  const auto colour = hairline::foreground_multilevel(image, matte.alpha).value().foreground;
  const auto result = hairline::composite(colour, matte.alpha, hairline::Colour{0.1f, 0.3f, 0.5f}).value();
  hairline::io::write_png(argv[3], matte.alpha).value();  // 16 bits, written whole or not at all
  hairline::io::write_png(argv[4], result).value();
} catch (const hairline::BadResult& error) {  // value() throws the error's text; or ask has_value() instead
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
// [/readme]

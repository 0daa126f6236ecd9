// The generator program. Two ways to call it:
//   hairline_gen -g hairline_resize_bilinear -f name -o DIR -e object,stmt target=x86-64-linux channels=3 vectors=2
//       one kernel with knobs, as every Halide generator program
//   hairline_gen --library image_ops --levels x86-64,avx2,avx512 --cache DIR -o DIR
//       a whole library: see library.hpp
#include <Halide.h>

#include <cstring>

#include "library.hpp"

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    if (std::strcmp(argv[i], "--library") == 0) return library_main(argc, argv);
  return Halide::Internal::generate_filter_main(argc, argv);
}

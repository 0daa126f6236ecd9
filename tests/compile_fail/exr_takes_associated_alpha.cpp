// expect: EXR holds associated alpha: call hairline::associate() first
#include "hairline/core/alpha_mode.hpp"
#include "hairline/io/exr.hpp"

hairline::Result<void> write(const hairline::Image<float, hairline::AlphaMode::straight>& image) {
#ifdef HAIRLINE_SHOULD_FAIL
  return hairline::io::write_exr("x.exr", image);
#else
  return hairline::io::write_exr("x.exr", hairline::associate(image));
#endif
}

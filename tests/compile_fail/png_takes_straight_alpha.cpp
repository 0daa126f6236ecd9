// expect: PNG holds straight alpha: call hairline::unassociate() first
#include "hairline/core/alpha_mode.hpp"
#include "hairline/io/png.hpp"

hairline::Result<void> write(const hairline::Image<float, hairline::AlphaMode::associated>& image) {
#ifdef HAIRLINE_SHOULD_FAIL
  return hairline::io::write_png("x.png", image);
#else
  return hairline::io::write_png("x.png", hairline::unassociate(image));
#endif
}

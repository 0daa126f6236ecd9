#include "cutout.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "hairline/composite/composite.hpp"
#include "hairline/solvers/foreground_multilevel.hpp"
#include "job_error.hpp"

namespace hairline::tool {

AnyImage estimate_foreground(AnyView picture, AnyView alpha, const std::string& file, int threads, PixelType as) {
  ForegroundMultilevelOptions options;
  options.threads = threads;
  options.background = false;
  const auto estimate = [&]<class Stored>(Stored) -> AnyImage {
    return std::move(take(foreground_multilevel<float, Stored>(picture, alpha, options), file).foreground);
  };
  if (as == PixelType::u8) return estimate(std::uint8_t{});
  if (as == PixelType::u16) return estimate(std::uint16_t{});
  return estimate(float{});
}

Image<float, AlphaMode::straight> cutout(const Image<float>& foreground, const Plane& alpha) {
  Image<float, AlphaMode::straight> out(Shape{alpha.height(), alpha.width(), 4});
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x) {
      for (int c = 0; c < 3; ++c) out(y, x, c) = foreground(y, x, c);
      out(y, x, 3) = alpha(y, x);
    }
  return out;
}

Image<float> filled(const Shape& shape, const Colour& colour) {
  Image<float> out(Shape{shape.height, shape.width, 3});
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x)
      for (int c = 0; c < 3; ++c) out(y, x, c) = colour[static_cast<std::size_t>(c)];
  return out;
}

Image<float> put_over(AnyView foreground, AnyView alpha, AnyView background, const std::string& file) {
  return take(composite(foreground, alpha, background, CompositeOptions{}), file);
}

}  // namespace hairline::tool

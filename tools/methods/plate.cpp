#include "hairline/solvers/plate.hpp"

#include <algorithm>
#include <string>

#include "../default_weights.hpp"
#include "method.hpp"

namespace hairline::tool {

namespace {

Result<Matte> run(const MatteInput& input, const MethodSettings& settings) {
  PlateOptions options;
  if (settings.epsilon) options.epsilon = *settings.epsilon;
  options.solve = settings.solve;
  if (settings.align) {
    options.motion = PlateMotion::homography;
    options.reach = std::max(options.reach, std::max(input.picture.width(), input.picture.height()) / 25);
  }
  return in_precision(settings, [&](auto scalar) -> Result<Matte> {
    auto result = plate_matting<decltype(scalar)>(input.picture, input.plate, options);
    if (!result) return result.error();
    return Matte{.alpha = convert<float>(result->alpha), .report = result->report, .trimap = std::move(result->trimap)};
  });
}

}  // namespace

Method plate_method() {
  Method m;
  m.name = "plate";
  m.long_name = "plate_matting";
  m.about = "difference from a captured background, then closed form";
  if (default_weights().empty()) m.about += "; the default with a background";
  m.takes_plate = true;
  m.has_epsilon = true;
  m.has_start = true;
  m.has_align = true;
  m.has_preconditioner = true;
  m.defaults = [] { return PlateOptions{}.solve; };
  m.run = run;
  return m;
}

}  // namespace hairline::tool

#include "hairline/solvers/plate.hpp"

#include "method.hpp"

namespace hairline::tool {

namespace {

Result<Matte> run(const MatteInput& input, const MethodSettings& settings) {
  PlateOptions options;
  if (settings.epsilon) options.epsilon = *settings.epsilon;
  options.solve = settings.solve;
  return in_precision(settings, [&](auto scalar) -> Result<Matte> {
    auto result = plate_matting<decltype(scalar)>(input.picture, input.plate, options);
    if (!result) return result.error();
    return Matte{convert<float>(result->alpha), result->report, std::move(result->trimap)};
  });
}

}  // namespace

Method plate_method() {
  Method m;
  m.name = "plate";
  m.long_name = "plate_matting";
  m.about = "difference from a captured background, then closed form; the default with a background";
  m.takes_plate = true;
  m.has_epsilon = true;
  m.has_start = true;
  m.has_preconditioner = true;
  m.defaults = [] { return PlateOptions{}.solve; };
  m.run = run;
  return m;
}

}  // namespace hairline::tool

#include "hairline/solvers/shared_matting.hpp"

#include "method.hpp"

namespace hairline::tool {

namespace {

Result<Matte> run(const MatteInput& input, const MethodSettings& settings) {
  SharedMattingOptions options;
  options.solve = settings.solve;
  return in_precision(settings, [&](auto scalar) {
    return to_matte(shared_matting<decltype(scalar)>(input.picture, input.trimap, options));
  });
}

}  // namespace

Method sm_method() {
  Method m;
  m.name = "sm";
  m.long_name = "shared_matting";
  m.about = "shared sampling (Gastal 2010): no linear system";
  m.iterates = false;
  m.defaults = [] { return SharedMattingOptions{}.solve; };
  m.run = run;
  return m;
}

}  // namespace hairline::tool

#include "hairline/solvers/information_flow.hpp"

#include "method.hpp"

namespace hairline::tool {

namespace {

Result<Matte> run(const MatteInput& input, const MethodSettings& settings) {
  InformationFlowOptions options;
  options.solve = settings.solve;
  return in_precision(settings, [&](auto scalar) {
    return to_matte(information_flow<decltype(scalar)>(input.picture, input.trimap, options));
  });
}

}  // namespace

Method ifm_method() {
  Method m;
  m.name = "ifm";
  m.long_name = "information_flow";
  m.about = "information flow (Aksoy 2017)";
  m.has_start = true;
  m.has_preconditioner = true;
  m.defaults = [] { return InformationFlowOptions{}.solve; };
  m.run = run;
  return m;
}

}  // namespace hairline::tool

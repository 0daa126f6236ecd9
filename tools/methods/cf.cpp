#include "hairline/solvers/closed_form.hpp"

#include "method.hpp"

namespace hairline::tool {

namespace {

Result<Matte> run(const MatteInput& input, const MethodSettings& settings) {
  ClosedFormOptions options;
  if (settings.epsilon) options.epsilon = *settings.epsilon;
  if (settings.radius) options.radius = *settings.radius;
  options.solve = settings.solve;
  return in_precision(settings, [&](auto scalar) {
    return to_matte(closed_form<decltype(scalar)>(input.picture, input.trimap, options));
  });
}

}  // namespace

Method cf_method() {
  Method m;
  m.name = "cf";
  m.long_name = "closed_form";
  m.about = "closed form (Levin 2008); the default with a trimap";
  m.has_epsilon = true;
  m.has_radius = true;
  m.has_start = true;
  m.has_preconditioner = true;
  m.defaults = [] { return ClosedFormOptions{}.solve; };
  m.run = run;
  return m;
}

}  // namespace hairline::tool

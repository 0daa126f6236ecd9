#include "hairline/solvers/learning_based.hpp"

#include "method.hpp"

namespace hairline::tool {

namespace {

Result<Matte> run(const MatteInput& input, const MethodSettings& settings) {
  LearningBasedOptions options;
  if (settings.epsilon) options.epsilon = *settings.epsilon;
  if (settings.radius) options.radius = *settings.radius;
  options.solve = settings.solve;
  return in_precision(settings, [&](auto scalar) {
    return to_matte(learning_based<decltype(scalar)>(input.picture, input.trimap, options));
  });
}

}  // namespace

Method lbdm_method() {
  Method m;
  m.name = "lbdm";
  m.long_name = "learning_based";
  m.about = "learning-based digital matting (Zheng 2009)";
  m.has_epsilon = true;
  m.has_radius = true;
  m.has_start = true;
  m.has_preconditioner = true;
  m.defaults = [] { return LearningBasedOptions{}.solve; };
  m.run = run;
  return m;
}

}  // namespace hairline::tool

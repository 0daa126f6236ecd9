#include "hairline/solvers/random_walk.hpp"

#include "method.hpp"

namespace hairline::tool {

namespace {

Result<Matte> run(const MatteInput& input, const MethodSettings& settings) {
  RandomWalkOptions options;
  if (settings.radius) options.radius = *settings.radius;
  options.solve = settings.solve;
  return in_precision(settings, [&](auto scalar) {
    return to_matte(random_walk<decltype(scalar)>(input.picture, input.trimap, options));
  });
}

}  // namespace

Method rw_method() {
  Method m;
  m.name = "rw";
  m.long_name = "random_walk";
  m.about = "random walks (Grady 2005)";
  m.has_radius = true;
  m.has_start = true;
  m.has_preconditioner = true;
  m.defaults = [] { return RandomWalkOptions{}.solve; };
  m.run = run;
  return m;
}

}  // namespace hairline::tool

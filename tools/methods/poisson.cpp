#include "hairline/solvers/poisson.hpp"

#include "method.hpp"

namespace hairline::tool {

namespace {

Result<Matte> run(const MatteInput& input, const MethodSettings& settings) {
  PoissonOptions options;
  options.solve = settings.solve;
  return in_precision(settings, [&](auto scalar) {
    return to_matte(poisson_matting<decltype(scalar)>(input.picture, input.trimap, options));
  });
}

}  // namespace

Method poisson_method() {
  Method m;
  m.name = "poisson";
  m.long_name = "poisson";
  m.about = "Poisson matting (Sun 2004)";
  m.defaults = [] { return PoissonOptions{}.solve; };
  m.run = run;
  return m;
}

}  // namespace hairline::tool

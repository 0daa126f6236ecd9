#if __has_include("hairline/solvers/poisson.hpp")
#include "hairline/solvers/poisson.hpp"
#endif

#include "method.hpp"

namespace hairline::tool {

#if __has_include("hairline/solvers/poisson.hpp")
namespace {

Result<Matte> run(const MatteInput& input, const MethodSettings& settings) {
  PoissonOptions options;
  options.solve = settings.solve;
  return in_precision(settings, [&](auto scalar) {
    return to_matte(poisson_matting<decltype(scalar)>(input.picture, input.trimap, options));
  });
}

}  // namespace
#endif

Method poisson_method() {
  Method m;
  m.name = "poisson";
  m.long_name = "poisson";
  m.about = "Poisson matting (Sun 2004)";
#if __has_include("hairline/solvers/poisson.hpp")
  m.defaults = [] { return PoissonOptions{}.solve; };
  m.run = run;
#endif
  return m;
}

}  // namespace hairline::tool

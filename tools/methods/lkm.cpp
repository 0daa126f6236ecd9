#include "hairline/solvers/large_kernel.hpp"

#include "method.hpp"

namespace hairline::tool {

namespace {

Result<Matte> run(const MatteInput& input, const MethodSettings& settings) {
  LargeKernelOptions options;
  if (settings.epsilon) options.epsilon = *settings.epsilon;
  if (settings.radius) options.radius = *settings.radius;
  options.solve = settings.solve;
  return in_precision(settings, [&](auto scalar) {
    return to_matte(large_kernel<decltype(scalar)>(input.picture, input.trimap, options));
  });
}

}  // namespace

Method lkm_method() {
  Method m;
  m.name = "lkm";
  m.long_name = "large_kernel";
  m.about = "closed form with large windows (He 2010)";
  m.has_epsilon = true;
  m.has_radius = true;
  m.has_start = true;
  m.has_preconditioner = true;
  m.defaults = [] { return LargeKernelOptions{}.solve; };
  m.run = run;
  return m;
}

}  // namespace hairline::tool

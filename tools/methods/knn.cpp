#include "hairline/solvers/knn.hpp"

#include "method.hpp"

namespace hairline::tool {

namespace {

Result<Matte> run(const MatteInput& input, const MethodSettings& settings) {
  KnnOptions options;
  options.solve = settings.solve;
  return in_precision(settings, [&](auto scalar) {
    return to_matte(knn_matting<decltype(scalar)>(input.picture, input.trimap, options));
  });
}

}  // namespace

Method knn_method() {
  Method m;
  m.name = "knn";
  m.long_name = "knn";
  m.about = "k nearest neighbours in colour and place (Chen 2013)";
  m.has_start = true;
  m.has_preconditioner = true;
  m.defaults = [] { return KnnOptions{}.solve; };
  m.run = run;
  return m;
}

}  // namespace hairline::tool

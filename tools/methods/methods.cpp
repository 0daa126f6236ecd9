#include <algorithm>

#include "method.hpp"

namespace hairline::tool {

Method cf_method();
Method knn_method();
Method lbdm_method();
Method lkm_method();
Method rw_method();
Method sm_method();
Method ifm_method();
Method poisson_method();
Method plate_method();
Method slim_method();
Method bgmv2_mobilenetv2_method();
Method bgmv2_resnet50_method();
Method bgmv2_resnet101_method();

const std::vector<Method>& methods() {
  static const std::vector<Method> all{cf_method(),
                                       knn_method(),
                                       lbdm_method(),
                                       lkm_method(),
                                       rw_method(),
                                       sm_method(),
                                       ifm_method(),
                                       poisson_method(),
                                       plate_method(),
                                       slim_method(),
                                       bgmv2_mobilenetv2_method(),
                                       bgmv2_resnet50_method(),
                                       bgmv2_resnet101_method()};
  return all;
}

const Method* find_method(const std::string& name) {
  const auto& all = methods();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Method& m) { return m.name == name || m.long_name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace hairline::tool

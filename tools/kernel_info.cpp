#include "kernel_info.hpp"

#ifdef HAIRLINE_WITH_KERNELS
#include "hairline/kernels/image_ops.hpp"
#endif

namespace hairline::tool {

Json kernel_info() {
  Json json{{"built", false}, {"level", nullptr}, {"devices", {"cpu"}}};
  return json;
}

}  // namespace hairline::tool

#include "kernel_info.hpp"

#include <utility>

#include "hairline/kernels/cpu_level.hpp"
#include "hairline/kernels/devices.hpp"

#ifdef HAIRLINE_WITH_KERNELS
#include "hairline/kernels/image_ops.hpp"
#endif

namespace hairline::tool {

Json kernel_info() {
  Json json;
#ifdef HAIRLINE_WITH_KERNELS
  json["built"] = true;
  json["halide"] = hairline_kernels_image_ops.halide;
  json["library"] = hairline_kernels_image_ops.name;
#else
  json["built"] = false;
  json["halide"] = nullptr;
  json["library"] = nullptr;
#endif
  const auto level = kernels::level();
  json["level"] = level ? Json(kernels::name(*level)) : Json(nullptr);
  if (!level) json["level_error"] = level.error().message;
  Json devices = Json::array({"cpu"});
  for (const auto& device : kernels::devices())
    devices.push_back(device.api + ": " + device.name + " (" + device.platform + ")");
  json["devices"] = std::move(devices);
  return json;
}

}  // namespace hairline::tool

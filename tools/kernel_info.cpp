#include "kernel_info.hpp"

#include <string>
#include <utility>

#include "device.hpp"
#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/cpu_level.hpp"

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
  const auto narrow = kernels::bf16_target();  // may ask the system for the use of tiles
  json["bf16_level"] = narrow ? Json(kernels::name(*narrow)) : Json(nullptr);
  if (!narrow) json["bf16_level_error"] = narrow.error().message;
  Json devices = Json::array({"cpu"});
  const DeviceListing listing = list_devices();
  for (const std::string& line : listing.lines) devices.push_back(line);
  json["devices"] = std::move(devices);
  if (!listing.whole) json["device_error"] = "a device driver failed while it was asked for its devices";
  return json;
}

}  // namespace hairline::tool

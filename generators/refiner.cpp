#include <stdexcept>

#include "lowering/family.hpp"

namespace {
std::string halide_type(const std::string& pixel) {
  if (pixel == "u8") return "uint8";
  if (pixel == "u16") return "uint16";
  if (pixel == "f32") return "float32";
  throw std::runtime_error("no pixel type is called '" + pixel + "': known are u8, u16, f32");
}
}  // namespace

KernelSpec refine_cells(const std::string& pixel, int kernel, int tile_w, int tile_h) {
  const auto number = [](int n) { return std::to_string(n); };
  return {"refine_cells_" + pixel + "_k" + number(kernel) + "_" + number(tile_w) + "x" + number(tile_h),
          "hairline_refine_cells",
          {{"picture0.type", halide_type(pixel)},
           {"picture1.type", halide_type(pixel)},
           {"kernel", number(kernel)},
           {"tile_w", number(tile_w)},
           {"tile_h", number(tile_h)}},
          {"lowering/refine_cells.cpp", "lowering/bilinear.hpp", "lowering/layout.hpp", "lowering/winograd_rows.hpp",
           "../include/hairline/kernels/winograd.hpp"}};
}

KernelSpec finish(const std::string& pixel, const std::string& result, const std::string& backdrop) {
  const bool over = !backdrop.empty();
  std::map<std::string, std::string> params = {{"picture.type", halide_type(pixel)},
                                               {"colour_type", halide_type(result)},
                                               {"alpha_type", halide_type(result)},
                                               {"over", over ? "true" : "false"}};
  if (over) params["backdrop_type"] = halide_type(backdrop);
  return {"finish_" + pixel + "_" + result + (over ? "_over_" + backdrop : ""),
          "hairline_finish",
          params,
          {"lowering/finish.cpp", "lowering/bilinear.hpp", "lowering/layout.hpp"}};
}

std::vector<KernelSpec> refiner_ops() {
  std::vector<KernelSpec> kernels;
  for (const auto& [w, h] : {std::pair{1, 1}, {4, 1}, {4, 4}}) kernels.push_back(refine_cells("u8", 3, w, h));
  kernels.push_back(refine_cells("f32", 3, 1, 1));
  kernels.push_back(refine_cells("u16", 1, 1, 1));
  kernels.push_back(refine_cells("f32", 1, 4, 4));
  for (const char* pixel : {"u8", "u16", "f32"}) kernels.push_back(finish(pixel, pixel));
  kernels.push_back(finish("u8", "f32"));
  kernels.push_back(finish("u8", "u8", "u8"));
  kernels.push_back(finish("f32", "u16", "f32"));
  return kernels;
}

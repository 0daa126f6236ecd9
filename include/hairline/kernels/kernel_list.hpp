#pragma once
#include <string>
#include <utility>
#include <vector>

#include "hairline/kernels/fuse_blocks.hpp"
#include "hairline/kernels/lowered.hpp"

namespace hairline::kernels {

/// Pixel types that kernels read pictures in; sessions convert others.
struct PictureType {
  const char *suffix, *halide;
};
inline constexpr PictureType picture_types[] = {{"u8", "uint8"}, {"f32", "float32"}};

/// Sizes of the refiner's tiles in cells, large ones first.
inline constexpr int refine_tiles[] = {4, 1};

/// A large tile costs about as much as this many single cells.
inline constexpr int large_tile_pays = 7;

namespace detail {
/// A kernel that reads pictures, for one of their types.
inline KernelDescriptor for_pictures(KernelDescriptor d, const PictureType& type, const char* parameter) {
  d.name += std::string("_") + type.suffix;
  d.constants.emplace_back(parameter, type.halide);
  return d;
}
inline std::string refine_kernel_name(const RefineStage& r, int tile) {
  std::string name = "refine_cells";
  const auto add = [&](const char* key, int value) { name.append(key).append(std::to_string(value)); };
  add("_k", r.kernel);
  add("_h", r.hidden);
  for (int w : r.widths) add("_", w);
  add("_p", r.coarse.pitch);
  add("_a", r.alpha_at);
  add("r", r.residual_at);
  add("h", r.hidden_at);
  add("_", tile);
  add("x", tile);
  return name;
}
inline KernelDescriptor refine_kernel(const RefineStage& r, int tile, const PictureType& type) {
  const auto text = [](int n) { return std::to_string(n); };
  return {refine_kernel_name(r, tile) + "_" + type.suffix,
          "hairline_refine_cells",
          {{"kernel", text(r.kernel)},
           {"tile_w", text(tile)},
           {"tile_h", text(tile)},
           {"pitch", text(r.coarse.pitch)},
           {"alpha_at", text(r.alpha_at)},
           {"residual_at", text(r.residual_at)},
           {"hidden_at", text(r.hidden_at)},
           {"hidden", text(r.hidden)},
           {"width0", text(r.widths[0])},
           {"width1", text(r.widths[1])},
           {"width2", text(r.widths[2])},
           {"picture0.type", type.halide},
           {"picture1.type", type.halide}}};
}
inline std::string finish_kernel_name(const RefineStage& r, const char* picture, const char* result) {
  return "finish_p" + std::to_string(r.coarse.pitch) + "_a" + std::to_string(r.alpha_at) + "r" +
         std::to_string(r.residual_at) + "_" + picture + "_" + result;
}
inline KernelDescriptor finish_kernel(const RefineStage& r, const PictureType& picture, const PictureType& result) {
  const auto text = [](int n) { return std::to_string(n); };
  return {finish_kernel_name(r, picture.suffix, result.suffix),
          "hairline_finish",
          {{"pitch", text(r.coarse.pitch)},
           {"alpha_at", text(r.alpha_at)},
           {"residual_at", text(r.residual_at)},
           {"picture.type", picture.halide},
           {"colour_type", result.halide},
           {"alpha_type", result.halide}}};
}
inline std::string refined_finish_name(const RefineStage& r, const char* picture, const char* result) {
  return "refined_" + finish_kernel_name(r, picture, result);
}
inline std::string select_kernel_name(const RefineStage& r) { return "select_cells_p" + std::to_string(r.error.pitch); }
/// What devices do instead of the host: choosing cells, and putting the refined ones into the result.
inline KernelDescriptor refined_finish_kernel(const RefineStage& r, const PictureType& picture,
                                              const PictureType& result) {
  KernelDescriptor d = finish_kernel(r, picture, result);
  d.name = refined_finish_name(r, picture.suffix, result.suffix);
  d.constants.emplace_back("refined", "true");
  d.devices_only = true;
  return d;
}
inline KernelDescriptor select_kernel(const RefineStage& r) {
  return {select_kernel_name(r),
          "hairline_select_cells",
          {{"pitch", std::to_string(r.error.pitch)}, {"least", std::to_string(large_tile_pays)}},
          true};
}
}  // namespace detail

/// A kernel that a session may call.
struct ListedKernel {
  KernelDescriptor kernel;
  bool block = false;       ///< does what several others do; a library has it where a schedule record says that it pays
  std::string within = {};  ///< blocks each of which does this too, by spaces; empty: there is none
};

/// Every kernel that a session of this network may call; some more than once.
inline std::vector<ListedKernel> kernel_list(const LoweredNetwork& network) {
  std::vector<ListedKernel> list;
  const detail::BlockFinder finder(network);
  std::vector<Step> blocks;
  for (std::size_t s = 0; s < network.steps.size(); ++s)
    for (Step& block : finder.blocks(s)) blocks.push_back(std::move(block));
  for (const Step& block : blocks) list.push_back({block.kernel, true, ""});
  for (const Step& step : network.steps) {
    if (step.kind == StepKind::pictures) {
      for (const PictureType& type : picture_types) list.push_back({detail::for_pictures(step.kernel, type, "type")});
    } else {
      std::string within;
      for (const Step& block : blocks)
        for (const Step& part : block.parts)
          if (part.storage == step.storage) within += (within.empty() ? "" : " ") + block.kernel.name;
      list.push_back({step.kernel, false, within});
    }
  }
  if (network.refine.present) {
    for (const PictureType& type : picture_types)
      for (int tile : refine_tiles)
        if (network.refine.refines) list.push_back({detail::refine_kernel(network.refine, tile, type)});
    if (network.refine.refines) list.push_back({detail::select_kernel(network.refine)});
    for (const PictureType& picture : picture_types)
      for (const PictureType& result : picture_types)
        if (picture.suffix == picture_types[0].suffix || result.suffix == picture_types[1].suffix) {
          list.push_back({detail::finish_kernel(network.refine, picture, result)});
          if (network.refine.refines) list.push_back({detail::refined_finish_kernel(network.refine, picture, result)});
        }
  }
  return list;
}

}  // namespace hairline::kernels

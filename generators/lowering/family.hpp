#pragma once
#include <map>
#include <string>
#include <vector>

/// One kernel of a library: which generator makes it, and with which compile-time constants.
struct KernelSpec {
  std::string name;                           // the descriptor, e.g. resize_bilinear_f32_c3; also part of the symbol
  std::string generator;                      // e.g. hairline_resize_bilinear
  std::map<std::string, std::string> params;  // GeneratorParams that are part of the algorithm
  std::vector<std::string> sources;      // files below generators/ that define it: their content is in the cache key
  bool block = false;                    // does what several others do: only where a record says {"fused": true}
  std::vector<std::string> within = {};  // for each of its uses the blocks that do it too, by name, blanks between
};

/// The kernels of image_ops: what hairline/kernels/image_ops.hpp calls.
std::vector<KernelSpec> image_ops();

/// The refiner on tiles of tile_w x tile_h cells of 4x4 pixels; pixel is u8, u16 or f32, the type of both pictures.
KernelSpec refine_cells(const std::string& pixel, int kernel, int tile_w, int tile_h);

/// The full-resolution result; pixel is the type of the picture, result of alpha, foreground and composite. There is a
/// composite if backdrop, its background's type, is given.
KernelSpec finish(const std::string& pixel, const std::string& result, const std::string& backdrop = "");

/// Instances of the refiner's kernels for its tests: every pixel type, kernel and tile occurs.
std::vector<KernelSpec> refiner_ops();

/// Small convolutions that between them meet every branch of their generators; only tests/kernels calls them.
std::vector<KernelSpec> conv_cases();
/// The same for bfloat16 activations.
std::vector<KernelSpec> conv_cases_bf16();
/// The same for bfloat16 products on AMX tiles.
std::vector<KernelSpec> conv_cases_amx();
/// Kernels of half floats for devices, for tests.
std::vector<KernelSpec> conv_cases_half();

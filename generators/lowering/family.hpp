#pragma once
#include <map>
#include <string>
#include <vector>

/// One kernel of a library: which generator makes it, and with which compile-time constants.
struct KernelSpec {
  std::string name;                           // the descriptor, e.g. resize_bilinear_f32_c3; also part of the symbol
  std::string generator;                      // e.g. hairline_resize_bilinear
  std::map<std::string, std::string> params;  // GeneratorParams that are part of the algorithm
  std::vector<std::string> sources;  // files below generators/ that define it: their content is in the cache key
};

/// The kernels of image_ops: what hairline/kernels/image_ops.hpp calls.
std::vector<KernelSpec> image_ops();

/// Small convolutions that between them meet every branch of their generators; only tests/kernels calls them.
std::vector<KernelSpec> conv_cases();

#include <utility>

#include "library.hpp"
#include "lowering/family.hpp"

namespace {
std::vector<std::string> with_common(std::vector<std::string> files) {
  for (const char* file :
       {"activation", "activations", "bilinear", "conv_input", "dense_conv", "device", "register_tile"})
    files.push_back(std::string("lowering/") + file + ".hpp");
  return files;
}
const std::vector<std::string> direct = with_common({"lowering/conv2d.cpp"});
const std::vector<std::string> winograd = with_common(
    {"lowering/conv2d_winograd.cpp", "lowering/winograd_rows.hpp", "../include/hairline/kernels/winograd.hpp"});
using Params = std::map<std::string, std::string>;

std::vector<KernelSpec> residual_cases() {
  const std::vector<std::string> sources = with_common({"lowering/inverted_residual.cpp"});
  return {
      {"residual_add",
       "hairline_inverted_residual",
       {{"in_channels", "20"}, {"pitch", "32"}, {"wide_channels", "90"}, {"channels", "20"}, {"residual", "true"}},
       sources},
      {"residual_stride",
       "hairline_inverted_residual",
       {{"in_channels", "17"},
        {"pitch", "48"},
        {"wide_channels", "40"},
        {"channels", "37"},
        {"stride", "2"},
        {"weights_first", "true"},
        {"tasks_joined", "1"}},
       sources},
      {"residual_dilated",
       "hairline_inverted_residual",
       {{"in_channels", "12"},
        {"pitch", "16"},
        {"wide_channels", "64"},
        {"channels", "12"},
        {"dilation", "2"},
        {"padding", "2"},
        {"residual", "true"},
        {"wide_activation", "relu"},
        {"light_activation", "relu"},
        {"activation", "relu"},
        {"tasks_joined", "1"}},
       sources},
      {"residual_wide_steps",
       "hairline_inverted_residual",
       {{"in_channels", "16"},
        {"pitch", "16"},
        {"wide_channels", "48"},
        {"channels", "64"},
        {"stride", "2"},
        {"dilation", "3"},
        {"padding", "3"},
        {"wide_activation", "none"},
        {"light_activation", "none"},
        {"activation", "clamp01"}},
       sources},
      {"residual_stem",
       "hairline_inverted_residual",
       {{"in_channels", "6"},
        {"pitch", "8"},
        {"wide_channels", "24"},
        {"wide_kernel", "3"},
        {"wide_stride", "2"},
        {"wide_padding", "1"},
        {"channels", "21"},
        {"stride", "2"},
        {"tasks_joined", "1"}},
       sources},
      {"residual_stem_7",
       "hairline_inverted_residual",
       {{"in_channels", "17"},
        {"pitch", "32"},
        {"wide_channels", "32"},
        {"wide_kernel", "7"},
        {"wide_stride", "2"},
        {"wide_padding", "3"},
        {"channels", "16"},
        {"wide_activation", "relu"}},
       sources},
      {"residual_first",
       "hairline_inverted_residual",
       {{"in_channels", "24"},
        {"pitch", "32"},
        {"wide_channels", "24"},
        {"channels", "16"},
        {"expands", "false"},
        {"tasks_joined", "1"}},
       sources},
  };
}
}  // namespace

std::vector<KernelSpec> device_cases() {
  const std::vector<std::string> separable = with_common({"lowering/depthwise_separable.cpp"});
  const auto of = [](const char* in, const char* pitch, const char* channels, Params more) {
    more.insert({{"in_channels", in}, {"pitch", pitch}, {"channels", channels}});
    return more;
  };
  const auto by_warps = [](const char* parts, const char* channels, Params more) {
    more.insert({{"parts", parts}, {"channels", channels}, {"warp", "true"}});
    return more;
  };
  return {
      {"warps_dilated", "hairline_conv2d",
       by_warps("32", "32", {{"dilation", "3"}, {"padding", "3"}, {"addend", "true"}, {"activation", "relu"}}), direct},
      {"warps_dilated_joined", "hairline_conv2d", by_warps("20u,16", "64", {{"dilation", "2"}, {"padding", "2"}}),
       direct},
      {"warps_plain", "hairline_conv2d", by_warps("48p64", "96", {{"activation", "relu"}}), direct},
      {"warps_stride", "hairline_conv2d", by_warps("16", "32", {{"stride", "2"}, {"addend", "true"}}), direct},
      {"warps_1x1", "hairline_conv2d", by_warps("16,32", "64", {{"kernel", "1"}, {"padding", "0"}}), direct},
      {"separable_add", "hairline_depthwise_separable", of("20", "32", "20", {{"addend", "true"}}), separable},
      {"separable_ragged", "hairline_depthwise_separable", of("17", "48", "37", {{"stride", "2"}}), separable},
      {"separable_shared", "hairline_depthwise_separable",
       of("96", "96", "24", {{"dilation", "2"}, {"padding", "2"}, {"addend", "true"}, {"activation", "relu"}}),
       separable},
      {"separable_deep", "hairline_depthwise_separable",
       of("384", "384", "176", {{"stride", "2"}, {"depthwise_activation", "relu"}}), separable},
      {"separable_cut", "hairline_depthwise_separable",
       of("64", "64", "48",
          {{"stride", "2"},
           {"dilation", "3"},
           {"padding", "3"},
           {"depthwise_activation", "none"},
           {"activation", "clamp01"},
           {"tile_c", "16"},
           {"tile_x", "4"},
           {"tile_y", "4"},
           {"shares", "4"}}),
       separable},
      {"separable_pixel", "hairline_depthwise_separable",
       of("51", "64", "16", {{"kernel", "5"}, {"padding", "2"}, {"tile_x", "1"}, {"tile_y", "1"}, {"shares", "3"}}),
       separable},
  };
}

std::vector<KernelSpec> conv_cases_bf16() {
  const auto of = [](const char* parts, const char* channels, const char* types, Params more = {}) {
    more.insert({{"parts", parts}, {"channels", channels}, {"types", types}});
    return more;
  };
  return {
      {"pairs_joined", "hairline_conv2d", of("20u,6", "21", "bfbb", {{"activation", "relu"}, {"addend", "true"}}),
       direct},
      {"pairs_dilated", "hairline_conv2d", of("17", "16", "bb", {{"dilation", "3"}, {"padding", "3"}}), direct},
      {"pairs_1x1", "hairline_conv2d", of("24", "64", "bf", {{"kernel", "1"}, {"padding", "0"}}), direct},
      {"pairs_strided", "hairline_conv2d", of("35", "80", "bb", {{"stride", "2"}, {"activation", "relu"}}), direct},
      {"float_products", "hairline_conv2d", of("6", "32", "fb", {{"stride", "2"}, {"activation", "relu"}}), direct},
      {"winograd_products", "hairline_conv2d_winograd", of("24", "64", "bb", {{"activation", "relu"}}), winograd},
  };
}

/// Half floats on devices: conversions alone (sums with nothing), convolutions, and what lies between them.
std::vector<KernelSpec> conv_cases_half() {
  const std::vector<std::string> depthwise = with_common({"lowering/depthwise.cpp"});
  const std::vector<std::string> small = with_common({"lowering/small_layers.cpp"});
  const auto conv = [](const char* parts, const char* channels, const char* types, Params more = {}) {
    more.insert({{"parts", parts}, {"channels", channels}, {"types", types}});
    return more;
  };
  const auto of = [](const char* in, const char* out, const char* channels, Params more = {}) {
    more.insert({{"input.type", in}, {"result.type", out}, {"channels", channels}});
    return more;
  };
  const char *half = "float16", *wide = "float32";
  const auto sum = [&](const char* first, const char* result) {
    return Params{{"channels", "16"}, {"first.type", first}, {"second.type", wide}, {"result.type", result}};
  };
  return {
      {"half_read", "hairline_sum", sum(half, wide), small},
      {"half_stored", "hairline_sum", sum(wide, half), small},
      {"half_joined", "hairline_conv2d", conv("20u,6", "21", "hfhh", {{"activation", "relu"}, {"addend", "true"}}),
       direct},
      {"half_dilated", "hairline_conv2d", conv("17", "16", "hh", {{"dilation", "3"}, {"padding", "3"}}), direct},
      {"half_1x1", "hairline_conv2d", conv("24", "64", "hf", {{"kernel", "1"}, {"padding", "0"}}), direct},
      {"half_strided", "hairline_conv2d", conv("35", "80", "hh", {{"stride", "2"}, {"activation", "relu"}}), direct},
      {"half_first", "hairline_conv2d", conv("6p8", "32", "fh", {{"stride", "2"}, {"activation", "relu"}}), direct},
      {"half_warps", "hairline_conv2d", conv("32", "64", "hhh", {{"warp", "true"}, {"addend", "true"}}), direct},
      {"half_warps_1x1", "hairline_conv2d",
       conv("48", "64", "hh", {{"warp", "true"}, {"kernel", "1"}, {"padding", "0"}}), direct},
      {"half_depthwise", "hairline_depthwise",
       of(half, half, "40",
          {{"pitch", "48"}, {"weights.type", half}, {"stride", "2"}, {"dilation", "2"}, {"padding", "2"}}),
       depthwise},
      {"half_max_pool", "hairline_max_pool", of(half, half, "40", {{"pitch", "48"}}), small},
      {"half_average", "hairline_global_average", of(half, half, "40", {{"pitch", "48"}}), small},
      {"half_resize", "hairline_resize_activation", of(half, half, "40", {{"pitch", "48"}}), small},
  };
}

std::vector<KernelSpec> conv_cases_amx() {
  const std::vector<std::string> amx = with_common({"lowering/conv2d_amx.cpp"});
  const auto of = [&](const char* name, const char* parts, const char* channels, const char* types, Params more = {}) {
    more.insert({{"parts", parts}, {"channels", channels}, {"types", types}});
    return KernelSpec{name, "hairline_conv2d_amx", more, amx};
  };
  const Params small = {{"kernel", "1"}, {"padding", "0"}};
  const auto one = [&](Params more = {}) {
    more.insert(small.begin(), small.end());
    return more;
  };
  return {
      of("tiles_joined", "20u,6", "21", "bfbb", {{"activation", "relu"}, {"addend", "true"}}),
      of("tiles_dilated", "17", "16", "bb", {{"dilation", "3"}, {"padding", "3"}, {"rows", "2"}}),
      of("tiles_1x1", "24", "64", "bf", one()),
      of("tiles_1x1_groups", "64", "128", "bb", one({{"activation", "relu6"}, {"groups", "2"}})),
      of("tiles_1x1_addend", "96", "48", "bbb", one({{"activation", "relu"}, {"addend", "true"}, {"rows", "3"}})),
      of("tiles_1x1_strided", "64", "32", "bb", one({{"stride", "2"}})),
      of("tiles_1x1_joined", "20p48,70", "80", "bbb", one()),
      of("tiles_1x1_deep", "1024", "32", "bb", one()),
      of("tiles_strided", "35", "80", "bb", {{"stride", "2"}, {"activation", "relu"}}),
      of("tiles_3x3", "40", "64", "bb", {{"rows", "1"}}),
  };
}

std::vector<KernelSpec> conv_cases() {
  const Params joined = {{"parts", "20u,6"}, {"channels", "21"}, {"activation", "relu"}, {"addend", "true"}};
  const auto and_also = [](Params a, const Params& b) {
    a.insert(b.begin(), b.end());
    return a;
  };
  std::vector<KernelSpec> kernels = {
      {"direct_joined", "hairline_conv2d", joined, direct},
      {"direct_dilated",
       "hairline_conv2d",
       {{"parts", "17"}, {"channels", "16"}, {"dilation", "3"}, {"padding", "3"}},
       direct},
      {"direct_stem",
       "hairline_conv2d",
       {{"parts", "6p8"}, {"channels", "21"}, {"stride", "2"}, {"activation", "relu"}},
       direct},
      {"direct_apart", "hairline_conv2d",
       and_also({{"parts", "20,6"}, {"kernel", "1"}, {"padding", "0"}, {"span", "2"}}, joined), direct},
      {"direct_apart_stride",
       "hairline_conv2d",
       {{"parts", "20p48,17"}, {"channels", "80"}, {"kernel", "1"}, {"padding", "0"}, {"stride", "2"}},
       direct},
      {"winograd6_few",
       "hairline_conv2d_winograd",
       {{"parts", "6p8"}, {"channels", "16"}, {"form", "6"}, {"activation", "relu"}},
       winograd},
      {"winograd4_plain", "hairline_conv2d_winograd", {{"parts", "24"}, {"channels", "64"}}, winograd},
      {"winograd4_joined", "hairline_conv2d_winograd", and_also(joined, {{"rows", "3"}, {"chunk", "7"}}), winograd},
      {"winograd4_dilated",
       "hairline_conv2d_winograd",
       {{"parts", "17"}, {"channels", "16"}, {"dilation", "3"}, {"padding", "3"}, {"rows", "2"}},
       winograd},
      {"winograd4_bounds",
       "hairline_conv2d_winograd",
       {{"parts", "8p32,5"}, {"channels", "48"}, {"activation", "bounds"}, {"parallel_c", "true"}, {"tile_c", "16"}},
       winograd},
      {"winograd53_plain",
       "hairline_conv2d_winograd",
       {{"parts", "24"}, {"channels", "64"}, {"form_x", "5"}, {"form_y", "3"}},
       winograd},
      {"winograd66_joined", "hairline_conv2d_winograd", and_also(joined, {{"form", "6"}, {"rows", "2"}}), winograd},
      {"winograd53_deep",
       "hairline_conv2d_winograd",
       {{"parts", "17"},
        {"channels", "32"},
        {"dilation", "3"},
        {"padding", "3"},
        {"form_x", "5"},
        {"form_y", "3"},
        {"deep", "true"}},
       winograd},
      {"winograd42_deep",
       "hairline_conv2d_winograd",
       {{"parts", "24"}, {"channels", "64"}, {"form_x", "4"}, {"form_y", "2"}, {"deep", "true"}, {"chunk", "10"}},
       winograd},
      {"winograd53_ready",
       "hairline_conv2d_winograd",
       {{"parts", "17"},
        {"channels", "32"},
        {"dilation", "2"},
        {"padding", "2"},
        {"form_x", "5"},
        {"form_y", "3"},
        {"deep", "true"},
        {"ready", "true"}},
       winograd},
      {"winograd16_deep", "hairline_conv2d_winograd",
       and_also(joined, {{"form_x", "1"}, {"form_y", "6"}, {"deep", "true"}}), winograd},
      {"winograd2_joined", "hairline_conv2d_winograd", and_also(joined, {{"form", "2"}}), winograd},
      {"winograd2_dilated",
       "hairline_conv2d_winograd",
       {{"parts", "17"}, {"channels", "16"}, {"dilation", "2"}, {"padding", "2"}, {"form", "2"}, {"unroll_in", "2"}},
       winograd},
  };
  for (KernelSpec& spec : residual_cases()) kernels.push_back(std::move(spec));
  return kernels;
}

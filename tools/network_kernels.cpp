#include "network_kernels.hpp"

#ifdef HAIRLINE_WITH_KERNELS
extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2;
extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_resnet50;
extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_resnet101;
extern "C" const hairline::kernels::Library hairline_kernels_slim;
#endif

namespace hairline::tool {

const kernels::Library* network_kernels([[maybe_unused]] std::string_view network) {
#ifdef HAIRLINE_WITH_KERNELS
  const auto names = [&](std::string_view encoder) { return network.find(encoder) != std::string_view::npos; };
  if (names("mobilenetv2")) return &hairline_kernels_bgmv2_mobilenetv2;
  if (names("resnet50")) return &hairline_kernels_bgmv2_resnet50;
  if (names("resnet101")) return &hairline_kernels_bgmv2_resnet101;
  if (names("slim")) return &hairline_kernels_slim;
#endif
  return nullptr;
}

}  // namespace hairline::tool

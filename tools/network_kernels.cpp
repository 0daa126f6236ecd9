#include "network_kernels.hpp"

#ifdef HAIRLINE_WITH_KERNELS
extern "C" {
extern const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2, hairline_kernels_bgmv2_mobilenetv2_bf16;
extern const hairline::kernels::Library hairline_kernels_bgmv2_resnet50, hairline_kernels_bgmv2_resnet50_bf16;
extern const hairline::kernels::Library hairline_kernels_bgmv2_resnet101, hairline_kernels_bgmv2_resnet101_bf16;
extern const hairline::kernels::Library hairline_kernels_slim, hairline_kernels_slim_bf16;
}
#endif

namespace hairline::tool {

namespace {
struct Compiled {
  std::string_view encoder;
  const kernels::Library *f32, *bf16;
};
#ifdef HAIRLINE_WITH_KERNELS
const Compiled compiled[] = {
    {"mobilenetv2", &hairline_kernels_bgmv2_mobilenetv2, &hairline_kernels_bgmv2_mobilenetv2_bf16},
    {"resnet50", &hairline_kernels_bgmv2_resnet50, &hairline_kernels_bgmv2_resnet50_bf16},
    {"resnet101", &hairline_kernels_bgmv2_resnet101, &hairline_kernels_bgmv2_resnet101_bf16},
    {"slim", &hairline_kernels_slim, &hairline_kernels_slim_bf16},
};
#else
const Compiled compiled[] = {{"none", nullptr, nullptr}};
#endif

/// The compiled kernels of a network of this build, or null.
const kernels::Library* network_kernels(std::string_view network, kernels::Precision precision) {
  for (const Compiled& one : compiled)
    if (network.find(one.encoder) != std::string_view::npos)
      return precision == kernels::Precision::bf16 ? one.bf16 : one.f32;
  return nullptr;
}
}  // namespace

kernels::Precision precision_named(const std::string& name) {
  return name == "bf16" ? kernels::Precision::bf16 : name == "f16" ? kernels::Precision::f16 : kernels::Precision::f32;
}

OpenDevice kernel_backend(const DeviceChoice& device, std::string_view network, kernels::Precision precision) {
  if (!device.cpu()) {
    if (precision == kernels::Precision::bf16)
      throw NotAvailable{"--precision bf16 is for processors with AVX512-BF16; --device " + device.text() +
                         " has f32 and f16"};
    return open_device(device, precision);
  }
  if (precision == kernels::Precision::f16)
    throw NotAvailable{
        "--precision f16 is for --device cuda and opencl; processors have f32, those with AVX512-BF16 bf16"};
  const kernels::Library* library = network_kernels(network, precision);
  const bool narrow = precision == kernels::Precision::bf16;
  if (library == nullptr)
    throw NotAvailable{"this build holds no compiled " + std::string(narrow ? "bfloat16 " : "") + "kernels for " +
                       std::string(network) + "; " +
                       (narrow ? "--precision f32 has some" : "--engine reference computes it with plain loops")};
  kernels::Backend on = narrow ? kernels::bf16_backend(*library) : kernels::cpu_backend(*library);
  if (on.error && on.error->code == ErrorCode::unsupported) throw NotAvailable{on.error->message};
  return {on, kernels::name(on.target)};
}

}  // namespace hairline::tool

#include "networks.hpp"

#include <array>

#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/nets/slim_matting.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

std::span<const Network> networks() {
  static constexpr std::array<Network, 15> all{{
      {"slim", "slim sibling of Background Matting V2", graph<SlimMatting>()},
      {"slim-base", "its coarse network alone", graph<SlimMattingBase>()},
      {"slim-coarse", "with nothing refined", graph<SlimMattingCoarse>()},
      {"bgmv2-mobilenetv2", "Background Matting V2, MobileNetV2 encoder", graph<BackgroundMattingV2<MobileNetV2>>()},
      {"bgmv2-resnet50", "Background Matting V2, ResNet-50 encoder", graph<BackgroundMattingV2<ResNet50>>()},
      {"bgmv2-resnet101", "Background Matting V2, ResNet-101 encoder", graph<BackgroundMattingV2<ResNet101>>()},
      {"bgmv2-mobilenetv2-k1", "the same, refiner of kernel 1", graph<BackgroundMattingV2<MobileNetV2, Kernel{1}>>()},
      {"bgmv2-resnet50-k1", "the same, refiner of kernel 1", graph<BackgroundMattingV2<ResNet50, Kernel{1}>>()},
      {"bgmv2-resnet101-k1", "the same, refiner of kernel 1", graph<BackgroundMattingV2<ResNet101, Kernel{1}>>()},
      {"bgmv2-base-mobilenetv2", "its coarse network alone", graph<BackgroundMattingV2Base<MobileNetV2>>()},
      {"bgmv2-base-resnet50", "its coarse network alone", graph<BackgroundMattingV2Base<ResNet50>>()},
      {"bgmv2-base-resnet101", "its coarse network alone", graph<BackgroundMattingV2Base<ResNet101>>()},
      {"bgmv2-coarse-mobilenetv2", "with nothing refined", graph<BackgroundMattingV2Coarse<MobileNetV2>>()},
      {"bgmv2-coarse-resnet50", "with nothing refined", graph<BackgroundMattingV2Coarse<ResNet50>>()},
      {"bgmv2-coarse-resnet101", "with nothing refined", graph<BackgroundMattingV2Coarse<ResNet101>>()},
  }};
  return all;
}

const Network* find_network(std::string_view name) {
  for (const Network& n : networks())
    if (n.name == name) return &n;
  return nullptr;
}

const Network& wanted_network(const std::string& name) {
  if (const Network* n = find_network(name)) return *n;
  std::string known;
  for (const Network& n : networks()) known += (known.empty() ? "" : ", ") + std::string(n.name);
  throw WrongUse{"unknown network '" + name + "', wanted one of " + known};
}

}  // namespace hairline::tool

#pragma once
#include "hairline/layers/activation.hpp"
#include "hairline/layers/batch_norm.hpp"
#include "hairline/layers/compose.hpp"
#include "hairline/layers/conv2d.hpp"
#include "hairline/layers/pool.hpp"

namespace hairline {

/// Bottleneck with the stride on the 3x3 (v1.5).  He et al. 2016; keys as torchvision's.
template <int In, int Width, int S = 1, int D = 1, class Shortcut = Identity>
using Bottleneck = BlockOf<
    "bottleneck",
    Chain<Residual<Chain<Named<"conv1", Conv2d<In, Width, Kernel{1}, Bias{false}>>, Named<"bn1", BatchNorm<Width>>,
                         Relu, Named<"conv2", Conv2d<Width, Width, Kernel{3}, Stride{S}, Dilation{D}, Bias{false}>>,
                         Named<"bn2", BatchNorm<Width>>, Relu,
                         Named<"conv3", Conv2d<Width, 4 * Width, Kernel{1}, Bias{false}>>,
                         Named<"bn3", BatchNorm<4 * Width>>>,
                   Shortcut>,
          Relu>>;

/// The first bottleneck of a stage: its shortcut is a strided 1x1.
template <int In, int Width, int S>
using FirstBottleneck =
    Bottleneck<In, Width, S, 1,
               Named<"downsample", Chain<Named<"0", Conv2d<In, 4 * Width, Kernel{1}, Stride{S}, Bias{false}>>,
                                         Named<"1", BatchNorm<4 * Width>>>>>;

namespace detail {
template <int I>
constexpr auto decimal() {
  static_assert(I >= 0 && I < 100);
  if constexpr (I < 10) {
    return FixedString<2>({static_cast<char>('0' + I), 0});
  } else {
    return FixedString<3>({static_cast<char>('0' + I / 10), static_cast<char>('0' + I % 10), 0});
  }
}
}  // namespace detail

/// A stage of Blocks bottlenecks, keys 0, 1, 2 ...; those after the first have dilation D.
template <int In, int Width, int Blocks, int S = 1, int D = 1>
struct ResNetStage {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    in = Named<"0", FirstBottleneck<In, Width, S>>::flatten(b, in);
    return rest(b, in, std::make_integer_sequence<int, Blocks - 1>{});
  }

 private:
  template <class B, int... I>
  static constexpr Value rest(B& b, Value in, std::integer_sequence<int, I...>) {
    ((in = Named<detail::decimal<I + 1>(), Bottleneck<4 * Width, Width, 1, D>>::flatten(b, in)), ...);
    return in;
  }
};

/// ResNet-50 or -101 as an encoder of output stride 16: keeps x1 (1/2), x2 (1/4), x3 (1/8) and ends with 2048 channels
/// at 1/16, the last stage dilated instead of strided.
template <int In, int Stage3Blocks>
using ResNetEncoder =
    Chain<BlockOf<"stem", Chain<Named<"conv1", Conv2d<In, 64, Kernel{7}, Stride{2}, Padding{3}, Bias{false}>>,
                                Named<"bn1", BatchNorm<64>>, Relu>>,
          Keep<"x1">, MaxPool<Kernel{3}, Stride{2}, Padding{1}>, Named<"layer1", ResNetStage<64, 64, 3>>, Keep<"x2">,
          Named<"layer2", ResNetStage<256, 128, 4, 2>>, Keep<"x3">,
          Named<"layer3", ResNetStage<512, 256, Stage3Blocks, 2>>, Named<"layer4", ResNetStage<1024, 512, 3, 1, 2>>>;

/// Encoder parameter: what a decoder needs to know of it.
struct ResNet50 {
  template <int In>
  using Layers = ResNetEncoder<In, 6>;
  static constexpr int x1 = 64, x2 = 256, x3 = 512, x4 = 2048;
};
struct ResNet101 {
  template <int In>
  using Layers = ResNetEncoder<In, 23>;
  static constexpr int x1 = 64, x2 = 256, x3 = 512, x4 = 2048;
};

}  // namespace hairline

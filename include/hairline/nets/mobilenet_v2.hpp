#pragma once
#include "hairline/layers/activation.hpp"
#include "hairline/layers/batch_norm.hpp"
#include "hairline/layers/compose.hpp"
#include "hairline/layers/conv2d.hpp"

namespace hairline {

/// Depthwise 3x3 of an inverted residual.
template <int C, int S, int D>
using Depthwise = Conv2d<C, C, Kernel{3}, Stride{S}, Dilation{D}, Groups{C}, Bias{false}>;

namespace detail {
template <int In, int Out, int Expand, int S, int D>
using InvertedMain =
    Named<"conv",
          Chain<Named<"0", Chain<Named<"0", Conv2d<In, In * Expand, Kernel{1}, Bias{false}>>,
                                 Named<"1", BatchNorm<In * Expand>>, Relu6>>,
                Named<"1", Chain<Named<"0", Depthwise<In * Expand, S, D>>, Named<"1", BatchNorm<In * Expand>>, Relu6>>,
                Named<"2", Conv2d<In * Expand, Out, Kernel{1}, Bias{false}>>, Named<"3", BatchNorm<Out>>>>;

template <int In, int Out, int S, class Main>
struct MaybeResidual : Main {};
template <int C, class Main>
struct MaybeResidual<C, C, 1, Main> : Residual<Main> {};
}  // namespace detail

/// Expand 1x1, depthwise 3x3, project 1x1 (linear); the input is added when nothing changes its shape.
/// Sandler et al. 2018; keys as torchvision's.
template <int In, int Out, int Expand, int S = 1, int D = 1>
using InvertedResidual =
    BlockOf<"inverted_residual", detail::MaybeResidual<In, Out, S, detail::InvertedMain<In, Out, Expand, S, D>>>;

/// The first, which does not expand.
template <int In, int Out>
using FirstInvertedResidual =
    BlockOf<"inverted_residual",
            Named<"conv", Chain<Named<"0", Chain<Named<"0", Depthwise<In, 1, 1>>, Named<"1", BatchNorm<In>>, Relu6>>,
                                Named<"1", Conv2d<In, Out, Kernel{1}, Bias{false}>>, Named<"2", BatchNorm<Out>>>>>;

/// MobileNetV2 (width 1) as an encoder of output stride 16: keeps x1 (1/2, 16), x2 (1/4, 24), x3 (1/8, 32) and ends
/// with 320 channels at 1/16, blocks 15 to 17 dilated by 2.
template <int In>
using MobileNetV2Encoder = Named<
    "features",
    Chain<Named<"0", BlockOf<"stem", Chain<Named<"0", Conv2d<In, 32, Kernel{3}, Stride{2}, Padding{1}, Bias{false}>>,
                                           Named<"1", BatchNorm<32>>, Relu6>>>,
          Named<"1", FirstInvertedResidual<32, 16>>, Keep<"x1">,  //
          Named<"2", InvertedResidual<16, 24, 6, 2>>,             //
          Named<"3", InvertedResidual<24, 24, 6>>, Keep<"x2">,    //
          Named<"4", InvertedResidual<24, 32, 6, 2>>,             //
          Named<"5", InvertedResidual<32, 32, 6>>,                //
          Named<"6", InvertedResidual<32, 32, 6>>, Keep<"x3">,    //
          Named<"7", InvertedResidual<32, 64, 6, 2>>,             //
          Named<"8", InvertedResidual<64, 64, 6>>,                //
          Named<"9", InvertedResidual<64, 64, 6>>,                //
          Named<"10", InvertedResidual<64, 64, 6>>,               //
          Named<"11", InvertedResidual<64, 96, 6>>,               //
          Named<"12", InvertedResidual<96, 96, 6>>,               //
          Named<"13", InvertedResidual<96, 96, 6>>,               //
          Named<"14", InvertedResidual<96, 160, 6>>,              //
          Named<"15", InvertedResidual<160, 160, 6, 1, 2>>,       //
          Named<"16", InvertedResidual<160, 160, 6, 1, 2>>,       //
          Named<"17", InvertedResidual<160, 320, 6, 1, 2>>>>;

struct MobileNetV2 {
  template <int In>
  using Layers = MobileNetV2Encoder<In>;
  static constexpr int x1 = 16, x2 = 24, x3 = 32, x4 = 320;
};

}  // namespace hairline

#pragma once
// A network that hairline has never seen: another encoder, another decoder, defined outside the toolkit. Its shapes,
// keys, cost, JSON and reference forward come from this type alone.
#include "hairline/layers/activation.hpp"
#include "hairline/layers/batch_norm.hpp"
#include "hairline/layers/compose.hpp"
#include "hairline/layers/conv2d.hpp"
#include "hairline/layers/pool.hpp"
#include "hairline/layers/resize.hpp"
#include "hairline/nets/mobilenet_v2.hpp"
#include "hairline/nets/net.hpp"

namespace example {

using namespace hairline;

// [network]
/// Convolution, batch norm, ReLU under the keys 0 and 1.
template <int In, int Out, auto... Given>
using Unit = Chain<Named<"0", Conv2d<In, Out, Bias{false}, Given...>>, Named<"1", BatchNorm<Out>>, Relu>;

/// Upsample to a skip, join it, convolve.
template <FixedString Skip, int In, int SkipChannels, int Out>
using Up = BlockOf<"decoder_step", Chain<ResizeLike<Skip>, Concat<Here, Kept<Skip>>, Unit<In + SkipChannels, Out>>>;

/// (picture, plate) -> alpha, by a U of Width channels at the top and three levels.
template <int Width>
using SmallMatting = Net<
    "small_matting", Inputs<Input<"src", 3>, Input<"bgr", 3>>,             //
    Concat<Kept<"src">, Kept<"bgr">>, Keep<"x0">,                          // (B, H, W, 6)
    Named<"stem", Unit<6, Width, Stride{2}>>, Keep<"x1">,                  // (B, H/2, W/2, Width)
    Named<"down1", InvertedResidual<Width, 2 * Width, 4, 2>>, Keep<"x2">,  // (B, H/4, W/4, 2 Width)
    Named<"down2", Chain<MaxPool<Kernel{2}, Padding{0}>, Unit<2 * Width, 4 * Width, Dilation{2}>>>,  // (B, H/8, W/8, 4
                                                                                                     // Width)
    Named<"up2", Up<"x2", 4 * Width, 2 * Width, 2 * Width>>,  // (B, H/4, W/4, 2 Width)
    Named<"up1", Up<"x1", 2 * Width, Width, Width>>,          // (B, H/2, W/2, Width)
    ResizeLike<"x0">, Named<"alpha", Conv2d<Width, 1, Kernel{1}>>, Clamp01, Keep<"pha">, Give<"pha">>;  // (B, H, W, 1)
// [/network]

}  // namespace example

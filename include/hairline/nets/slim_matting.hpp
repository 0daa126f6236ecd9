#pragma once
#include "hairline/nets/background_matting_v2.hpp"

// hairline's own network, a slim sibling of Background Matting V2: the same inputs, results, refiner and run options
// around a U of plain convolutions, which Winograd's form computes quickly. At 1920x1080 3.8 + 1.3 billion
// multiply-adds (MobileNetV2's: 7.4 + 2.4). The weights that hairline brings along are of this network.

namespace hairline {

namespace slim {

/// Convolution 3x3, batch norm, ReLU.
template <int In, int Out, auto... Given>
using Unit =
    Chain<Named<"conv", Conv2d<In, Out, Kernel{3}, Bias{false}, Given...>>, Named<"norm", BatchNorm<Out>>, Relu>;

/// To half the size, then once more at that size.
template <int In, int Out>
using Down = BlockOf<"down", Chain<Named<"0", Unit<In, Out, Stride{2}>>, Named<"1", Unit<Out, Out>>>>;

/// Looks around: x + convolution, reaching Rate pixels far.
template <int C, int Rate>
using Around =
    BlockOf<"around", Chain<Residual<Chain<Named<"conv", Conv2d<C, C, Kernel{3}, Dilation{Rate}, Bias{false}>>,
                                           Named<"norm", BatchNorm<C>>>>,
                            Relu>>;

/// Upsample to a skip's size, join it, convolve.
template <FixedString Skip, int In, int SkipChannels, int Out>
using Up = BlockOf<"decoder_step", Chain<ResizeLike<Skip>, Concat<Here, Kept<Skip>>, Unit<In + SkipChannels, Out>>>;

inline constexpr int hidden = 16;

/// (src_sm, bgr_sm) -> pha_sm (clamped), residual_sm (raw), err_sm (clamped), hid_sm (ReLU).
/// A pixel of the innermost level sees 180 pixels of the coarse picture in each direction.
using Coarse =
    Chain<Concat<Kept<"src_sm">, Kept<"bgr_sm">>,                                             // (B, Hc, Wc, 6)
          Named<"stem", Unit<6, 16>>, Keep<"x0">,                                             // (B, Hc, Wc, 16)
          Named<"down1", Down<16, 32>>, Keep<"x1">,                                           // (B, Hc/2, Wc/2, 32)
          Named<"down2", Down<32, 48>>, Keep<"x2">,                                           // (B, Hc/4, Wc/4, 48)
          Named<"down3", Down<48, 64>>, Keep<"x3">,                                           // (B, Hc/8, Wc/8, 64)
          Named<"down4", Unit<64, 128, Stride{2}>>,                                           // (B, Hc/16, Wc/16, 128)
          Named<"around1", Around<128, 1>>, Named<"around2", Around<128, 2>>,                 //
          Named<"around3", Around<128, 4>>, Named<"around4", Around<128, 2>>,                 //
          Named<"around5", Around<128, 1>>,                                                   // (B, Hc/16, Wc/16, 128)
          Named<"up3", Up<"x3", 128, 64, 64>>,                                                // (B, Hc/8, Wc/8, 64)
          Named<"up2", Up<"x2", 64, 48, 48>>,                                                 // (B, Hc/4, Wc/4, 48)
          Named<"up1", Up<"x1", 48, 32, 16>>,                                                 // (B, Hc/2, Wc/2, 16)
          Named<"up0", Up<"x0", 16, 16, 16>>,                                                 // (B, Hc, Wc, 16)
          Named<"head", BlockOf<"head", Named<"conv4", Conv2d<16, 5 + hidden, Kernel{3}>>>>,  // (B, Hc, Wc, 21)
          Split<Head<"pha_sm", 1, Clamp01>, Head<"residual_sm", 3>, Head<"err_sm", 1, Clamp01>,
                Head<"hid_sm", hidden, Relu>>>;

using Refiner = bgmv2::Refiner<3, hidden, 16, 16, 12>;

}  // namespace slim

/// The whole network. Results and run options as BackgroundMattingV2's.
using SlimMatting = bgmv2::RefinedOf<"slim", slim::Coarse, slim::Refiner::Layers>;

/// The backbone_scale for a picture of height x width: of the coarse sizes that were tried, the weights that hairline
/// brings along do well on scenes of all sizes with 480 pixels on the longer side, 0.25 at 1920x1080.
constexpr double slim_backbone_scale(int height, int width) {
  const int side = height > width ? height : width;
  return side > 480 ? 480.0 / side : 1;
}

/// What the command runs a picture with, at a backbone_scale, mostly the one above: refined are cells whose expected
/// error says so, at most as many as Background Matting V2 takes or, in pictures below 1600 pixels, twice as many; none
/// above a scale of 2/3 (docs/training.md).
constexpr BackgroundMattingV2Options slim_options(double backbone_scale) {
  return {.backbone_scale = backbone_scale,
          .refine_mode = backbone_scale > 2.0 / 3 ? RefineMode::none : RefineMode::sampling,
          .refine_sample_pixels = backbone_scale <= 0.3 ? 80000 : 160000,
          .refine_least_error = 0.05,
          .refine_fade = 1};
}

/// Its coarse network alone, at the size of its input. Results: pha, fgr, err, hid.
using SlimMattingBase = bgmv2::BaseOf<"slim_base", slim::Coarse>;

/// The whole network with nothing refined.
using SlimMattingCoarse = bgmv2::CoarseOf<"slim_coarse", slim::Coarse>;

}  // namespace hairline

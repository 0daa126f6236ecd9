#pragma once
#include "hairline/layers/pad.hpp"
#include "hairline/layers/patches.hpp"
#include "hairline/nets/aspp.hpp"
#include "hairline/nets/mobilenet_v2.hpp"
#include "hairline/nets/net.hpp"
#include "hairline/nets/resnet.hpp"

// Lin et al., "Real-Time High-Resolution Background Matting", CVPR 2021. Keys and numbers as in the published code.
// src and bgr are RGB in [0,1] without normalisation; pha is alpha, fgr the straight foreground colour.

namespace hairline {

namespace bgmv2 {

/// Upsample to the skip's size, concatenate (upsampled first), 3x3 convolution, batch norm, ReLU.
template <FixedString Skip, FixedString ConvName, FixedString NormName, int In, int Out>
using DecoderStep =
    BlockOf<"decoder_step",
            Chain<ResizeLike<Skip>, Concat<Here, Kept<Skip>>, Named<ConvName, Conv2d<In, Out, Kernel{3}, Bias{false}>>,
                  Named<NormName, BatchNorm<Out>>, Relu>>;

/// Back to the picture's size along the skips x3, x2, x1, x0: 256 channels at 1/16 -> 37 at 1/1.
template <class Encoder>
using Decoder = Chain<
    DecoderStep<"x3", "conv1", "bn1", 256 + Encoder::x3, 128>, DecoderStep<"x2", "conv2", "bn2", 128 + Encoder::x2, 64>,
    DecoderStep<"x1", "conv3", "bn3", 64 + Encoder::x1, 48>,
    BlockOf<"head", Chain<ResizeLike<"x0">, Concat<Here, Kept<"x0">>, Named<"conv4", Conv2d<48 + 6, 37, Kernel{3}>>>>>;

/// Coarse stage: (src_sm, bgr_sm) -> pha_sm (clamped), residual_sm (raw), err_sm (clamped), hid_sm (ReLU).
template <class Encoder>
using Coarse = Chain<
    Concat<Kept<"src_sm">, Kept<"bgr_sm">>, Keep<"x0">,       // (B, Hc, Wc, 6)
    Named<"backbone", typename Encoder::template Layers<6>>,  // (B, Hc/16, Wc/16, x4), keeps x1, x2, x3
    Named<"aspp", Aspp<Encoder::x4, 256, 3, 6, 9>>,           // (B, Hc/16, Wc/16, 256)
    Named<"decoder", Decoder<Encoder>>,                       // (B, Hc, Wc, 37)
    Split<Head<"pha_sm", 1, Clamp01>, Head<"residual_sm", 3>, Head<"err_sm", 1, Clamp01>, Head<"hid_sm", 32, Relu>>>;

/// Adds a residual to a picture and clamps: the foreground.
template <FixedString ResidualName, FixedString Picture>
struct Foreground {
  template <class B>
  static constexpr Value flatten(B& b, Value) {
    const Value sides[2] = {b.kept(ResidualName.view()), b.kept(Picture.view())};
    b.expect_channels(sides[0].channels, sides[1].channels);
    return Clamp01::flatten(b, b.add(Node{&add_op}, sides, sides[0].channels));
  }
};

/// Refines the worst cells at half and full resolution; all convolutions are valid ones.
/// @tparam K kernel of its convolutions, 3 or 1
/// @tparam Hidden,W0,W1,W2 channels of hid_sm and of its first three convolutions
template <int K, int Hidden = 32, int W0 = 24, int W1 = 16, int W2 = 12>
struct Refiner {
  static_assert(K == 3 || K == 1, "the refiner's kernel is 3 or 1");
  static constexpr int half_pad = K == 3 ? 3 : 0, full_pad = K == 3 ? 2 : 0;
  template <FixedString ConvName, FixedString NormName, int In, int Out>
  using Step = Chain<Named<ConvName, Conv2d<In, Out, Kernel{K}, Padding{0}, Bias{false}>>,
                     Named<NormName, BatchNorm<Out>>, Relu>;

  // The numbers on the right are those of the published network: Hidden 32, widths 24, 16, 12.
  using Layers =
      Chain<Apply<"err_sm", "err_cells", ResizeLike<"src", 4>>,                                   // (B, H/4, W/4, 1)
            Apply<"err_cells", "cells", SelectCells>,                                             // (n, 1, 1, 4)
            Apply<"err_cells", "ref_sm", CellsMask<"cells">>,                                     // (B, H/4, W/4, 1)
            Take<"src">, Concat<Kept<"src">, Kept<"bgr">>, Keep<"pictures">,                      // (B, H, W, 6)
            Apply<"pictures", "pictures_half", DownsampleBilinear<2>>,                            // (B, H/2, W/2, 6)
            Concat<Kept<"hid_sm">, Kept<"pha_sm">, Kept<"residual_sm">>, ResizeLike<"src", 2>,    // (B, H/2, W/2, 36)
            Concat<Here, Kept<"pictures_half">>,                                                  // (B, H/2, W/2, 42)
            CropPatches<"cells", 2, half_pad>,                                                    // (n, 8, 8, 42)
            Step<"conv1", "bn1", Hidden + 10, W0>,                                                // (n, 6, 6, 24)
            Step<"conv2", "bn2", W0, W1>,                                                         // (n, 4, 4, 16)
            UpsampleNearest<2>, Keep<"features">,                                                 // (n, 8, 8, 16)
            Take<"pictures">, CropPatches<"cells", 4, full_pad>, Keep<"details">,                 // (n, 8, 8, 6)
            Concat<Kept<"features">, Kept<"details">>,                                            // (n, 8, 8, 22)
            Step<"conv3", "bn3", W1 + 6, W2>,                                                     // (n, 6, 6, 12)
            Named<"conv4", Conv2d<W2, 4, Kernel{K}, Padding{0}>>, Keep<"patches">,                // (n, 4, 4, 4)
            Concat<Kept<"pha_sm">, Kept<"residual_sm">>, ResizeLike<"src">, Keep<"coarse_full">,  // (B, H, W, 4)
            Take<"patches">, ReplacePatches<"coarse_full", "cells">,                              // (B, H, W, 4)
            Split<Head<"pha", 1, Clamp01>, Head<"residual", 3>>>;
};

/// A coarse network alone, at the size of its input. Results: pha, fgr, err, hid.
/// @tparam CoarseLayers keeps pha_sm, residual_sm, err_sm and hid_sm, as Coarse does
template <FixedString NetName, class CoarseLayers>
using BaseOf = Net<NetName, Inputs<Input<"src", 3>, Input<"bgr", 3>>,                   //
                   Apply<"src", "src_sm", Identity>, Apply<"bgr", "bgr_sm", Identity>,  //
                   CoarseLayers, Foreground<"residual_sm", "src_sm">, Keep<"fgr_sm">,   //
                   Give<"pha_sm", "pha">, Give<"fgr_sm", "fgr">, Give<"err_sm", "err">, Give<"hid_sm", "hid">>;

/// A coarse network and a refiner. Results and run options as BackgroundMattingV2's.
template <FixedString NetName, class CoarseLayers, class RefinerLayers>
using RefinedOf = Net<NetName, Inputs<Input<"src", 3>, Input<"bgr", 3>>,                                 //
                      Apply<"src", "given", Identity>, Apply<"given", "src", PadToMultiple<4>>,          //
                      Apply<"bgr", "bgr", PadToMultiple<4>>,                                             //
                      Apply<"src", "src_sm", ScaleToBackbone>, Apply<"bgr", "bgr_sm", ScaleToBackbone>,  //
                      CoarseLayers, Named<"refiner", RefinerLayers>,                                     //
                      Foreground<"residual", "src">, CropLike<"given">, Keep<"fgr">,                     //
                      Apply<"pha", "pha", CropLike<"given">>,                                            //
                      Foreground<"residual_sm", "src_sm">, Keep<"fgr_sm">,                               //
                      Give<"pha">, Give<"fgr">, Give<"pha_sm">, Give<"fgr_sm">, Give<"err_sm">, Give<"ref_sm">>;

/// A coarse network whose results are resized to the picture's size, nothing refined.
template <FixedString NetName, class CoarseLayers>
using CoarseOf = Net<NetName, Inputs<Input<"src", 3>, Input<"bgr", 3>>,                                 //
                     Apply<"src", "given", Identity>, Apply<"given", "src", PadToMultiple<4>>,          //
                     Apply<"bgr", "bgr", PadToMultiple<4>>,                                             //
                     Apply<"src", "src_sm", ScaleToBackbone>, Apply<"bgr", "bgr_sm", ScaleToBackbone>,  //
                     CoarseLayers, Concat<Kept<"pha_sm">, Kept<"residual_sm">>, ResizeLike<"src">,      // (B, H, W, 4)
                     Split<Head<"pha", 1, Clamp01>, Head<"residual", 3>>,                               //
                     Foreground<"residual", "src">, CropLike<"given">, Keep<"fgr">,                     //
                     Apply<"pha", "pha", CropLike<"given">>,                                            //
                     Foreground<"residual_sm", "src_sm">, Keep<"fgr_sm">,                               //
                     Give<"pha">, Give<"fgr">, Give<"pha_sm">, Give<"fgr_sm">, Give<"err_sm">>;

}  // namespace bgmv2

/// What may be chosen anew for every run, with the published names and defaults; refine_least_error and
/// refine_fade are hairline's.
struct BackgroundMattingV2Options {
  double backbone_scale = 0.25;  ///< size of the coarse stage; 0.125 for 3840x2160
  RefineMode refine_mode = RefineMode::sampling;
  int refine_sample_pixels = 80000;         ///< of sampling: sixteen a cell; 320000 for 3840x2160
  double refine_threshold = 0.1;            ///< of thresholding: cells with more error are refined
  bool refine_prevent_oversampling = true;  ///< of sampling: cells without error are left alone
  double refine_least_error = 0;            ///< and, published: 0, those whose error is not above this
  /// Published: 0, a cell is refined or it is not. With more, refinement fades in from the least error that is refined
  /// to (1 + refine_fade) times as much: no seams and no flicker where errors are about the same.
  double refine_fade = 0;

  constexpr operator RunOptions() const {  // NOLINT: implicit on purpose
    RunOptions o;
    o.set("backbone_scale", backbone_scale);
    o.set("refine_mode", static_cast<int>(refine_mode));
    o.set("refine_sample_pixels", refine_sample_pixels);
    o.set("refine_threshold", refine_threshold);
    o.set("refine_prevent_oversampling", refine_prevent_oversampling ? 1 : 0);
    o.set("refine_least_error", refine_least_error);
    o.set("refine_fade", refine_fade);
    return o;
  }
};

/// The coarse network alone, at the size of its input. Results: pha, fgr, err, hid.
template <class Encoder>
using BackgroundMattingV2Base = bgmv2::BaseOf<"bgmv2_base", bgmv2::Coarse<Encoder>>;

/// The whole network. Results: pha, fgr at full size; pha_sm, fgr_sm, err_sm at backbone scale; ref_sm, 1 where a cell
/// of 4x4 pixels was refined. Any picture size: the last row and column are repeated up to a multiple of 4.
/// Run options: BackgroundMattingV2Options.
template <class Encoder, Kernel RefinerKernel = Kernel{3}>
using BackgroundMattingV2 =
    bgmv2::RefinedOf<"bgmv2", bgmv2::Coarse<Encoder>, typename bgmv2::Refiner<RefinerKernel.v>::Layers>;

/// The whole network with nothing refined, for checkpoints that hold no refiner: equal to it with RefineMode::none.
/// Results: pha, fgr at full size; pha_sm, fgr_sm, err_sm at backbone scale. Run option: backbone_scale 0.25.
template <class Encoder>
using BackgroundMattingV2Coarse = bgmv2::CoarseOf<"bgmv2_coarse", bgmv2::Coarse<Encoder>>;

}  // namespace hairline

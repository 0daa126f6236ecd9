#pragma once
#include "hairline/layers/activation.hpp"
#include "hairline/layers/batch_norm.hpp"
#include "hairline/layers/compose.hpp"
#include "hairline/layers/conv2d.hpp"
#include "hairline/layers/pool.hpp"
#include "hairline/layers/resize.hpp"

namespace hairline {

namespace detail {
template <int In, int Out, auto... Given>
using ConvBnRelu = Chain<Named<"0", Conv2d<In, Out, Bias{false}, Given...>>, Named<"1", BatchNorm<Out>>, Relu>;
}  // namespace detail

/// Atrous spatial pyramid pooling: 1x1, three dilated 3x3, and the whole picture's mean, projected to Out channels.
/// Chen et al. 2017 (DeepLabV3); keys as torchvision's.
template <int In, int Out, int Rate1, int Rate2, int Rate3>
using Aspp = BlockOf<
    "aspp",
    Chain<
        Keep<"aspp_input">,
        Named<"convs", Branches<Named<"0", detail::ConvBnRelu<In, Out, Kernel{1}>>,
                                Named<"1", detail::ConvBnRelu<In, Out, Kernel{3}, Dilation{Rate1}>>,
                                Named<"2", detail::ConvBnRelu<In, Out, Kernel{3}, Dilation{Rate2}>>,
                                Named<"3", detail::ConvBnRelu<In, Out, Kernel{3}, Dilation{Rate3}>>,
                                Named<"4", Chain<GlobalAveragePool, Named<"1", Conv2d<In, Out, Kernel{1}, Bias{false}>>,
                                                 Named<"2", BatchNorm<Out>>, Relu, ResizeLike<"aspp_input">>>>>,
        Named<"project", Chain<detail::ConvBnRelu<5 * Out, Out, Kernel{1}>, Dropout>>>>;

}  // namespace hairline

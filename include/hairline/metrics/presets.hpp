#pragma once
#include <array>
#include <string>
#include <string_view>

#include "hairline/core/result.hpp"
#include "hairline/metrics/connectivity_error.hpp"
#include "hairline/metrics/gradient_error.hpp"

namespace hairline::metrics {

/// Which pixels a program sums over, and what it divides by where it takes a mean.
enum class Over {
  nothing,             ///< the program does not have this metric
  unknown,             ///< the unknown region
  whole,               ///< the whole picture
  whole_over_unknown,  ///< sum over the whole picture, divided by the number of unknown pixels
};

/// One column of a program's output.
struct Column {
  Over over = Over::unknown;
  double scale = 1;       ///< multiplies the sum (SAD, gradient, connectivity) or the mean (MSE, MAD)
  const char* unit = "";  ///< for the printed header
};

/// A published evaluation program's convention: everything in which programs differ (docs/metrics.md has the table).
/// All of them read 8-bit files, so predictions and truths of other types are rounded to the nearest 8-bit level.
struct Preset {
  const char* name = "custom";
  const char* about = "";
  Column sad, mse, mad, gradient, connectivity;
  GradientOptions gradient_options{};
  ConnectivityOptions connectivity_options{};
  bool paste = false;           ///< known areas are overwritten in the prediction before SAD, MSE and MAD
  bool demand_pasted = false;   ///< a prediction that is not pasted is refused
  bool stretch_maps = false;    ///< prediction and truth are stretched by their own minimum and maximum beforehand
  int crop_to_multiple = 1;     ///< rows and columns beyond a multiple of this are left out, at the bottom and right
  double denominator_bias = 0;  ///< added to the number of pixels in MSE and MAD
  bool fails_on_empty_level = false;  ///< the program itself stops where no pixel reaches a threshold in both maps
};

namespace presets {
namespace detail {
constexpr double k = 1e-3;
constexpr const char* sad_k = "sum of |P-A| over the unknown region / 1000";
constexpr const char* mse_raw = "mean of (P-A)^2 over the unknown region";
constexpr const char* grad_k = "squared gradient difference summed over the unknown region / 1000";
constexpr const char* conn_k = "connectivity difference summed over the unknown region / 1000";
constexpr const char* none = "not part of this program";
}  // namespace detail

/// The evaluation code behind the published Composition-1k numbers (MATLAB, N. Xu 2018). The default.
inline constexpr Preset composition1k{
    .name = "composition1k",
    .about = "MATLAB code of the Composition-1k benchmark; predictions must be pasted",
    .sad = {Over::unknown, detail::k, detail::sad_k},
    .mse = {Over::unknown, 1, detail::mse_raw},
    .mad = {Over::nothing, 1, detail::none},
    .gradient = {Over::unknown, detail::k, detail::grad_k},
    .connectivity = {Over::unknown, detail::k, detail::conn_k},
};

/// BackgroundMattingV2's Octave code: cropped to multiples of 4, gradient and connectivity not divided.
inline constexpr Preset bgmv2{
    .name = "bgmv2",
    .about = "Octave code of BackgroundMattingV2; cropped at the bottom and right to multiples of 4",
    .sad = {Over::unknown, detail::k, detail::sad_k},
    .mse = {Over::unknown, 1e3, "mean of (P-A)^2 over the unknown region * 1000 (as in the paper)"},
    .mad = {Over::nothing, 1, detail::none},
    .gradient = {Over::unknown, 1, "squared gradient difference summed over the unknown region, not divided"},
    .connectivity = {Over::unknown, 1, "connectivity difference summed over the unknown region, not divided"},
    .crop_to_multiple = 4,
    .fails_on_empty_level = true,
};

/// mmagic's metrics: SAD over the whole picture, MSE's sum over the whole picture but divided by the unknown pixels.
inline constexpr Preset mmagic{
    .name = "mmagic",
    .about = "mmagic (OpenMMLab); demands pasted predictions",
    .sad = {Over::whole, detail::k, "sum of |P-A| over the whole picture / 1000"},
    .mse = {Over::whole_over_unknown, 1, "sum of (P-A)^2 over the whole picture / unknown pixels"},
    .mad = {Over::nothing, 1, detail::none},
    .gradient = {Over::unknown, detail::k, detail::grad_k},
    .connectivity = {Over::unknown, detail::k, detail::conn_k},
    .connectivity_options = {.thresholds = Thresholds::floating_steps, .first = FirstComponent::by_rows},
    .demand_pasted = true,
};

/// RobustVideoMatting, low resolution: whole frame, MAD and MSE times 1000.
inline constexpr Preset rvm_lr{
    .name = "rvm_lr",
    .about = "RobustVideoMatting, low-resolution script; whole frame, one frame at a time",
    .sad = {Over::nothing, detail::k, detail::none},
    .mse = {Over::whole, 1e3, "mean of (P-A)^2 over the whole frame * 1000"},
    .mad = {Over::whole, 1e3, "mean of |P-A| over the whole frame * 1000"},
    .gradient = {Over::whole, detail::k, "squared gradient difference summed over the whole frame / 1000"},
    .connectivity = {Over::whole, detail::k, "connectivity difference summed over the whole frame / 1000"},
    .connectivity_options = {.first = FirstComponent::by_rows},
};

/// RobustVideoMatting, high resolution: as rvm_lr, but the gradient without stretching and no connectivity.
inline constexpr Preset rvm_hr{
    .name = "rvm_hr",
    .about = "RobustVideoMatting, high-resolution script; whole frame, one frame at a time",
    .sad = {Over::nothing, detail::k, detail::none},
    .mse = {Over::whole, 1e3, "mean of (P-A)^2 over the whole frame * 1000"},
    .mad = {Over::whole, 1e3, "mean of |P-A| over the whole frame * 1000"},
    .gradient = {Over::whole, detail::k, "squared gradient difference over the whole frame / 1000, maps not stretched"},
    .connectivity = {Over::nothing, detail::k, detail::none},
    .gradient_options = {.range = GradientRange::none},
    .connectivity_options = {.first = FirstComponent::by_rows},
};

/// The Python port in GCA-Matting, which itself forbids reporting its gradient and connectivity.
inline constexpr Preset gca_python{
    .name = "gca_python",
    .about =
        "Python port in GCA-Matting; its gradient and connectivity are not to be reported (background counted as "
        "a component)",
    .sad = {Over::unknown, detail::k, detail::sad_k},
    .mse = {Over::unknown, 1, "sum of (P-A)^2 over the unknown region / (unknown pixels + 1e-8)"},
    .mad = {Over::nothing, 1, detail::none},
    .gradient = {Over::unknown, detail::k, detail::grad_k},
    .connectivity = {Over::unknown, detail::k, detail::conn_k},
    .gradient_options = {.range = GradientRange::none},
    .connectivity_options = {.thresholds = Thresholds::floating_steps,
                             .first = FirstComponent::by_rows,
                             .background_counts = true},
    .denominator_bias = 1e-8,
};

/// IndexNet Matting's MATLAB code: as composition1k, but thresholds that nothing reaches are passed over.
inline constexpr Preset indexnet{
    .name = "indexnet",
    .about = "MATLAB code of IndexNet Matting; thresholds without a component are passed over",
    .sad = {Over::unknown, detail::k, detail::sad_k},
    .mse = {Over::unknown, 1, detail::mse_raw},
    .mad = {Over::nothing, 1, detail::none},
    .gradient = {Over::unknown, detail::k, detail::grad_k},
    .connectivity = {Over::unknown, detail::k, detail::conn_k},
    .connectivity_options = {.empty = EmptyLevel::skip},
};

/// IndexNet Matting's Python code: both maps stretched first, another gradient filter, gradient divided by 10.
inline constexpr Preset indexnet_python{
    .name = "indexnet_python",
    .about = "Python code of IndexNet Matting; both maps are stretched to 0..255 first, SciPy's derivative filter",
    .sad = {Over::unknown, detail::k, detail::sad_k},
    .mse = {Over::unknown, 1, detail::mse_raw},
    .mad = {Over::nothing, 1, detail::none},
    .gradient = {Over::unknown, 0.1, "squared gradient difference (SciPy filter) over the unknown region / 10"},
    .connectivity = {Over::unknown, detail::k, detail::conn_k},
    .gradient_options = {.range = GradientRange::none, .filter = GradientFilter::scipy},
    .connectivity_options = {.empty = EmptyLevel::skip,
                             .thresholds = Thresholds::floating_steps,
                             .first = FirstComponent::by_rows},
    .stretch_maps = true,
};

/// GFM's code: pastes, then whole picture; means divided by the unknown pixels; SciPy's filter divided by 10.
inline constexpr Preset gfm{
    .name = "gfm",
    .about = "GFM; pastes the known areas, sums over the whole picture, divides means by the unknown pixels",
    .sad = {Over::whole, detail::k, "sum of |P-A| over the whole picture / 1000, after pasting"},
    .mse = {Over::whole_over_unknown, 1, "sum of (P-A)^2 over the whole picture / unknown pixels, after pasting"},
    .mad = {Over::whole_over_unknown, 1, "sum of |P-A| over the whole picture / unknown pixels, after pasting"},
    .gradient = {Over::whole, 0.1, "squared gradient difference (SciPy filter) over the whole picture / 10"},
    .connectivity = {Over::whole, detail::k, "connectivity difference summed over the whole picture / 1000"},
    .gradient_options = {.range = GradientRange::none, .filter = GradientFilter::scipy},
    .connectivity_options = {.empty = EmptyLevel::skip,
                             .thresholds = Thresholds::floating_steps,
                             .first = FirstComponent::by_rows},
    .paste = true,
};

/// The Deep Image Matting port by huochaitiantang: pastes, whole picture, SAD not divided, no gradient, no
/// connectivity.
inline constexpr Preset deep_image_matting_pytorch{
    .name = "deep_image_matting_pytorch",
    .about = "pytorch-deep-image-matting; pastes the known areas, SAD over the whole picture and not divided",
    .sad = {Over::whole, 1, "sum of |P-A| over the whole picture, not divided, after pasting"},
    .mse = {Over::whole_over_unknown, 1, "sum of (P-A)^2 over the whole picture / unknown pixels, after pasting"},
    .mad = {Over::nothing, 1, detail::none},
    .gradient = {Over::nothing, detail::k, detail::none},
    .connectivity = {Over::nothing, detail::k, detail::none},
    .connectivity_options = {.first = FirstComponent::by_rows},
    .paste = true,
};

/// All of them, the default first.
inline constexpr std::array<const Preset*, 10> all{
    &composition1k, &bgmv2,    &mmagic,          &rvm_lr, &rvm_hr,
    &gca_python,    &indexnet, &indexnet_python, &gfm,    &deep_image_matting_pytorch};
}  // namespace presets

/// The preset of that name.  Error: not_found, listing the names there are.
inline Result<Preset> find_preset(std::string_view name) {
  std::string names;
  for (const Preset* p : presets::all) {
    if (p->name == name) return *p;
    names += (names.empty() ? "" : ", ") + std::string(p->name);
  }
  return Error{ErrorCode::not_found, "no evaluation preset is called '" + std::string(name) + "', there are " + names};
}

}  // namespace hairline::metrics

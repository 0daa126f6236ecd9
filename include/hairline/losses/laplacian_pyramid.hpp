#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hairline/losses/loss.hpp"
#include "hairline/losses/pyramid.hpp"

namespace hairline::losses {

/// How the pyramid is built, how its levels are weighed, and how each level is summed up.
struct LaplacianPyramidOptions {
  enum class Form {
    burt_adelson,  ///< band = level - expand(next), next = every second pixel of the blurred level; sizes round up
    same_size,     ///< band = level - blur(level), next = 2x2 means of blur(level); sizes round down
  };
  enum class Kernel {
    binomial,        ///< [1 4 6 4 1]/16 along both axes; the only one of burt_adelson
    gaussian,        ///< 5x5 samples of a Gaussian
    summed_squares,  ///< 5x5, the sum of two squared one-dimensional Gaussians, which circulates as one
  };
  Form form = Form::burt_adelson;
  Kernel kernel = Kernel::binomial;
  double sigma = 1;            ///< of the last two kernels
  int levels = 5;              ///< bands
  bool double_weights = true;  ///< level s of 1, 2, 3 ... counts 2^(s-1) times, else once
  bool rest = false;           ///< what is left after the last band is compared too
  Reduction reduction = Reduction::sum();

  /// Context-Aware Matting: five levels, weights 2^(s-1), sums; its filter is not stated, taken as Burt and Adelson's.
  static constexpr LaplacianPyramidOptions context_aware() { return {}; }
  /// FBA, the paper's formula (the same) over the pyramid that its ports build, with a true Gaussian of sigma 1.056,
  /// which is nearest to the binomial: kernel and reduction are not stated.
  static constexpr LaplacianPyramidOptions fba() {
    return {Form::same_size, Kernel::gaussian, 1.056, 5, true, false, Reduction::sum()};
  }
  /// mmediting's training of FBA: means over the unknown region, the rest as a sixth level, all levels alike.
  static constexpr LaplacianPyramidOptions fba_mmediting() {
    return {Form::same_size, Kernel::summed_squares, 2, 5, false, true, Reduction::mmediting()};
  }
};

namespace detail {
using PyramidForm = LaplacianPyramidOptions::Form;

/// One step of a pyramid and its transpose.
class PyramidStep {
 public:
  PyramidStep(int height, int width, const LaplacianPyramidOptions& options)
      : same_size_(options.form == PyramidForm::same_size) {
    down_y_ = same_size_ ? Resampling::halve(height) : Resampling::reduce(height);
    down_x_ = same_size_ ? Resampling::halve(width) : Resampling::reduce(width);
    if (same_size_) {
      using Kernel = LaplacianPyramidOptions::Kernel;
      static constexpr double row[5] = {1, 4, 6, 4, 1};
      kernel_ = options.kernel == Kernel::binomial   ? kernel_from([](int y, int x) { return row[y + 2] * row[x + 2]; })
                : options.kernel == Kernel::gaussian ? gaussian_kernel(options.sigma)
                                                     : summed_squares_kernel(options.sigma);
    } else {
      up_y_ = Resampling::expand(height);
      up_x_ = Resampling::expand(width);
    }
  }

  /// (band, next level) of a level.
  std::pair<Level, Level> forward(const Level& level) const {
    const Level low = same_size_ ? blur(level, kernel_) : level;
    Level next = resample(low, down_y_, down_x_);
    return {minus(level, same_size_ ? low : resample(next, up_y_, up_x_)), std::move(next)};
  }
  /// The derivative with respect to the level, from those with respect to its band and to the next level.
  Level backward(const Level& band, Level next) const {
    if (same_size_) {
      const Level low = minus(resample(next, down_y_.transposed(), down_x_.transposed()), band);
      return plus(blur(low, kernel_, true), band);
    }
    next = minus(next, resample(band, up_y_.transposed(), up_x_.transposed()));
    return plus(resample(next, down_y_.transposed(), down_x_.transposed()), band);
  }

 private:
  static Level minus(Level a, const Level& b) {
    for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] -= b.values[i];
    return a;
  }
  static Level plus(Level a, const Level& b) {
    for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
    return a;
  }

  bool same_size_;
  Resampling down_y_, down_x_, up_y_, up_x_;
  Kernel5 kernel_{};
};

/// The weights of every level: those of the finest, every second pixel.  The last is the rest's.
inline std::vector<Level> weight_levels(const Shape& shape, const std::vector<double>& weights,
                                        const LaplacianPyramidOptions& options) {
  std::vector<Level> all(1, Level(shape.height, shape.width));
  all[0].values = weights;
  for (int s = 0; s < options.levels; ++s) {
    const Level& fine = all.back();
    const int up = options.form == PyramidForm::burt_adelson;
    Level coarse((fine.height + up) / 2, (fine.width + up) / 2);
    for (int y = 0; y < coarse.height; ++y)
      for (int x = 0; x < coarse.width; ++x) coarse.at(y, x) = fine.at(2 * y, 2 * x);
    all.push_back(std::move(coarse));
  }
  return all;
}

inline std::optional<Error> refuse(const LaplacianPyramidOptions& options, const Shape& shape) {
  const auto wrong = [](std::string text) { return Error{ErrorCode::invalid_argument, std::move(text)}; };
  if (options.levels < 1 || options.levels > 30)
    return wrong("a Laplacian pyramid of " + std::to_string(options.levels) + " levels, wanted 1 to 30");
  if (options.kernel != LaplacianPyramidOptions::Kernel::binomial) {
    if (options.form == PyramidForm::burt_adelson)
      return wrong("Burt and Adelson's pyramid takes the binomial kernel alone");
    if (!(options.sigma > 0) || !std::isfinite(options.sigma))
      return wrong("the pyramid's sigma is " + std::to_string(options.sigma) + ", wanted above 0");
  }
  const int least = 1 << (options.levels - (options.rest ? 0 : 1));
  if (options.form == PyramidForm::same_size && (shape.height < least || shape.width < least))
    return wrong("a picture of " + size_string(shape) + " pixels is too small for this pyramid of " +
                 std::to_string(options.levels) + " levels, wanted at least " + std::to_string(least) +
                 " along each side");
  return std::nullopt;
}
}  // namespace detail

/// Sum over levels of |band of P - band of A|: the Laplacian loss of Context-Aware Matting (Hou and Liu, ICCV 2019) and
/// FBA (Forte and Pitie, 2020), for alphas and colours. Each level is reduced by itself, with every second pixel of the
/// level before's weights; a level that the region does not reach adds nothing.
/// Shapes: both (H, W) or (H, W, C), weights (H, W).
/// Errors: shapes that differ, no pixels, NaN, an empty region, a picture too small for the form same_size, options.
/// Cost: about 20 (burt_adelson) or 70 multiply-adds per pixel and channel, gradient included.
template <class T = float>
Result<Loss<T>> laplacian_pyramid(const Input& prediction, const Input& truth, const Weights& weights = {},
                                  const LaplacianPyramidOptions& options = {}) {
  const auto in = detail::read_pair(prediction, truth, weights);
  if (!in) return in.error();
  const Shape& shape = in->prediction.shape;
  if (auto e = detail::refuse(options, shape)) return *e;
  const auto region = detail::weight_levels(shape, in->weights, options);
  const std::size_t levels = static_cast<std::size_t>(options.levels);
  std::vector<detail::PyramidStep> steps;
  std::vector<double> scales;
  for (std::size_t s = 0; s <= levels; ++s) {
    const auto scale =
        detail::factor(options.reduction, detail::total(region[s].values), region[s].values.size(), shape.channels);
    if (!scale && s == 0) return scale.error();
    const double weight = options.double_weights ? static_cast<double>(std::size_t{1} << s) : 1;
    scales.push_back(scale && (s < levels || options.rest) ? weight * *scale : 0);
    if (s < levels) steps.emplace_back(region[s].height, region[s].width, options);
  }

  detail::Planes gradient(shape);
  double sum = 0;
  // Replaces differences by the derivatives of their absolute values.
  const auto compare = [&](detail::Level& band, std::size_t s) {
    for (std::size_t i = 0; i < band.values.size(); ++i) {
      const detail::Term t = detail::absolute(band.values[i]);
      const double weight = scales[s] == 0 ? 0 : scales[s] * region[s].values[i];
      sum += weight * t.value;
      band.values[i] = weight * t.slope;
    }
  };
  for (int c = 0; c < shape.channels; ++c) {
    detail::Level level(shape.height, shape.width);  // the pyramid is linear: that of the difference is enough
    for (std::size_t i = 0; i < shape.pixels(); ++i)
      level.values[i] = in->prediction.plane(c)[i] - in->truth.plane(c)[i];
    std::vector<detail::Level> bands;
    for (std::size_t s = 0; s < levels; ++s) {
      auto [band, next] = steps[s].forward(level);
      compare(band, s);
      bands.push_back(std::move(band));
      level = std::move(next);
    }
    compare(level, levels);
    for (std::size_t s = levels; s-- > 0;) level = steps[s].backward(bands[s], std::move(level));
    std::copy(level.values.begin(), level.values.end(), gradient.plane(c));
  }
  return Loss<T>{sum, detail::stored<T>(gradient)};
}

}  // namespace hairline::losses

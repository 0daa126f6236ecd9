#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/metrics/input.hpp"
#include "hairline/metrics/region.hpp"

namespace hairline::losses {

using metrics::Input;

/// A loss and its derivative with respect to the prediction. All arithmetic is in double; T is what the gradient is
/// stored as.
template <class T = float>
struct Loss {
  double value = 0;
  Image<T> gradient;  ///< shape of the prediction
};

/// What a sum over pixels is divided by. Papers and programs differ, so every loss takes it.
struct Reduction {
  enum class Over {
    nothing,   ///< the sum itself
    elements,  ///< height * width * channels: pixels of weight 0 count as zeros
    region,    ///< the sum of the weights, so that only the region counts
  };
  Over over = Over::elements;
  double added = 0;            ///< added to the sum of the weights (Over::region)
  bool count_channels = true;  ///< whether the weights count once per channel (Over::region)

  static constexpr Reduction sum() { return {Over::nothing, 0, true}; }
  /// Mean over every element, as Background Matting v2 takes it.
  static constexpr Reduction mean() { return {Over::elements, 0, true}; }
  /// Mean over the region. A region without weight is an error, unless `added` is above 0: then the loss is 0.
  static constexpr Reduction region_mean(double added = 0) { return {Over::region, added, true}; }
  /// Deep Image Matting's port: region's sum / (pixels + 1) / channels.
  static constexpr Reduction dim() { return region_mean(1); }
  /// GCA: region's sum / (pixels + 1e-8). The published code takes both sums over the whole batch: add up sum() over
  /// its pictures for that.
  static constexpr Reduction gca() { return region_mean(1e-8); }
  /// mmediting: region's mean, of each picture, then of the batch.
  static constexpr Reduction mmediting() { return region_mean(1e-12); }
  /// Background Matting v1: region's sum / (pixels + 1e-6); three channels count three times.
  static constexpr Reduction bgmv1() { return {Over::region, 1e-6, false}; }
};

/// Where a loss counts, and how much: a weight of at least 0 per pixel. Refers to what it is made from, which must
/// outlive it.
class Weights {
 public:
  /// The whole picture, weight 1.
  Weights() = default;
  /// The values of (H, W); 8 bits mean value / 255. For masks of 0 and 1 in 8 bits take Region::mask.
  template <class X>
  requires(metrics::detail::StoredPixels<X> || metrics::detail::ExpressionPixels<X>) Weights(const X& x)
      : values_(Input(x)) {}                                       // NOLINT: implicit on purpose
  Weights(Input values) : values_(values) {}                       // NOLINT: implicit on purpose
  Weights(metrics::Region region) : region_(std::move(region)) {}  // NOLINT: implicit on purpose

  /// The weight of every pixel, row by row. Errors: another size than the picture, negative or not a number.
  Result<std::vector<double>> read(const Shape& picture) const {
    std::vector<double> weights(picture.pixels(), 1.0);
    const auto width = static_cast<std::size_t>(picture.width);
    if (values_) {
      if (auto e = metrics::detail::refuse(*values_, "weight map", &picture)) return *e;
      for (int y = 0; y < picture.height; ++y) values_->row(y, weights.data() + static_cast<std::size_t>(y) * width);
      for (const double w : weights)
        if (w < 0) return Error{ErrorCode::invalid_argument, "the weight map holds a value below 0"};
    } else if (!region_.is_whole()) {
      if (auto e = region_.refuse(picture)) return *e;
      std::vector<double> scratch(width);
      std::vector<std::uint8_t> inside(width);
      for (int y = 0; y < picture.height; ++y) {
        region_.row(y, scratch, inside);
        for (std::size_t x = 0; x < width; ++x) weights[static_cast<std::size_t>(y) * width + x] = inside[x];
      }
    }
    return weights;
  }

 private:
  std::optional<Input> values_;
  metrics::Region region_;
};

namespace detail {
/// A picture as planes of doubles, channel after channel.
struct Planes {
  Shape shape{0, 0, 0};
  std::vector<double> values;

  Planes() = default;
  explicit Planes(Shape s) : shape(s), values(s.size()) {}
  double* plane(int c) { return values.data() + static_cast<std::size_t>(c) * shape.pixels(); }
  const double* plane(int c) const { return values.data() + static_cast<std::size_t>(c) * shape.pixels(); }
};

inline Result<Planes> read(const Input& input, const std::string& what, const Shape* wanted = nullptr) {
  if (auto e = metrics::detail::refuse(input, what, wanted)) return *e;
  if (wanted && wanted->channels != input.shape().channels)
    return Error{ErrorCode::invalid_argument, "the " + what + " has " + std::to_string(input.shape().channels) +
                                                  " channels, wanted " + std::to_string(wanted->channels)};
  Planes planes(input.shape());
  for (int c = 0; c < planes.shape.channels; ++c)
    for (int y = 0; y < planes.shape.height; ++y)
      input.row(y, planes.plane(c) + static_cast<std::size_t>(y) * static_cast<std::size_t>(planes.shape.width), c);
  return planes;
}

template <class T>
Image<T> stored(const Planes& planes) {
  Image<T> image(planes.shape);
  const auto channels = static_cast<std::size_t>(planes.shape.channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const double* from = planes.plane(static_cast<int>(c));
    for (std::size_t i = 0; i < planes.shape.pixels(); ++i) image.data()[i * channels + c] = static_cast<T>(from[i]);
  }
  return image;
}

inline double total(const std::vector<double>& weights) {
  double sum = 0;
  for (const double w : weights) sum += w;
  return sum;
}

/// What the sum is multiplied by.
inline Result<double> factor(const Reduction& reduction, double weight, std::size_t pixels, int channels) {
  if (reduction.over == Reduction::Over::nothing) return 1.0;
  if (reduction.over == Reduction::Over::elements) return 1 / (static_cast<double>(pixels) * channels);
  if (!(reduction.added >= 0))
    return Error{ErrorCode::invalid_argument, "a reduction adds " + std::to_string(reduction.added) +
                                                  " to the sum of the weights, wanted at least 0"};
  const double divisor = (weight + reduction.added) * (reduction.count_channels ? channels : 1);
  if (divisor == 0) return metrics::detail::empty_region();
  return 1 / divisor;
}

/// A penalty of one difference and its derivative.
struct Term {
  double value, slope;
};

inline double sign(double v) { return static_cast<double>(v > 0) - static_cast<double>(v < 0); }
/// The derivative at 0 is 0, as in PyTorch.
inline Term absolute(double d) { return {std::abs(d), sign(d)}; }
inline Term charbonnier(double d, double epsilon) {
  const double root = std::sqrt(d * d + epsilon * epsilon);
  return {root, root > 0 ? d / root : 0};
}

/// Sum of f(prediction - truth, weight) over all elements, reduced.
/// @pre both have one shape, and weights one value per pixel
template <class T, class F>
Result<Loss<T>> pointwise(const Planes& prediction, const Planes& truth, const std::vector<double>& weights,
                          const Reduction& reduction, F&& f) {
  const Shape& shape = prediction.shape;
  const auto scale = factor(reduction, total(weights), shape.pixels(), shape.channels);
  if (!scale) return scale.error();
  Planes gradient(shape);
  double sum = 0;
  for (int c = 0; c < shape.channels; ++c) {
    const double *p = prediction.plane(c), *t = truth.plane(c);
    double* g = gradient.plane(c);
    for (std::size_t i = 0; i < shape.pixels(); ++i) {
      const Term term = f(p[i] - t[i], weights[i]);
      sum += term.value;
      g[i] = term.slope * *scale;
    }
  }
  return Loss<T>{sum * *scale, stored<T>(gradient)};
}

template <class F>
auto weighted(F f) {
  return [f](double d, double w) {
    const Term t = f(d);
    return Term{w * t.value, w * t.slope};
  };
}

/// Prediction, truth of the same shape and weights, or what is wrong with them.
struct Pair {
  Planes prediction, truth;
  std::vector<double> weights;
};
inline Result<Pair> read_pair(const Input& prediction, const Input& truth, const Weights& weights) {
  auto p = read(prediction, "prediction");
  if (!p) return p.error();
  auto t = read(truth, "truth", &p->shape);
  if (!t) return t.error();
  auto w = weights.read(p->shape);
  if (!w) return w.error();
  return Pair{std::move(*p), std::move(*t), std::move(*w)};
}
}  // namespace detail

}  // namespace hairline::losses

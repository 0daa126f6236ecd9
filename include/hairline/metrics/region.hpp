#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "hairline/core/pixel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/metrics/input.hpp"

namespace hairline::metrics {

/// The pixels that a metric sums over. Refers to the trimap or mask, which must outlive it.
class Region {
 public:
  /// The whole picture.
  Region() = default;
  static Region whole() { return {}; }
  /// Where the trimap is exactly 128 in 8-bit terms: the published region. 16-bit and float trimaps are rounded to the
  /// nearest 8-bit level first, so 32896 (128 * 257), 128/255 and 0.5 are inside, 127/255 and 129/255 are not.
  static Region unknown(Input trimap) { return {Kind::unknown, trimap}; }
  /// Where the trimap is neither 0 nor 255 in 8-bit terms.
  static Region between(Input trimap) { return {Kind::between, trimap}; }
  /// Where the mask is not zero.
  static Region mask(Input mask) { return {Kind::mask, mask}; }

  bool is_whole() const { return kind_ == Kind::whole; }

  /// Refuses a trimap or mask of another size, or holding NaN.
  std::optional<Error> refuse(const Shape& picture) const {
    if (is_whole()) return std::nullopt;
    return detail::refuse(*source_, kind_ == Kind::mask ? "mask" : "trimap", &picture);
  }

  /// Sets inside[x] to 1 or 0 along a row.  @pre both vectors have one element per column
  void row(int y, std::vector<double>& scratch, std::vector<std::uint8_t>& inside) const {
    if (is_whole()) {
      inside.assign(inside.size(), 1);
      return;
    }
    source_->row(y, scratch.data());
    for (std::size_t x = 0; x < inside.size(); ++x) {
      const int level = PixelTraits<std::uint8_t>::from_unit(scratch[x]);
      inside[x] = kind_ == Kind::mask      ? scratch[x] != 0
                  : kind_ == Kind::unknown ? level == 128
                                           : level > 0 && level < 255;
    }
  }

 private:
  enum class Kind { whole, unknown, between, mask };
  Region(Kind kind, Input source) : kind_(kind), source_(source) {}
  Kind kind_ = Kind::whole;
  std::optional<Input> source_;
};

namespace detail {
/// A sum over a region and the region's number of pixels.
struct RegionSum {
  double total = 0;
  std::size_t pixels = 0;
};

/// Sums f(prediction, truth) over the region, row by row in double.  @pre all have the same size
template <class F>
RegionSum region_sum(const Input& prediction, const Input& truth, const Region& region, F&& f, int channel = 0) {
  const auto width = static_cast<std::size_t>(prediction.width());
  std::vector<double> p(width), a(width), scratch(width);
  std::vector<std::uint8_t> inside(width);
  RegionSum sum;
  for (int y = 0; y < prediction.height(); ++y) {
    region.row(y, scratch, inside);
    prediction.row(y, p.data(), channel);
    truth.row(y, a.data(), channel);
    double line = 0;
    for (std::size_t x = 0; x < width; ++x)
      if (inside[x]) {
        line += f(p[x], a[x]);
        ++sum.pixels;
      }
    sum.total += line;
  }
  return sum;
}

/// Everything that can be wrong with a prediction, its truth and a region.
inline std::optional<Error> refuse(const Input& prediction, const Input& truth, const Region& region) {
  if (auto e = refuse(prediction, "prediction")) return e;
  if (auto e = refuse(truth, "truth", &prediction.shape())) return e;
  return region.refuse(prediction.shape());
}

inline Error empty_region() {
  return {ErrorCode::invalid_argument,
          "the region has no pixel, so a mean over it does not exist (wanted at least one "
          "pixel, for the unknown region a trimap value of exactly 128)"};
}
}  // namespace detail

}  // namespace hairline::metrics

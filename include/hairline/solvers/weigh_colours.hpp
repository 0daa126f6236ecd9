#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <string>

#include "hairline/core/any_view.hpp"
#include "hairline/core/finite.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/constraints.hpp"
#include "hairline/solvers/plate_filters.hpp"

namespace hairline {

/// How an alpha is weighed against colours. Lengths are shares of the picture's longer side.
struct ColourWeighing {
  double reach = 0.05;         ///< deviation of the window in which the subject's colours are gathered
  double plate_reach = 0.025;  ///< the same of how the background differs from its plate
  double alpha_reach = 0.012;  ///< the same of alpha around
  double prior = 4;            ///< how much the alpha given counts: its variance is a (1 - a) / (1 + prior)
  float noise = 0.012f;        ///< deviation of a channel of the picture, of full scale
  float least = 0.002f;  ///< where less of the window is surely the subject, the alpha stays; twice as much is enough
};

namespace detail {

/// A symmetric matrix: xx, xy, xz, yy, yz, zz.
using Symmetric3 = std::array<float, 6>;

/// Colours of a picture of any pixel type, one at a time; grey gives three equal channels.
struct ColourReader {
  AnyView picture;
  std::array<float, 3> operator()(int y, int x) const {
    return picture.visit([&](auto v) {
      using T = typename decltype(v)::value_type;
      std::array<float, 3> c;
      for (int i = 0; i < 3; ++i)
        c[static_cast<std::size_t>(i)] = PixelTraits<T>::template to_unit<float>(v(y, x, v.channels() == 1 ? 0 : i));
      return c;
    });
  }
};

/// The mean and covariance of colours in a window, and how much of the window counted.
struct LocalColour {
  float weight = 0;
  std::array<float, 3> mean{};
  Symmetric3 spread{};
};

/// Means over square cells, blurred over a window of cells. Of a large cell some rows and columns are looked at.
template <int Channels>
class Windows {
 public:
  /// @param add (y, x, to): adds a pixel's values to its cell's
  template <class Add>
  Windows(const Shape& picture, double reach, ThreadPool& pool, Add add)
      : side_(std::max(1, static_cast<int>(std::lround(std::max(picture.height, picture.width) / 80.0)))) {
    const int h = picture.height, w = picture.width, step = (side_ + 7) / 8;
    Image<float> means(Shape{(h + side_ - 1) / side_, (w + side_ - 1) / side_, Channels});
    pool.parallel_for(0, means.height(), 1, [&](std::ptrdiff_t row, std::ptrdiff_t) {
      for (int column = 0; column < means.width(); ++column) {
        const int top = static_cast<int>(row) * side_, left = column * side_;
        float* to = &means(static_cast<int>(row), column);
        int pixels = 0;
        for (int y = top; y < std::min(top + side_, h); y += step)
          for (int x = left; x < std::min(left + side_, w); x += step, ++pixels) add(y, x, to);
        for (int i = 0; i < Channels; ++i) to[i] /= static_cast<float>(pixels);
      }
    });
    means_ = gaussian_blur(means, reach * std::max(h, w) / side_, pool);
  }

  /// Between cells, bilinear.
  std::array<float, Channels> at(int y, int x) const {
    const auto place = [&](int i, int cells) {
      return std::clamp((static_cast<float>(i) + 0.5f) / static_cast<float>(side_) - 0.5f, 0.0f,
                        static_cast<float>(cells - 1));
    };
    const float fy = place(y, means_.height()), fx = place(x, means_.width());
    const int y0 = static_cast<int>(fy), x0 = static_cast<int>(fx);
    const int y1 = std::min(y0 + 1, means_.height() - 1), x1 = std::min(x0 + 1, means_.width() - 1);
    const float ty = fy - static_cast<float>(y0), tx = fx - static_cast<float>(x0);
    std::array<float, Channels> out;
    for (int i = 0; i < Channels; ++i)
      out[static_cast<std::size_t>(i)] = (1 - ty) * ((1 - tx) * means_(y0, x0, i) + tx * means_(y0, x1, i)) +
                                         ty * ((1 - tx) * means_(y1, x0, i) + tx * means_(y1, x1, i));
    return out;
  }

 private:
  int side_;
  Image<float> means_;
};

/// Weighted colours: the weight, the colour, its products.
using ColourWindows = Windows<10>;

inline void add_colour(float weight, const std::array<float, 3>& c, float* to) {
  to[0] += weight;
  for (std::size_t i = 0, k = 4; i < 3; ++i) {
    to[1 + i] += weight * c[i];
    for (std::size_t j = i; j < 3; ++j) to[k++] += weight * c[i] * c[j];
  }
}

inline LocalColour colour_at(const ColourWindows& windows, int y, int x) {
  const std::array<float, 10> s = windows.at(y, x);
  LocalColour out{s[0], {}, {}};
  const float total = s[0] + 1e-9f;
  for (std::size_t i = 0; i < 3; ++i) out.mean[i] = s[1 + i] / total;
  for (std::size_t i = 0, k = 0; i < 3; ++i)
    for (std::size_t j = i; j < 3; ++j, ++k) out.spread[k] = s[4 + k] / total - out.mean[i] * out.mean[j];
  return out;
}

/// What one pixel's colour is a mixture of: alpha of the subject's colours near it, the rest of the plate behind it.
struct Mixture {
  std::array<float, 3> colour, plate;  ///< the plate with the background's local change
  LocalColour subject;
  Symmetric3 unsure;  ///< the plate's covariance
  float noise;

  /// S^-1 r of the colours that a mixture with this alpha has, and q = r S^-1 r: how far off the pixel's colour is.
  float distance(float alpha, std::array<float, 3>& towards) const {
    Symmetric3 s;
    for (std::size_t k = 0; k < 6; ++k)
      s[k] = alpha * alpha * subject.spread[k] + (1 - alpha) * (1 - alpha) * unsure[k];
    for (const std::size_t k : {0, 3, 5}) s[k] += noise * noise;
    std::array<float, 3> r;
    for (std::size_t i = 0; i < 3; ++i) r[i] = colour[i] - alpha * subject.mean[i] - (1 - alpha) * plate[i];
    const Symmetric3 a{s[3] * s[5] - s[4] * s[4], s[2] * s[4] - s[1] * s[5], s[1] * s[4] - s[2] * s[3],
                       s[0] * s[5] - s[2] * s[2], s[1] * s[2] - s[0] * s[4], s[0] * s[3] - s[1] * s[1]};
    const float determinant = std::max(s[0] * a[0] + s[1] * a[1] + s[2] * a[2], 1e-16f);
    towards = {(a[0] * r[0] + a[1] * r[1] + a[2] * r[2]) / determinant,
               (a[1] * r[0] + a[3] * r[1] + a[4] * r[2]) / determinant,
               (a[2] * r[0] + a[4] * r[1] + a[5] * r[2]) / determinant};
    return std::max(r[0] * towards[0] + r[1] * towards[1] + r[2] * towards[2], 0.0f);
  }

  /// How many deviations the pixel's colour is off the subject's.
  float alien() const {
    std::array<float, 3> towards;
    return std::sqrt(distance(1, towards));
  }

  /// Mean of alpha's posterior over 0, 1/8, ..., 1. The prior is a Polya urn's, whose mean is `alpha`; the likelihood
  /// (1 + q)^-2 has heavy tails and no determinant: wide colours are no reason against the subject.
  float posterior(float alpha, float prior) const {
    constexpr int steps = 8;
    const float for_it = alpha * prior, against = std::max((1 - alpha) * prior, 1e-5f);
    float weight = 1, sum = 0, mean = 0;
    for (int j = 0; j <= steps; ++j) {
      const float g = static_cast<float>(j) / steps;
      std::array<float, 3> towards;
      const float near = 1 / (1 + distance(g, towards));
      sum += weight * near * near;
      mean += weight * near * near * g;
      const auto drawn = static_cast<float>(j), left = static_cast<float>(steps - j);
      weight *= (for_it + drawn) * left / ((drawn + 1) * (left - 1 + against));
    }
    return mean / sum;
  }

  /// Where a pixel's colour lies from the plate's (0) to the subject's (1).
  float along() const {
    float dot = 0, square = 1e-4f;
    for (std::size_t i = 0; i < 3; ++i) {
      dot += (colour[i] - plate[i]) * (subject.mean[i] - plate[i]);
      square += (subject.mean[i] - plate[i]) * (subject.mean[i] - plate[i]);
    }
    return dot / square;
  }

  /// The subject's likeliest colour here.
  std::array<float, 3> foreground(float alpha) const {
    std::array<float, 3> t, f;
    distance(alpha, t);
    const Symmetric3& s = subject.spread;
    const std::array<float, 3> moved{s[0] * t[0] + s[1] * t[1] + s[2] * t[2], s[1] * t[0] + s[3] * t[1] + s[4] * t[2],
                                     s[2] * t[0] + s[4] * t[1] + s[5] * t[2]};
    for (std::size_t i = 0; i < 3; ++i) f[i] = std::clamp(subject.mean[i] + alpha * moved[i], 0.0f, 1.0f);
    return f;
  }
};

/// 0 up to `low`, 1 from `high` on.
inline float ramp(float v, float low, float high) { return std::clamp((v - low) / (high - low), 0.0f, 1.0f); }

constexpr float faint = 0.004f;  ///< an alpha up to this is background, whatever the colours
constexpr float alien = 3;       ///< so many deviations off the subject's colours begin those that it has not

/// The new alpha of a pixel. Where its colour is about the plate's although most of it is said to be the subject's, and
/// the subject has such colours too, only shape can tell (a white sleeve before a white wall): there it does not sink.
/// Where the subject has no such colours, alpha around counts in place of the pixel's own, if it is lower.
/// @param off m.alien()    @param around alpha around
inline float weighed(const Mixture& m, float alpha, float off, float around, float prior) {
  const float foreign = ramp(off, alien, 1.5f * alien);
  const float found = m.posterior(alpha - foreign * std::max(alpha - around, 0.0f), prior);
  if (found >= alpha) return found;
  const float held = ramp(alpha, 0.5f, 0.75f) * (1 - ramp(m.along(), 0.1f, 0.3f)) * (1 - foreign);
  return found + held * (alpha - found);
}

/// Colours of what is surely the subject; of the less sure with the plate taken out.
inline ColourWindows subject_windows(const ColourReader& picture, const ColourReader& plate, View<const float> alpha,
                                     double reach, ThreadPool& pool) {
  return {alpha.shape(), reach, pool, [&](int y, int x, float* to) {
            const float a = alpha(y, x), sure = ramp(a, 0.3f, 1), cube = sure * sure * sure;
            if (!(sure > 0)) return;
            std::array<float, 3> c = picture(y, x);
            const std::array<float, 3> behind = plate(y, x);
            for (std::size_t i = 0; i < 3; ++i) c[i] = std::clamp((c[i] - (1 - a) * behind[i]) / a, 0.0f, 1.0f);
            add_colour(cube * cube, c, to);
          }};
}

/// How pixels that are surely background differ from the plate.
inline ColourWindows background_windows(const ColourReader& picture, const ColourReader& plate, View<const float> alpha,
                                        double reach, ThreadPool& pool) {
  return {alpha.shape(), reach, pool, [&](int y, int x, float* to) {
            const float weight = 1 - ramp(alpha(y, x), 0, 0.1f);
            if (!(weight > 0)) return;
            std::array<float, 3> c = picture(y, x);
            const std::array<float, 3> behind = plate(y, x);
            for (std::size_t i = 0; i < 3; ++i) c[i] -= behind[i];
            add_colour(weight, c, to);
          }};
}

/// What is asked at a pixel: the pictures and what was gathered from them.
struct ColourEvidence {
  const ColourReader &picture, &plate;
  const ColourWindows &subject, &background;
  const Windows<1>& alpha;
  const ColourWeighing& options;

  /// Weighs one pixel's alpha and finds its colour, if that is wanted. Returns how far alpha moved.
  float weigh(int y, int x, float& alpha_here, View<float> foreground) const {
    const float a = alpha_here;
    if (!(a > faint)) return 0;
    const float around = this->alpha.at(y, x)[0] + 0.01f;
    if (!(a < 1) && !(around < 1)) return 0;
    Mixture m{picture(y, x), plate(y, x), colour_at(subject, y, x), {}, options.noise};
    if (!(m.subject.weight > options.least)) return 0;
    const float off = m.alien();
    if (!(a < 1) && !(off > alien)) return 0;
    const LocalColour change = colour_at(background, y, x);
    const float known = change.weight / (change.weight + 1e-3f);  // where no background is near, the plate as it is
    for (std::size_t i = 0; i < 3; ++i) m.plate[i] += known * change.mean[i];
    m.unsure = change.spread;
    const float trust = ramp(m.subject.weight, options.least, 2 * options.least);
    const float found = weighed(m, a, off, around, static_cast<float>(options.prior));
    alpha_here = a + trust * ramp(a, faint, 5 * faint) * (found - a);
    if (!foreground.empty()) {
      const auto f = m.foreground(alpha_here);
      for (int i = 0; i < 3; ++i) foreground(y, x, i) += trust * (f[static_cast<std::size_t>(i)] - foreground(y, x, i));
    }
    return std::abs(alpha_here - a);
  }
};

}  // namespace detail

/// Weighs an alpha that somebody found, such as a network, against colours: each pixel is a mixture of the subject's
/// colours near it, of which mean and covariance are taken where alpha is high, and of the plate, whose local change
/// is taken where alpha is low. Bayesian matting (Chuang 2001) with a known background (Chuang 2002) and an alpha for
/// its prior. Pixels with an alpha of 0 stay, and those with an alpha of 1 that have the subject's colours or no
/// uncertain ones near them. Nothing is decided by a hair's breadth.
/// @param picture, plate (H, W) of 1, 3 or 4 channels    @param alpha (H, W), in [0,1]
/// @param foreground (H, W, 3), the subject's colours, replaced by the likeliest where alpha is weighed; or empty
/// @return the number of pixels whose alpha moved by more than 1/255
/// Errors: those of check_colour, other sizes, an alpha that is no number, options out of range.
/// Cost: one pass over alpha, about 0.3 us for each pixel that is a mixture (18 ms for a person of 1920x1080 on two
/// threads); half a megabyte of memory.
inline Result<std::size_t> weigh_colours(AnyView picture, AnyView plate, View<float> alpha, View<float> foreground,
                                         const ColourWeighing& options, ThreadPool& pool) {
  if (auto error = check_colour(picture)) return *error;
  if (auto error = check_colour(plate, "plate")) return *error;
  const auto other = [&](const char* what, const Shape& given) {
    return Error{ErrorCode::invalid_argument, std::string("the ") + what + " has " + size_string(given) +
                                                  " pixels, wanted " + size_string(picture.shape()) +
                                                  ", the size of the picture"};
  };
  if (!plate.shape().same_pixels(picture.shape())) return other("plate", plate.shape());
  if (!alpha.shape().same_pixels(picture.shape())) return other("alpha", alpha.shape());
  if (!foreground.empty() && !foreground.shape().same_pixels(picture.shape()))
    return other("foreground", foreground.shape());
  if (!foreground.empty() && foreground.channels() != 3)
    return Error{ErrorCode::invalid_argument,
                 "the foreground has " + std::to_string(foreground.channels()) + " channels, wanted 3"};
  if (!all_finite(View<const float>(alpha)))
    return Error{ErrorCode::invalid_argument, "the alpha holds a value that is not a number (NaN or infinite)"};
  const auto share = [](double v) { return v > 0 && v <= 1; };
  if (!share(options.reach) || !share(options.plate_reach) || !share(options.alpha_reach) ||
      !(options.prior > 0 && std::isfinite(options.prior)) || !share(static_cast<double>(options.noise)))
    return Error{ErrorCode::invalid_argument,
                 "weighing colours wants every reach and the noise above 0 and up to 1, and a positive prior"};
  const detail::ColourReader colour{picture}, behind{plate};
  const detail::ColourWindows subject = detail::subject_windows(colour, behind, alpha, options.reach, pool),
                              background = detail::background_windows(colour, behind, alpha, options.plate_reach, pool);
  const detail::Windows<1> around(alpha.shape(), options.alpha_reach, pool,
                                  [&](int y, int x, float* to) { *to += alpha(y, x); });
  const detail::ColourEvidence evidence{colour, behind, subject, background, around, options};
  std::atomic<std::size_t> moved = 0;
  pool.parallel_for(0, alpha.height(), detail::plate_rows, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    std::size_t count = 0;
    for (int y = static_cast<int>(begin); y < static_cast<int>(end); ++y)
      for (int x = 0; x < alpha.width(); ++x) count += evidence.weigh(y, x, alpha(y, x), foreground) > 1.0f / 255;
    moved += count;
  });
  return moved.load();
}

}  // namespace hairline

#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/solvers/plate_filters.hpp"

namespace hairline {

/// Noise of the difference between picture and aligned plate: variance = sigma^2 + slope^2 * (plate's gradient)^2.
/// The second part is what misalignment and resampling leave at edges.
struct PlateNoise {
  std::array<double, 3> sigma{};  ///< per channel, of full scale
  double slope = 0;               ///< in pixels of left-over displacement
};

namespace detail {

/// Mean squared gradient of a picture around each pixel, over its channels.
inline Image<float> gradient_energy(const Image<float>& in, ThreadPool& pool) {
  const int h = in.height(), w = in.width(), n = in.channels();
  Image<float> g(Shape{h, w, 1});
  pool.parallel_for(0, h, plate_rows, [&](std::ptrdiff_t y0, std::ptrdiff_t y1) {
    for (int y = static_cast<int>(y0); y < static_cast<int>(y1); ++y)
      for (int x = 0; x < w; ++x) {
        const int up = std::max(y - 1, 0), down = std::min(y + 1, h - 1);
        const int left = std::max(x - 1, 0), right = std::min(x + 1, w - 1);
        float s = 0;
        for (int c = 0; c < n; ++c) {
          const float dy = 0.5f * (in(down, x, c) - in(up, x, c)), dx = 0.5f * (in(y, right, c) - in(y, left, c));
          s += dy * dy + dx * dx;
        }
        g(y, x) = s / static_cast<float>(n);
      }
  });
  return gaussian_blur(g, 1.0, pool);
}

/// Half-width of the central distribution of values that pass the filter, as a normal deviation (1.4826 * MAD about 0).
template <class Passes>
double robust_deviation(const Image<float>& values, int channel, int step, Passes&& passes) {
  std::vector<float> kept;
  const int n = values.channels();
  for (std::size_t i = 0; i < values.size() / static_cast<std::size_t>(n); i += static_cast<std::size_t>(step))
    if (passes(i))
      kept.push_back(std::abs(values.data()[i * static_cast<std::size_t>(n) + static_cast<std::size_t>(channel)]));
  return 1.4826 * quantile(kept, 0.5);
}

/// Estimates the noise from the pixels that `likely` (H, W) marks as background; `gradient` is gradient_energy of the
/// plate. Deviations come from medians in twelve classes of gradient, so a contaminated mask does little harm.
inline PlateNoise estimate_noise(const Image<float>& difference, const Image<float>& gradient,
                                 const Image<std::uint8_t>& likely, double least) {
  PlateNoise noise;
  const std::size_t pixels = likely.size();
  const int step = pixels > 300000 ? 3 : 1;
  std::vector<float> g;
  for (std::size_t i = 0; i < pixels; i += static_cast<std::size_t>(step))
    if (likely.data()[i]) g.push_back(gradient.data()[i]);
  noise.sigma = {least, least, least};
  if (g.size() < 64) return noise;
  std::sort(g.begin(), g.end());
  constexpr std::size_t classes = 12;
  std::array<float, classes + 1> bound{};
  for (std::size_t b = 0; b <= classes; ++b) bound[b] = g[(g.size() - 1) * b / classes];
  std::array<std::array<double, 3>, classes> variance{};
  std::array<double, classes> middle{};
  for (std::size_t b = 0; b < classes; ++b) {
    middle[b] = static_cast<double>(g[(g.size() - 1) * (2 * b + 1) / (2 * classes)]);
    for (int c = 0; c < 3; ++c) {
      const double d = robust_deviation(difference, c, step, [&](std::size_t i) {
        return likely.data()[i] && gradient.data()[i] >= bound[b] && gradient.data()[i] <= bound[b + 1];
      });
      variance[b][static_cast<std::size_t>(c)] = d * d;
    }
  }
  for (std::size_t c = 0; c < 3; ++c) {
    std::array<double, 6> low{};
    for (std::size_t b = 0; b < 6; ++b) low[b] = variance[b][c];
    std::sort(low.begin(), low.end());
    noise.sigma[c] = std::max(least, std::sqrt(0.5 * (low[2] + low[3])));
  }
  std::vector<float> slopes;
  for (std::size_t b = classes - 4; b < classes; ++b)
    for (std::size_t c = 0; c < 3; ++c)
      if (middle[b] > 1e-7)
        slopes.push_back(static_cast<float>((variance[b][c] - noise.sigma[c] * noise.sigma[c]) / middle[b]));
  noise.slope = std::sqrt(std::clamp(quantile(slopes, 0.5), 0.0, 1.0));
  return noise;
}

}  // namespace detail

/// The difference of picture and aligned plate, measured against its own noise on several scales.
struct PlateDifference {
  Image<float> raw;        // (H, W, 3)  picture - plate
  Image<float> deviation;  // (H, W, 3)  standard deviation of raw where there is only background
  PlateNoise noise;
  /// One scale: chi^2 with three degrees of freedom of the blurred, normalised difference.
  struct Scale {
    double blur = 0;      // sigma of the Gaussian, pixels
    Image<float> chi2;    // (H, W)
    Image<float> inner;   // (H, W)  least chi2 within the blur's reach: what a neighbour cannot have caused
    Image<float> shadow;  // (H, W)  chi2 if the plate is darkened by `shade`
    std::array<double, 3> shrink{1, 1, 1};  // deviation of the blurred normalised difference per channel
  };
  std::vector<Scale> scales;
  Image<float> shade;  // (H, W)  picture / plate, brightness alone, averaged over a few pixels; at most 1
};

namespace detail {

/// chi^2 of a normalised difference after blurring, with the deviations that its background part (or `shrink`) has.
inline Image<float> chi_square(const Image<float>& blurred, const std::array<double, 3>& shrink,
                               const Image<std::uint8_t>& inside) {
  Image<float> out(Shape{blurred.height(), blurred.width(), 1});
  for (std::size_t i = 0; i < out.size(); ++i) {
    float sum = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      const float z = blurred.data()[3 * i + c] / static_cast<float>(shrink[c]);
      sum += z * z;
    }
    out.data()[i] = inside.data()[i] ? sum : 0;
  }
  return out;
}

/// The factor that darkens the plate to the picture's brightness, over a few pixels, at most 1.
inline Image<float> shading(const Image<float>& image, const Image<float>& plate, double blur, ThreadPool& pool) {
  Image<float> sums(Shape{image.height(), image.width(), 2}), out(Shape{image.height(), image.width(), 1});
  for (std::size_t i = 0; i < out.size(); ++i)
    for (std::size_t c = 0; c < 3; ++c) {
      const float p = plate.data()[3 * i + c];
      sums.data()[2 * i] += image.data()[3 * i + c] * p;
      sums.data()[2 * i + 1] += p * p;
    }
  const Image<float> s = gaussian_blur(sums, blur, pool);
  for (std::size_t i = 0; i < out.size(); ++i)
    out.data()[i] = std::clamp((s.data()[2 * i] + 1e-4f) / (s.data()[2 * i + 1] + 1e-4f), 0.0f, 1.0f);
  return out;
}

}  // namespace detail

/// Measures the difference. The noise is not asked for but found: first in the pixels closest to the plate, then twice
/// again in those that the last estimate calls background.
/// @param least the smallest deviation believed (8-bit rounding of both pictures gives 0.0016)
inline PlateDifference measure_difference(const Image<float>& image, const Image<float>& plate,
                                          const Image<std::uint8_t>& inside, double least, ThreadPool& pool) {
  const int h = image.height(), w = image.width();
  const std::size_t pixels = static_cast<std::size_t>(h) * static_cast<std::size_t>(w);
  PlateDifference d;
  d.raw = Image<float>(image.shape());
  for (std::size_t i = 0; i < d.raw.size(); ++i) d.raw.data()[i] = image.data()[i] - plate.data()[i];
  const Image<float> gradient = detail::gradient_energy(detail::gaussian_blur(plate, 0.8, pool), pool);
  const Image<float> soft = detail::gaussian_blur(d.raw, 1.5, pool);
  d.deviation = Image<float>(image.shape());
  Image<std::uint8_t> likely(Shape{h, w, 1});
  double reach = 0.04;
  for (int round = 0; round < 4; ++round) {
    for (std::size_t i = 0; i < pixels; ++i) {
      float worst = 0;
      for (std::size_t c = 0; c < 3; ++c) {
        const float e = std::abs(soft.data()[3 * i + c]);
        worst = std::max(worst, round == 0 ? e / static_cast<float>(reach)
                                           : e / std::max(0.004f, 1.2f * d.deviation.data()[3 * i + c]));
      }
      likely.data()[i] = inside.data()[i] && worst < 1;
    }
    d.noise = detail::estimate_noise(d.raw, gradient, likely, least);
    for (std::size_t i = 0; i < pixels; ++i)
      for (std::size_t c = 0; c < 3; ++c)
        d.deviation.data()[3 * i + c] =
            static_cast<float>(std::sqrt(d.noise.sigma[c] * d.noise.sigma[c] +
                                         d.noise.slope * d.noise.slope * static_cast<double>(gradient.data()[i])));
  }
  Image<float> normal(image.shape());
  for (std::size_t i = 0; i < normal.size(); ++i) normal.data()[i] = d.raw.data()[i] / d.deviation.data()[i];
  d.shade = detail::shading(image, plate, 2.0, pool);
  Image<float> shaded(image.shape());
  for (std::size_t i = 0; i < shaded.size(); ++i)
    shaded.data()[i] = (image.data()[i] - d.shade.data()[i / 3] * plate.data()[i]) / d.deviation.data()[i];
  for (const double blur : {0.7, 1.5, 3.0}) {
    PlateDifference::Scale s;
    s.blur = blur;
    const Image<float> n = detail::gaussian_blur(normal, blur, pool);
    for (int c = 0; c < 3; ++c)
      s.shrink[static_cast<std::size_t>(c)] =
          std::max(0.02, detail::robust_deviation(n, c, pixels > 300000 ? 3 : 1,
                                                  [&](std::size_t i) { return likely.data()[i] != 0; }));
    s.chi2 = detail::chi_square(n, s.shrink, inside);
    s.inner = detail::minimum_around(s.chi2, blur < 1 ? 0 : static_cast<int>(std::ceil(2.5 * blur)), pool);
    s.shadow = detail::chi_square(detail::gaussian_blur(shaded, blur, pool), s.shrink, inside);
    d.scales.push_back(std::move(s));
  }
  return d;
}

}  // namespace hairline

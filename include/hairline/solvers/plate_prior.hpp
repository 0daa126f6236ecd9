#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/solvers/plate_filters.hpp"
#include "hairline/solvers/plate_segmentation.hpp"

namespace hairline::detail {

/// What is thought of alpha before the picture's own structure is asked.
struct AlphaPrior {
  Image<float> alpha;       // (H, W)
  Image<float> confidence;  // (H, W), in [0, 1]
};

/// Colours of certain foreground carried over the whole picture: at every pixel the mean over the smallest
/// neighbourhood (doubling from one pixel) that holds some. Where there is no foreground at all the result is grey.
inline Image<float> carried_colours(const Image<float>& image, const Image<std::uint8_t>& certain, ThreadPool& pool) {
  std::vector<Image<float>> sums;
  Image<float> base(Shape{image.height(), image.width(), 4});
  for (std::size_t i = 0; i < certain.size(); ++i)
    if (certain.data()[i]) {
      for (std::size_t c = 0; c < 3; ++c) base.data()[4 * i + c] = image.data()[3 * i + c];
      base.data()[4 * i + 3] = 1;
    }
  sums.push_back(std::move(base));
  while (std::max(sums.back().height(), sums.back().width()) > 1) sums.push_back(shrunk(sums.back(), 2, 4, pool));
  Image<float> up;
  for (std::size_t k = sums.size(); k-- > 0;) {
    const Image<float>& s = sums[k];
    Image<float> now(Shape{s.height(), s.width(), 3}, 0.5f);
    const Image<float> coarse = up.empty() ? Image<float>() : enlarge(up, s.height(), s.width());
    for (std::size_t i = 0; i < now.size() / 3; ++i) {
      const float weight = s.data()[4 * i + 3], trust = std::min(1.0f, 4 * weight);
      for (std::size_t c = 0; c < 3; ++c) {
        const float below = coarse.empty() ? 0.5f : coarse.data()[3 * i + c];
        now.data()[3 * i + c] = weight > 1e-6f ? trust * s.data()[4 * i + c] / weight + (1 - trust) * below : below;
      }
    }
    up = std::move(now);
  }
  return up;
}

/// How much of the plate's fine structure shines through the picture: regression of the picture's detail on the plate's
/// over a few pixels. Channels: share (0 covered, 1 bare), precision (1 / variance, at most 25).
inline Image<float> veil_of_plate(const Image<float>& image, const Image<float>& plate, const Image<float>& deviation,
                                  double detail, double window, ThreadPool& pool) {
  const Image<float> bi = gaussian_blur(image, detail, pool), bp = gaussian_blur(plate, detail, pool);
  Image<float> sums(Shape{image.height(), image.width(), 4});
  for (std::size_t i = 0; i < sums.size() / 4; ++i)
    for (std::size_t c = 0; c < 3; ++c) {
      const float di = image.data()[3 * i + c] - bi.data()[3 * i + c],
                  dp = plate.data()[3 * i + c] - bp.data()[3 * i + c];
      const float n = deviation.data()[3 * i + c];
      sums.data()[4 * i] += di * dp;
      sums.data()[4 * i + 1] += dp * dp;
      sums.data()[4 * i + 2] += di * di;
      sums.data()[4 * i + 3] += 0.5f * n * n;
    }
  const Image<float> s = gaussian_blur(sums, window, pool);
  Image<float> out(Shape{image.height(), image.width(), 2});
  const float pixels = static_cast<float>(4 * 3.14159 * window * window);
  for (std::size_t i = 0; i < out.size() / 2; ++i) {
    const float noise = s.data()[4 * i + 3], energy = std::max(0.0f, s.data()[4 * i + 1] - noise);
    const float share = s.data()[4 * i] / (energy + noise);
    // The picture's own detail is the noise of this regression; the plate's pixels are not independent (third of them).
    const float variance = (s.data()[4 * i + 2] + noise) / ((energy + 1e-9f) * pixels / 3);
    out.data()[2 * i] = std::clamp(share, 0.0f, 1.0f);
    out.data()[2 * i + 1] = energy > noise ? 1 / (0.04f + 2 * variance) : 0;
  }
  return out;
}

/// Alpha of the unknown pixels one by one from I = alpha F + (1 - alpha) B with the plate as B: candidates for F are
/// the carried foreground colour and the nearest certain foreground in eight directions; those that explain the pixel
/// count, and their disagreement, together with noise over |F - B|, says how little the answer is worth.
/// Two more opinions join: far inside the silhouette alpha is probably 1, and the plate may shine through.
/// @param unknown, certain (H, W)    @param deviation (H, W, 3) of picture - plate where there is only background
/// @param depth (H, W) pixels to the silhouette's outline, from inside      @param veil veil_of_plate
/// @param band width of the zone along the outline that may be translucent, pixels
inline AlphaPrior alpha_prior(const Image<float>& image, const Image<float>& plate, const Image<float>& deviation,
                              const Image<std::uint8_t>& unknown, const Image<std::uint8_t>& certain,
                              const Image<float>& depth, const Image<float>& veil, float band, ThreadPool& pool) {
  const int h = image.height(), w = image.width(), reach = static_cast<int>(2 * band);
  const Image<float> carried = carried_colours(image, certain, pool);
  const Image<float> smooth = gaussian_blur(image, 1.0, pool);
  Image<float> weight(Shape{h, w, 1});
  for (std::size_t i = 0; i < weight.size(); ++i) weight.data()[i] = certain.data()[i] ? 1.0f : 0.0f;
  const SubjectColours colours(image, weight);
  AlphaPrior prior{Image<float>(Shape{h, w, 1}), Image<float>(Shape{h, w, 1})};
  constexpr std::array<std::array<int, 2>, 8> ways{
      {{0, 1}, {1, 1}, {1, 0}, {1, -1}, {0, -1}, {-1, -1}, {-1, 0}, {-1, 1}}};
  pool.parallel_for(0, h, plate_rows, [&](std::ptrdiff_t y0, std::ptrdiff_t y1) {
    for (int y = static_cast<int>(y0); y < static_cast<int>(y1); ++y)
      for (int x = 0; x < w; ++x) {
        if (!unknown(y, x)) continue;
        std::array<std::array<float, 3>, 9> f{};
        std::array<float, 9> far{};
        std::size_t n = 0;
        f[n] = {carried(y, x, 0), carried(y, x, 1), carried(y, x, 2)};
        far[n++] = 4;
        for (const auto& way : ways)
          for (int k = 1; k < reach; k += 1 + k / 8) {
            const int v = y + k * way[0], u = x + k * way[1];
            if (v < 0 || u < 0 || v >= h || u >= w) break;
            if (!certain(v, u)) continue;
            f[n] = {smooth(v, u, 0), smooth(v, u, 1), smooth(v, u, 2)};
            far[n++] = static_cast<float>(k);
            break;
          }
        float noise = 0;
        for (int c = 0; c < 3; ++c) noise += deviation(y, x, c) * deviation(y, x, c);
        // A foreground colour is believed to a few percent only: it is somebody else's.
        float sum = 0, mean = 0, square = 0, spread = 0;
        for (std::size_t k = 0; k < n; ++k) {
          float df = 0, ff = 0, dd = 0;
          for (int c = 0; c < 3; ++c) {
            const auto i = static_cast<std::size_t>(c);
            const float b = plate(y, x, c), d = image(y, x, c) - b, g = f[k][i] - b;
            df += d * g;
            ff += g * g;
            dd += d * d;
          }
          const float a = std::clamp(df / (ff + noise), 0.0f, 1.0f);
          const float miss = std::max(0.0f, dd - 2 * a * df + a * a * ff);
          const float model = noise + 3 * 0.03f * 0.03f * (a * a + 0.05f);
          const float weight = std::exp(-0.5f * miss / model) * ff / (ff + 0.01f) / (far[k] + 6) + 1e-9f;
          sum += weight;
          mean += weight * a;
          square += weight * a * a;
          spread += weight * (model + miss) / (ff + noise);
        }
        mean /= sum;
        const float variance = std::max(0.0f, square / sum - mean * mean) + spread / sum;
        // Three opinions, weighed by their precision: colours, depth inside the silhouette, the plate shining through.
        const float by_colour = 1 / (0.01f + variance);
        // A colour that the certain foreground nearby has too is more likely its own than a mixture.
        const float density = colours.density(&image(y, x), y, x), familiar = density / (density + 40);
        const float inside = std::min(depth(y, x) / band, 1.0f);
        const float by_depth = inside * (30 + 100 * familiar);
        const float by_veil = veil(y, x, 1);
        const float total = by_colour + by_depth + by_veil;
        prior.alpha(y, x) = (by_colour * mean + by_depth + by_veil * (1 - veil(y, x, 0))) / total;
        prior.confidence(y, x) = 0.01f * total;
      }
  });
  return prior;
}

}  // namespace hairline::detail

#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/solvers/cg.hpp"
#include "hairline/solvers/plate_difference.hpp"
#include "hairline/solvers/plate_filters.hpp"

namespace hairline::detail {

/// Where in the picture which colours belong to the subject: a histogram over 6 x 6 places and 16^3 colours, spread to
/// neighbouring cells, mixed with the same histogram over the whole picture and with a uniform floor.
class SubjectColours {
 public:
  static constexpr int places = 6, levels = 16;

  /// @param weight (H, W) how surely each pixel is subject, 0 to 1
  SubjectColours(const Image<float>& image, const Image<float>& weight) : h_(image.height()), w_(image.width()) {
    local_.assign(static_cast<std::size_t>(places * places * cells), 0.0f);
    global_.assign(static_cast<std::size_t>(cells), 0.0f);
    for (int y = 0; y < h_; ++y)
      for (int x = 0; x < w_; ++x)
        if (weight(y, x) > 0) {
          const std::size_t c = cell(&image(y, x));
          local_[place(y, x) + c] += weight(y, x);
          global_[c] += weight(y, x);
        }
    spread(global_.data());
    normalise(global_.data());
    // Places lend to their neighbours, so that there are no seams.
    std::vector<float> wide(local_.size(), 0.0f);
    for (int py = 0; py < places; ++py)
      for (int px = 0; px < places; ++px) {
        float* to = wide.data() + static_cast<std::size_t>((py * places + px) * cells);
        for (int qy = std::max(py - 1, 0); qy <= std::min(py + 1, places - 1); ++qy)
          for (int qx = std::max(px - 1, 0); qx <= std::min(px + 1, places - 1); ++qx) {
            const float k = (qy == py ? 1.0f : 0.5f) * (qx == px ? 1.0f : 0.5f);
            const float* from = local_.data() + static_cast<std::size_t>((qy * places + qx) * cells);
            for (int c = 0; c < cells; ++c) to[c] += k * from[c];
          }
        spread(to);
        normalise(to);
      }
    local_ = std::move(wide);
  }

  /// Density of this colour in the subject around (y, x), per unit of RGB volume.
  float density(const float* rgb, int y, int x) const {
    const std::size_t c = cell(rgb);
    return static_cast<float>(cells) * (0.5f * local_[place(y, x) + c] + 0.35f * global_[c]) + 0.15f;
  }

 private:
  static constexpr int cells = levels * levels * levels;

  static std::size_t cell(const float* rgb) {
    const auto level = [](float v) { return std::clamp(static_cast<int>(v * levels), 0, levels - 1); };
    return static_cast<std::size_t>((level(rgb[0]) * levels + level(rgb[1])) * levels + level(rgb[2]));
  }
  std::size_t place(int y, int x) const {
    return static_cast<std::size_t>((y * places / h_) * places + x * places / w_) * static_cast<std::size_t>(cells);
  }
  // [1 2 1]/4 along the three colour axes.
  static void spread(float* v) {
    std::array<float, levels> line{};
    for (const int stride : {1, levels, levels * levels})
      for (int start = 0; start < cells; ++start) {
        if ((start / stride) % levels != 0) continue;
        for (int i = 0; i < levels; ++i) line[static_cast<std::size_t>(i)] = v[start + i * stride];
        for (int i = 0; i < levels; ++i) {
          const auto at = [&](int k) { return line[static_cast<std::size_t>(std::clamp(k, 0, levels - 1))]; };
          v[start + i * stride] = 0.25f * at(i - 1) + 0.5f * at(i) + 0.25f * at(i + 1);
        }
      }
  }
  static void normalise(float* v) {
    float sum = 0;
    for (int c = 0; c < cells; ++c) sum += v[c];
    if (sum > 0)
      for (int c = 0; c < cells; ++c) v[c] /= sum;
  }
  int h_, w_;
  std::vector<float> local_, global_;
};

/// Natural logarithm of (subject : background) for every pixel, positive for subject. The background's side is a heavy-
/// tailed fit of the difference to its noise; a shadow (the plate darkened evenly, all channels alike) may explain the
/// difference too, at a price; the subject's side is its colours. Coarser scales may only add evidence for the subject:
/// a small difference that persists over many pixels.
inline Image<float> subject_evidence(const Image<float>& image, const Image<std::uint8_t>& inside,
                                     const PlateDifference& d, const SubjectColours* colours, ThreadPool& pool) {
  const int h = image.height(), w = image.width();
  Image<float> out(Shape{h, w, 1});
  pool.parallel_for(0, h, plate_rows, [&](std::ptrdiff_t y0, std::ptrdiff_t y1) {
    for (int y = static_cast<int>(y0); y < static_cast<int>(y1); ++y)
      for (int x = 0; x < w; ++x) {
        if (!inside(y, x)) continue;
        float best = -1e9f;
        const double price = d.shade(y, x) < 0.5f ? 1e9 : 2.5 + 22 * (1 - static_cast<double>(d.shade(y, x)));
        for (std::size_t s = 0; s < d.scales.size(); ++s) {
          const auto& scale = d.scales[s];
          double volume = 0;  // log of the normaliser of the background's density
          for (int c = 0; c < 3; ++c)
            volume += std::log(static_cast<double>(d.deviation(y, x, c)) *
                               std::max(scale.shrink[static_cast<std::size_t>(c)], 0.3));
          const double lit = -4.5 * std::log1p(static_cast<double>(scale.inner(y, x)) / 6);
          const double dark = -4.5 * std::log1p(static_cast<double>(scale.shadow(y, x)) / 6) - price;
          const double background = -2.757 - volume + std::max(lit, dark);
          const double subject =
              s == 0 && colours ? std::log(static_cast<double>(colours->density(&image(y, x), y, x))) : 0;
          const auto u = static_cast<float>(subject - background);
          if (s == 0 || u > 0) best = std::max(best, u);
        }
        out(y, x) = best;
      }
  });
  return out;
}

/// Random-walk segmentation: minimises sum c (x - p)^2 + sum over neighbours k (x - x')^2, where p, c are the
/// evidence's side and strength, and k is small only across edges that the picture has and the plate has not (or has
/// otherwise): such an edge may be the subject's outline, while edges of the background and the missing edge at an
/// accidental match of colours inside the subject do not separate.
inline Image<float> segment(const Image<float>& image, const Image<float>& plate, const PlateDifference& d,
                            const Image<float>& evidence, double coupling, const Image<float>* start,
                            ThreadPool& pool) {
  const int h = image.height(), w = image.width();
  const Image<float> si = gaussian_blur(image, 0.7, pool), sp = gaussian_blur(plate, 0.7, pool);
  Image<float> right(Shape{h, w, 1}), below(Shape{h, w, 1});
  const float shrink = static_cast<float>(d.scales[0].shrink[0]);
  const auto weight = [&](int y, int x, int v, int u) {
    float e = 0;
    for (int c = 0; c < 3; ++c) {
      const float di = si(v, u, c) - si(y, x, c), dp = sp(v, u, c) - sp(y, x, c);
      const float own = std::min(std::abs(di), std::abs(di - dp));
      const float s = 3 * shrink * d.deviation(y, x, c);
      e += own * own / (s * s);
    }
    return static_cast<float>(coupling) * std::max(0.005f, std::exp(-0.5f * e));
  };
  pool.parallel_for(0, h, plate_rows, [&](std::ptrdiff_t y0, std::ptrdiff_t y1) {
    for (int y = static_cast<int>(y0); y < static_cast<int>(y1); ++y)
      for (int x = 0; x < w; ++x) {
        if (x + 1 < w) right(y, x) = weight(y, x, y, x + 1);
        if (y + 1 < h) below(y, x) = weight(y, x, y + 1, x);
      }
  });
  const Eigen::Index n = static_cast<Eigen::Index>(h) * w;
  Vector<float> c(n), b(n), diagonal(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const float u = evidence.data()[i];
    c[i] = std::min(std::abs(u), 12.0f) / 12 + 1e-6f;
    b[i] = u > 0 ? c[i] : 0;
    diagonal[i] = c[i];
  }
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const Eigen::Index i = static_cast<Eigen::Index>(y) * w + x;
      if (x + 1 < w) {
        diagonal[i] += right(y, x);
        diagonal[i + 1] += right(y, x);
      }
      if (y + 1 < h) {
        diagonal[i] += below(y, x);
        diagonal[i + w] += below(y, x);
      }
    }
  const auto apply = [&](const Vector<float>& v, Vector<float>& out) {
    pool.parallel_for(0, h, plate_rows, [&](std::ptrdiff_t y0, std::ptrdiff_t y1) {
      for (int y = static_cast<int>(y0); y < static_cast<int>(y1); ++y)
        for (int x = 0; x < w; ++x) {
          const Eigen::Index i = static_cast<Eigen::Index>(y) * w + x;
          float s = diagonal[i] * v[i];
          if (x + 1 < w) s -= right(y, x) * v[i + 1];
          if (x > 0) s -= right(y, x - 1) * v[i - 1];
          if (y + 1 < h) s -= below(y, x) * v[i + w];
          if (y > 0) s -= below(y - 1, x) * v[i - w];
          out[i] = s;
        }
    });
  };
  const auto precondition = [&](const Vector<float>& r, Vector<float>& z) { z = r.cwiseQuotient(diagonal); };
  SolveOptions options;
  options.relative_tolerance = 2e-3;
  options.max_iterations = 300;
  Vector<float> first(n);
  for (Eigen::Index i = 0; i < n; ++i) first[i] = start ? start->data()[i] : (evidence.data()[i] > 0 ? 1.0f : 0.0f);
  const auto solved = conjugate_gradients<float>(b, apply, precondition, options, std::move(first));
  Image<float> x(Shape{h, w, 1});
  for (Eigen::Index i = 0; i < n; ++i) x.data()[i] = solved.x[i];
  return x;
}

}  // namespace hairline::detail

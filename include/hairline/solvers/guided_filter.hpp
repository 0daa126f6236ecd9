#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hairline/core/any_view.hpp"
#include "hairline/core/convert.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/box_filter.hpp"
#include "hairline/solvers/constraints.hpp"

namespace hairline {

/// Options of guided_filter; the defaults are the paper's for feathering a mask into a matte.
struct GuidedFilterOptions {
  int radius = 60;        ///< windows of side 2 * radius + 1, >= 0
  double epsilon = 1e-6;  ///< > 0; guide variance far below it is smoothed away, far above it is kept as an edge
  int threads = 0;        ///< 0: one per hardware thread; the result is the same for every number
};

/// Options of fast_guided_filter.
struct FastGuidedFilterOptions {
  int radius = 60;  ///< in pixels of the full picture
  double epsilon = 1e-6;
  int subsample = 4;  ///< pixels per side of the blocks that are averaged into one, >= 1
  int threads = 0;
};

namespace detail {

/// Solves (S + epsilon E) x = v for symmetric positive semidefinite S (upper triangle, row by row) by L D L^T in
/// double, which stays accurate when the channels of S are (nearly) the same.
template <int Guide>
class GuideCovariance {
 public:
  static constexpr int entries = Guide * (Guide + 1) / 2;
  GuideCovariance(const double* upper, double epsilon) {
    for (int i = 0, k = 0; i < Guide; ++i)
      for (int j = i; j < Guide; ++j, ++k) m_[j][i] = upper[k] + (i == j ? epsilon : 0.0);
    for (int j = 0; j < Guide; ++j) {
      for (int k = 0; k < j; ++k) m_[j][j] -= m_[j][k] * m_[j][k] * m_[k][k];
      m_[j][j] = std::max(m_[j][j], epsilon);  // true for every covariance; rounding may say otherwise
      for (int i = j + 1; i < Guide; ++i) {
        for (int k = 0; k < j; ++k) m_[i][j] -= m_[i][k] * m_[j][k] * m_[k][k];
        m_[i][j] /= m_[j][j];
      }
    }
  }
  void solve(double* v) const {
    for (int i = 0; i < Guide; ++i)
      for (int k = 0; k < i; ++k) v[i] -= m_[i][k] * v[k];
    for (int i = Guide - 1; i >= 0; --i) {
      v[i] /= m_[i][i];
      for (int k = i + 1; k < Guide; ++k) v[i] -= m_[k][i] * v[k];
    }
  }

 private:
  double m_[Guide][Guide] = {};  // below the diagonal L, on it D
};

/// Window means of the local models' coefficients: for each channel of the target a_1 ... a_Guide, b.
template <int Guide, class Scalar>
Image<Scalar> guided_coefficients(ThreadPool& pool, const Image<Scalar>& guide, const Image<Scalar>& target, int radius,
                                  double epsilon) {
  using Covariance = GuideCovariance<Guide>;
  const int height = guide.height(), width = guide.width(), targets = target.channels();
  constexpr int first_target = Guide + Covariance::entries;  // moments: I, I I^T, then per target p, p I
  const int moments = first_target + targets * (Guide + 1);
  const auto load_moments = [&](int y, double* out) {
    for (int x = 0; x < width; ++x) {
      const Scalar* i = guide.data() + (std::ptrdiff_t{y} * width + x) * Guide;
      const Scalar* p = target.data() + (std::ptrdiff_t{y} * width + x) * targets;
      for (int c = 0; c < Guide; ++c) *out++ = i[c];
      for (int c = 0; c < Guide; ++c)
        for (int d = c; d < Guide; ++d) *out++ = static_cast<double>(i[c]) * static_cast<double>(i[d]);
      for (int t = 0; t < targets; ++t) {
        *out++ = p[t];
        for (int c = 0; c < Guide; ++c) *out++ = static_cast<double>(p[t]) * static_cast<double>(i[c]);
      }
    }
  };
  Image<Scalar> local(Shape{height, width, targets * (Guide + 1)});
  const auto solve_windows = [&](int y, const double* sums) {
    const int rows = box_overlap(y, radius, height);
    std::array<double, Guide> mean{}, a{};
    std::array<double, Covariance::entries> covariance{};
    for (int x = 0; x < width; ++x, sums += moments) {
      const double per = 1.0 / (static_cast<double>(rows) * box_overlap(x, radius, width));
      for (int c = 0; c < Guide; ++c) mean[c] = sums[c] * per;
      for (int c = 0, k = 0; c < Guide; ++c)
        for (int d = c; d < Guide; ++d, ++k) covariance[k] = sums[Guide + k] * per - mean[c] * mean[d];
      const Covariance factor(covariance.data(), epsilon);
      Scalar* out = local.data() + (std::ptrdiff_t{y} * width + x) * local.channels();
      for (int t = 0; t < targets; ++t) {
        const double* moment = sums + first_target + t * (Guide + 1);
        const double mean_p = moment[0] * per;
        for (int c = 0; c < Guide; ++c) a[c] = moment[1 + c] * per - mean_p * mean[c];
        factor.solve(a.data());
        double b = mean_p;
        for (int c = 0; c < Guide; ++c) {
          b -= a[c] * mean[c];
          *out++ = static_cast<Scalar>(a[c]);
        }
        *out++ = static_cast<Scalar>(b);
      }
    }
  };
  box_rows(pool, Shape{height, width, moments}, radius, BoxExtent::same, load_moments, solve_windows);
  return box_filter(pool, View<const Scalar>(local.view()), radius, BoxExtent::same, true).value();
}

/// Means of side x side blocks; the last ones of a row or column may be smaller.
template <class Scalar>
Image<Scalar> block_means(ThreadPool& pool, const Image<Scalar>& image, int side) {
  const auto blocks = [side](int length) { return (length - 1) / side + 1; };
  Image<Scalar> out(Shape{blocks(image.height()), blocks(image.width()), image.channels()});
  pool.parallel_for(0, out.height(), 4, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (auto y = static_cast<int>(begin); y < end; ++y)
      for (int x = 0; x < out.width(); ++x)
        for (int c = 0; c < out.channels(); ++c) {
          const int bottom = static_cast<int>(std::min<std::int64_t>(image.height(), (std::int64_t{y} + 1) * side));
          const int right = static_cast<int>(std::min<std::int64_t>(image.width(), (std::int64_t{x} + 1) * side));
          double sum = 0;
          for (int v = y * side; v < bottom; ++v)
            for (int u = x * side; u < right; ++u) sum += image(v, u, c);
          out(y, x, c) = static_cast<Scalar>(sum / (static_cast<double>(bottom - y * side) * (right - x * side)));
        }
  });
  return out;
}

/// Where a pixel of the full picture lies between two block centres: pixel centres are at +0.5 (no aligned corners).
struct BetweenBlocks {
  int first, second;
  double share;  // of the second
  BetweenBlocks(int position, int side, int blocks) {
    const double at = std::clamp((position + 0.5) / side - 0.5, 0.0, static_cast<double>(blocks - 1));
    first = static_cast<int>(at);
    second = std::min(first + 1, blocks - 1);
    share = at - first;
  }
};

/// output = a I + b at full size, a and b interpolated bilinearly between the blocks' coefficients.
template <class Scalar>
Image<Scalar> apply_coefficients(ThreadPool& pool, const Image<Scalar>& guide, const Image<Scalar>& coefficients,
                                 int side) {
  const int channels = guide.channels(), targets = coefficients.channels() / (channels + 1);
  Image<Scalar> out(Shape{guide.height(), guide.width(), targets});
  std::vector<BetweenBlocks> columns;
  for (int x = 0; x < guide.width(); ++x) columns.emplace_back(x, side, coefficients.width());
  pool.parallel_for(0, guide.height(), 16, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (auto y = static_cast<int>(begin); y < end; ++y) {
      const BetweenBlocks v(y, side, coefficients.height());
      for (int x = 0; x < guide.width(); ++x) {
        const BetweenBlocks& u = columns[static_cast<std::size_t>(x)];
        const Scalar *q00 = &coefficients(v.first, u.first), *q01 = &coefficients(v.first, u.second);
        const Scalar *q10 = &coefficients(v.second, u.first), *q11 = &coefficients(v.second, u.second);
        const auto at = [&](int k) {
          const double top = q00[k] + u.share * (static_cast<double>(q01[k]) - q00[k]);
          const double bottom = q10[k] + u.share * (static_cast<double>(q11[k]) - q10[k]);
          return top + v.share * (bottom - top);
        };
        for (int t = 0; t < targets; ++t) {
          double sum = at(t * (channels + 1) + channels);
          for (int c = 0; c < channels; ++c) sum += at(t * (channels + 1) + c) * guide(y, x, c);
          out(y, x, t) = static_cast<Scalar>(sum);
        }
      }
    }
  });
  return out;
}

}  // namespace detail

/// Guided filter on block means (He & Sun 2015): windows, statistics and coefficients at 1 / subsample of the size,
/// coefficients interpolated bilinearly to full size and applied to the full guide. The guide and the target are
/// averaged over blocks, so nothing is skipped; subsample = 1 is the guided filter itself, bit for bit. The radius is
/// rounded to blocks, at least one. Shapes, ranges and errors as guided_filter; also subsample < 1.
/// Cost: O(pixels) for the two passes at full size, everything else divided by subsample squared.
template <class Scalar = float>
Result<Image<Scalar>> fast_guided_filter(AnyView guide, AnyView target, const FastGuidedFilterOptions& options = {}) {
  if (options.radius < 0 || options.subsample < 1 || !(options.epsilon > 0) || !std::isfinite(options.epsilon))
    return Error{ErrorCode::invalid_argument, "guided filter: wanted radius >= 0, epsilon > 0, subsample >= 1, given " +
                                                  std::to_string(options.radius) + ", " +
                                                  std::to_string(options.epsilon) + ", " +
                                                  std::to_string(options.subsample)};
  auto colour = working_colour<Scalar>(guide, "guide");
  if (!colour) return colour.error();
  if (guide.channels() == 1) *colour = convert<Scalar>(guide);
  if (target.empty() || !target.shape().same_pixels(guide.shape()))
    return Error{ErrorCode::invalid_argument, "guided filter: the input has " + size_string(target.shape()) +
                                                  " pixels, wanted " + size_string(guide.shape()) +
                                                  ", the size of the guide"};
  auto input = convert<Scalar>(target);
  if (!std::all_of(input.begin(), input.end(), [](Scalar v) { return std::isfinite(v); }))
    return Error{ErrorCode::invalid_argument,
                 "guided filter: the input holds a value that is not a number (NaN or infinite)"};

  ThreadPool pool(options.threads);
  const int side = std::min(options.subsample, std::max(guide.height(), guide.width()));
  int radius = std::min(options.radius, std::max(guide.height(), guide.width()));
  if (side > 1) radius = std::max(1, static_cast<int>(std::lround(static_cast<double>(radius) / side)));
  const auto coefficients = [&](const Image<Scalar>& i, const Image<Scalar>& p) {
    return i.channels() == 1 ? detail::guided_coefficients<1>(pool, i, p, radius, options.epsilon)
                             : detail::guided_coefficients<3>(pool, i, p, radius, options.epsilon);
  };
  const Image<Scalar> mean =
      side == 1 ? coefficients(*colour, input)
                : coefficients(detail::block_means(pool, *colour, side), detail::block_means(pool, input, side));
  return detail::apply_coefficients(pool, *colour, mean, side);
}

/// Edge-preserving smoothing by local linear models of a guide (He, Sun, Tang 2013): refines a coarse alpha with the
/// picture as guide. In each window output = a guide + b, fitted to the input with epsilon |a|^2; every pixel takes the
/// mean of its windows' models. At the border windows are clipped and divided by their true number of pixels.
/// @param guide (H, W) grey, RGB or RGBA (fourth channel unused), [0,1]   @param target (H, W), any number of channels
/// @return (H, W, target's channels); may leave the target's range a little near edges, clip where that matters
/// Sums run in double, so epsilon may be as small as 1e-8 also with Scalar float.
/// Errors: no pixels, sizes that differ, 2 or more than 4 guide channels, NaN, radius < 0, epsilon <= 0.
/// Cost: O(pixels) whatever the radius: 9 + 4 n box sums for a colour guide and n channels, then 4 n.
template <class Scalar = float>
Result<Image<Scalar>> guided_filter(AnyView guide, AnyView target, const GuidedFilterOptions& options = {}) {
  return fast_guided_filter<Scalar>(guide, target, {options.radius, options.epsilon, 1, options.threads});
}

}  // namespace hairline

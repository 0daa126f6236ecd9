#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "hairline/core/any_view.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"

namespace hairline::detail {

/// Rows per chunk of work: fixed, so that results do not depend on the number of threads.
inline constexpr int plate_rows = 16;

/// Gaussian blur of every channel, replicated border. Cost: about 4 * ceil(3 sigma) + 2 multiply-adds per value.
inline Image<float> gaussian_blur(const Image<float>& in, double sigma, ThreadPool& pool) {
  if (!(sigma > 0)) return in;
  const int radius = static_cast<int>(std::ceil(3 * sigma));
  std::vector<float> kernel(static_cast<std::size_t>(radius + 1));  // one side of it, from the middle
  double sum = 0;
  for (int i = -radius; i <= radius; ++i) sum += std::exp(-0.5 * i * i / (sigma * sigma));
  for (int i = 0; i <= radius; ++i)
    kernel[static_cast<std::size_t>(i)] = static_cast<float>(std::exp(-0.5 * i * i / (sigma * sigma)) / sum);
  const int h = in.height(), w = in.width(), n = in.channels();
  const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(w) * n;
  // The sum of values at both distances, times the kernel, onto a row.
  const auto weigh = [&](auto at, float* to) {
    const float* middle = at(0);
    for (std::ptrdiff_t j = 0; j < row; ++j) to[j] = kernel[0] * middle[j];
    for (int i = 1; i <= radius; ++i) {
      const float k = kernel[static_cast<std::size_t>(i)];
      const float *before = at(-i), *after = at(i);
      for (std::ptrdiff_t j = 0; j < row; ++j) to[j] += k * (before[j] + after[j]);
    }
  };
  Image<float> out(in.shape());
  pool.parallel_for(0, h, plate_rows, [&](std::ptrdiff_t y0, std::ptrdiff_t y1) {
    const std::ptrdiff_t end = static_cast<std::ptrdiff_t>(radius) * n;
    std::vector<float> line(static_cast<std::size_t>(row + 2 * end));  // a blurred row with its ends repeated
    float* const middle = line.data() + end;
    for (int y = static_cast<int>(y0); y < static_cast<int>(y1); ++y) {
      weigh([&](int i) { return in.data() + std::clamp(y + i, 0, h - 1) * row; }, middle);
      for (std::ptrdiff_t i = 0; i < end; ++i) {
        line[static_cast<std::size_t>(i)] = middle[i % n];
        middle[row + i] = middle[row - n + i % n];
      }
      weigh([&](int i) { return middle + static_cast<std::ptrdiff_t>(i) * n; }, out.data() + y * row);
    }
  });
  return out;
}

/// A copy of a picture's first channels at 1 / factor of its size, rounded up, each value the mean of the pixels it
/// covers. Grey gives as many equal channels as are asked for.
inline Image<float> shrunk(AnyView picture, int factor, int channels, ThreadPool& pool) {
  const int h = picture.height(), w = picture.width();
  Image<float> out(Shape{(h + factor - 1) / factor, (w + factor - 1) / factor, channels});
  picture.visit([&](auto v) {
    using T = typename decltype(v)::value_type;
    const bool rows = v.strides().c == 1 && v.strides().x == channels;  // without gaps
    const auto sum_of = [&](int top, int bottom, float* to) {
      for (int y = top; y < bottom; ++y)
        if (rows)
          for (int k = 0; k < w * channels; ++k) to[k] += static_cast<float>(v.row(y)[k]);
        else
          for (int x = 0; x < w; ++x)
            for (int c = 0; c < channels; ++c)
              to[x * channels + c] += static_cast<float>(v(y, x, v.channels() == 1 ? 0 : c));
    };
    pool.parallel_for(0, out.height(), plate_rows, [&](std::ptrdiff_t y0, std::ptrdiff_t y1) {
      std::vector<float> sums(static_cast<std::size_t>(w * channels));
      for (int y = static_cast<int>(y0); y < static_cast<int>(y1); ++y) {
        const int top = y * factor, bottom = std::min(top + factor, h);
        std::fill(sums.begin(), sums.end(), 0.0f);
        sum_of(top, bottom, sums.data());
        float* to = &out(y, 0);
        for (int x = 0; x < out.width(); ++x, to += channels) {
          const int left = x * factor, right = std::min(left + factor, w);
          const float share =
              1 / (static_cast<float>(PixelTraits<T>::full) * static_cast<float>((bottom - top) * (right - left)));
          for (int c = 0; c < channels; ++c) {
            float sum = 0;
            for (int k = left; k < right; ++k) sum += sums[static_cast<std::size_t>(k * channels + c)];
            to[c] = share * sum;
          }
        }
      }
    });
  });
  return out;
}

/// Bilinear enlargement of a halved picture to the given size.
inline Image<float> enlarge(const Image<float>& in, int h, int w) {
  Image<float> out(Shape{h, w, in.channels()});
  for (int y = 0; y < h; ++y) {
    const float fy = std::clamp((static_cast<float>(y) - 0.5f) / 2, 0.0f, static_cast<float>(in.height() - 1));
    const int y0 = static_cast<int>(fy), y1 = std::min(y0 + 1, in.height() - 1);
    const float ty = fy - static_cast<float>(y0);
    for (int x = 0; x < w; ++x) {
      const float fx = std::clamp((static_cast<float>(x) - 0.5f) / 2, 0.0f, static_cast<float>(in.width() - 1));
      const int x0 = static_cast<int>(fx), x1 = std::min(x0 + 1, in.width() - 1);
      const float tx = fx - static_cast<float>(x0);
      for (int c = 0; c < in.channels(); ++c)
        out(y, x, c) = (1 - ty) * ((1 - tx) * in(y0, x0, c) + tx * in(y0, x1, c)) +
                       ty * ((1 - tx) * in(y1, x0, c) + tx * in(y1, x1, c));
    }
  }
  return out;
}

/// Distance in pixels to the nearest pixel where the mask is set, exact (Felzenszwalb & Huttenlocher 2012); a mask
/// without any set pixel gives a distance beyond every picture. Cost: O(pixels).
inline Image<float> distance_to(const Image<std::uint8_t>& mask) {
  const int h = mask.height(), w = mask.width();
  const float far = 1e12f;
  Image<float> squared(Shape{h, w, 1});
  for (std::size_t i = 0; i < mask.size(); ++i) squared.data()[i] = mask.data()[i] ? 0.0f : far;
  const int longest = std::max(h, w);
  std::vector<float> line(static_cast<std::size_t>(longest)), border(static_cast<std::size_t>(longest) + 1);
  std::vector<int> centre(static_cast<std::size_t>(longest));
  const auto pass = [&](float* start, int n, std::ptrdiff_t stride) {
    for (int i = 0; i < n; ++i) line[static_cast<std::size_t>(i)] = start[i * stride];
    const auto f = [&](int i) {
      return static_cast<double>(line[static_cast<std::size_t>(i)]) + static_cast<double>(i) * i;
    };
    int k = 0;
    centre[0] = 0;
    border[0] = -std::numeric_limits<float>::infinity();
    border[1] = std::numeric_limits<float>::infinity();
    for (int q = 1; q < n; ++q) {
      double s = 0;
      for (;; --k) {
        const int p = centre[static_cast<std::size_t>(k)];
        s = (f(q) - f(p)) / (2.0 * (q - p));
        if (s > static_cast<double>(border[static_cast<std::size_t>(k)])) break;
      }
      ++k;
      centre[static_cast<std::size_t>(k)] = q;
      border[static_cast<std::size_t>(k)] = static_cast<float>(s);
      border[static_cast<std::size_t>(k) + 1] = std::numeric_limits<float>::infinity();
    }
    k = 0;
    for (int q = 0; q < n; ++q) {
      while (border[static_cast<std::size_t>(k) + 1] < static_cast<float>(q)) ++k;
      const int p = centre[static_cast<std::size_t>(k)];
      start[q * stride] =
          std::min(far, static_cast<float>(q - p) * static_cast<float>(q - p) + line[static_cast<std::size_t>(p)]);
    }
  };
  for (int x = 0; x < w; ++x) pass(squared.data() + x, h, w);
  for (int y = 0; y < h; ++y) pass(squared.data() + static_cast<std::ptrdiff_t>(y) * w, w, 1);
  for (float& d : squared) d = std::sqrt(d);
  return squared;
}

/// The least value of a plane within a square of side 2 radius + 1.
inline Image<float> minimum_around(const Image<float>& in, int radius, ThreadPool& pool) {
  const int h = in.height(), w = in.width();
  Image<float> across(in.shape()), out(in.shape());
  pool.parallel_for(0, h, plate_rows, [&](std::ptrdiff_t y0, std::ptrdiff_t y1) {
    for (int y = static_cast<int>(y0); y < static_cast<int>(y1); ++y)
      for (int x = 0; x < w; ++x) {
        float m = in(y, x);
        for (int i = std::max(x - radius, 0); i <= std::min(x + radius, w - 1); ++i) m = std::min(m, in(y, i));
        across(y, x) = m;
      }
  });
  pool.parallel_for(0, h, plate_rows, [&](std::ptrdiff_t y0, std::ptrdiff_t y1) {
    for (int y = static_cast<int>(y0); y < static_cast<int>(y1); ++y) {
      float* to = &out(y, 0);
      std::copy_n(&across(y, 0), w, to);
      for (int j = std::max(y - radius, 0); j <= std::min(y + radius, h - 1); ++j) {
        const float* from = &across(j, 0);
        for (int x = 0; x < w; ++x) to[x] = std::min(to[x], from[x]);
      }
    }
  });
  return out;
}

/// The k-th smallest of some values, k a fraction of their number; 0 if there are none.
inline double quantile(std::vector<float>& values, double fraction) {
  if (values.empty()) return 0;
  const auto k = static_cast<std::ptrdiff_t>(fraction * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + k, values.end());
  return static_cast<double>(values[static_cast<std::size_t>(k)]);
}

}  // namespace hairline::detail

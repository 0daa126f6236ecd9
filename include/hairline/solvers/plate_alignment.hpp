#pragma once
#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/solvers/plate_filters.hpp"
#include "hairline/solvers/plate_warp.hpp"

namespace hairline {

/// How the plate may have moved against the picture.
enum class PlateMotion {
  none,         ///< the camera stood still to a fraction of a pixel
  translation,  ///< shifted as a whole
  homography,   ///< shot again by hand from the same place: shift, rotation, zoom, keystone
};

namespace detail {

/// Of every how many rows and columns one is looked at, for about `samples` pixels of a picture.
inline int sampling_step(int h, int w, int samples) {
  return std::max(1, static_cast<int>(std::lround(std::sqrt(static_cast<double>(h) * w / samples))));
}

/// How well the gradients agree for each integer shift within +-reach, row by row: a saturating score that the subject,
/// whose gradients agree with nothing, cannot sway. Gradients do not see offsets and hardly see gains.
inline std::vector<double> shift_scores(const Image<float>& image, const Image<float>& plate, int reach,
                                        ThreadPool& pool) {
  const int h = image.height(), w = image.width();
  const auto gradients = [&](const Image<float>& in) {
    Image<float> luma(Shape{h, w, 1}), g(Shape{h, w, 2});
    pool.parallel_for(0, h, plate_rows, [&](std::ptrdiff_t y0, std::ptrdiff_t y1) {
      for (int y = static_cast<int>(y0); y < static_cast<int>(y1); ++y)
        for (int x = 0; x < w; ++x) luma(y, x) = 0.299f * in(y, x, 0) + 0.587f * in(y, x, 1) + 0.114f * in(y, x, 2);
    });
    pool.parallel_for(1, h - 1, plate_rows, [&](std::ptrdiff_t y0, std::ptrdiff_t y1) {
      for (int y = static_cast<int>(y0); y < static_cast<int>(y1); ++y)
        for (int x = 1; x + 1 < w; ++x) {
          g(y, x, 0) = luma(y + 1, x) - luma(y - 1, x);
          g(y, x, 1) = luma(y, x + 1) - luma(y, x - 1);
        }
    });
    return g;
  };
  const Image<float> gi = gradients(image), gp = gradients(plate);
  const int side = 2 * reach + 1;
  std::vector<double> score(static_cast<std::size_t>(side * side));
  const int step = sampling_step(h, w, 60000);
  pool.parallel_for(0, side * side, 1, [&](std::ptrdiff_t k0, std::ptrdiff_t k1) {
    for (std::ptrdiff_t k = k0; k < k1; ++k) {
      const int dy = static_cast<int>(k) / side - reach, dx = static_cast<int>(k) % side - reach;
      double sum = 0;
      for (int y = reach; y < h - reach; y += step)
        for (int x = reach; x < w - reach; x += step) {
          const float py = gp(y + dy, x + dx, 0), px = gp(y + dy, x + dx, 1);
          const float ey = gi(y, x, 0) - py, ex = gi(y, x, 1) - px;
          const float energy = py * py + px * px;
          // One agreeing pixel counts by its contrast, with saturation; flat ones say nothing.
          sum += std::max(0.0f, 1 - (ey * ey + ex * ex) / (0.5f * energy + 2e-4f)) * energy / (energy + 1e-3f);
        }
      // Ties (a plate without texture) go to the smaller shift.
      score[static_cast<std::size_t>(k)] = sum * (1 - 1e-4 * (dy * dy + dx * dx));
    }
  });
  return score;
}

/// The best of them, {y, x}.
inline std::array<int, 2> best_shift(const std::vector<double>& score, int reach) {
  const int side = 2 * reach + 1;
  std::size_t best = static_cast<std::size_t>(reach * side + reach);
  for (std::size_t k = 0; k < score.size(); ++k)
    if (score[k] > score[best]) best = k;
  return {static_cast<int>(best) / side - reach, static_cast<int>(best) % side - reach};
}

/// What the samples of a Gauss-Newton step add up to: a channel's gain and offset touch that channel alone, so each has
/// normal equations of its own in (moves, gain, offset).
template <int Moves>
struct AlignmentSums {
  static constexpr int size = Moves + 2;
  std::array<Eigen::Matrix<double, size, size>, 3> m;
  std::array<Eigen::Matrix<double, size, 1>, 3> v;
  double inliers = 0, seen = 0, asked = 0, misfit = 0;
  AlignmentSums() {
    for (std::size_t c = 0; c < 3; ++c) {
      m[c].setZero();
      v[c].setZero();
    }
  }
  void add(const AlignmentSums& other) {
    for (std::size_t c = 0; c < 3; ++c) {
      m[c] += other.m[c];
      v[c] += other.v[c];
    }
    inliers += other.inliers;
    seen += other.seen;
    asked += other.asked;
    misfit += other.misfit;
  }
};

/// Adds one pixel at (u, v) from the centre, whose colour is `e` off the plate's `p`.
template <int Moves>
void add_pixel(AlignmentSums<Moves>& s, const PlateAlignment& a, const Sample& p, const std::array<double, 3>& e,
               double weight, double u, double v) {
  for (std::size_t c = 0; c < 3; ++c) {
    Eigen::Matrix<double, Moves + 2, 1> j;
    const double gy = a.gain[c] * static_cast<double>(p.by_y[c]), gx = a.gain[c] * static_cast<double>(p.by_x[c]);
    if constexpr (Moves >= 2) {
      j[0] = gy;
      j[1] = gx;
    }
    if constexpr (Moves == 8) {
      j[2] = gy * u;
      j[3] = gy * v;
      j[4] = gx * u;
      j[5] = gx * v;
      j[6] = (gy * v + gx * u) * u;
      j[7] = (gy * v + gx * u) * v;
    }
    j[Moves] = static_cast<double>(p.value[c]);
    j[Moves + 1] = 1;
    s.m[c].noalias() += (weight * j) * j.transpose();
    s.v[c] += weight * e[c] * j;
  }
}

/// The sums over about `samples` pixels of the picture, those weighted down that do not fit to `scale`.
template <int Moves>
AlignmentSums<Moves> sum_pixels(const Image<float>& image, const Image<float>& plate, const PlateAlignment& a,
                                double scale, int samples, ThreadPool& pool) {
  const int h = image.height(), w = image.width();
  const int step = sampling_step(h, w, samples);
  const int lines = (h + step - 1) / step;
  constexpr int per_chunk = 8;
  std::vector<AlignmentSums<Moves>> sums(static_cast<std::size_t>((lines + per_chunk - 1) / per_chunk));
  const double unit = std::max(h, w) / 2.0, my = (h - 1) / 2.0, mx = (w - 1) / 2.0;
  const bool shifted = is_shift(a.warp);  // all between their pixels alike
  const double down = std::floor(a.warp[5]), right = std::floor(a.warp[2]);
  const auto wy = cubic_weights(static_cast<float>(a.warp[5] - down)),
             wx = cubic_weights(static_cast<float>(a.warp[2] - right));
  pool.parallel_for(0, lines, per_chunk, [&](std::ptrdiff_t l0, std::ptrdiff_t l1) {
    AlignmentSums<Moves>& s = sums[static_cast<std::size_t>(l0 / per_chunk)];
    for (std::ptrdiff_t l = l0; l < l1; ++l)
      for (int x = (static_cast<int>(l) * 7) % step; x < w; x += step) {
        const int y = static_cast<int>(l) * step;
        s.asked += 1;
        const auto q = warped(a.warp, y, x);
        if (!(q[0] >= 0 && q[1] >= 0 && q[0] <= h - 1 && q[1] <= w - 1)) continue;
        const Sample p = shifted ? sample_cubic(plate, y + static_cast<int>(down), x + static_cast<int>(right), wy, wx)
                                 : sample_cubic(plate, q[0], q[1]);
        std::array<double, 3> e{};
        double ee = 0;
        for (std::size_t c = 0; c < 3; ++c) {
          e[c] = static_cast<double>(image(y, x, static_cast<int>(c))) -
                 (a.gain[c] * static_cast<double>(p.value[c]) + a.offset[c]);
          ee += e[c] * e[c];
        }
        const double r = 1 / (1 + ee / (3 * scale * scale));
        const double weight = r * r;
        s.inliers += ee < 9 * scale * scale;
        s.seen += 1;
        s.misfit += 1 - r;
        if (weight >= 1e-3) add_pixel(s, a, p, e, weight, (x - mx) / unit, (y - my) / unit);
      }
  });
  AlignmentSums<Moves> total;
  for (const auto& s : sums) total.add(s);
  return total;
}

/// One robust Gauss-Newton step for warp, gain and offset together: iteratively re-weighted least squares with
/// Geman-McClure weights of width `scale` on the colour difference. Returns the inlier share.
template <int moves>
double alignment_step(const Image<float>& image, const Image<float>& plate, PlateAlignment& a, double scale,
                      int samples, bool exposure, ThreadPool& pool) {
  constexpr int n = moves + 6;
  const int h = image.height(), w = image.width();
  const double unit = std::max(h, w) / 2.0, my = (h - 1) / 2.0, mx = (w - 1) / 2.0;
  const AlignmentSums<moves> sums = sum_pixels<moves>(image, plate, a, scale, samples, pool);
  Eigen::Matrix<double, n, n> left = Eigen::Matrix<double, n, n>::Zero();
  Eigen::Matrix<double, n, 1> right = Eigen::Matrix<double, n, 1>::Zero();
  const auto place = [](int i, int c) { return i < moves ? i : i == moves ? moves + c : moves + 3 + c; };
  for (int c = 0; c < 3; ++c)
    for (int i = 0; i < moves + 2; ++i) {
      const auto k = static_cast<std::size_t>(c);
      right[place(i, c)] += sums.v[k][i];
      for (int j = 0; j < moves + 2; ++j) left(place(i, c), place(j, c)) += sums.m[k](i, j);
    }
  if (sums.seen == 0) return 0;
  // Weak pulls toward "nothing moved, gain 1, offset 0" decide what the data leave open (a flat plate, say).
  const double noise = 1e-3 * sums.seen;
  for (int i = 0; i < moves; ++i) left(i, i) += noise * 1e-4;
  for (int c = 0; c < 3; ++c) {
    const int g = moves + c, o = moves + 3 + c;
    const auto k = static_cast<std::size_t>(c);
    left(g, g) += noise * 0.1;
    right[g] += noise * 0.1 * (1 - a.gain[k]);
    left(o, o) += noise;
    right[o] += noise * (0 - a.offset[k]);
  }
  Eigen::VectorXd d = Eigen::VectorXd::Zero(n);
  if (exposure) {
    d = left.ldlt().solve(right);
  } else if (moves > 0) {
    d.head(moves) = left.topLeftCorner(moves, moves).ldlt().solve(right.head(moves));
  }
  if (!d.allFinite()) return sums.inliers / sums.seen;
  for (std::size_t c = 0; c < 3; ++c) {
    a.gain[c] = std::clamp(a.gain[c] + d[moves + static_cast<int>(c)], 0.7, 1.4);
    a.offset[c] = std::clamp(a.offset[c] + d[moves + 3 + static_cast<int>(c)], -0.1, 0.1);
  }
  if (moves >= 2) {
    std::array<double, 8> t{};
    for (int i = 0; i < moves; ++i) t[static_cast<std::size_t>(i)] = d[i];
    for (double& v : t) v = std::clamp(v, -2.0, 2.0);
    // The step in centred units, as a matrix: x' = x + t1 + t4 u + t5 v + (t6 u + t7 v) u ..., to first order.
    Eigen::Matrix3d to, delta, from, m;
    to << 1 / unit, 0, -mx / unit, 0, 1 / unit, -my / unit, 0, 0, 1;
    from = to.inverse();
    delta << 1 + t[4] / unit, t[5] / unit, t[1] / unit, t[2] / unit, 1 + t[3] / unit, t[0] / unit, -t[6] / unit,
        -t[7] / unit, 1;
    for (int i = 0; i < 9; ++i) m(i / 3, i % 3) = a.warp[static_cast<std::size_t>(i)];
    m = from * delta * to * m;
    m /= m(2, 2);
    for (int i = 0; i < 9; ++i) a.warp[static_cast<std::size_t>(i)] = m(i / 3, i % 3);
  }
  return sums.inliers / sums.seen;
}

/// How far a step led, in pixels; a tenth of gain counts as one.
inline double step_length(const PlateAlignment& from, const PlateAlignment& to) {
  double most = std::max(std::abs(to.warp[2] - from.warp[2]), std::abs(to.warp[5] - from.warp[5]));
  for (std::size_t c = 0; c < 3; ++c) most = std::max(most, 10 * std::abs(to.gain[c] - from.gain[c]));
  return most;
}

}  // namespace detail

/// Finds shift (or homography), gain and offset of a plate against its picture although a subject hides part of it:
/// an integer search on gradients from coarse to fine, then robust Gauss-Newton steps in which pixels that do not fit
/// lose their weight.
/// @param image, plate (H, W, 3), of one size    @param reach the largest shift looked for, in pixels
/// Cost: a blur of both, and 15 to 80 sparse passes.  Lucas & Kanade 1981; weights after Geman & McClure 1987.
inline PlateAlignment align_plate(const Image<float>& image, const Image<float>& plate, PlateMotion motion, int reach,
                                  bool exposure, ThreadPool& pool) {
  PlateAlignment a;
  // Blurred first: interpolation blurs the plate's noise most at half pixels, which would pull every estimate there.
  std::vector<Image<float>> images{detail::gaussian_blur(image, 1.2, pool)};
  std::vector<Image<float>> plates{detail::gaussian_blur(plate, 1.2, pool)};
  if (motion != PlateMotion::none) {
    const auto smaller = [&](const Image<float>& of) { return detail::shrunk(of, 2, 3, pool); };
    for (int r = reach; std::min(images.back().height(), images.back().width()) >= 64; r /= 2) {
      if (r <= 4 && images.back().shape().pixels() < 300000) break;
      images.push_back(smaller(images.back()));
      plates.push_back(smaller(plates.back()));
    }
  }
  for (std::size_t level = images.size(); level-- > 0;) {
    const Image<float>& i = images[level];
    const Image<float>& p = plates[level];
    const auto step = [&](PlateMotion moves, double scale) {
      const int samples = level > 0 || scale > 0.01 ? 15000 : 60000;  // the others only bring the last ones near
      const auto move = moves == PlateMotion::none          ? detail::alignment_step<0>
                        : moves == PlateMotion::translation ? detail::alignment_step<2>
                                                            : detail::alignment_step<8>;
      a.inliers = move(i, p, a, scale, samples, exposure, pool);
    };
    const bool coarsest = level + 1 == images.size();
    if (motion != PlateMotion::none && coarsest && std::min(i.height(), i.width()) > 2 * 4 + 8) {
      const int most = std::min(reach, 4);
      const auto found = detail::best_shift(detail::shift_scores(i, p, most, pool), most);
      a.warp[2] = found[1];
      a.warp[5] = found[0];
    }
    // Wide to narrow: first everything within reach of a gain error counts, in the end only what fits to the noise.
    for (const double scale : {0.06, 0.045, 0.035, 0.025, 0.018, 0.014, 0.011, 0.009, 0.008, 0.008}) {
      if (motion == PlateMotion::translation && !coarsest) break;  // near already
      const PlateMotion now =
          level > 0 || scale > 0.04 ? (motion == PlateMotion::none ? motion : PlateMotion::translation) : motion;
      step(now, scale);
    }
    if (motion == PlateMotion::homography)
      for (int k = 0; k < 12; ++k) step(motion, level > 0 ? 0.02 : 0.01);
    // Where there is texture one or two are enough; before a nearly flat wall they go on in small strides.
    if (motion == PlateMotion::translation) {
      PlateAlignment last;
      int left = level > 0 ? 30 : 12;
      do {
        last = a;
        step(motion, 0.008);
      } while (--left > 0 && detail::step_length(last, a) > 0.01);
    }
    if (level > 0) a.warp = detail::enlarged(a.warp, 2);
  }
  const double y = (image.height() - 1) / 2.0, x = (image.width() - 1) / 2.0;
  const auto q = detail::warped(a.warp, y, x);
  a.shift = {q[0] - y, q[1] - x};
  return a;
}

}  // namespace hairline

#pragma once
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "hairline/core/parallel.hpp"
#include "hairline/solvers/constraints.hpp"
#include "hairline/solvers/nearest.hpp"

namespace hairline {

/// Which unknown pixels look like a patch that is surely one class.
struct PatchTrimmingOptions {
  double near = 0.25;  ///< Bhattacharyya distance to one class below which a pixel may be labelled ...
  double far = 0.90;   ///< ... if that to the other class is above this
  int radius = 1;      ///< patches of (2 radius + 1)^2 pixels
  int neighbours = 5;  ///< patches of each class to compare with, those of nearest mean colour
};

namespace detail {

/// A patch's colours as a Gaussian.
struct PatchStatistics {
  Eigen::Vector3d mean = Eigen::Vector3d::Zero();
  Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero();
  double log_determinant = 0;
};

template <class Scalar>
PatchStatistics patch_statistics(const Image<Scalar>& colour, int pixel, int radius) {
  const int cy = pixel / colour.width();
  const int cx = pixel % colour.width();
  const int y1 = std::min(colour.height() - 1, cy + radius);
  const int x1 = std::min(colour.width() - 1, cx + radius);
  PatchStatistics s;
  double count = 0;
  for (int pass = 0; pass < 2; ++pass) {
    for (int y = std::max(0, cy - radius); y <= y1; ++y)
      for (int x = std::max(0, cx - radius); x <= x1; ++x) {
        const Eigen::Vector3d c = Eigen::Map<const Eigen::Matrix<Scalar, 3, 1>>(&colour(y, x)).template cast<double>();
        if (pass == 0) {
          s.mean += c;
          ++count;
        } else {
          s.covariance += (c - s.mean) * (c - s.mean).transpose();
        }
      }
    if (pass == 0) s.mean /= count;
  }
  s.covariance = s.covariance / count + 1e-8 * Eigen::Matrix3d::Identity();
  s.log_determinant = std::log(s.covariance.determinant());
  return s;
}

/// 1/8 d' S^-1 d + 1/2 ln(det S / sqrt(det S1 det S2)), S the mean of both covariances.
inline double bhattacharyya(const PatchStatistics& a, const PatchStatistics& b) {
  const Eigen::Matrix3d middle = 0.5 * (a.covariance + b.covariance);
  const Eigen::Vector3d d = a.mean - b.mean;
  return 0.125 * d.dot(middle.llt().solve(d)) +
         0.5 * (std::log(middle.determinant()) - 0.5 * (a.log_determinant + b.log_determinant));
}

}  // namespace detail

/// Labels unknown pixels whose surroundings have the statistics of known patches of one class and of no known patch of
/// the other. Known pixels keep their label. @pre labels.map and colour have the same size.
/// Cost: two searches in k-d trees and 2 * neighbours comparisons per unknown pixel.  Karacan, Erdem & Erdem 2015.
template <class Scalar>
Image<Label> patch_trimming(const Image<Scalar>& colour, const Labels& labels, const PatchTrimmingOptions& options,
                            ThreadPool& pool) {
  using Search = NearestPoints<3>;
  const auto size = static_cast<std::ptrdiff_t>(colour.shape().pixels());
  std::vector<detail::PatchStatistics> patch(static_cast<std::size_t>(size));
  pool.parallel_for(0, size, 4096, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (std::ptrdiff_t i = begin; i < end; ++i)
      patch[static_cast<std::size_t>(i)] = detail::patch_statistics(colour, static_cast<int>(i), options.radius);
  });
  const auto feature = [&](std::size_t i) -> Search::Point {
    const auto mean = patch[i].mean.template cast<float>();
    return {mean[0], mean[1], mean[2]};
  };
  std::vector<int> known[2];
  std::vector<Search::Point> points[2];
  for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) {
    const Label label = labels.map.data()[i];
    if (label == Label::unknown) continue;
    const int side = label == Label::foreground ? 1 : 0;
    known[side].push_back(static_cast<int>(i));
    points[side].push_back(feature(i));
  }
  const Search search[2] = {Search(std::move(points[0])), Search(std::move(points[1]))};
  Image<Label> result = labels.map;
  pool.parallel_for(0, size, 1024, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    std::vector<Neighbour> found(static_cast<std::size_t>(std::max(1, options.neighbours)));
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      if (labels.map.data()[i] != Label::unknown) continue;
      double distance[2];
      for (int side = 0; side < 2; ++side) {
        distance[side] = std::numeric_limits<double>::infinity();
        const int n = search[side].query(feature(i), options.neighbours, found.data());
        for (int k = 0; k < n; ++k) {
          const int there = known[side][static_cast<std::size_t>(found[static_cast<std::size_t>(k)].index)];
          distance[side] =
              std::min(distance[side], detail::bhattacharyya(patch[i], patch[static_cast<std::size_t>(there)]));
        }
      }
      if (distance[1] < options.near && distance[0] > options.far) result.data()[i] = Label::foreground;
      if (distance[0] < options.near && distance[1] > options.far) result.data()[i] = Label::background;
    }
  });
  return result;
}

/// Grows the known regions into unknown pixels of nearly their colour: in pass i of `passes`, an unknown pixel takes
/// the label of the nearest known pixel within i pixels whose colour differs by less than 9/256 - i (8/256) / 9; a
/// pixel that pass i labels counts as known from pass i + 1 on. Of equally near ones the first in reading order wins.
/// Cost: at most pi i^2 comparisons per unknown pixel and pass.
template <class Scalar>
Image<Label> edge_trimming(const Image<Scalar>& colour, const Labels& labels, ThreadPool& pool, int passes = 9) {
  const int height = colour.height();
  const int width = colour.width();
  Image<Label> result = labels.map;
  for (int pass = 1; pass <= passes; ++pass) {
    const double threshold = 9.0 / 256 - pass * (8.0 / 256) / 9;
    if (threshold <= 0) break;
    struct Step {
      int square, y, x;
    };
    std::vector<Step> steps;
    for (int y = -pass; y <= pass; ++y)
      for (int x = -pass; x <= pass; ++x)
        if (y * y + x * x <= pass * pass && (y != 0 || x != 0)) steps.push_back({y * y + x * x, y, x});
    std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.square < b.square; });
    const Image<Label> before = result;
    pool.parallel_for(0, height, 8, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (int y = static_cast<int>(begin); y < static_cast<int>(end); ++y)
        for (int x = 0; x < width; ++x) {
          if (before(y, x) != Label::unknown) continue;
          for (const Step& step : steps) {
            const int y2 = y + step.y;
            const int x2 = x + step.x;
            if (y2 < 0 || x2 < 0 || y2 >= height || x2 >= width || before(y2, x2) == Label::unknown) continue;
            double square = 0;
            for (int c = 0; c < 3; ++c) {
              const double difference = static_cast<double>(colour(y, x, c)) - static_cast<double>(colour(y2, x2, c));
              square += difference * difference;
            }
            if (square < threshold * threshold) {
              result(y, x) = before(y2, x2);
              break;
            }
          }
        }
    });
  }
  return result;
}

}  // namespace hairline

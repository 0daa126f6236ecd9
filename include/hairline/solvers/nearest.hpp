#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <nanoflann.hpp>
#include <utility>
#include <vector>

#include "hairline/core/parallel.hpp"

namespace hairline {

/// A found point and its squared distance. Ordered by distance, then by index, so that ties never depend on the search.
struct Neighbour {
  float distance = std::numeric_limits<float>::infinity();
  int index = -1;
  friend constexpr bool operator<(const Neighbour& a, const Neighbour& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.index < b.index);
  }
};

/// Exact nearest neighbours among points of a few dimensions, in Euclidean distance (a k-d tree from nanoflann).
/// Memory: the points, twice the indices and the tree. Cost: O(n log n) to build, O(k log n) per query on average.
template <int Dimensions>
class NearestPoints {
 public:
  using Point = std::array<float, Dimensions>;

  explicit NearestPoints(std::vector<Point> points) : points_(std::move(points)), cloud_{&points_} {
    nanoflann::KDTreeSingleIndexAdaptorParams parameters(leaf_size);
    tree_ = std::make_unique<Tree>(Dimensions, cloud_, parameters);
    if (points_.empty()) return;
    tree_->buildIndex();
  }
  NearestPoints(const NearestPoints&) = delete;
  NearestPoints& operator=(const NearestPoints&) = delete;

  int size() const { return static_cast<int>(points_.size()); }
  const Point& point(int i) const { return points_[static_cast<std::size_t>(i)]; }
  /// Point indices in an order where neighbours are mostly close to each other: good to query in.
  std::vector<int> close_order() const {
    if (points_.empty()) return {};
    if constexpr (requires { tree_->vAcc; })
      return {tree_->vAcc.begin(), tree_->vAcc.end()};
    else
      return {tree_->vAcc_.begin(), tree_->vAcc_.end()};
  }

  /// Fills found[0, count) with the nearest points in order and returns how many there are: the smaller of count and
  /// the points within `bound` (squared, included; up to a rounding error beyond it may be, too).
  int query(const Point& at, int count, Neighbour* found, float bound = std::numeric_limits<float>::infinity()) const {
    Best best(found, std::min(count, size()), bound);
    if (best.capacity == 0) return 0;
    // A little below 1: the tree's running lower bound is rounded, and must not cut off a tie.
    tree_->findNeighbors(best, at.data(), nanoflann::SearchParams(0, -1e-4f, false));
    return best.count;
  }

  static float squared_distance(const Point& a, const Point& b) {
    float sum = 0;
    for (int d = 0; d < Dimensions; ++d) {
      const float difference = a[static_cast<std::size_t>(d)] - b[static_cast<std::size_t>(d)];
      sum += difference * difference;
    }
    return sum;
  }

 private:
  static constexpr std::size_t leaf_size = 12;
  struct Cloud {
    const std::vector<Point>* points;
    std::size_t kdtree_get_point_count() const { return points->size(); }
    float kdtree_get_pt(std::size_t i, std::size_t d) const { return (*points)[i][d]; }
    template <class Box>
    bool kdtree_get_bbox(Box&) const {
      return false;
    }
  };
  struct Metric {  // fixed length, so that it unrolls
    using ElementType = float;
    using DistanceType = float;
    const Cloud& cloud;
    explicit Metric(const Cloud& c) : cloud(c) {}
    float evalMetric(const float* a, std::size_t i, std::size_t) const {
      const Point& b = (*cloud.points)[i];
      float sum = 0;
      for (int d = 0; d < Dimensions; ++d) {
        const float difference = a[d] - b[static_cast<std::size_t>(d)];
        sum += difference * difference;
      }
      return sum;
    }
    template <class U, class V>
    float accum_dist(U a, V b, std::size_t) const {
      return (a - b) * (a - b);
    }
  };
  using Tree = nanoflann::KDTreeSingleIndexAdaptor<Metric, Cloud, Dimensions, unsigned>;

  // nanoflann's result set: keeps the best in order.
  struct Best {
    Neighbour* found;
    int capacity;
    int count = 0;
    float worst;
    Best(Neighbour* f, int c, float bound) : found(f), capacity(c), worst(above(bound)) {}
    static float above(float v) { return v * 1.0000003f + std::numeric_limits<float>::min(); }
    std::size_t size() const { return static_cast<std::size_t>(count); }
    bool full() const { return count == capacity; }
    float worstDist() const { return worst; }
    bool addPoint(float distance, unsigned index) {
      const Neighbour candidate{distance, static_cast<int>(index)};
      if (count == capacity && !(candidate < found[count - 1])) return true;
      int i = count < capacity ? count++ : count - 1;
      for (; i > 0 && candidate < found[i - 1]; --i) found[i] = found[i - 1];
      found[i] = candidate;
      if (count == capacity) worst = std::min(worst, above(found[count - 1].distance));  // ties still come in
      return true;
    }
  };

  std::vector<Point> points_;
  Cloud cloud_;
  std::unique_ptr<Tree> tree_;
};

}  // namespace hairline

#pragma once
#include <Eigen/Core>
#include <Eigen/SparseCore>
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

#include "hairline/core/parallel.hpp"
#include "hairline/solvers/cg.hpp"
#include "hairline/solvers/unknown_region.hpp"

namespace hairline {

/// A symmetric matrix over the pixels of an UnknownRegion that couples each with its (2 reach + 1)^2 neighbourhood.
/// Stored is the diagonal and the half of the neighbours that come later in raster order: 13 numbers per pixel for
/// reach 2. Vectors have one entry per slot of the region; those of padding slots are zero.
/// @pre the region outlives the stencil
template <class Scalar>
class Stencil {
 public:
  /// All coefficients zero.
  Stencil(const UnknownRegion& region, ThreadPool& pool) : Stencil(region) {
    each_plane(pool, [&](std::size_t k) { planes_[k].setZero(region.slots() + region.reach()); });
  }

  /// The same matrix in another precision.
  template <class Other>
  Stencil<Other> cast(ThreadPool& pool) const {
    Stencil<Other> copy(*region_);
    each_plane(pool, [&](std::size_t k) { copy.planes_[k] = planes_[k].template cast<Other>(); });
    return copy;
  }

  const UnknownRegion& region() const { return *region_; }
  static int plane_count(int reach) { return ((2 * reach + 1) * (2 * reach + 1) + 1) / 2; }
  /// Which plane holds the coefficients towards (dy, dx).  @pre (dy, dx) is (0, 0) or comes later in raster order
  int plane(int dy, int dx) const { return dy * (2 * region_->reach() + 1) + dx; }
  Scalar& at(int plane, std::ptrdiff_t slot) { return planes_[static_cast<std::size_t>(plane)][slot]; }
  Scalar at(int plane, std::ptrdiff_t slot) const { return planes_[static_cast<std::size_t>(plane)][slot]; }

  /// y = A x.  Cost: (2 reach + 1)^2 multiply-adds per pixel.
  void apply(const Vector<Scalar>& x, Vector<Scalar>& y, ThreadPool& pool) const {
    y.resize(region_->slots());
    over_segments(y, pool, [&](std::size_t s, auto& sum) { multiply(s, x, sum); });
  }

  /// y = b - A x
  void residual(const Vector<Scalar>& b, const Vector<Scalar>& x, Vector<Scalar>& y, ThreadPool& pool) const {
    y.resize(region_->slots());
    over_segments(y, pool, [&](std::size_t s, auto& sum) {
      multiply(s, x, sum);
      const auto& segment = region_->segments()[s];
      sum = b.segment(segment.begin, segment.end - segment.begin) - sum;
    });
  }

  /// y = x + d * (b - A x), d by element: one damped Jacobi step.
  void relax(const Vector<Scalar>& b, const Vector<Scalar>& d, const Vector<Scalar>& x, Vector<Scalar>& y,
             ThreadPool& pool) const {
    y.resize(region_->slots());
    over_segments(y, pool, [&](std::size_t s, auto& sum) {
      multiply(s, x, sum);
      const auto begin = region_->segments()[s].begin;
      const auto n = region_->segments()[s].end - begin;
      sum = x.segment(begin, n) + d.segment(begin, n).cwiseProduct(b.segment(begin, n) - sum);
    });
  }

  /// The diagonal; zero in padding slots.
  Vector<Scalar> diagonal() const { return planes_[0].head(region_->slots()); }

  /// The sum of each row's magnitudes, the diagonal's included; zero in padding slots.
  Vector<Scalar> row_magnitudes(ThreadPool& pool) const {
    Vector<Scalar> out(region_->slots());
    const int reach = region_->reach();
    over_segments(out, pool, [&](std::size_t s, auto& sum) {
      const std::ptrdiff_t i = region_->segments()[s].begin, n = region_->segments()[s].end - i;
      sum = planes_[0].segment(i, n).cwiseAbs();
      for (int dy = 0; dy <= reach; ++dy)
        for (int dx = dy == 0 ? 1 : -reach; dx <= reach; ++dx) {
          const auto& a = planes_[static_cast<std::size_t>(plane(dy, dx))];
          sum += a.segment(i, n).cwiseAbs() + a.segment(i + region_->offset(s, -dy) - dx, n).cwiseAbs();
        }
    });
    return out;
  }

  /// The lower triangle over the unknown pixels alone, numbered in raster order.
  Eigen::SparseMatrix<Scalar> lower_triangle() const {
    const int reach = region_->reach();
    std::vector<int> number(static_cast<std::size_t>(region_->slots()), -1);
    int count = 0;
    for (const auto& s : region_->segments())
      for (auto i = s.begin; i < s.end; ++i) number[static_cast<std::size_t>(i)] = count++;
    Eigen::SparseMatrix<Scalar> a(count, count);
    a.reserve(static_cast<Eigen::Index>(count) * plane_count(reach));
    for (std::size_t s = 0; s < region_->segments().size(); ++s)
      for (auto i = region_->segments()[s].begin; i < region_->segments()[s].end; ++i) {
        const int j = number[static_cast<std::size_t>(i)];
        a.startVec(j);
        for (int dy = 0; dy <= reach; ++dy)
          for (int dx = dy == 0 ? 0 : -reach; dx <= reach; ++dx) {
            const Scalar v = at(plane(dy, dx), i);
            if (v != Scalar(0) || (dy == 0 && dx == 0))
              a.insertBack(number[static_cast<std::size_t>(i + region_->offset(s, dy) + dx)], j) = v;
          }
      }
    a.finalize();
    return a;
  }

 private:
  template <class>
  friend class Stencil;
  using Sum = Eigen::Matrix<Scalar, Eigen::Dynamic, 1, 0, UnknownRegion::segment_limit, 1>;

  explicit Stencil(const UnknownRegion& region)
      : region_(&region), planes_(static_cast<std::size_t>(plane_count(region.reach()))) {}

  template <class F>
  void each_plane(ThreadPool& pool, F&& f) const {
    pool.parallel_for(0, std::ssize(planes_), 1,
                      [&](std::ptrdiff_t k, std::ptrdiff_t) { f(static_cast<std::size_t>(k)); });
  }

  // Calls f(segment, sum) and stores the sum; clears the padding between segments.
  template <class F>
  void over_segments(Vector<Scalar>& y, ThreadPool& pool, F&& f) const {
    const auto& segments = region_->segments();
    const auto count = static_cast<std::ptrdiff_t>(segments.size());
    const std::ptrdiff_t per_segment =
        std::max<std::ptrdiff_t>(region_->size() / std::max<std::ptrdiff_t>(count, 1), 1);
    const std::ptrdiff_t grain = std::max<std::ptrdiff_t>(8192 / per_segment, 1);
    if (count == 0) y.setZero();
    pool.parallel_for(0, count, grain, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      Sum sum;
      for (auto s = static_cast<std::size_t>(begin); s < static_cast<std::size_t>(end); ++s) {
        const std::ptrdiff_t cleared = s == 0 ? 0 : segments[s - 1].end;
        y.segment(cleared, segments[s].begin - cleared).setZero();
        f(s, sum);
        y.segment(segments[s].begin, segments[s].end - segments[s].begin) = sum;
      }
      if (end == count) y.tail(y.size() - segments.back().end).setZero();
    });
  }

  void multiply(std::size_t s, const Vector<Scalar>& x, Sum& sum) const {
    if (region_->reach() == 2) return multiply_reach_2(s, x, sum);
    const int reach = region_->reach();
    const std::ptrdiff_t i = region_->segments()[s].begin;
    const std::ptrdiff_t n = region_->segments()[s].end - i;
    sum = planes_[0].segment(i, n).cwiseProduct(x.segment(i, n));
    for (int dy = 0; dy <= reach; ++dy)
      for (int dx = dy == 0 ? 1 : -reach; dx <= reach; ++dx) {
        const auto& a = planes_[static_cast<std::size_t>(plane(dy, dx))];
        const std::ptrdiff_t later = i + region_->offset(s, dy) + dx;
        const std::ptrdiff_t earlier = i + region_->offset(s, -dy) - dx;
        sum += a.segment(i, n).cwiseProduct(x.segment(later, n)) +
               a.segment(earlier, n).cwiseProduct(x.segment(earlier, n));
      }
  }

  // The same, five products at a time, so that the running sum is loaded and stored five times and not 25.
  void multiply_reach_2(std::size_t s, const Vector<Scalar>& x, Sum& sum) const {
    using Const = Eigen::Map<const Vector<Scalar>>;
    const std::ptrdiff_t i = region_->segments()[s].begin;
    const std::ptrdiff_t n = region_->segments()[s].end - i;
    const auto v = [n](const Scalar* p) { return Const(p, n); };
    const auto a = [&](std::size_t k, std::ptrdiff_t at) { return v(planes_[k].data() + at); };
    const Scalar* p = x.data() + i;
    sum = a(0, i).cwiseProduct(v(p)) + a(1, i).cwiseProduct(v(p + 1)) + a(1, i - 1).cwiseProduct(v(p - 1)) +
          a(2, i).cwiseProduct(v(p + 2)) + a(2, i - 2).cwiseProduct(v(p - 2));
    for (int dy = 1; dy <= 2; ++dy) {
      const auto k = static_cast<std::size_t>(5 * dy);
      const Scalar* q = p + region_->offset(s, dy);
      sum += a(k - 2, i).cwiseProduct(v(q - 2)) + a(k - 1, i).cwiseProduct(v(q - 1)) + a(k, i).cwiseProduct(v(q)) +
             a(k + 1, i).cwiseProduct(v(q + 1)) + a(k + 2, i).cwiseProduct(v(q + 2));
      const std::ptrdiff_t e = i + region_->offset(s, -dy);
      q = x.data() + e;
      sum += a(k - 2, e + 2).cwiseProduct(v(q + 2)) + a(k - 1, e + 1).cwiseProduct(v(q + 1)) +
             a(k, e).cwiseProduct(v(q)) + a(k + 1, e - 1).cwiseProduct(v(q - 1)) +
             a(k + 2, e - 2).cwiseProduct(v(q - 2));
    }
  }

  const UnknownRegion* region_;
  std::vector<Vector<Scalar>> planes_;  // [dy * (2 reach + 1) + dx], by slot of the earlier pixel
};

}  // namespace hairline

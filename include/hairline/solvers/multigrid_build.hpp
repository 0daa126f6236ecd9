#pragma once
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hairline/solvers/multigrid_level.hpp"

// How the coarse levels of Multigrid come about.
namespace hairline::detail {

struct FirstLevel {
  CellTransfer transfer;
  Coarse level;
};

struct NextLevel {
  BlockTransfer transfer;
  Coarse level;
};

// Numbers the cells that hold unknown pixels, and lists the pixels of each.
inline void group_pixels(const UnknownRegion& region, int cell, FirstLevel& out) {
  const int width = region.shape().width;
  Coarse& level = out.level;
  level.rows = (region.shape().height + cell - 1) / cell;
  level.columns = (width + cell - 1) / cell;
  level.index.assign(static_cast<std::size_t>(level.rows) * static_cast<std::size_t>(level.columns), -1);
  const auto each = [&](auto&& f) {
    for (std::size_t s = 0; s < region.segments().size(); ++s) {
      const auto y = static_cast<int>(region.first_pixel(s) / width);
      auto x = static_cast<int>(region.first_pixel(s) % width);
      for (std::int32_t i = region.segments()[s].begin; i < region.segments()[s].end; ++i, ++x)
        f(i, static_cast<std::size_t>(y / cell) * static_cast<std::size_t>(level.columns) +
                 static_cast<std::size_t>(x / cell));
    }
  };
  each([&](std::int32_t, std::size_t place) { level.index[place] = 0; });
  for (std::size_t p = 0; p < level.index.size(); ++p)
    if (level.index[p] == 0) {
      level.index[p] = static_cast<std::int32_t>(level.place.size());
      level.place.push_back(static_cast<std::int32_t>(p));
    }
  auto& first = out.transfer.first;
  first.assign(level.place.size() + 1, 0);
  each([&](std::int32_t, std::size_t place) { ++first[static_cast<std::size_t>(level.index[place]) + 1]; });
  for (std::size_t c = 1; c < first.size(); ++c) first[c] += first[c - 1];
  out.transfer.member.resize(static_cast<std::size_t>(region.size()));
  std::vector<std::int32_t> next(first.begin(), first.end() - 1);
  each([&](std::int32_t i, std::size_t place) {
    out.transfer.member[static_cast<std::size_t>(next[static_cast<std::size_t>(level.index[place])]++)] = i;
  });
}

/// Where a slot lies: its segment, its place in the list of members, and its pixel.
class SlotPlaces {
 public:
  SlotPlaces(const UnknownRegion& region, const std::vector<std::int32_t>& member)
      : region_(&region), segment_(static_cast<std::size_t>(region.slots()), 0), member_(segment_) {
    for (std::size_t s = 0; s < region.segments().size(); ++s)
      for (auto i = region.segments()[s].begin; i < region.segments()[s].end; ++i)
        segment_[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(s);
    for (std::size_t m = 0; m < member.size(); ++m)
      member_[static_cast<std::size_t>(member[m])] = static_cast<std::int32_t>(m);
  }
  std::size_t segment(std::int32_t slot) const {
    return static_cast<std::size_t>(segment_[static_cast<std::size_t>(slot)]);
  }
  std::size_t member(std::int32_t slot) const {
    return static_cast<std::size_t>(member_[static_cast<std::size_t>(slot)]);
  }
  std::size_t pixel(std::int32_t slot) const {
    const std::size_t s = segment(slot);
    return static_cast<std::size_t>(region_->first_pixel(s) + slot - region_->segments()[s].begin);
  }

 private:
  const UnknownRegion* region_;
  std::vector<std::int32_t> segment_, member_;
};

/// Each cell's basis functions: 1, R, G and B, orthonormalised over its pixels.
template <class Scalar>
void pixel_basis(const Image<Scalar>& image, const SlotPlaces& places, FirstLevel& out, ThreadPool& pool) {
  const auto& first = out.transfer.first;
  const auto& member = out.transfer.member;
  resize_on_all_threads(out.transfer.basis, member.size(), pool);
  resize_on_all_threads(out.level.near_null, static_cast<std::size_t>(out.level.size()), pool);
  pool.parallel_for(0, out.level.size(), 1024, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    Eigen::MatrixX4d x, q;
    for (auto c = static_cast<std::size_t>(begin); c < static_cast<std::size_t>(end); ++c) {
      const std::int32_t count = first[c + 1] - first[c];
      x.resize(count, 4);
      for (std::int32_t m = 0; m < count; ++m) {
        const Scalar* colour = image.data() + 3 * places.pixel(member[static_cast<std::size_t>(first[c] + m)]);
        x.row(m) << 1.0, static_cast<double>(colour[0]), static_cast<double>(colour[1]), static_cast<double>(colour[2]);
      }
      out.level.near_null[c] = orthonormalise(x, q);
      for (std::int32_t m = 0; m < count; ++m)
        out.transfer.basis[static_cast<std::size_t>(first[c] + m)] = q.row(m).transpose().cast<float>();
    }
  });
}

/// The sums of a_ij * basis_j over each of the cells around a pixel i.
template <class Scalar>
std::array<Eigen::Vector4d, 9> towards_cells(const Stencil<Scalar>& fine, std::int32_t i, int cell,
                                             const SlotPlaces& places, const std::vector<FourF>& basis) {
  const UnknownRegion& region = fine.region();
  const int reach = region.reach(), width = region.shape().width;
  const std::size_t s = places.segment(i), pixel = places.pixel(i);
  const int in_y = static_cast<int>(pixel / static_cast<std::size_t>(width)) % cell;
  const int in_x = static_cast<int>(pixel % static_cast<std::size_t>(width)) % cell;
  std::array<Eigen::Vector4d, 9> towards;
  towards.fill(Eigen::Vector4d::Zero());
  for (int dy = -reach; dy <= reach; ++dy) {
    const int ky = in_y + dy < 0 ? 0 : in_y + dy < cell ? 3 : 6;
    for (int dx = -reach; dx <= reach; ++dx) {
      const bool later = dy > 0 || (dy == 0 && dx >= 0);
      const std::int32_t j = i + region.offset(s, dy) + dx;
      const double a = static_cast<double>(later ? fine.at(fine.plane(dy, dx), i) : fine.at(fine.plane(-dy, -dx), j));
      if (a == 0) continue;
      const int kx = in_x + dx < 0 ? 0 : in_x + dx < cell ? 1 : 2;
      towards[static_cast<std::size_t>(ky + kx)] += a * basis[places.member(j)].template cast<double>();
    }
  }
  return towards;
}

/// The level of cells of cell x cell pixels.  @pre cell >= reach of the stencil
template <class Scalar>
FirstLevel first_level(const Stencil<Scalar>& fine, const Image<Scalar>& image, int cell, ThreadPool& pool) {
  FirstLevel out;
  group_pixels(fine.region(), cell, out);
  Coarse& level = out.level;
  const auto& first = out.transfer.first;
  const auto& member = out.transfer.member;
  const auto& basis = out.transfer.basis;
  const SlotPlaces places(fine.region(), member);
  pixel_basis(image, places, out, pool);
  resize_on_all_threads(level.a, static_cast<std::size_t>(level.size()), pool);
  pool.parallel_for(0, level.size(), 256, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (auto c = static_cast<std::size_t>(begin); c < static_cast<std::size_t>(end); ++c) {
      auto& row = level.a[c];
      row.fill(CellBlock::Zero());
      for (auto m = static_cast<std::size_t>(first[c]); m < static_cast<std::size_t>(first[c + 1]); ++m) {
        const auto towards = towards_cells(fine, member[m], cell, places, basis);
        const Eigen::Vector4d own = basis[m].template cast<double>();
        for (std::size_t k = 0; k < 9; ++k) row[k].noalias() += own * towards[k].transpose();
      }
      level.complete(static_cast<std::int32_t>(c));
    }
  });
  return out;
}

/// Joins cells two by two.
inline void group_cells(const Coarse& fine, NextLevel& out) {
  Coarse& level = out.level;
  level.rows = (fine.rows + 1) / 2;
  level.columns = (fine.columns + 1) / 2;
  level.index.assign(static_cast<std::size_t>(level.rows) * static_cast<std::size_t>(level.columns), -1);
  for (int y = 0; y < level.rows; ++y)
    for (int x = 0; x < level.columns; ++x) {
      std::array<std::int32_t, 4> child{-1, -1, -1, -1};
      bool any = false;
      for (int k = 0; k < 4; ++k) {
        const int cy = 2 * y + k / 2, cx = 2 * x + k % 2;
        if (cy >= fine.rows || cx >= fine.columns) continue;
        const auto at =
            static_cast<std::size_t>(cy) * static_cast<std::size_t>(fine.columns) + static_cast<std::size_t>(cx);
        child[static_cast<std::size_t>(k)] = fine.index[at];
        any = any || fine.index[at] >= 0;
      }
      if (!any) continue;
      const auto place =
          static_cast<std::size_t>(y) * static_cast<std::size_t>(level.columns) + static_cast<std::size_t>(x);
      level.index[place] = static_cast<std::int32_t>(level.place.size());
      level.place.push_back(static_cast<std::int32_t>(place));
      out.transfer.child.push_back(child);
    }
}

/// Each cell's basis over its children's unknowns. Returns every child's share of it.
inline std::vector<BlockF> cell_basis(const Coarse& fine, NextLevel& out, ThreadPool& pool) {
  Coarse& level = out.level;
  const auto cells = static_cast<std::size_t>(level.size());
  auto& basis = out.transfer.basis;
  const auto& child = out.transfer.child;
  resize_on_all_threads(basis, cells, pool);
  level.near_null.resize(cells);
  std::vector<BlockF> of_child(static_cast<std::size_t>(fine.size()));
  pool.parallel_for(0, level.size(), 512, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (auto p = static_cast<std::size_t>(begin); p < static_cast<std::size_t>(end); ++p) {
      Eigen::Matrix<double, 16, 4> x = Eigen::Matrix<double, 16, 4>::Zero(), q;
      for (int k = 0; k < 4; ++k)
        if (child[p][static_cast<std::size_t>(k)] >= 0)
          x.block<4, 4>(4 * k, 0) = fine.near_null[static_cast<std::size_t>(child[p][static_cast<std::size_t>(k)])];
      level.near_null[p] = orthonormalise(x, q);
      for (int k = 0; k < 4; ++k) {
        basis[p][static_cast<std::size_t>(k)] = q.block<4, 4>(4 * k, 0).cast<float>();
        const std::int32_t c = child[p][static_cast<std::size_t>(k)];
        if (c >= 0) of_child[static_cast<std::size_t>(c)] = basis[p][static_cast<std::size_t>(k)];
      }
    }
  });
  return of_child;
}

/// The level of cells twice as wide.
inline NextLevel next_level(const Coarse& fine, ThreadPool& pool) {
  NextLevel out;
  group_cells(fine, out);
  const std::vector<BlockF> of_child = cell_basis(fine, out, pool);
  Coarse& level = out.level;
  const auto& child = out.transfer.child;
  resize_on_all_threads(level.a, static_cast<std::size_t>(level.size()), pool);
  pool.parallel_for(0, level.size(), 128, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (auto p = static_cast<std::size_t>(begin); p < static_cast<std::size_t>(end); ++p) {
      auto& row = level.a[p];
      row.fill(CellBlock::Zero());
      for (int c = 0; c < 4; ++c) {
        const std::int32_t i = child[p][static_cast<std::size_t>(c)];
        if (i < 0) continue;
        std::array<CellBlock, 9> towards;
        towards.fill(CellBlock::Zero());
        for (int k = 0; k < 9; ++k) {
          const std::int32_t j = fine.neighbour(i, k);
          if (j < 0) continue;
          const int ty = c / 2 + k / 3 - 1, tx = c % 2 + k % 3 - 1;  // -1 ... 2 within the parent's two by two
          const int to = 3 * (ty < 0 ? 0 : ty < 2 ? 1 : 2) + (tx < 0 ? 0 : tx < 2 ? 1 : 2);
          towards[static_cast<std::size_t>(to)].noalias() +=
              fine.a[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)] *
              of_child[static_cast<std::size_t>(j)].cast<double>();
        }
        const CellBlock own = of_child[static_cast<std::size_t>(i)].cast<double>().transpose();
        for (std::size_t k = 0; k < 9; ++k) row[k].noalias() += own * towards[k];
      }
      level.complete(static_cast<std::int32_t>(p));
    }
  });
  return out;
}

}  // namespace hairline::detail

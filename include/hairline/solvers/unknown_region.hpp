#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "hairline/core/image.hpp"

namespace hairline {

/// The unknown pixels of a picture, numbered so that a stencil over them runs along rows without looking anything up.
///
/// Every pixel gets a slot; slots follow the rows. Around each run of unknown pixels 2 * reach slots of padding are
/// left, so that whenever one pixel of (y + dy, x - reach ... x + reach) is unknown, all of these have adjacent slots.
/// Segments are stretches of unknown pixels that see every neighbouring row at one fixed distance in slots. Rows
/// without unknown pixels nearby are seen in a stretch of empty slots at the front. Memory: 4 bytes per pixel of the
/// picture and 4 per slot.
class UnknownRegion {
 public:
  struct Segment {
    std::int32_t begin = 0, end = 0;  // slots
  };
  static constexpr std::int32_t segment_limit = 256;  // a segment's values stay in the first-level cache

  UnknownRegion() = default;
  /// @param unknown not zero where the pixel is unknown, (H, W)   @param reach how far the stencil goes, in pixels
  /// @pre slots fit into 31 bits: H * (W + 4 * reach) < 2^31
  UnknownRegion(const Image<std::uint8_t>& unknown, int reach)
      : reach_(reach), shape_{unknown.height(), unknown.width(), 1}, slot_(unknown.size(), -1) {
    assign_slots(unknown);
    make_segments(unknown);
  }

  int reach() const { return reach_; }
  const Shape& shape() const { return shape_; }
  /// Number of slots, padding included: the length of vectors.
  std::ptrdiff_t slots() const { return slots_; }
  /// Number of unknown pixels.
  std::ptrdiff_t size() const { return size_; }
  const std::vector<Segment>& segments() const { return segments_; }
  /// What to add to a slot of segment s to get the slot of the pixel dy rows below.
  std::int32_t offset(std::size_t s, int dy) const {
    return offsets_[s * static_cast<std::size_t>(2 * reach_ + 1) + static_cast<std::size_t>(dy + reach_)];
  }
  /// The slot of an unknown pixel, -1 for others.  @pre inside the picture
  std::int32_t slot(int y, int x) const { return slot_[index(y, x)]; }
  /// y * width + x of the first pixel of segment s; the others follow.
  std::ptrdiff_t first_pixel(std::size_t s) const { return first_[s]; }

 private:
  struct Run {
    int x0 = 0, x1 = 0;      // columns, padding included; may lie outside the picture
    std::int32_t begin = 0;  // slot of x0
  };

  std::size_t index(int y, int x) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(shape_.width) + static_cast<std::size_t>(x);
  }

  void assign_slots(const Image<std::uint8_t>& unknown) {
    const int pad = 2 * reach_;
    std::int32_t next = segment_limit + 2 * reach_;  // the empty stretch
    runs_.resize(static_cast<std::size_t>(shape_.height));
    for (int y = 0; y < shape_.height; ++y) {
      auto& row = runs_[static_cast<std::size_t>(y)];
      for (int x = 0; x < shape_.width; ++x) {
        if (unknown(y, x) == 0) continue;
        ++size_;
        if (row.empty() || x - pad > row.back().x1) {
          row.push_back(Run{x - pad, 0, next});
          next += 2 * pad + 1;
        } else {
          next += x + pad + 1 - row.back().x1;
        }
        row.back().x1 = x + pad + 1;
        slot_[index(y, x)] = row.back().begin + x - row.back().x0;
      }
    }
    slots_ = next;
  }

  // The distance in slots between (y, x) and (y + dy, x), whose neighbours up to reach must have slots; to the empty
  // stretch if none of them is unknown. `run` is where the search starts, and moves along with x.
  std::int32_t distance(int y, int x, std::size_t& run, std::int32_t from, std::int32_t segment_begin) const {
    const std::int32_t nowhere = reach_ - segment_begin;
    if (y < 0 || y >= shape_.height) return nowhere;
    const auto& row = runs_[static_cast<std::size_t>(y)];
    while (run < row.size() && row[run].x1 <= x + reach_) ++run;
    if (run == row.size() || row[run].x0 > x - reach_) return nowhere;
    return row[run].begin + x - row[run].x0 - from;
  }

  void make_segments(const Image<std::uint8_t>& unknown) {
    const auto rows = static_cast<std::size_t>(2 * reach_ + 1);
    std::vector<std::int32_t> now(rows);
    std::vector<std::size_t> run(rows);
    for (int y = 0; y < shape_.height; ++y) {
      std::fill(run.begin(), run.end(), 0);
      bool open = false;
      for (int x = 0; x < shape_.width; ++x) {
        if (unknown(y, x) == 0) {
          open = false;
          continue;
        }
        const std::int32_t here = slot_[index(y, x)];
        const auto look = [&](std::int32_t begin) {
          for (std::size_t k = 0; k < rows; ++k)
            now[k] = distance(y + static_cast<int>(k) - reach_, x, run[k], here, begin);
        };
        if (open && segments_.back().end == here && here - segments_.back().begin < segment_limit) {
          look(segments_.back().begin);
          if (std::equal(now.begin(), now.end(), offsets_.end() - static_cast<std::ptrdiff_t>(rows))) {
            ++segments_.back().end;
            continue;
          }
        }
        look(here);
        segments_.push_back(Segment{here, here + 1});
        first_.push_back(static_cast<std::ptrdiff_t>(index(y, x)));
        offsets_.insert(offsets_.end(), now.begin(), now.end());
        open = true;
      }
    }
    runs_ = {};
  }

  int reach_ = 0;
  Shape shape_{};
  std::ptrdiff_t slots_ = 0;
  std::ptrdiff_t size_ = 0;
  std::vector<std::int32_t> slot_;
  std::vector<std::vector<Run>> runs_;  // per row; while building
  std::vector<Segment> segments_;
  std::vector<std::ptrdiff_t> first_;
  std::vector<std::int32_t> offsets_;  // 2 * reach + 1 per segment
};

}  // namespace hairline

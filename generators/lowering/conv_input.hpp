#pragma once
#include <Halide.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "lowering/activations.hpp"
#include "lowering/bilinear.hpp"

/// What a convolution reads: values of c, x, y side by side in their channels, some of which are brought to the size of
/// the input by a bilinear resize. Neither the resized value nor the concatenation is ever in memory as a whole.
class ConvInput {
 public:
  struct Part {
    int channels = 0, pitch = 0, offset = 0;
    bool resized = false;
  };
  std::vector<Part> parts;

  static int round_up(int n, int to) { return (n + to - 1) / to * to; }

  /// @param text  channels of each part, "48u,6": u is resized; "p80" after the number: a view of a buffer with that
  ///              many channels
  void parse(std::string text) {
    parts.clear();
    int offset = 0;
    while (!text.empty()) {
      const std::size_t comma = text.find(',');
      const std::string one = text.substr(0, comma);
      text = comma == std::string::npos ? "" : text.substr(comma + 1);
      Part part;
      part.channels = std::stoi(one);
      part.resized = one.find('u') != std::string::npos;
      const std::size_t at = one.find('p');
      part.pitch = at == std::string::npos ? round_up(part.channels, 16) : std::stoi(one.substr(at + 1));
      part.offset = offset;
      offset += round_up(part.channels, 16);
      parts.push_back(part);
    }
    if (parts.empty()) throw std::runtime_error("a convolution of no parts");
  }

  /// Input channels as the weights count them: each part but the last is rounded up to 16.
  int total() const { return parts.back().offset + parts.back().channels; }
  int padded() const { return parts.back().offset + round_up(parts.back().channels, 16); }
  bool resizes() const {
    return std::any_of(parts.begin(), parts.end(), [](const Part& part) { return part.resized; });
  }
  bool plain() const { return parts.size() == 1 && !parts[0].resized; }

  /// Defines `staged(c, x, y)`: the joined value, 0 outside of width x height.
  /// @param all  padding up to the next multiple of 16, too
  template <class Ports>
  void define(const Ports& inputs, const Halide::Expr& width, const Halide::Expr& height, bool all = true,
              Halide::Type element = Halide::Float(32)) {
    using namespace Halide;
    width_ = all || total() > 8 ? padded() : 8;
    const Expr in_row = x >= 0 && x < width, in_column = y >= 0 && y < height;
    const Expr px = clamp(x, 0, width - 1), py = clamp(y, 0, height - 1);
    staged(c, x, y) = undef(element);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const Part& part = parts[i];
      const int room = std::min(round_up(part.channels, 16), width_ - part.offset), there = std::min(room, part.pitch);
      RDom channel(0, there, "channel" + std::to_string(i));
      Expr value;
      if (part.resized) {
        const BilinearAxis across("across", inputs[i]->dim(1).extent(), width);
        const BilinearAxis down("down", inputs[i]->dim(2).extent(), height);
        for (const Func& f : {across.first, across.second, across.part, down.first, down.second, down.part})
          tables_.push_back(f);
        const auto row = [&](Func which) {
          const Expr at = which(py);
          const Expr left = activations::number((*inputs[i])(channel.x, across.first(px), at));
          const Expr right = activations::number((*inputs[i])(channel.x, across.second(px), at));
          return left + across.part(px) * (right - left);
        };
        const Expr upper = row(down.first), lower = row(down.second);
        value = upper + down.part(py) * (lower - upper);
      } else {
        value = activations::number((*inputs[i])(channel.x, px, py));
      }
      staged(part.offset + channel.x, x, y) =
          activations::stored(element, select(in_row, likely(select(in_column, value, 0.0f)), 0.0f));
      lanes_.push_back(there);
      if (there == room) continue;
      RDom rest(0, room - there, "rest" + std::to_string(i));
      staged(part.offset + there + rest.x, x, y) = Internal::make_zero(element);
      lanes_.push_back(room - there);
    }
  }

  /// Vectors of channels, and the tables of the resizes before everything; where `staged` is computed is the caller's.
  /// @param interior  a loop of its own for what is not at the ends of a row: pays where little is computed
  void schedule(int lanes, bool interior = false) {
    staged.bound(c, 0, width_).align_storage(c, std::min(width_, 16)).vectorize(c, std::min(lanes, width_));
    for (int i = 0; i < staged.num_update_definitions(); ++i) {
      staged.update(i)
          .vectorize(staged.rvars(i)[0], std::min(lanes, lanes_[static_cast<std::size_t>(i)]))
          .never_partition(y);
      if (!interior) staged.update(i).never_partition(x);
    }
    for (Halide::Func& table : tables_) table.compute_root();
  }

  /// On a device the joined value is made as a whole before; the resizes' coordinates are worked out where they are
  /// used.
  void schedule_device() {
    using namespace Halide;
    staged.compute_root().align_storage(c, 16);
    for (int i = 0; i < staged.num_update_definitions(); ++i) {
      auto part = staged.update(i);
      const RVar channel = staged.rvars(i)[0];
      RVar co("co"), ci("ci");
      Var xb("xb"), xt("xt");
      part.split(channel, co, ci, std::min(16, lanes_[static_cast<std::size_t>(i)]))
          .split(x, xb, xt, 16, TailStrategy::GuardWithIf);
      part.reorder(ci, xt, co, xb, y).gpu_blocks(co, xb, y).gpu_threads(ci, xt);
    }
  }

  Halide::Var c{"staged_c"}, x{"staged_x"}, y{"staged_y"};
  Halide::Func staged{"staged"};

 private:
  std::vector<Halide::Func> tables_;
  int width_ = 0;           // channels of staged in memory
  std::vector<int> lanes_;  // channels that each of its updates writes
};

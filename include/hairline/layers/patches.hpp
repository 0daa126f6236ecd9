#pragma once
#include <algorithm>
#include <numeric>
#include <vector>

#include "hairline/core/fixed_string.hpp"
#include "hairline/layers/builder.hpp"
#include "hairline/layers/forward.hpp"

// Sparse refinement: choose cells of a picture by an error map, cut patches around them, work on the patches as on any
// batch, and put the results back. A list of cells is a tensor of shape (cells, 1, 1, 4) with (picture, row, column,
// share of the refinement that counts).

namespace hairline {

/// How cells are chosen; the value of the run option "refine_mode".
enum class RefineMode {
  sampling,      ///< the refine_sample_pixels / 16 worst cells of each picture, see also least_error()
  thresholding,  ///< every cell whose error is above refine_threshold
  full,          ///< all of the picture, as one dense plane
  none,          ///< no cell
};

namespace detail {
inline RefineMode refine_mode(const RunOptions& o) {
  return static_cast<RefineMode>(static_cast<int>(o.get("refine_mode", 0)));
}
inline constexpr int cell_pixels = 16;

/// Of sampling: a cell is only chosen if its error is above this; below 0: whatever it is.
constexpr float least_error(const RunOptions& o) {
  const auto least = static_cast<float>(o.get("refine_least_error", 0));
  return o.get("refine_prevent_oversampling", 1) != 0 ? std::max(least, 0.0f) : -1.0f;
}

/// Where refinement fades in: how much of it counts in a cell of that error. Cells that are chosen or not by the last
/// bits of their errors then look the same either way.
/// @param line  the error that divides chosen cells from the others; 0: none does
/// @param fade  run option refine_fade: from (1 + fade) lines on all of it counts; 0: wherever a cell is chosen
constexpr float refined_share(float error, float line, float fade) {
  return line > 0 && fade > 0 ? std::clamp((error - line) / (line * fade), 0.0f, 1.0f) : 1.0f;
}

struct CellChoice {
  std::vector<int> cells;  ///< in row-major order
  float line = 0;          ///< see refined_share(): of sampling the last error taken where some are left, or the least
};

/// The chosen cells of one picture's error map. The order of errors is total (error descending, then index ascending),
/// so every device chooses the same cells.
inline CellChoice choose_cells(const float* error, int cells, const RunOptions& o) {
  CellChoice choice;
  std::vector<int>& chosen = choice.cells;
  switch (refine_mode(o)) {
    case RefineMode::none:
    case RefineMode::full:
      break;
    case RefineMode::thresholding:
      choice.line = static_cast<float>(o.get("refine_threshold", 0.1));
      for (int i = 0; i < cells; ++i)
        if (error[i] > choice.line) chosen.push_back(i);
      break;
    case RefineMode::sampling: {
      const int wanted = std::clamp(static_cast<int>(o.get("refine_sample_pixels", 80000)) / cell_pixels, 0, cells);
      const auto worse = [&](int a, int b) { return error[a] != error[b] ? error[a] > error[b] : a < b; };
      chosen.resize(static_cast<std::size_t>(cells));
      std::iota(chosen.begin(), chosen.end(), 0);
      std::nth_element(chosen.begin(), chosen.begin() + wanted, chosen.end(), worse);
      chosen.resize(static_cast<std::size_t>(wanted));
      if (wanted > 0 && wanted < cells) choice.line = error[*std::max_element(chosen.begin(), chosen.end(), worse)];
      const float least = least_error(o);
      std::erase_if(chosen, [&](int i) { return !(error[i] > least); });
      choice.line = std::max(choice.line, least);
      std::sort(chosen.begin(), chosen.end());
    }
  }
  return choice;
}

inline void select_cells_forward(const ForwardCall& call) {
  const Tensor& error = *call.in[0];
  const int w = error.shape.width, cells = error.shape.height * w;
  const auto fade = static_cast<float>(call.options.get("refine_fade", 0));
  std::vector<float> list;
  for (int b = 0; b < error.shape.batch; ++b) {
    const float* errors = error.at(b, 0, 0);
    const CellChoice choice = choose_cells(errors, cells, call.options);
    for (int i : choice.cells)
      list.insert(list.end(), {static_cast<float>(b), static_cast<float>(i / w), static_cast<float>(i % w),
                               refined_share(errors[i], choice.line, fade)});
  }
  call.out.shape.batch = static_cast<int>(list.size() / 4);
  call.out.data = std::move(list);
}
/// At most this many cells; how many there really are depends on the pixels.
constexpr TensorShape select_cells_shape(const Node&, std::span<const TensorShape> in, const RunOptions& o) {
  const int cells = in[0].height * in[0].width;
  const auto mode = static_cast<RefineMode>(static_cast<int>(o.get("refine_mode", 0)));
  int most = cells;
  if (mode == RefineMode::sampling)
    most = std::clamp(static_cast<int>(o.get("refine_sample_pixels", 80000)) / cell_pixels, 0, cells);
  if (mode == RefineMode::none || mode == RefineMode::full) most = 0;
  return {in[0].batch * most, 1, 1, 4};
}

constexpr bool dense(const RunOptions& o) {
  return static_cast<RefineMode>(static_cast<int>(o.get("refine_mode", 0))) == RefineMode::full;
}
constexpr TensorShape crop_patches_shape(const Node& node, std::span<const TensorShape> in, const RunOptions& o) {
  const int core = node.integer("core"), pad = node.integer("padding");
  if (dense(o)) return {in[0].batch, in[0].height + 2 * pad, in[0].width + 2 * pad, node.channels};
  return {in[1].batch, core + 2 * pad, core + 2 * pad, node.channels};
}
inline void crop_patches_forward(const ForwardCall& call) {
  const int core = call.node.integer("core"), pad = call.node.integer("padding");
  const Tensor &in = *call.in[0], &cells = *call.in[1];
  for_each_row(call.pool, call.out.shape, [&](int n, int y) {
    const bool all = dense(call.options);
    const float* cell = all ? nullptr : cells.at(n, 0, 0);
    const int b = all ? n : static_cast<int>(cell[0]);
    const int top = all ? 0 : static_cast<int>(cell[1]) * core, left = all ? 0 : static_cast<int>(cell[2]) * core;
    const int sy = top + y - pad;
    for (int x = 0; x < call.out.shape.width; ++x) {
      const int sx = left + x - pad;
      float* to = call.out.at(n, y, x);
      if (sy < 0 || sx < 0 || sy >= in.shape.height || sx >= in.shape.width) {
        std::fill_n(to, call.out.shape.channels, 0.0f);
      } else {
        std::copy_n(in.at(b, sy, sx), call.out.shape.channels, to);
      }
    }
  });
}
inline void replace_patches_forward(const ForwardCall& call) {
  const Tensor &base = *call.in[0], &patches = *call.in[1], &cells = *call.in[2];
  if (dense(call.options)) {
    call.out.data = patches.data;
    return;
  }
  call.out.data = base.data;
  const int size = patches.shape.height;
  for (int n = 0; n < patches.shape.batch; ++n) {
    const float* cell = cells.at(n, 0, 0);
    for (int y = 0; y < size; ++y) {
      const float* from = patches.at(n, y, 0);
      float* to = call.out.at(static_cast<int>(cell[0]), static_cast<int>(cell[1]) * size + y,
                              static_cast<int>(cell[2]) * size);
      for (int i = 0; i < size * patches.shape.channels; ++i)
        to[i] = cell[3] < 1 ? to[i] + cell[3] * (from[i] - to[i]) : from[i];
    }
  }
}
inline void cells_mask_forward(const ForwardCall& call) {
  const Tensor& cells = *call.in[1];
  std::fill(call.out.data.begin(), call.out.data.end(), dense(call.options) ? 1.0f : 0.0f);
  for (int n = 0; n < cells.shape.batch; ++n) {
    const float* cell = cells.at(n, 0, 0);
    *call.out.at(static_cast<int>(cell[0]), static_cast<int>(cell[1]), static_cast<int>(cell[2])) = 1.0f;
  }
}
}  // namespace detail

inline constexpr Op select_cells_op{"select_cells", detail::select_cells_shape, nullptr, nullptr,
                                    detail::select_cells_forward};
inline constexpr Op crop_patches_op{"crop_patches", detail::crop_patches_shape, nullptr, nullptr,
                                    detail::crop_patches_forward};
inline constexpr Op replace_patches_op{"replace_patches", detail::same_shape, nullptr, nullptr,
                                       detail::replace_patches_forward};
inline constexpr Op cells_mask_op{"cells_mask", detail::same_shape, nullptr, nullptr, detail::cells_mask_forward};

/// From an error map (one value a cell of 4x4 pixels) the list of cells to refine. Run options: refine_mode,
/// refine_sample_pixels, refine_threshold, refine_prevent_oversampling, refine_fade. More cells than there are is all
/// of them.
struct SelectCells {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    b.expect_channels(1, in.channels);
    return b.add(Node{&select_cells_op}, in, 4);
  }
};

/// A patch of Core + 2 * Pad pixels a side around each cell, cells being Core pixels apart; zeros outside the picture.
/// In full mode the whole picture, padded by Pad.
template <FixedString Cells, int Core, int Pad>
struct CropPatches {
  static_assert(Core > 0 && Pad >= 0, "CropPatches: a patch has pixels");
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    const Value inputs[2] = {in, b.kept(Cells.view())};
    Node n{&crop_patches_op};
    n.set("core", Core).set("padding", Pad);
    return b.add(n, inputs, in.channels);
  }
};

/// The kept picture Base with the arriving patches written over their cells, or blended in where their share says so.
template <FixedString Base, FixedString Cells>
struct ReplacePatches {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    const Value inputs[3] = {b.kept(Base.view()), in, b.kept(Cells.view())};
    b.expect_channels(inputs[0].channels, in.channels);
    return b.add(Node{&replace_patches_op}, inputs, in.channels);
  }
};

/// The arriving error map's size, 1 where a cell was chosen and 0 elsewhere.
template <FixedString Cells>
struct CellsMask {
  template <class B>
  static constexpr Value flatten(B& b, Value in) {
    const Value inputs[2] = {in, b.kept(Cells.view())};
    return b.add(Node{&cells_mask_op}, inputs, 1);
  }
};

}  // namespace hairline

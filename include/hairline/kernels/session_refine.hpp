#pragma once
// The refiner's part of Session; included by session.hpp.
#include "hairline/kernels/paste_patches.hpp"
#include "hairline/kernels/session.hpp"

namespace hairline::kernels {

/// Cells by the error map, in the reference's order and arithmetic.
inline Result<void> Session::choose(const RunOptions& options) {
  const RefineStage& r = net_->lowered.refine;
  const TensorShape &cells = shape(r.first_node), &from = shape(r.error_node);
  const auto found = values(r.error.storage);
  if (!found) return found.error();
  const float* map = *found + r.error.first;
  const auto at = [&](int y, int x) {
    return map[(static_cast<std::size_t>(y) * static_cast<std::size_t>(from.width) + static_cast<std::size_t>(x)) *
               static_cast<std::size_t>(r.error.pitch)];
  };
  error_.resize(static_cast<std::size_t>(cells.height) * static_cast<std::size_t>(cells.width));
  std::size_t i = 0;
  const bool same = cells.height == from.height && cells.width == from.width;
  for (int y = 0; y < cells.height; ++y) {
    const auto v = hairline::detail::bilinear_tap(y, from.height, cells.height);
    for (int x = 0; x < cells.width; ++x) {
      if (same) {
        error_[i++] = at(y, x);
        continue;
      }
      const auto h = hairline::detail::bilinear_tap(x, from.width, cells.width);
      const float top = at(v.first, h.first) * (1 - h.weight) + at(v.first, h.second) * h.weight;
      const float low = at(v.second, h.first) * (1 - h.weight) + at(v.second, h.second) * h.weight;
      error_[i++] = top * (1 - v.weight) + low * v.weight;
    }
  }
  using hairline::detail::refine_mode;
  const RefineMode mode = refine_mode(options);
  chosen_.assign(error_.size(), mode == RefineMode::full ? 1 : 0);
  line_ = 0;
  if (mode == RefineMode::thresholding) {
    line_ = static_cast<float>(options.get("refine_threshold", 0.1));
    for (std::size_t k = 0; k < error_.size(); ++k) chosen_[k] = error_[k] > line_;
  } else if (mode == RefineMode::sampling) {
    const int pixels = static_cast<int>(options.get("refine_sample_pixels", 80000));
    line_ = detail::mark_worst(error_, static_cast<std::size_t>(std::max(0, pixels / hairline::detail::cell_pixels)),
                               hairline::detail::least_error(options), chosen_);
  }
  return {};
}

inline Result<void> Session::refine_tiles(std::size_t size) {
  const std::vector<std::int32_t>& origins = origins_[size];
  std::vector<float>& patches = patches_[size];
  if (origins.empty()) return {};
  const RefineStage& r = net_->lowered.refine;
  const int tile = kernels::refine_tiles[size];
  const int count = static_cast<int>(origins.size() / 2), side = 4 * tile;
  patches.resize(static_cast<std::size_t>(count) * static_cast<std::size_t>(side * side * 4));
  const Kernel* kernel = refine_kernels_[size][static_cast<std::size_t>(picture_type_)];
  detail::Argument coarse = activation({r.coarse.storage, 0, 0, r.coarse.pitch}, r.coarse_node);
  detail::Argument cells = detail::Argument::dense(origins.data(), std::array<int, 2>{2, count}, 0, 32);
  detail::Argument out = detail::Argument::dense(patches.data(), std::array<int, 4>{4, side, side, count});
  std::array<detail::Argument, 4> weights, bias;
  for (std::size_t k = 0; k < 4; ++k) {
    const detail::PackedStep& own = net_->refine[size][k];
    weights[k] = packed(own, 0, own.weights.data(), own.extents);
    bias[k] = packed(own, 1, own.bias.data(), std::array<int, 1>{static_cast<int>(own.bias.size())});
  }
  int width = shape(r.padded_node).width, height = shape(r.padded_node).height, tasks = tasks_for(count);
  void* arguments[] = {nullptr,
                       pictures_[static_cast<std::size_t>(r.picture[0])].pointer(),
                       pictures_[static_cast<std::size_t>(r.picture[1])].pointer(),
                       coarse.pointer(),
                       cells.pointer(),
                       weights[0].pointer(),
                       weights[1].pointer(),
                       weights[2].pointer(),
                       weights[3].pointer(),
                       bias[0].pointer(),
                       bias[1].pointer(),
                       bias[2].pointer(),
                       bias[3].pointer(),
                       &width,
                       &height,
                       &tasks,
                       out.pointer()};
  return call(kernel, arguments);
}

/// Mixes a cell of a patch with the coarse values there.
/// @param patch  its first pixel; pixels lie 4 numbers apart, rows `pitch` numbers
inline void Session::fade_cell(const float* coarse, int column, int row, float share, float* patch,
                               std::size_t pitch) const {
  constexpr int side = 4;  // pixels of a cell
  const RefineStage& r = net_->lowered.refine;
  const TensorShape &from = shape(r.coarse_node), &to = shape(r.padded_node);
  const int channels[] = {r.alpha_at, r.residual_at, r.residual_at + 1, r.residual_at + 2};
  hairline::detail::BilinearTap across[side], down[side];
  for (int i = 0; i < side; ++i) {
    across[i] = hairline::detail::bilinear_tap(side * column + i, from.width, to.width);
    down[i] = hairline::detail::bilinear_tap(side * row + i, from.height, to.height);
  }
  const auto at = [&](int y, int x) {
    return coarse + (static_cast<std::size_t>(y) * static_cast<std::size_t>(from.width) + static_cast<std::size_t>(x)) *
                        static_cast<std::size_t>(r.coarse.pitch);
  };
  for (const auto& v : down) {
    float* out = patch;
    for (const auto& h : across) {
      const float *a = at(v.first, h.first), *b = at(v.first, h.second), *c = at(v.second, h.first),
                  *d = at(v.second, h.second);
      for (int i : channels) {
        const float top = a[i] + h.weight * (b[i] - a[i]), low = c[i] + h.weight * (d[i] - c[i]);
        const float base = top + v.weight * (low - top);
        *out = base + share * (*out - base);
        ++out;
      }
    }
    patch += pitch;
  }
}

/// Patches of cells that are refined in part.
inline Result<void> Session::fade_patches(std::size_t size, float fade) {
  if (fade <= 0 || line_ <= 0) return {};
  const auto coarse = values(net_->lowered.refine.coarse.storage);
  if (!coarse) return coarse.error();
  const int tile = kernels::refine_tiles[size], columns = shape(net_->lowered.refine.first_node).width;
  const std::size_t pitch = std::size_t{16} * static_cast<std::size_t>(tile), cell_row = 4 * pitch;
  const std::vector<std::int32_t>& origins = origins_[size];
  float* patch = patches_[size].data();
  for (std::size_t t = 0; t < origins.size(); t += 2)
    for (int y = 0; y < tile; ++y, patch += cell_row)
      for (int x = 0; x < tile; ++x) {
        const auto cell = static_cast<std::size_t>((origins[t + 1] + y) * columns + origins[t] + x);
        if (chosen_[cell] == 0) continue;
        const float share = hairline::detail::refined_share(error_[cell], line_, fade);
        if (share < 1) fade_cell(*coarse, origins[t] + x, origins[t + 1] + y, share, patch + 16 * x, pitch);
      }
  return {};
}

/// A result of our own in the type and place that the caller wants.
template <class T>
void Session::bring(const ResultTarget* to, View<const T> from) {
  if (to == nullptr) return;
  if (to->type == PixelType::u8) copy_pixels<std::uint8_t>(from, to->as<std::uint8_t>());
  if (to->type == PixelType::f32) copy_pixels<float>(from, to->as<float>());
  if (to->type == PixelType::u16) copy_pixels<std::uint16_t>(from, to->as<std::uint16_t>());
  if (to->type == PixelType::f64) copy_pixels<double>(from, to->as<double>());
}

/// Alpha and foreground at full size: the coarse ones resized, the refined patches over them.
inline Result<void> Session::finish(const ResultTarget* alpha, const ResultTarget* foreground) {
  const RefineStage& r = net_->lowered.refine;
  const detail::Argument& source = pictures_[static_cast<std::size_t>(r.picture[0])];
  const int height = source.axes[1].extent, width = source.axes[0].extent;
  const auto is = [](const ResultTarget* t, PixelType type) { return t == nullptr || t->type == type; };
  const bool bytes = picture_type_ == 0 && is(alpha, PixelType::u8) && is(foreground, PixelType::u8) &&
                     alpha != nullptr && foreground != nullptr;
  // Results that nobody asked for, or of a type that no kernel writes, go to memory of our own first.
  const auto own = [&](Image<float>& image, int channels) {
    const Shape s{height, width, channels};
    if (image.shape() != s) image = Image<float>(s);
    return image.view();
  };
  const bool direct_alpha = bytes || (alpha != nullptr && alpha->type == PixelType::f32);
  const bool direct_foreground = bytes || (foreground != nullptr && foreground->type == PixelType::f32);
  const PixelType type = bytes ? PixelType::u8 : PixelType::f32;
  const View<float> own_alpha = direct_alpha ? View<float>() : own(alpha_, 1);
  const View<float> own_foreground = direct_foreground ? View<float>() : own(foreground_, 3);
  const auto argument = [&](const ResultTarget* t, bool direct, View<float> mine, bool repeated) {
    detail::Argument a = direct ? detail::picture_argument(t->data, t->shape, t->strides, type)
                                : detail::picture_argument(mine.data(), mine.shape(), mine.strides(), type);
    if (repeated) a.axes[2] = {0, 3, 0, 0};
    return a;
  };
  detail::Argument to_alpha = argument(alpha, direct_alpha, own_alpha, true);
  detail::Argument to_foreground = argument(foreground, direct_foreground, own_foreground, false);
  detail::Argument coarse = activation({r.coarse.storage, 0, 0, r.coarse.pitch}, r.coarse_node);
  detail::Argument picture = source;
  int padded_width = shape(r.padded_node).width, padded_height = shape(r.padded_node).height, tasks = tasks_for(height);
  void* arguments[] = {nullptr, picture.pointer(),       coarse.pointer(),  &padded_width, &padded_height,
                       &tasks,  to_foreground.pointer(), to_alpha.pointer()};
  const Kernel* kernel = finish_kernels_[static_cast<std::size_t>(picture_type_)][bytes ? 0 : 1];
  if (auto ok = call(kernel, arguments); !ok) return ok;

  const auto paste = [&](auto pixel, auto result) {
    using P = decltype(pixel);
    using T = decltype(result);
    const auto view = [&](detail::Argument& a, int channels, auto type) {
      using V = decltype(type);
      return View<V>(reinterpret_cast<V*>(a.buffer.host), Shape{height, width, channels},
                     Strides{a.axes[1].stride, a.axes[0].stride, channels == 1 ? 1 : a.axes[2].stride});
    };
    const PastePictures<P, T, T> to{view(picture, 3, P{}), view(to_alpha, 1, T{}), view(to_foreground, 3, T{}), {}, {}};
    for (std::size_t k : {0, 1})  // a large tile holds cells that were not chosen
      paste_patches(patches_[k].data(), kernels::refine_tiles[k], kernels::refine_tiles[k], origins_[k], to,
                    ChosenCells{chosen_.data(), shape(r.first_node).width, static_cast<std::uint8_t>(k == 0 ? 2 : 1)});
  };
  if (bytes)
    paste(std::uint8_t{}, std::uint8_t{});
  else if (picture_type_ == 0)
    paste(std::uint8_t{}, float{});
  else
    paste(float{}, float{});
  if (!direct_alpha) bring<float>(alpha, own_alpha);
  if (!direct_foreground) bring<float>(foreground, own_foreground);
  return {};
}

/// Where a result of that kind goes, or null.
inline const ResultTarget* Session::target_of(Delivery::Kind kind, std::span<const ResultTarget> results) const {
  for (const Delivery& d : net_->lowered.results)
    for (const ResultTarget& t : results)
      if (d.kind == kind && d.name == t.name) return &t;
  return nullptr;
}

inline Result<RunReport> Session::refine(std::span<const ResultTarget> results, const RunOptions& options,
                                         std::vector<StepTime>* times) {
  if (on_device()) return refine_on_device(results, options, times);
  const RefineStage& r = net_->lowered.refine;
  RunReport report;
  const auto timed = [&](const char* name, auto&& f) -> Result<void> {
    const detail::Stopwatch watch;
    auto ok = f();
    if (times != nullptr) times->push_back({name, name, watch.milliseconds(), 0, 0});
    return ok;
  };
  chosen_.clear();
  for (auto& list : origins_) list.clear();
  if (r.refines) {
    const TensorShape& cells = shape(r.first_node);
    report.cells = cells.height * cells.width;
    if (auto ok = timed("choose_cells",
                        [&]() -> Result<void> {
                          if (auto ok = choose(options); !ok) return ok;
                          report.refined_cells =
                              static_cast<int>(std::count(chosen_.begin(), chosen_.end(), std::uint8_t{1}));
                          detail::cover_cells(chosen_, cells.height, cells.width, kernels::refine_tiles[0],
                                              large_tile_pays, origins_[0], origins_[1]);
                          return {};
                        });
        !ok)
      return ok.error();
    for (std::size_t k : {0, 1}) {
      const auto tiles = [&]() -> Result<void> {
        if (auto ok = refine_tiles(k); !ok) return ok;
        return fade_patches(k, static_cast<float>(options.get("refine_fade", 0)));
      };
      if (auto ok = timed(k == 0 ? "refine 4x4" : "refine 1x1", tiles); !ok) return ok.error();
    }
  }
  const ResultTarget *alpha = target_of(Delivery::Kind::alpha, results),
                     *foreground = target_of(Delivery::Kind::foreground, results);
  if (alpha != nullptr || foreground != nullptr)
    if (auto ok = timed("finish", [&] { return finish(alpha, foreground); }); !ok) return ok.error();
  return report;
}

}  // namespace hairline::kernels

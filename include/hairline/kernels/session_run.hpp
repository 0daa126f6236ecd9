#pragma once
// What Session does; included by session.hpp.
#include <chrono>
#include <cmath>

#include "hairline/kernels/session.hpp"

namespace hairline::kernels {

namespace detail {
inline std::uint64_t element_size(PixelType t) {
  return t == PixelType::u8 ? 1 : t == PixelType::u16 ? 2 : t == PixelType::f32 ? 4 : 8;
}
/// A picture of three channels as an argument with axes x, y, c.
inline Argument picture_argument(const void* data, const Shape& s, const Strides& strides, PixelType type) {
  const auto axis = [](int extent, std::ptrdiff_t stride) {
    return BufferAxis{0, extent, extent > 1 ? static_cast<std::int32_t>(stride) : 1, 0};
  };
  return Argument::of(data,
                      std::array<BufferAxis, 3>{axis(s.width, strides.x), axis(s.height, strides.y),
                                                BufferAxis{0, s.channels, static_cast<std::int32_t>(strides.c), 0}},
                      type == PixelType::f32 ? 2 : 1, static_cast<std::uint8_t>(8 * element_size(type)));
}
class Stopwatch {
 public:
  double milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};
}  // namespace detail

/// Twice as many strips as Halide's pool has threads: a late one costs half a strip.
inline int Session::tasks_for(int height) {
  const int threads = thread_count();
  return std::clamp(threads == 1 ? 1 : 2 * threads, 1, std::max(1, height));
}

inline Result<void> Session::call(const Kernel* kernel, const std::string& name, void** arguments) const {
  char message[512];
  const int code = net_->on.library->call(kernel->run, arguments, message, sizeof message);
  if (code == 0) return {};
  return Error{ErrorCode::kernel, name + " for " + kernels::name(net_->on.target) + " failed with code " +
                                      std::to_string(code) + ": " + message};
}

inline Result<void> Session::check(std::span<const AnyView> pictures, std::span<const ResultTarget> results) const {
  const LoweredNetwork& l = net_->lowered;
  if (pictures.size() != static_cast<std::size_t>(l.pictures))
    return Error{ErrorCode::invalid_argument, "network " + l.name + " reads " + std::to_string(l.pictures) +
                                                  " pictures, given " + std::to_string(pictures.size())};
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    if (pictures[i].empty())
      return Error{ErrorCode::invalid_argument, "picture " + std::to_string(i) + " is a null or empty view"};
    const Shape wanted{pictures[0].height(), pictures[0].width(), l.channels[i]};
    if (pictures[i].shape() != wanted)
      return Error{ErrorCode::invalid_argument, "picture " + std::to_string(i) + " is " +
                                                    to_string(pictures[i].shape()) + ", wanted " + to_string(wanted)};
  }
  for (const ResultTarget& r : results) {
    if (r.data == nullptr)
      return Error{ErrorCode::invalid_argument, "result " + std::string(r.name) + " is a null view"};
    const bool known =
        std::any_of(l.results.begin(), l.results.end(), [&](const Delivery& d) { return d.name == r.name; });
    if (!known)
      return Error{ErrorCode::not_found, "network " + l.name + " has no result '" + std::string(r.name) + "'"};
  }
  return {};
}

/// Everything that depends on the size alone.
inline Result<void> Session::prepare(int height, int width, const RunOptions& options) {
  const auto same_scale = [&] {
    return options.get("backbone_scale", 0.25) == options_.get("backbone_scale", 0.25) &&
           options.get("refine_mode", 0) == options_.get("refine_mode", 0);
  };
  if (height == height_ && width == width_ && same_scale()) return {};
  height_ = width_ = 0;  // until everything has worked
  shapes_ = shapes(net_->graph, height, width, options);
  for (const Step& step : net_->lowered.steps)
    if (shape(step.node).height <= 0 || shape(step.node).width <= 0)
      return Error{ErrorCode::invalid_argument, "the pictures are too small for network " + net_->lowered.name +
                                                    ": nothing is left of them at '" + step.name + "'"};
  const std::size_t before = plan_.size;
  plan_ = plan_memory(net_->lowered, shapes_);
  if (plan_.size > before || !arena_) {
    arena_.reset();
    arena_.reset(static_cast<float*>(
        ::operator new[](std::max<std::size_t>(plan_.size, 16) * sizeof(float), std::align_val_t{64}, std::nothrow)));
    if (!arena_) {
      const std::size_t bytes = plan_.size * sizeof(float);
      plan_.size = 0;
      return Error{ErrorCode::out_of_memory, "no " + std::to_string(bytes >> 20) +
                                                 " MiB for the activations of network " + net_->lowered.name + " at " +
                                                 std::to_string(width) + "x" + std::to_string(height)};
    }
    std::fill_n(arena_.get(), plan_.size, 0.0f);
  } else {
    plan_.size = std::max(plan_.size, before);
  }
  steps_.clear();
  for (std::size_t i = 0; i < net_->lowered.steps.size(); ++i) {
    auto prepared = prepare_step(i);
    if (!prepared) return prepared.error();
    steps_.push_back(std::move(*prepared));
  }
  height_ = height;
  width_ = width;
  options_ = options;
  return {};
}

inline Result<Session::PreparedStep> Session::prepare_step(std::size_t which) {
  const Step& step = net_->lowered.steps[which];
  const detail::PackedStep& packed = net_->steps[which];
  PreparedStep p;
  const bool pictures = step.kind == StepKind::pictures;
  for (int t = 0; t < (pictures ? 2 : 1); ++t) {
    const std::string name = step.kernel.name + (pictures ? std::string("_") + picture_types[t].suffix : "");
    p.kernel[t] = find(*net_->on.library, name, net_->on.target);
    if (p.kernel[t] == nullptr)
      return Error{ErrorCode::not_found, "library " + std::string(net_->on.library->name) + " has no kernel " + name +
                                             " for " + kernels::name(net_->on.target) + " ('" + step.name + "')"};
  }
  const auto buffer = [&](detail::Argument a) {
    p.buffers.push_back(a);
    p.arguments.push_back(p.buffers.back().pointer());
  };
  const auto scalar = [&](int v) {
    p.scalars.push_back(v);
    p.arguments.push_back(&p.scalars.back());
  };
  const TensorShape& out = shape(step.node);
  p.arguments.push_back(nullptr);
  for (const StepInput& in : step.inputs) {
    if (pictures) {
      p.picture_slots.push_back(p.arguments.size());
      p.picture_index.push_back(-1 - in.place.storage);
      p.arguments.push_back(nullptr);
    } else {
      buffer(activation(in.place, in.node));
    }
  }
  const TensorShape& size = shape(step.size_node);
  if (step.kind == StepKind::conv2d) {
    buffer(detail::Argument::dense(packed.weights.data(), packed.extents));
    buffer(detail::Argument::dense(packed.bias.data(), std::array<int, 1>{static_cast<int>(packed.bias.size())}));
    if (!step.low.empty())
      for (const auto* bound : {&packed.low, &packed.high})
        buffer(detail::Argument::dense(bound->data(), std::array<int, 1>{static_cast<int>(bound->size())}));
    if (step.addend.place.storage >= 0) buffer(activation(step.addend.place, step.addend.node));
    scalar(size.height);
    scalar(size.width);
  } else if (step.kind == StepKind::depthwise) {
    buffer(detail::Argument::dense(packed.weights.data(),
                                   std::array<int, 3>{packed.extents[0], packed.extents[1], packed.extents[2]}));
    buffer(detail::Argument::dense(packed.bias.data(), std::array<int, 1>{static_cast<int>(packed.bias.size())}));
  } else if (pictures) {
    // A scaled picture is seen padded: that is the size which is scaled.
    const int source = net_->graph.nodes[static_cast<std::size_t>(step.size_node)].op->name == "scale_bilinear"
                           ? net_->graph.nodes[static_cast<std::size_t>(step.size_node)].inputs[0]
                           : step.size_node;
    scalar(shape(source).width);
    scalar(shape(source).height);
  }
  scalar(tasks_for(out.height));
  buffer(
      activation({step.storage, 0, 0, net_->lowered.storage_pitch[static_cast<std::size_t>(step.storage)]}, step.node));
  return p;
}

/// u8 and f32 as they are; everything else as f32 of our own.
inline Result<void> Session::take_pictures(std::span<const AnyView> pictures) {
  pictures_.clear();
  const bool bytes =
      std::all_of(pictures.begin(), pictures.end(), [](const AnyView& v) { return v.type() == PixelType::u8; });
  picture_type_ = bytes ? 0 : 1;
  converted_.resize(pictures.size());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const AnyView& v = pictures[i];
    const auto reach = [](std::ptrdiff_t stride, int extent) { return std::abs(stride) * std::max(extent - 1, 0); };
    if (reach(v.strides().x, v.width()) + reach(v.strides().y, v.height()) + reach(v.strides().c, v.channels()) >=
        std::ptrdiff_t{1} << 28)
      return Error{ErrorCode::unsupported, "picture " + std::to_string(i) + " spans more than 2^28 numbers"};
    v.visit([&](auto typed) {
      using T = typename decltype(typed)::value_type;
      if constexpr (std::is_same_v<T, std::uint8_t> || std::is_same_v<T, float>) {
        if (v.type() == (bytes ? PixelType::u8 : PixelType::f32)) {
          pictures_.push_back(detail::picture_argument(typed.data(), v.shape(), v.strides(), v.type()));
          return;
        }
      }
      if (converted_[i].shape() != v.shape()) converted_[i] = Image<float>(v.shape());
      copy_pixels<float>(typed, converted_[i].view());
      const View<float> own = converted_[i].view();
      pictures_.push_back(detail::picture_argument(own.data(), own.shape(), own.strides(), PixelType::f32));
    });
  }
  return {};
}

inline Result<void> Session::run_steps(std::vector<StepTime>* times) {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    PreparedStep& p = steps_[i];
    const Step& step = net_->lowered.steps[i];
    for (std::size_t k = 0; k < p.picture_slots.size(); ++k)
      p.arguments[p.picture_slots[k]] = pictures_[static_cast<std::size_t>(p.picture_index[k])].pointer();
    const detail::Stopwatch watch;
    if (auto ok = call(p.kernel[p.picture_slots.empty() ? 0 : picture_type_], step.kernel.name, p.arguments.data());
        !ok)
      return ok;
    if (times != nullptr) {
      const auto bytes = [&](int node) { return 4.0 * static_cast<double>(shape(node).size()); };
      StepTime time{step.name, step.kernel.name, watch.milliseconds(), 0, bytes(step.node)};
      for (const StepInput& in : step.inputs) time.bytes += bytes(in.node);
      if (step.addend.place.storage >= 0) time.bytes += bytes(step.addend.node);
      if (step.conv >= 0) {
        const Node& n = net_->graph.nodes[static_cast<std::size_t>(step.conv)];
        time.multiply_adds = n.op->multiply_adds(n, shape(step.conv));
        time.bytes += 4.0 * static_cast<double>(net_->steps[i].weights.size());
      }
      times->push_back(std::move(time));
    }
  }
  return {};
}

/// Cells by the error map, in the reference's order and arithmetic.
inline void Session::choose(const RunOptions& options) {
  const RefineStage& r = net_->lowered.refine;
  const TensorShape &cells = shape(r.first_node), &from = shape(r.error_node);
  const float* map = memory(r.error.storage) + r.error.first;
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
  const bool all = hairline::detail::dense(options);
  chosen_.assign(error_.size(), all ? 1 : 0);
  if (!all)
    for (int cell : hairline::detail::choose_cells(error_.data(), static_cast<int>(error_.size()), options))
      chosen_[static_cast<std::size_t>(cell)] = 1;
}

inline Result<void> Session::refine_tiles(std::size_t size) {
  const std::vector<std::int32_t>& origins = origins_[size];
  std::vector<float>& patches = patches_[size];
  if (origins.empty()) return {};
  const RefineStage& r = net_->lowered.refine;
  const int tile = kernels::refine_tiles[size];
  const int count = static_cast<int>(origins.size() / 2), side = 4 * tile;
  patches.resize(static_cast<std::size_t>(count) * static_cast<std::size_t>(side * side * 4));
  const std::string name = detail::refine_kernel_name(r, tile) + "_" + picture_types[picture_type_].suffix;
  const Kernel* kernel = find(*net_->on.library, name, net_->on.target);
  if (kernel == nullptr)
    return Error{ErrorCode::not_found, "library " + std::string(net_->on.library->name) + " has no kernel " + name +
                                           " for " + kernels::name(net_->on.target)};
  detail::Argument coarse = activation({r.coarse.storage, 0, 0, r.coarse.pitch}, r.coarse_node);
  detail::Argument cells = detail::Argument::dense(origins.data(), std::array<int, 2>{2, count}, 0, 32);
  detail::Argument out = detail::Argument::dense(patches.data(), std::array<int, 4>{4, side, side, count});
  std::array<detail::Argument, 4> weights, bias;
  for (std::size_t k = 0; k < 4; ++k) {
    const detail::PackedStep& own = net_->refine[size][k];
    weights[k] = detail::Argument::dense(own.weights.data(), own.extents);
    bias[k] = detail::Argument::dense(own.bias.data(), std::array<int, 1>{static_cast<int>(own.bias.size())});
  }
  int width = shape(r.padded_node).width, height = shape(r.padded_node).height, tasks = tasks_for(count);
  std::vector<void*> arguments = {nullptr, pictures_[static_cast<std::size_t>(r.picture[0])].pointer(),
                                  pictures_[static_cast<std::size_t>(r.picture[1])].pointer(), coarse.pointer(),
                                  cells.pointer()};
  for (auto& a : weights) arguments.push_back(a.pointer());
  for (auto& a : bias) arguments.push_back(a.pointer());
  for (int* s : {&width, &height, &tasks}) arguments.push_back(s);
  arguments.push_back(out.pointer());
  return call(kernel, name, arguments.data());
}

namespace detail {
/// Writes patches of alpha and residual over the finished picture. Tiles may reach beyond the picture into its padding,
/// and large ones hold cells that were not chosen.
template <class P, class T>
void paste_patches(View<const P> picture, const std::vector<std::int32_t>& origins, int tile, std::uint8_t mark,
                   const std::vector<std::uint8_t>& chosen, int columns, const std::vector<float>& patches,
                   View<T> alpha, View<T> foreground) {
  const int side = 4 * tile, height = picture.height(), width = picture.width();
  for (std::size_t t = 0; t < origins.size() / 2; ++t) {
    const int left = origins[2 * t], top = origins[2 * t + 1];
    const float* patch = &patches[t * static_cast<std::size_t>(side * side * 4)];
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x) {
        const int px = 4 * left + x, py = 4 * top + y;
        if (px >= width || py >= height ||
            chosen[static_cast<std::size_t>(py / 4) * static_cast<std::size_t>(columns) +
                   static_cast<std::size_t>(px / 4)] != mark)
          continue;
        const float* v = patch + (y * side + x) * 4;
        if (!alpha.empty()) alpha(py, px, 0) = PixelTraits<T>::from_unit(std::clamp(v[0], 0.0f, 1.0f));
        if (!foreground.empty())
          for (int c = 0; c < 3; ++c)
            foreground(py, px, c) = PixelTraits<T>::from_unit(
                std::clamp(static_cast<float>(PixelTraits<P>::template to_unit<float>(picture(py, px, c))) + v[1 + c],
                           0.0f, 1.0f));
      }
  }
}
}  // namespace detail

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
  const std::string name = detail::finish_kernel_name(r, picture_types[picture_type_].suffix, bytes ? "u8" : "f32");
  const Kernel* kernel = find(*net_->on.library, name, net_->on.target);
  if (kernel == nullptr)
    return Error{ErrorCode::not_found, "library " + std::string(net_->on.library->name) + " has no kernel " + name +
                                           " for " + kernels::name(net_->on.target)};
  if (auto ok = call(kernel, name, arguments); !ok) return ok;

  const int columns = shape(r.first_node).width;
  const auto paste = [&](auto pixel, auto result) {
    using P = decltype(pixel);
    using T = decltype(result);
    const View<const P> from(reinterpret_cast<const P*>(picture.buffer.host), Shape{height, width, 3},
                             Strides{picture.axes[1].stride, picture.axes[0].stride, picture.axes[2].stride});
    const auto view = [&](const detail::Argument& a, int channels) {
      return View<T>(reinterpret_cast<T*>(a.buffer.host), Shape{height, width, channels},
                     Strides{a.axes[1].stride, a.axes[0].stride, channels == 1 ? 1 : a.axes[2].stride});
    };
    for (int k = 0; k < 2; ++k)
      detail::paste_patches<P, T>(from, origins_[k], kernels::refine_tiles[k], k == 0 ? 2 : 1, chosen_, columns,
                                  patches_[k], view(to_alpha, 1), view(to_foreground, 3));
  };
  if (bytes)
    paste(std::uint8_t{}, std::uint8_t{});
  else if (picture_type_ == 0)
    paste(std::uint8_t{}, float{});
  else
    paste(float{}, float{});
  const auto bring = [&](const ResultTarget* t, View<float> mine) {
    if (t == nullptr) return;
    const View<const float> from = mine;
    if (t->type == PixelType::u8) copy_pixels<std::uint8_t>(from, t->as<std::uint8_t>());
    if (t->type == PixelType::u16) copy_pixels<std::uint16_t>(from, t->as<std::uint16_t>());
    if (t->type == PixelType::f64) copy_pixels<double>(from, t->as<double>());
  };
  if (!direct_alpha) bring(alpha, own_alpha);
  if (!direct_foreground) bring(foreground, own_foreground);
  return {};
}

/// A large tile costs about as much as this many single cells.
inline constexpr int large_tile_pays = 6;

inline Result<RunReport> Session::refine(std::span<const ResultTarget> results, const RunOptions& options,
                                         std::vector<StepTime>* times) {
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
                          choose(options);
                          report.refined_cells =
                              static_cast<int>(std::count(chosen_.begin(), chosen_.end(), std::uint8_t{1}));
                          detail::cover_cells(chosen_, cells.height, cells.width, kernels::refine_tiles[0],
                                              large_tile_pays, origins_[0], origins_[1]);
                          return {};
                        });
        !ok)
      return ok.error();
    for (std::size_t k : {0, 1})
      if (auto ok = timed(k == 0 ? "refine 4x4" : "refine 1x1", [&] { return refine_tiles(k); }); !ok)
        return ok.error();
  }
  const ResultTarget *alpha = nullptr, *foreground = nullptr;
  for (const Delivery& d : net_->lowered.results)
    for (const ResultTarget& t : results)
      if (d.name == t.name) {
        if (d.kind == Delivery::Kind::alpha) alpha = &t;
        if (d.kind == Delivery::Kind::foreground) foreground = &t;
      }
  if (alpha != nullptr || foreground != nullptr)
    if (auto ok = timed("finish", [&] { return finish(alpha, foreground); }); !ok) return ok.error();
  return report;
}

template <class T>
void Session::deliver_as(const Delivery& d, View<T> to) const {
  if (d.kind == Delivery::Kind::cells) {
    for (int y = 0; y < to.height(); ++y)
      for (int x = 0; x < to.width(); ++x)
        to(y, x, 0) = PixelTraits<T>::from_unit(
            chosen_[static_cast<std::size_t>(y) * static_cast<std::size_t>(to.width()) + static_cast<std::size_t>(x)] !=
                    0
                ? 1.0f
                : 0.0f);
    return;
  }
  const float* from = memory(d.place.storage) + d.place.first;
  const TensorShape& s = shape(d.node);
  for (int y = 0; y < to.height(); ++y)
    for (int x = 0; x < to.width(); ++x)
      for (int c = 0; c < to.channels(); ++c)
        to(y, x, c) = PixelTraits<T>::from_unit(
            from[(static_cast<std::size_t>(y) * static_cast<std::size_t>(s.width) + static_cast<std::size_t>(x)) *
                     static_cast<std::size_t>(d.place.pitch) +
                 static_cast<std::size_t>(c)]);
}

inline void Session::deliver(const Delivery& d, const ResultTarget& target) const {
  switch (target.type) {
    case PixelType::u8:
      return deliver_as(d, target.as<std::uint8_t>());
    case PixelType::u16:
      return deliver_as(d, target.as<std::uint16_t>());
    case PixelType::f64:
      return deliver_as(d, target.as<double>());
    case PixelType::f32:
      return deliver_as(d, target.as<float>());
  }
}

inline Result<RunReport> Session::run(std::span<const AnyView> pictures, std::span<const ResultTarget> results,
                                      const RunOptions& options, std::vector<StepTime>* times) {
  if (auto ok = check(pictures, results); !ok) return ok.error();
  if (auto ok = prepare(pictures[0].height(), pictures[0].width(), options); !ok) return ok.error();
  for (const Delivery& d : net_->lowered.results)
    for (const ResultTarget& t : results) {
      const TensorShape& s = shape(d.node);
      const Shape wanted{s.height, s.width, s.channels};
      if (d.name == t.name && t.shape != wanted)
        return Error{ErrorCode::invalid_argument,
                     "result " + d.name + " is " + to_string(t.shape) + ", wanted " + to_string(wanted)};
    }
  if (auto ok = take_pictures(pictures); !ok) return ok.error();
  if (times != nullptr) times->clear();
  if (auto ok = run_steps(times); !ok) return ok.error();
  RunReport report;
  if (net_->lowered.refine.present) {
    auto refined = refine(results, options, times);
    if (!refined) return refined.error();
    report = *refined;
  }
  for (const Delivery& d : net_->lowered.results)
    for (const ResultTarget& t : results)
      if (d.name == t.name && (d.kind == Delivery::Kind::place || d.kind == Delivery::Kind::cells)) deliver(d, t);
  return report;
}

}  // namespace hairline::kernels

#pragma once
// What Session does differently where kernels run on a device; included by session.hpp. Activations stay there: blocks
// of the device's memory by liveness. Pictures go there and results come back, unless they are there already; besides
// them three counts come back, for how many tiles the refiner runs on. session_device_refine.hpp has the refiner.
#include "hairline/kernels/session.hpp"

namespace hairline::kernels {

namespace detail {
inline std::size_t bytes_of(const DevicePicture& p) {
  return static_cast<std::size_t>(p.shape.size()) * element_size(p.type);
}
}  // namespace detail

inline detail::Argument Session::activation(const Place& place, int node) const {
  const TensorShape& s = shape(node);
  const BufferAxis rows{0, s.height, place.pitch * s.width, 0}, columns{0, s.width, place.pitch, 0};
  const Precision numbers = net_->lowered.precision(place.storage);
  if (!on_device()) {
    const int each = numbers == Precision::f32 ? 4 : 2;
    const auto* start = reinterpret_cast<const std::uint8_t*>(memory(place.storage)) + place.first * each;
    return detail::Argument::of(
               start, std::array<BufferAxis, 3>{BufferAxis{0, place.pitch - place.first, 1, 0}, columns, rows})
        .of_type(numbers, net_->on.target);
  }
  // Memory there has handles, not addresses: the whole buffer, its channels counted from the view's first.
  auto a = detail::Argument::of(nullptr,
                                std::array<BufferAxis, 3>{BufferAxis{-place.first, place.pitch, 1, 0}, columns, rows});
  blocks_[block_plan_.block[static_cast<std::size_t>(place.storage)]].lend(a.buffer);
  return a.of_type(numbers, net_->on.target);
}

inline detail::Argument Session::computed_bias(const Place& place) const {
  auto a = detail::Argument::dense(on_device() ? nullptr : memory(place.storage), std::array<int, 1>{place.pitch});
  if (on_device()) blocks_[block_plan_.block[static_cast<std::size_t>(place.storage)]].lend(a.buffer);
  return a;
}

inline Result<void> Session::reserve_blocks() {
  block_plan_ = plan_blocks(net_->lowered, shapes_);
  if (blocks_.size() < block_plan_.floats.size()) blocks_.resize(block_plan_.floats.size());
  for (std::size_t i = 0; i < block_plan_.floats.size(); ++i)
    if (auto ok = blocks_[i].reserve(net_->on, block_plan_.floats[i] * sizeof(float)); !ok) return ok;
  return {};
}

/// Pictures with gaps between their pixels, or read backwards, are packed first.
inline Result<void> Session::upload_pictures() {
  picture_memory_.resize(pictures_.size());
  packed_bytes_.resize(pictures_.size());
  for (std::size_t i = 0; i < pictures_.size(); ++i) {
    detail::Argument& a = pictures_[i];
    const int width = a.axes[0].extent, height = a.axes[1].extent, channels = a.axes[2].extent;
    const bool dense = a.axes[2].stride == 1 && (width == 1 || a.axes[0].stride == channels) &&
                       (height == 1 || a.axes[1].stride == width * channels);
    const auto pack = [&](auto zero, auto& to) {
      using T = decltype(zero);
      if (!dense) {
        const Shape s{height, width, channels};
        if (to.shape() != s) to = Image<T>(s);
        copy_pixels<T>(View<const T>(reinterpret_cast<const T*>(a.buffer.host), s,
                                     Strides{a.axes[1].stride, a.axes[0].stride, a.axes[2].stride}),
                       to.view());
        a = detail::picture_argument(to.data(), s, interleaved(s), PixelTraits<T>::type);
      }
      const std::size_t bytes = static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
                                static_cast<std::size_t>(channels) * sizeof(T);
      return picture_memory_[i].upload(net_->on, a.buffer.host, bytes);
    };
    const Result<void> done = picture_type_ == 0 ? pack(std::uint8_t{}, packed_bytes_[i]) : pack(0.0f, converted_[i]);
    if (!done) return done;
    picture_memory_[i].lend(a.buffer);
  }
  return {};
}

/// A buffer's values where the host can read them, until the next call.
inline Result<const float*> Session::values(int storage) {
  if (!on_device()) return static_cast<const float*>(memory(storage));
  const auto i = static_cast<std::size_t>(storage);
  const TensorShape& s = shape(net_->lowered.storage_node[i]);
  downloaded_.resize(static_cast<std::size_t>(s.height) * static_cast<std::size_t>(s.width) *
                     static_cast<std::size_t>(net_->lowered.storage_pitch[i]));
  const DeviceBuffer& block = blocks_[block_plan_.block[i]];
  if (auto ok = block.download(downloaded_.data(), downloaded_.size() * sizeof(float)); !ok) return ok.error();
  return static_cast<const float*>(downloaded_.data());
}

inline std::size_t Session::arena_bytes() const {
  if (!on_device()) return plan_.size * sizeof(float);
  std::size_t bytes = 0;
  for (const DeviceBuffer& b : blocks_) bytes += b.bytes();
  return bytes;
}

inline Result<RunReport> Session::run_on_device(std::span<const DevicePicture> pictures,
                                                std::span<const DeviceTarget> results, const RunOptions& options,
                                                std::vector<StepTime>* times) {
  const auto wrong = [](const std::string& text) { return Error{ErrorCode::invalid_argument, text}; };
  if (!on_device()) return wrong("this session runs on the processor: it has no memory of a device");
  const auto usable = [](const DevicePicture& p) {
    return p.memory != 0 && (p.type == PixelType::u8 || p.type == PixelType::f32);
  };
  // The checks of run(), on views of nothing.
  std::vector<AnyView> views;
  for (const DevicePicture& p : pictures) {
    if (!usable(p) || p.type != pictures[0].type)
      return wrong("wanted pictures in the device's memory, all of eight bits or all float");
    const auto* const nothing = reinterpret_cast<const std::uint8_t*>(this);
    views.emplace_back(View<const std::uint8_t>(nothing, p.shape, interleaved(p.shape)));
  }
  if (auto ok = check(views, {}); !ok) return ok.error();
  if (auto ok = prepare(pictures[0].shape.height, pictures[0].shape.width, options); !ok) return ok.error();
  device_results_ = {};
  for (const DeviceTarget& t : results) {
    if (!usable(t.to) || t.to.type != results[0].to.type ||
        (t.to.type == PixelType::u8 && pictures[0].type != PixelType::u8))
      return wrong("wanted results in the device's memory, all float or, of eight-bit pictures, all of eight bits");
    const Delivery* found = nullptr;
    for (const Delivery& d : net_->lowered.results)
      if (d.name == t.name) found = &d;
    if (found == nullptr || (found->kind != Delivery::Kind::alpha && found->kind != Delivery::Kind::foreground))
      return Error{ErrorCode::not_found, "network " + net_->lowered.name + " leaves no '" + std::string(t.name) +
                                             "' on a device, only alpha and foreground"};
    const bool alpha = found->kind == Delivery::Kind::alpha;
    const Shape wanted{pictures[0].shape.height, pictures[0].shape.width, alpha ? 1 : 3};
    if (t.to.shape != wanted)
      return wrong("result " + found->name + " is " + to_string(t.to.shape) + ", wanted " + to_string(wanted));
    device_results_[alpha ? 0 : 1] = &t.to;
  }
  picture_type_ = pictures[0].type == PixelType::u8 ? 0 : 1;
  pictures_.clear();
  picture_memory_.resize(pictures.size());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const DevicePicture& p = pictures[i];
    pictures_.push_back(detail::picture_argument(nullptr, p.shape, interleaved(p.shape), p.type));
    if (auto ok = picture_memory_[i].wrap(net_->on, p.memory, detail::bytes_of(p)); !ok) return ok.error();
    picture_memory_[i].lend(pictures_.back().buffer);
  }
  if (times != nullptr) times->clear();
  choose_steps({});
  auto ok = run_steps(times);
  RunReport report;
  if (ok && net_->lowered.refine.present) {
    auto refined = refine_on_device({}, options, times);
    if (refined)
      report = *refined;
    else
      ok = refined.error();
  }
  device_results_ = {};
  if (!ok) return ok.error();
  return report;
}

/// Small pictures of both types, one with all cells and one with a single one: that calls every kernel.
inline void Session::warm_up() {
  if (!on_device() || net_->on.error || net_->warm.exchange(true)) return;
  const detail::Stopwatch watch;
  const int side = 64;
  std::vector<Image<std::uint8_t>> bytes;
  std::vector<Image<float>> floats;
  for (int channels : net_->lowered.channels) {
    bytes.emplace_back(Shape{side, side, channels});
    floats.emplace_back(Shape{side, side, channels});
  }
  std::vector<AnyView> eight, real;
  for (auto& b : bytes) eight.emplace_back(View<const std::uint8_t>(b.view()));
  for (auto& f : floats) real.emplace_back(View<const float>(f.view()));
  // Every result as floats; alpha also as bytes, which is a kernel of its own.
  const auto sizes = shapes(net_->graph, side, side, {});
  std::vector<Image<float>> to_floats;
  Image<std::uint8_t> to_bytes(Shape{side, side, 1});
  std::vector<ResultTarget> small, large;
  for (const Delivery& d : net_->lowered.results) {
    const TensorShape& s = sizes[static_cast<std::size_t>(d.node)];
    to_floats.emplace_back(Shape{s.height, s.width, s.channels});
    large.emplace_back(d.name, to_floats.back().view());
    if (d.kind == Delivery::Kind::alpha) small.emplace_back(d.name, to_bytes.view());
  }
  RunOptions one, all;
  one.set("refine_sample_pixels", hairline::detail::cell_pixels);
  one.set("refine_prevent_oversampling", 0);
  all.set("refine_mode", static_cast<int>(RefineMode::full));
  // What fails here fails again in the caller's first run, and is reported there.
  static_cast<void>(run(eight, small, all));
  static_cast<void>(run(eight, large, one));
  static_cast<void>(run(real, large, all));
  static_cast<void>(run(real, large, one));
  cold_start_ms_ = watch.milliseconds();
}

inline Result<void> Session::wait() const {
  return on_device() && !blocks_.empty() ? blocks_[0].synchronize() : Result<void>{};
}

}  // namespace hairline::kernels

#include "hairline/kernels/session_device_refine.hpp"

#pragma once
// The refiner on a device: cells are chosen there in the order of the reference, their patches computed and put into
// the result; included by session_device.hpp.
#include "hairline/kernels/session_device.hpp"

namespace hairline::kernels {

/// Where each column and row of cells looks in the error map: as the reference works it out, on the host, so that both
/// blend the same numbers.
inline Result<void> Session::upload_taps() {
  const TensorShape &cells = shape(net_->lowered.refine.first_node), &from = shape(net_->lowered.refine.error_node);
  const int to[] = {cells.width, cells.height}, of[] = {from.width, from.height};
  for (std::size_t axis : {0, 1}) {
    std::vector<std::int32_t> taps;
    for (int i = 0; i < to[axis]; ++i) {
      const auto tap = hairline::detail::bilinear_tap(i, of[axis], to[axis]);
      taps.insert(taps.end(), {tap.first, tap.second, std::bit_cast<std::int32_t>(tap.weight)});
    }
    if (auto ok = taps_memory_[axis].upload(net_->on, taps.data(), taps.size() * sizeof(taps[0])); !ok) return ok;
  }
  return {};
}

inline Result<void> Session::choose_on_device(const RunOptions& options, RunReport& report) {
  const RefineStage& r = net_->lowered.refine;
  const TensorShape& cells = shape(r.first_node);
  const int squares = ((cells.width + 3) / 4) * ((cells.height + 3) / 4), count = cells.width * cells.height;
  detail::Argument error = activation(r.error, r.error_node);
  const auto numbers = [](auto extents) { return detail::Argument::dense(nullptr, extents, 0, 32); };
  detail::Argument across = numbers(std::array<int, 2>{3, cells.width}),
                   down = numbers(std::array<int, 2>{3, cells.height}),
                   slot = numbers(std::array<int, 2>{cells.width, cells.height}),
                   large = numbers(std::array<int, 2>{2, squares}), single = numbers(std::array<int, 2>{2, count}),
                   counts = numbers(std::array<int, 1>{3}),
                   share = detail::Argument::dense(nullptr, std::array<int, 2>{cells.width, cells.height});
  taps_memory_[0].lend(across.buffer);
  taps_memory_[1].lend(down.buffer);
  const auto room = [&](DeviceBuffer& memory, std::size_t n, detail::Argument& a) -> Result<void> {
    if (auto ok = memory.reserve(net_->on, n * sizeof(std::int32_t)); !ok) return ok;
    memory.lend(a.buffer);
    return {};
  };
  if (auto ok = room(slot_memory_, static_cast<std::size_t>(count), slot); !ok) return ok;
  if (auto ok = room(origins_memory_[0], 2 * static_cast<std::size_t>(squares), large); !ok) return ok;
  if (auto ok = room(origins_memory_[1], 2 * static_cast<std::size_t>(count), single); !ok) return ok;
  if (auto ok = room(counts_memory_, 3, counts); !ok) return ok;
  if (auto ok = room(share_memory_, static_cast<std::size_t>(count), share); !ok) return ok;
  const auto whole = [&](const char* name, int otherwise) { return static_cast<int>(options.get(name, otherwise)); };
  const RefineMode choice = hairline::detail::refine_mode(options);
  int mode = static_cast<int>(choice), zero = 0;
  int wanted = std::max(0, whole("refine_sample_pixels", 80000) / hairline::detail::cell_pixels);
  float least = choice == RefineMode::sampling ? hairline::detail::least_error(options)
                                               : static_cast<float>(options.get("refine_threshold", 0.1));
  auto fade = static_cast<float>(options.get("refine_fade", 0));
  void* arguments[] = {nullptr,          error.pointer(), across.pointer(),
                       down.pointer(),   &mode,           &wanted,
                       &least,           &fade,           &zero,
                       slot.pointer(),   large.pointer(), single.pointer(),
                       counts.pointer(), share.pointer()};
  if (auto ok = call(select_kernel_, arguments); !ok) return ok;
  if (auto ok = counts_memory_.download(counts_.data(), sizeof counts_); !ok) return ok;
  report.refined_cells = counts_[2];
  return {};
}

inline Result<void> Session::refine_tiles_on_device(std::size_t size) {
  const RefineStage& r = net_->lowered.refine;
  const int tile = kernels::refine_tiles[size], count = counts_[size], side = 4 * tile;
  const std::size_t floats = static_cast<std::size_t>(std::max(count, 1)) * static_cast<std::size_t>(side * side * 4);
  if (auto ok = patches_memory_[size].reserve(net_->on, floats * sizeof(float)); !ok || count == 0) return ok;
  detail::Argument coarse = activation({r.coarse.storage, 0, 0, r.coarse.pitch}, r.coarse_node);
  detail::Argument cells = detail::Argument::dense(nullptr, std::array<int, 2>{2, count}, 0, 32);
  detail::Argument out = detail::Argument::dense(nullptr, std::array<int, 4>{4, side, side, count});
  origins_memory_[size].lend(cells.buffer);
  patches_memory_[size].lend(out.buffer);
  std::array<detail::Argument, 4> weights, bias;
  for (std::size_t k = 0; k < 4; ++k) {
    const detail::PackedStep& own = net_->refine[size][k];
    weights[k] = packed(own, 0, own.weights.data(), own.extents);
    bias[k] = packed(own, 1, own.bias.data(), std::array<int, 1>{static_cast<int>(own.bias.size())});
  }
  int width = shape(r.padded_node).width, height = shape(r.padded_node).height, tasks = 1;
  std::vector<void*> arguments = {nullptr, pictures_[static_cast<std::size_t>(r.picture[0])].pointer(),
                                  pictures_[static_cast<std::size_t>(r.picture[1])].pointer(), coarse.pointer(),
                                  cells.pointer()};
  for (auto& a : weights) arguments.push_back(a.pointer());
  for (auto& a : bias) arguments.push_back(a.pointer());
  for (int* scalar : {&width, &height, &tasks}) arguments.push_back(scalar);
  arguments.push_back(out.pointer());
  return call(refine_kernels_[size][static_cast<std::size_t>(picture_type_)], arguments.data());
}

/// One of the results, brought to the host.
inline Result<void> Session::download_result(std::size_t which, const ResultTarget& to, bool bytes) {
  const auto bring_here = [&](auto pixel, auto& own) -> Result<void> {
    using T = decltype(pixel);
    const std::size_t size = static_cast<std::size_t>(to.shape.size()) * sizeof(T);
    if (to.type == PixelTraits<T>::type && to.strides == interleaved(to.shape))
      return result_memory_[which].download(to.data, size);
    if (own.shape() != to.shape) own = Image<T>(to.shape);
    if (auto ok = result_memory_[which].download(own.data(), size); !ok) return ok;
    bring<T>(&to, own.view());
    return {};
  };
  return bytes ? bring_here(std::uint8_t{}, result_bytes_[which]) : bring_here(0.0f, which == 0 ? alpha_ : foreground_);
}

inline Result<void> Session::finish_on_device(const ResultTarget* alpha, const ResultTarget* foreground) {
  const RefineStage& r = net_->lowered.refine;
  detail::Argument picture = pictures_[static_cast<std::size_t>(r.picture[0])];
  const Shape sizes[] = {{picture.axes[1].extent, picture.axes[0].extent, 1},
                         {picture.axes[1].extent, picture.axes[0].extent, 3}};
  const ResultTarget* const host[] = {alpha, foreground};
  bool bytes = picture_type_ == 0;
  for (std::size_t i : {0, 1}) {
    if (host[i] != nullptr) bytes = bytes && host[i]->type == PixelType::u8;
    if (device_results_[i] != nullptr) bytes = bytes && device_results_[i]->type == PixelType::u8;
  }
  const PixelType type = bytes ? PixelType::u8 : PixelType::f32;
  detail::Argument made[2];
  for (std::size_t i : {0, 1}) {
    made[i] = detail::picture_argument(nullptr, sizes[i], interleaved(sizes[i]), type);
    const std::size_t size = static_cast<std::size_t>(sizes[i].size()) * detail::element_size(type);
    const DevicePicture* given = device_results_[i];
    const auto ok = given != nullptr ? result_memory_[i].wrap(net_->on, given->memory, size)
                                     : result_memory_[i].reserve(net_->on, size);
    if (!ok) return ok;
    result_memory_[i].lend(made[i].buffer);
  }
  made[0].axes[2] = {0, 3, 0, 0};
  detail::Argument coarse = activation({r.coarse.storage, 0, 0, r.coarse.pitch}, r.coarse_node);
  int width = shape(r.padded_node).width, height = shape(r.padded_node).height, tasks = 1;
  std::vector<void*> arguments = {nullptr, picture.pointer(), coarse.pointer(), &width, &height, &tasks};
  detail::Argument slot, share, patches[2];
  if (r.refines) {
    const TensorShape& cells = shape(r.first_node);
    slot = detail::Argument::dense(nullptr, std::array<int, 2>{cells.width, cells.height}, 0, 32);
    slot_memory_.lend(slot.buffer);
    arguments.push_back(slot.pointer());
    for (std::size_t k : {0, 1}) {
      const int side = 4 * kernels::refine_tiles[k];
      patches[k] = detail::Argument::dense(nullptr, std::array<int, 4>{4, side, side, std::max(counts_[k], 1)});
      patches_memory_[k].lend(patches[k].buffer);
      arguments.push_back(patches[k].pointer());
    }
    share = detail::Argument::dense(nullptr, std::array<int, 2>{cells.width, cells.height});
    share_memory_.lend(share.buffer);
    arguments.push_back(share.pointer());
  }
  arguments.push_back(made[1].pointer());
  arguments.push_back(made[0].pointer());
  if (auto ok = call(finish_kernels_[static_cast<std::size_t>(picture_type_)][bytes ? 0 : 1], arguments.data()); !ok)
    return ok;
  for (std::size_t i : {0, 1})
    if (host[i] != nullptr)
      if (auto ok = download_result(i, *host[i], bytes); !ok) return ok;
  return {};
}

inline Result<RunReport> Session::refine_on_device(std::span<const ResultTarget> results, const RunOptions& options,
                                                   std::vector<StepTime>* times) {
  const RefineStage& r = net_->lowered.refine;
  RunReport report;
  const auto timed = [&](const char* name, auto&& f) -> Result<void> {
    const detail::Stopwatch watch;
    auto ok = f();
    if (ok && times != nullptr) {
      ok = wait();
      times->push_back({name, name, watch.milliseconds(), 0, 0});
    }
    return ok;
  };
  if (r.refines) {
    report.cells = shape(r.first_node).height * shape(r.first_node).width;
    if (auto ok = timed("choose_cells", [&] { return choose_on_device(options, report); }); !ok) return ok.error();
    for (std::size_t k : {0, 1})
      if (auto ok = timed(k == 0 ? "refine 4x4" : "refine 1x1", [&] { return refine_tiles_on_device(k); }); !ok)
        return ok.error();
  }
  const ResultTarget *alpha = target_of(Delivery::Kind::alpha, results),
                     *foreground = target_of(Delivery::Kind::foreground, results);
  const bool wanted =
      alpha != nullptr || foreground != nullptr || device_results_[0] != nullptr || device_results_[1] != nullptr;
  if (wanted)
    if (auto ok = timed("finish", [&] { return finish_on_device(alpha, foreground); }); !ok) return ok.error();
  return report;
}

/// Which cells were chosen, for a result that wants to show them.
inline Result<void> Session::download_cells() {
  const TensorShape& cells = shape(net_->lowered.refine.first_node);
  std::vector<std::int32_t> slots(static_cast<std::size_t>(cells.height) * static_cast<std::size_t>(cells.width));
  if (auto ok = slot_memory_.download(slots.data(), slots.size() * sizeof(slots[0])); !ok) return ok;
  chosen_.assign(slots.size(), 0);
  for (std::size_t i = 0; i < slots.size(); ++i) chosen_[i] = slots[i] != 0 ? 1 : 0;
  return {};
}

}  // namespace hairline::kernels

#pragma once
// What Session does differently where kernels run on a device; included by session.hpp. Activations stay there: blocks
// of the device's memory by liveness. Pictures go there, the error map and the results come back.
#include "hairline/kernels/session.hpp"

namespace hairline::kernels {

inline detail::Argument Session::activation(const Place& place, int node) const {
  const TensorShape& s = shape(node);
  const BufferAxis rows{0, s.height, place.pitch * s.width, 0}, columns{0, s.width, place.pitch, 0};
  if (!on_device())
    return detail::Argument::of(
        memory(place.storage) + place.first,
        std::array<BufferAxis, 3>{BufferAxis{0, place.pitch - place.first, 1, 0}, columns, rows});
  // Memory there has handles, not addresses: the whole buffer, its channels counted from the view's first.
  auto a = detail::Argument::of(nullptr,
                                std::array<BufferAxis, 3>{BufferAxis{-place.first, place.pitch, 1, 0}, columns, rows});
  blocks_[block_plan_.block[static_cast<std::size_t>(place.storage)]].lend(a.buffer);
  return a;
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
    std::uint8_t* const host = a.buffer.host;  // refined patches are put together there
    picture_memory_[i].lend(a.buffer);
    a.buffer.host = host;
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

inline Result<void> Session::wait() const {
  return on_device() && !blocks_.empty() ? blocks_[0].synchronize() : Result<void>{};
}

}  // namespace hairline::kernels

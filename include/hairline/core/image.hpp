#pragma once
#include <type_traits>
#include <utility>
#include <vector>

#include "hairline/core/any_view.hpp"
#include "hairline/core/view.hpp"

namespace hairline {

/// What a picture's last channel means, as part of its type, so that the two kinds of alpha cannot be mixed up.
enum class AlphaMode {
  none,        ///< all channels are colour (or data)
  straight,    ///< last channel is alpha, colour is the foreground's own (PNG)
  associated,  ///< last channel is alpha, colour is already multiplied by it (EXR, also called premultiplied)
};

/// An owning picture, interleaved and densely packed.
/// Copying copies pixels; moving leaves the source empty. Memory: height * width * channels * sizeof(T).
template <class T, AlphaMode Mode = AlphaMode::none>
class Image {
 public:
  using value_type = T;
  static constexpr AlphaMode alpha_mode = Mode;

  Image() = default;
  /// @pre no extent is negative
  explicit Image(Shape shape, T fill = T{}) : shape_(shape), pixels_(shape.size(), fill) {}
  Image(const Image&) = default;
  Image& operator=(const Image&) = default;
  Image(Image&& o) noexcept : shape_(std::exchange(o.shape_, Shape{0, 0, 0})), pixels_(std::move(o.pixels_)) {}
  Image& operator=(Image&& o) noexcept {
    shape_ = std::exchange(o.shape_, Shape{0, 0, 0});
    pixels_ = std::move(o.pixels_);
    o.pixels_.clear();
    return *this;
  }

  const Shape& shape() const { return shape_; }
  int height() const { return shape_.height; }
  int width() const { return shape_.width; }
  int channels() const { return shape_.channels; }
  bool empty() const { return pixels_.empty(); }

  T* data() { return pixels_.data(); }
  const T* data() const { return pixels_.data(); }
  std::size_t size() const { return pixels_.size(); }
  auto begin() { return pixels_.begin(); }
  auto end() { return pixels_.end(); }
  auto begin() const { return pixels_.begin(); }
  auto end() const { return pixels_.end(); }

  /// @pre inside the picture (unchecked)
  T& operator()(int y, int x, int c = 0) { return pixels_[index(y, x, c)]; }
  const T& operator()(int y, int x, int c = 0) const { return pixels_[index(y, x, c)]; }

  /// Drops the other channels, in place.  @pre 1 <= n <= channels()
  void keep_first_channels(int n) requires(Mode == AlphaMode::none) {
    const auto from = static_cast<std::size_t>(shape_.channels), to = static_cast<std::size_t>(n);
    for (std::size_t i = 0; i < shape_.pixels(); ++i)
      for (std::size_t c = 0; c < to; ++c) pixels_[i * to + c] = pixels_[i * from + c];
    shape_.channels = n;
    pixels_.resize(shape_.size());
  }

  View<T> view() { return {pixels_.data(), shape_}; }
  View<const T> view() const { return {pixels_.data(), shape_}; }
  /// Colour channels, without alpha.  @pre Mode is not none
  View<T> colour() requires(Mode != AlphaMode::none) { return view().first_channels(shape_.channels - 1); }
  View<const T> colour() const requires(Mode != AlphaMode::none) { return view().first_channels(shape_.channels - 1); }
  /// The alpha channel.  @pre Mode is not none
  View<T> alpha() requires(Mode != AlphaMode::none) { return view().channel(shape_.channels - 1); }
  View<const T> alpha() const requires(Mode != AlphaMode::none) { return view().channel(shape_.channels - 1); }

 private:
  std::size_t index(int y, int x, int c) const {
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(shape_.width) + static_cast<std::size_t>(x)) *
               static_cast<std::size_t>(shape_.channels) +
           static_cast<std::size_t>(c);
  }
  Shape shape_{0, 0, 0};
  std::vector<T> pixels_;
};

/// A picture of one channel, by convention; most results are one.
using Plane = Image<float>;

template <class T, AlphaMode Mode>
struct ViewOf<Image<T, Mode>> {
  static View<T> view(Image<T, Mode>& image) { return image.view(); }
  static View<const T> view(const Image<T, Mode>& image) { return image.view(); }
};

}  // namespace hairline

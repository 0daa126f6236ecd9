#pragma once
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "hairline/core/view.hpp"
#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/call.hpp"
#include "hairline/kernels/library.hpp"
#include "hairline/kernels/winograd.hpp"
#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/weights/seeded.hpp"

extern "C" const hairline::kernels::Library hairline_kernels_refiner_ops;

namespace test {
using namespace hairline;

/// The network with one convolution in place of the coarse stage: everything that the refiner meets at a real run.
template <int K>
using RefinerNet =
    Net<"refiner_test", Inputs<Input<"src", 3>, Input<"bgr", 3>>, Apply<"src", "given", Identity>,
        Apply<"given", "src", PadToMultiple<4>>, Apply<"bgr", "bgr", PadToMultiple<4>>,
        Apply<"src", "src_sm", ScaleToBackbone>, Apply<"bgr", "bgr_sm", ScaleToBackbone>, Take<"src_sm">,
        Concat<Kept<"src_sm">, Kept<"bgr_sm">>, Named<"head.conv4", Conv2d<6, 37, Kernel{3}>>,
        Split<Head<"pha_sm", 1, Clamp01>, Head<"residual_sm", 3>, Head<"err_sm", 1, Clamp01>, Head<"hid_sm", 32, Relu>>,
        Named<"refiner", typename bgmv2::Refiner<K>::Layers>, bgmv2::Foreground<"residual", "src">, CropLike<"given">,
        Keep<"fgr">, Apply<"pha", "pha", CropLike<"given">>, Give<"pha">, Give<"fgr">, Give<"pha_sm">,
        Give<"residual_sm">, Give<"err_sm">, Give<"hid_sm">, Give<"patches">, Give<"cells">>;

/// A kernel's argument: memory and axes of (extent, stride), minima 0.
class Argument {
 public:
  template <class T>
  Argument(T* data, std::vector<kernels::BufferAxis> axes) : axes_(std::move(axes)) {
    using Value = std::remove_const_t<T>;
    buffer_.host = reinterpret_cast<std::uint8_t*>(const_cast<Value*>(data));
    buffer_.type_code = std::is_floating_point_v<Value> ? 2 : std::is_signed_v<Value> ? 0 : 1;
    buffer_.type_bits = sizeof(T) * 8;
    buffer_.dimensions = static_cast<int>(axes_.size());
  }
  void* pointer() {
    buffer_.axes = axes_.data();
    return &buffer_;
  }
  void set(float* data) { buffer_.host = reinterpret_cast<std::uint8_t*>(data); }
  const std::vector<kernels::BufferAxis>& axes() const { return axes_; }

 private:
  kernels::Buffer buffer_;
  std::vector<kernels::BufferAxis> axes_;
};

/// x, y(, c) of a view.
template <class T>
Argument picture(View<T> v, int dimensions = 3) {
  std::vector<kernels::BufferAxis> axes = {{0, v.width(), static_cast<int>(v.strides().x)},
                                           {0, v.height(), static_cast<int>(v.strides().y)}};
  if (dimensions == 3) axes.push_back({0, v.channels(), static_cast<int>(v.strides().c)});
  return {v.data(), axes};
}

/// A dense buffer of these extents, the first dimension innermost.
template <class T>
Argument dense(T* data, std::initializer_list<int> extents) {
  std::vector<kernels::BufferAxis> axes;
  int stride = 1;
  for (int e : extents) {
    axes.push_back({0, e, stride});
    stride *= e;
  }
  return {data, axes};
}

/// A convolution's weights (out, in, y, x) and bias with a batch norm folded in, if the network has one there.
struct Folded {
  int out = 0, in = 0, kernel = 0;
  std::vector<float> weights, bias;
};
inline Folded fold(const Weights& w, const std::string& conv, const std::string& norm) {
  const auto& tensor = w.tensors.at(conv + ".weight");
  Folded f{tensor.dims[0], tensor.dims[1], tensor.dims[2], tensor.values, {}};
  const auto values = [&](const std::string& name) { return w.tensors.at(name).values; };
  if (norm.empty()) {
    f.bias = values(conv + ".bias");
    return f;
  }
  const auto gain = values(norm + ".weight"), shift = values(norm + ".bias"), mean = values(norm + ".running_mean"),
             variance = values(norm + ".running_var");
  const std::size_t each = f.weights.size() / static_cast<std::size_t>(f.out);
  for (std::size_t o = 0; o < gain.size(); ++o) {
    const double s = gain[o] / std::sqrt(static_cast<double>(variance[o]) + 1e-5);
    for (std::size_t i = 0; i < each; ++i) f.weights[o * each + i] = static_cast<float>(s * f.weights[o * each + i]);
    f.bias.push_back(static_cast<float>(shift[o] - s * mean[o]));
  }
  return f;
}

/// Weights in the order a kernel asked for: channel in tile, input channel, x, y, tile; transformed where it asked for
/// more taps than there are.
inline std::vector<float> pack(const Folded& f, const std::vector<kernels::BufferAxis>& asked) {
  const int tile = asked[0].extent, in = asked[1].extent, k = asked[2].extent, tiles = asked[4].extent;
  const double* g = k == f.kernel ? nullptr : kernels::winograd_weights(k - 2);
  std::vector<float> packed(static_cast<std::size_t>(tile * in * k * k * tiles));
  std::size_t at = 0;
  for (int t = 0; t < tiles; ++t)
    for (int y = 0; y < k; ++y)
      for (int x = 0; x < k; ++x)
        for (int i = 0; i < in; ++i)
          for (int c = 0; c < tile; ++c) {
            const float* taps = &f.weights[static_cast<std::size_t>(((t * tile + c) * f.in + i) * f.kernel * f.kernel)];
            double sum = g == nullptr ? static_cast<double>(taps[y * f.kernel + x]) : 0;
            for (int tap = 0; g != nullptr && tap < 9; ++tap)
              sum += g[3 * y + tap / 3] * g[3 * x + tap % 3] * static_cast<double>(taps[tap]);
            packed[at++] = static_cast<float>(sum);
          }
  return packed;
}

/// A tensor's channels laid into activations of a pitch: c, x, y.
inline void lay(const Tensor& t, int first, int pitch, std::vector<float>& to) {
  to.resize(static_cast<std::size_t>(t.shape.height) * static_cast<std::size_t>(t.shape.width) *
            static_cast<std::size_t>(pitch));
  for (int y = 0; y < t.shape.height; ++y)
    for (int x = 0; x < t.shape.width; ++x)
      for (int c = 0; c < t.shape.channels; ++c)
        to[(static_cast<std::size_t>(y) * static_cast<std::size_t>(t.shape.width) + static_cast<std::size_t>(x)) *
               static_cast<std::size_t>(pitch) +
           static_cast<std::size_t>(first + c)] = t.at(0, y, x)[c];
}

/// Runs a kernel and returns its error's text, empty if there was none.
inline std::string call(const kernels::Backend& on, const std::string& kernel, const std::vector<void*>& arguments) {
  std::vector<void*> all = {nullptr};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const auto done = kernels::detail::run(on, kernel, all.data());
  return done ? "" : done.error().message;
}

}  // namespace test

#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/view.hpp"
#include "hairline/kernels/image_ops.hpp"
#include "hairline/kernels/opencl.hpp"

namespace test {
using namespace hairline;

/// Every CPU level that this machine has, and OpenCL if it has a device.
inline std::vector<kernels::Backend> backends() {
  std::vector<kernels::Backend> all;
  for (kernels::CpuLevel level : kernels::all_cpu_levels)
    if (level <= kernels::machine_level()) all.push_back(kernels::image_ops(level));
  if (auto device = kernels::image_ops_opencl(); !device.error) all.push_back(device);
  return all;
}

/// How pixels may lie in memory.
enum class Layout { interleaved, planar, bgr, padded, crop, planar_reversed, every_other, upside_down };
inline constexpr Layout all_layouts[] = {Layout::interleaved, Layout::planar,     Layout::bgr,
                                         Layout::padded,      Layout::crop,       Layout::planar_reversed,
                                         Layout::every_other, Layout::upside_down};
inline const char* name(Layout l) {
  constexpr const char* names[] = {"interleaved", "planar",          "bgr",         "padded",
                                   "crop",        "planar_reversed", "every_other", "upside_down"};
  return names[static_cast<int>(l)];
}

/// A picture in some layout, with a margin of sentinels everywhere that is not its own pixels.
template <class T>
class Laid {
 public:
  Laid(Shape shape, Layout layout) {
    const int c = shape.channels;
    Shape outer{shape.height + 2, shape.width * 2 + 5, c};
    memory_.assign(outer.size() + 64, sentinel());
    T* data = memory_.data() + 32;
    const auto whole = View<T>(data, outer);
    switch (layout) {
      case Layout::interleaved:
        view_ = {data, shape};
        break;
      case Layout::planar:
        view_ = {data, shape, planar(shape)};
        break;
      case Layout::bgr:
        view_ = View<T>(data, shape).reversed_channels();
        break;
      case Layout::padded:
        view_ = whole.crop(0, 0, shape.height, shape.width);
        break;
      case Layout::crop:
        view_ = whole.crop(1, 3, shape.height, shape.width);
        break;
      case Layout::planar_reversed:
        view_ = View<T>(data, shape, planar(shape)).reversed_channels();
        break;
      case Layout::every_other:
        view_ = {data, shape, Strides{(std::ptrdiff_t{2} * shape.width + 5) * c, std::ptrdiff_t{2} * c, 1}};
        break;
      case Layout::upside_down:
        view_ = {data + static_cast<std::ptrdiff_t>(shape.height - 1) * shape.width * c, shape,
                 Strides{-static_cast<std::ptrdiff_t>(shape.width) * c, c, 1}};
        break;
    }
  }
  View<T> view() { return view_; }
  View<const T> read() const { return view_; }

  /// Numbers written outside the view. Call after the view's own pixels have been set to the sentinel by clear().
  std::size_t strays() const {
    std::size_t changed = 0, own = 0;
    for (const T& v : memory_) changed += v != sentinel();
    for (int y = 0; y < view_.height(); ++y)
      for (int x = 0; x < view_.width(); ++x)
        for (int c = 0; c < view_.channels(); ++c) own += view_(y, x, c) != sentinel();
    return changed - own;
  }

 private:
  static T sentinel() { return T(77); }
  std::vector<T> memory_;
  View<T> view_;
};

/// Random pixels: the whole range for integers; floats a bit beyond [0,1] if asked.
template <class T>
void fill(View<T> v, unsigned seed, float low = 0.0f, float high = 1.0f) {
  std::mt19937 random(seed);
  for (int y = 0; y < v.height(); ++y)
    for (int x = 0; x < v.width(); ++x)
      for (int c = 0; c < v.channels(); ++c) {
        if constexpr (std::is_floating_point_v<T>)
          v(y, x, c) = low + (high - low) * static_cast<float>(random() >> 8) / 16777216.0f;
        else
          v(y, x, c) = static_cast<T>(random());
      }
}

/// Ragged sizes: single pixels, thin strips, primes, one less and one more than vectors of 8, 16, 32 and 64.
inline const std::vector<std::pair<int, int>>& ragged() {  // height, width
  static const std::vector<std::pair<int, int>> sizes = {{1, 1},  {1, 37}, {41, 1},  {2, 3},   {7, 13},
                                                         {5, 15}, {3, 16}, {33, 17}, {31, 31}, {6, 33},
                                                         {4, 63}, {4, 64}, {65, 65}, {67, 101}};
  return sizes;
}

inline std::string label(const kernels::Backend& b, Shape s, const char* more = "") {
  return std::string(kernels::name(b.target)) + " " + to_string(s) + " " + more;
}

}  // namespace test

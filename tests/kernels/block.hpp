#pragma once
// Memory for kernels' arguments in tests.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "hairline/kernels/library.hpp"

namespace kernel_tests {
using namespace hairline::kernels;

inline constexpr float nan = std::numeric_limits<float>::quiet_NaN();
inline int round16(int n) { return (n + 15) / 16 * 16; }

/// What follows a convolution, in double.
enum class After { none, relu, relu6, clamp01 };
inline double after(After a, double v) {
  if (a == After::relu) return std::max(v, 0.0);
  if (a == After::relu6) return std::clamp(v, 0.0, 6.0);
  return a == After::clamp01 ? std::clamp(v, 0.0, 1.0) : v;
}

/// What a bilinear resize (align_corners = false) of `from` height x width pixels, at(x, y), has at x, y of a picture
/// of `to` height x width, in double.
template <class At>
double bilinear(At at, int from_height, int from_width, int to_height, int to_width, int x, int y) {
  const double fy = std::max(0.0, (y + 0.5) * from_height / to_height - 0.5);
  const double fx = std::max(0.0, (x + 0.5) * from_width / to_width - 0.5);
  const int y0 = std::min(static_cast<int>(fy), from_height - 1), x0 = std::min(static_cast<int>(fx), from_width - 1);
  const int y1 = std::min(y0 + 1, from_height - 1), x1 = std::min(x0 + 1, from_width - 1);
  const auto v = [&](int px, int py) { return static_cast<double>(at(px, py)); };
  return (1 - (fy - y0)) * ((1 - (fx - x0)) * v(x0, y0) + (fx - x0) * v(x1, y0)) +
         (fy - y0) * ((1 - (fx - x0)) * v(x0, y1) + (fx - x0) * v(x1, y1));
}

/// Dense floats with NaN before and after, described as kernels want it; axis 0 is innermost.
class Block {
 public:
  explicit Block(std::vector<int> extents) : axes_(extents.size()) {
    std::size_t size = 1;
    for (std::size_t i = 0; i < extents.size(); ++i) {
      axes_[i] = {0, extents[i], static_cast<std::int32_t>(size), 0};
      size *= static_cast<std::size_t>(extents[i]);
    }
    memory_.assign(size + 2 * margin, nan);
    std::fill_n(data(), size, 0.0f);
  }
  float* data() { return memory_.data() + margin; }
  std::size_t size() const { return memory_.size() - 2 * margin; }
  float& at(int c, int x, int y) { return data()[c + axes_[1].stride * x + axes_[2].stride * y]; }
  bool margins_untouched() const {
    for (std::size_t i = 0; i < margin; ++i)
      if (!std::isnan(memory_[i]) || !std::isnan(memory_[memory_.size() - 1 - i])) return false;
    return true;
  }
  Buffer buffer(int channels = 0) {
    if (channels > 0) axes_[0].extent = channels;  // a view of the first ones
    Buffer b;
    b.host = reinterpret_cast<std::uint8_t*>(data());
    b.type_code = 2;
    b.type_bits = 32;
    b.dimensions = static_cast<std::int32_t>(axes_.size());
    b.axes = axes_.data();
    return b;
  }

 private:
  static constexpr std::size_t margin = 256;
  std::vector<BufferAxis> axes_;
  std::vector<float> memory_;
};

}  // namespace kernel_tests

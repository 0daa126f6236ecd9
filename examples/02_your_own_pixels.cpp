// Pixels that somebody else owns: 8-bit BGR rows with padding at their ends, as cameras and other libraries hold them.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "hairline/core/view.hpp"
#include "hairline/core/xtensor.hpp"
#include "hairline/solvers/knn.hpp"

int main() {
  constexpr int width = 48, height = 32, row_bytes = 160;  // 144 bytes of pixels and 16 of padding
  std::vector<std::uint8_t> frame(row_bytes * height), mask(width * height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const bool subject = x + y / 4 > 26;
      frame[static_cast<std::size_t>(y * row_bytes + 3 * x + (subject ? 2 : 0))] = 230;  // red subject, blue background
      mask[static_cast<std::size_t>(y * width + x)] = x < 12 ? 0 : x > 38 ? 255 : 128;
    }

  // [views]
  using namespace hairline;
  const View<const std::uint8_t> bgr(frame.data(), Shape{height, width, 3}, Strides{row_bytes, 3, 1});
  const View<const std::uint8_t> image = bgr.reversed_channels();  // the same bytes, read as RGB
  const View<const std::uint8_t> trimap(mask.data(), Shape{height, width, 1});
  const auto matte = knn_matting(image, trimap).value();
  const auto alpha = as_xtensor_plane(matte.alpha);  // an xtensor expression over the result, no copy
  std::printf("mean alpha %.3f\n", xt::mean(alpha)());
  // [/views]
  return matte.alpha(16, 4) < 0.1 && matte.alpha(16, 44) > 0.9 ? 0 : 1;
}

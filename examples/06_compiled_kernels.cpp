// Image operations compiled ahead of time: the level that this processor has is chosen at the first call.
#include <cstdio>

#include "hairline/core/image.hpp"
#include "hairline/kernels/image_ops.hpp"

int main() {
  using hairline::Image;
  using hairline::Shape;
  const Image<float> source(Shape{108, 192, 3}, 0.5f);
  Image<float> result(Shape{27, 48, 3});
  // [kernels]
  namespace kernels = hairline::kernels;
  kernels::resize_bilinear(source.view(), result.view()).value();  // this machine's best level
  const auto plain = kernels::image_ops(kernels::CpuLevel::x86_64);
  kernels::resize_bilinear(source.view(), result.view(), plain).value();  // the one that every x86-64 has
  // [/kernels]
  std::printf("level %s\n", kernels::name(kernels::level().value()));
  return result(13, 24, 1) == 0.5f ? 0 : 1;
}

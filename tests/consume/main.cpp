// What a stranger's program looks like: headers in, an alpha out.
#include <cstdio>

#include "hairline/core/image.hpp"
#include "hairline/solvers/closed_form.hpp"

#ifdef CONSUMER_KERNELS
#include "hairline/kernels/image_ops.hpp"
#endif
#ifdef CONSUMER_NETWORK
#include "hairline/kernels/session.hpp"
#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/weights/seeded.hpp"

extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2;
#endif

int main() {
#ifdef CONSUMER_NETWORK
  constexpr hairline::Graph network = hairline::graph<hairline::BackgroundMattingV2<hairline::MobileNetV2>>();
  hairline::kernels::Session session(
      hairline::kernels::pack_network(network, hairline::seeded_weights(network),
                                      hairline::kernels::cpu_backend(hairline_kernels_bgmv2_mobilenetv2))
          .value());
  const hairline::Image<float> picture(hairline::Shape{40, 56, 3}, 0.7f), plate(hairline::Shape{40, 56, 3}, 0.3f);
  hairline::Image<float> matte(hairline::Shape{40, 56, 1}, -1.0f);
  const hairline::AnyView in[] = {picture.view(), plate.view()};
  const hairline::kernels::ResultTarget out[] = {{"pha", matte.view()}};
  if (!session.run(in, out) || matte(20, 20) < 0) return 1;
#endif
#ifdef CONSUMER_KERNELS
  const hairline::Image<float> large(hairline::Shape{32, 48, 3}, 0.25f);
  hairline::Image<float> small(hairline::Shape{8, 12, 3});
  hairline::kernels::resize_bilinear(large.view(), small.view()).value();
  if (small(4, 6, 1) != 0.25f) return 1;
#endif
  hairline::Image<float> image(hairline::Shape{8, 12, 3}, 0.2f);
  hairline::Plane trimap(hairline::Shape{8, 12, 1}, 0.5f);
  for (int y = 0; y < 8; ++y) {
    for (int x = 6; x < 12; ++x) image(y, x, 0) = 0.9f;
    trimap(y, 0) = 0.0f;
    trimap(y, 11) = 1.0f;
  }
  const auto result = hairline::closed_form(image, trimap).value();
  const bool right = result.alpha(4, 2) < 0.1 && result.alpha(4, 9) > 0.9;
  std::printf("alpha left %.3f right %.3f\n", double(result.alpha(4, 2)), double(result.alpha(4, 9)));
  return right ? 0 : 1;
}

// Whole networks on an OpenCL device (PoCL where there is no other) against the reference.
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include <cstdint>
#include <string>
#include <vector>

#include "hairline/core/convert.hpp"
#include "hairline/kernels/opencl.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/kernels/session_support.hpp"
#include "tests/kernels/test_device.hpp"

extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2_opencl;
extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2_cuda;
extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_resnet50_opencl;
extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_resnet50_warps_opencl;

namespace {
using namespace session_support;

std::shared_ptr<const kernels::PackedNetwork> packed_on_device(const Graph& graph, const Weights& weights,
                                                               const kernels::Library& library) {
  auto packed = kernels::pack_network(graph, weights, kernels::opencl_backend(library));
  INFO((packed ? std::string() : packed.error().message));
  REQUIRE(packed);
  return *packed;
}

template <class Net>
void compare_modes(const kernels::Library& library, std::initializer_list<RefineMode> modes, int height, int width,
                   int pixels = 1600) {
  const Graph g = graph<Net>();
  const Weights weights = seeded_weights(g, 11);
  kernels::Session session(packed_on_device(g, weights, library));
  for (RefineMode mode : modes) {
    INFO("mode " << static_cast<int>(mode) << ", " << width << "x" << height);
    compare(g, weights, session, make_pair(height, width), options_of(mode, 0.25, pixels));
    if (mode == RefineMode::sampling || mode == RefineMode::thresholding)
      compare(g, weights, session, make_pair(height, width), options_of(mode, 0.25, pixels, 0.8));
  }
}
}  // namespace

TEST_CASE("device: MobileNetV2 equals the reference in every mode") {
  using Whole = BackgroundMattingV2<MobileNetV2>;
  const auto& library = hairline_kernels_bgmv2_mobilenetv2_opencl;
  compare_modes<Whole>(library, {RefineMode::sampling, RefineMode::thresholding, RefineMode::full, RefineMode::none},
                       101, 163);
  compare_modes<BackgroundMattingV2<MobileNetV2, Kernel{1}>>(library, {RefineMode::sampling}, 64, 96);
  compare_modes<BackgroundMattingV2Base<MobileNetV2>>(library, {RefineMode::none}, 49, 63);
  compare_modes<BackgroundMattingV2Coarse<MobileNetV2>>(library, {RefineMode::none}, 66, 50);
}

TEST_CASE("device: MobileNetV2 as CUDA code equals the reference in every mode", "[.cuda]") {
  REQUIRE(kernel_tests::on_cuda());
  using Whole = BackgroundMattingV2<MobileNetV2>;
  const Graph g = graph<Whole>();
  const Weights weights = seeded_weights(g, 11);
  auto packed = kernels::pack_network(g, weights, kernels::cuda_backend(hairline_kernels_bgmv2_mobilenetv2_cuda));
  INFO((packed ? std::string() : packed.error().message));
  REQUIRE(packed);
  kernels::Session session(*packed);
  for (RefineMode mode : {RefineMode::sampling, RefineMode::thresholding, RefineMode::full, RefineMode::none})
    compare(g, weights, session, make_pair(49, 70), options_of(mode, 0.25, 400));
  compare(g, weights, session, make_pair(49, 70), options_of(RefineMode::sampling, 0.25, 800, 0.8));
}

TEST_CASE("device: ResNet-50 equals the reference") {
  compare_modes<BackgroundMattingV2<ResNet50>>(hairline_kernels_bgmv2_resnet50_opencl, {RefineMode::sampling}, 64, 96);
}

TEST_CASE("device: the schedule of CUDA's dense convolutions equals the reference") {
  using Whole = BackgroundMattingV2<ResNet50>;
  compare_modes<Whole>(hairline_kernels_bgmv2_resnet50_warps_opencl, {RefineMode::sampling}, 64, 96);
  compare_modes<Whole>(hairline_kernels_bgmv2_resnet50_warps_opencl, {RefineMode::none}, 101, 163);
}

TEST_CASE("device: sizes change, pictures of any layout, eight bits") {
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  const Weights weights = seeded_weights(g, 3);
  kernels::Session session(packed_on_device(g, weights, hairline_kernels_bgmv2_mobilenetv2_opencl));
  for (const auto& [height, width] : {std::pair{64, 80}, {20, 24}, {97, 61}}) {
    INFO(width << "x" << height);
    compare(g, weights, session, make_pair(height, width), options_of(RefineMode::sampling, 0.5));
  }
  const Pair pair = make_pair(40, 56);
  Image<std::uint8_t> bytes[2] = {Image<std::uint8_t>(Shape{40, 56, 3}), Image<std::uint8_t>(Shape{40, 56, 3})};
  Image<std::uint8_t> planar[2] = {Image<std::uint8_t>(Shape{120, 56, 1}), Image<std::uint8_t>(Shape{120, 56, 1})};
  std::vector<AnyView> dense, planes;
  for (std::size_t i = 0; i < 2; ++i) {
    copy_pixels<std::uint8_t>(i == 0 ? pair.picture.view() : pair.plate.view(), bytes[i].view());
    const View<std::uint8_t> plane(planar[i].data(), Shape{40, 56, 3}, Strides{56, 1, 40 * 56});
    copy_pixels<std::uint8_t>(View<const std::uint8_t>(bytes[i].view()), plane);
    dense.emplace_back(View<const std::uint8_t>(bytes[i].view()));
    planes.emplace_back(View<const std::uint8_t>(plane));
  }
  Image<float> first(Shape{40, 56, 1}), second(Shape{40, 56, 1});
  Image<std::uint8_t> colour(Shape{40, 56, 3});
  const kernels::ResultTarget to_first[] = {{"pha", first.view()}, {"fgr", colour.view()}};
  const kernels::ResultTarget to_second[] = {{"pha", second.view()}};
  REQUIRE(session.run(dense, to_first, options_of(RefineMode::sampling, 0.25)));
  REQUIRE(session.run(planes, to_second, options_of(RefineMode::sampling, 0.25)));
  CHECK(std::equal(first.begin(), first.end(), second.begin()));
}

TEST_CASE("device: networks in HD equal the reference", "[.long]") {
  compare_modes<BackgroundMattingV2<MobileNetV2>>(hairline_kernels_bgmv2_mobilenetv2_opencl,
                                                  {RefineMode::sampling, RefineMode::full}, 1080, 1920, 80000);
  compare_modes<BackgroundMattingV2<ResNet50>>(hairline_kernels_bgmv2_resnet50_opencl, {RefineMode::sampling}, 1080,
                                               1920, 80000);
}
#endif

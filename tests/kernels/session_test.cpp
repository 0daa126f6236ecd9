// Networks on compiled kernels against the reference.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "hairline/core/convert.hpp"
#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/nets/slim_matting.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include "examples/own_network.hpp"
#include "hairline/io/file.hpp"
#include "hairline/kernels/load_network.hpp"
#include "hairline/weights/safetensors_write.hpp"
#include "tests/kernels/session_support.hpp"

extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2;
extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_resnet50;
extern "C" const hairline::kernels::Library hairline_kernels_own_network;
extern "C" const hairline::kernels::Library hairline_kernels_slim;

namespace {
using namespace session_support;
using kernels::CpuLevel;
using Whole = BackgroundMattingV2<MobileNetV2>;

kernels::Backend backend(const kernels::Library& library, CpuLevel level) {
  return kernels::cpu_backend(library, level);
}

template <class Net>
void every_mode(CpuLevel level, const kernels::Library& library = hairline_kernels_bgmv2_mobilenetv2) {
  const Graph g = graph<Net>();
  const Weights weights = seeded_weights(g, 11);
  const auto packed = kernels::pack_network(g, weights, backend(library, level));
  INFO((packed ? std::string() : packed.error().message));
  REQUIRE(packed);
  kernels::Session session(*packed);
  const Pair odd = make_pair(101, 163), even = make_pair(128, 192);
  for (RefineMode mode : {RefineMode::sampling, RefineMode::thresholding, RefineMode::full, RefineMode::none}) {
    INFO("mode " << static_cast<int>(mode) << " at " << kernels::name(level));
    compare(g, weights, session, odd, options_of(mode, 0.25));
    compare(g, weights, session, even, options_of(mode, 0.5));
    if (mode == RefineMode::sampling || mode == RefineMode::thresholding)
      compare(g, weights, session, odd, options_of(mode, 0.25, 8000, 0.8));
  }
}
}  // namespace

TEST_CASE("session: Background Matting V2 equals the reference in every mode at every level") {
  for (CpuLevel level : kernels::all_cpu_levels)
    if (level <= kernels::machine_level()) every_mode<Whole>(level);
}

TEST_CASE("session: a deep encoder equals the reference") {
  const Graph g = graph<BackgroundMattingV2<ResNet50>>();
  const Weights weights = seeded_weights(g, 11);
  for (CpuLevel level : kernels::all_cpu_levels) {
    if (level > kernels::machine_level()) continue;
    const auto packed = kernels::pack_network(g, weights, backend(hairline_kernels_bgmv2_resnet50, level));
    INFO((packed ? std::string() : packed.error().message));
    REQUIRE(packed);
    kernels::Session session(*packed);
    compare(g, weights, session, make_pair(101, 163), options_of(RefineMode::sampling, 0.25));
    compare(g, weights, session, make_pair(160, 288), options_of(RefineMode::none, 0.5));
  }
}

TEST_CASE("a network packed from its file is the one packed from memory, on any number of threads", "[kernels]") {
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  const Weights weights = seeded_weights(g, 3);
  const auto on = kernels::cpu_backend(hairline_kernels_bgmv2_mobilenetv2);
  const auto packed = kernels::pack_network(g, weights, on, {1, {}}).value();
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, t] : weights.tensors)
    tensors.push_back({name, NumberType::f32, {t.dims.begin(), t.dims.end()}, std::as_bytes(std::span(t.values))});
  const auto same = [&](const kernels::PackedNetwork& other) {
    return std::equal(other.weights.begin(), other.weights.end(), packed->weights.begin(), packed->weights.end());
  };
  CHECK(same(*kernels::pack_network(g, weights, on, {3, {}}).value()));
  const std::string path = (std::filesystem::temp_directory_path() / "hairline_packed.safetensors").string();
  std::vector<std::uint8_t> bytes = encode_safetensors(tensors, {}).value();
  REQUIRE(io::write_file(path, bytes));
  CHECK(same(*kernels::load_network(g, path, on).value()));
  // One blank more in the header, and no tensor lies where f32 numbers may.
  bytes.insert(bytes.begin() + 8 + static_cast<std::ptrdiff_t>(bytes[0] + 256u * bytes[1] + 65536u * bytes[2]), ' ');
  for (std::size_t i = 0; ++bytes[i] == 0;) ++i;
  REQUIRE(io::write_file(path, bytes));
  CHECK(same(*kernels::load_network(g, path, on).value()));
  std::filesystem::remove(path);
  const auto gone = kernels::load_network(g, path, on);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == ErrorCode::not_found);
}

TEST_CASE("session: the slim network equals the reference in every mode at every level") {
  for (CpuLevel level : kernels::all_cpu_levels) {
    if (level > kernels::machine_level()) continue;
    every_mode<SlimMatting>(level, hairline_kernels_slim);
    const auto check = [&](const Graph& g, const RunOptions& options) {
      const Weights weights = seeded_weights(g, 5);
      const auto packed = kernels::pack_network(g, weights, backend(hairline_kernels_slim, level));
      REQUIRE(packed);
      kernels::Session session(*packed);
      compare(g, weights, session, make_pair(66, 90), options);
    };
    for (const Graph& g : {graph<SlimMattingCoarse>(), graph<SlimMattingBase>()}) check(g, {});
    // Its coarse stage may be as large as the picture.
    for (const double scale : {0.1875, 0.375, 0.75, 1.0})
      check(graph<SlimMatting>(), options_of(RefineMode::sampling, scale));
  }
}

TEST_CASE("session: refiner of kernel 1, coarse network, base network") {
  const CpuLevel level = kernels::machine_level();
  every_mode<BackgroundMattingV2<MobileNetV2, Kernel{1}>>(level);
  const auto check = [&](const Graph& g) {
    const Weights weights = seeded_weights(g, 5);
    const auto packed = kernels::pack_network(g, weights, backend(hairline_kernels_bgmv2_mobilenetv2, level));
    INFO((packed ? std::string() : packed.error().message));
    REQUIRE(packed);
    kernels::Session session(*packed);
    compare(g, weights, session, make_pair(66, 90), {});
    compare(g, weights, session, make_pair(37, 53), {});
  };
  check(graph<BackgroundMattingV2Coarse<MobileNetV2>>());
  check(graph<BackgroundMattingV2Base<MobileNetV2>>());
}

TEST_CASE("session: sizes down to the smallest, one session for all of them") {
  const Graph g = graph<Whole>();
  const Weights weights = seeded_weights(g, 3);
  const auto packed = kernels::pack_network(g, weights, kernels::cpu_backend(hairline_kernels_bgmv2_mobilenetv2));
  REQUIRE(packed);
  kernels::Session session(*packed);
  for (const auto& [h, w] : {std::pair{4, 4}, {1, 1}, {5, 97}, {200, 3}, {64, 64}, {67, 131}}) {
    INFO(w << "x" << h);
    compare(g, weights, session, make_pair(h, w), options_of(RefineMode::sampling, 0.25, 160));
  }
}

TEST_CASE("session: a network from outside the tree has kernels by one CMake call") {
  const Graph g = graph<example::SmallMatting<16>>();
  const Weights weights = seeded_weights(g, 21);
  for (CpuLevel level : kernels::all_cpu_levels) {
    if (level > kernels::machine_level()) continue;
    const auto packed = kernels::pack_network(g, weights, backend(hairline_kernels_own_network, level));
    INFO((packed ? std::string() : packed.error().message));
    REQUIRE(packed);
    kernels::Session session(*packed);
    compare(g, weights, session, make_pair(61, 83), {});
    compare(g, weights, session, make_pair(64, 96), {});
  }
}

TEST_CASE("session: any pixel type, any layout, in and out") {
  const Graph g = graph<Whole>();
  const Weights weights = seeded_weights(g, 9);
  const auto packed = kernels::pack_network(g, weights, kernels::cpu_backend(hairline_kernels_bgmv2_mobilenetv2));
  REQUIRE(packed);
  kernels::Session session(*packed);
  const int h = 50, w = 70;
  const Pair pair = make_pair(h, w);
  Image<std::uint8_t> picture8(Shape{h, w, 3}), plate8(Shape{h, w, 3}), alpha8(Shape{h, w, 1}), colour8(Shape{h, w, 3});
  copy_pixels<std::uint8_t>(View<const float>(pair.picture.view()), picture8.view());
  copy_pixels<std::uint8_t>(View<const float>(pair.plate.view()), plate8.view());
  Image<float> from8(Shape{h, w, 3}), plate_from8(Shape{h, w, 3}), alpha(Shape{h, w, 1}), colour(Shape{h, w, 3});
  copy_pixels<float>(View<const std::uint8_t>(picture8.view()), from8.view());
  copy_pixels<float>(View<const std::uint8_t>(plate8.view()), plate_from8.view());
  const RunOptions options = options_of(RefineMode::sampling, 0.25);
  const AnyView floats[] = {from8.view(), plate_from8.view()};
  const kernels::ResultTarget wanted[] = {{"pha", alpha.view()}, {"fgr", colour.view()}};
  REQUIRE(session.run(floats, wanted, options));

  SECTION("8 bits in and out") {
    const AnyView bytes[] = {picture8.view(), plate8.view()};
    const kernels::ResultTarget out[] = {{"pha", alpha8.view()}, {"fgr", colour8.view()}};
    REQUIRE(session.run(bytes, out, options));
    int worst = 0;
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        worst = std::max(worst, std::abs(int{alpha8.view()(y, x, 0)} -
                                         int{PixelTraits<std::uint8_t>::from_unit(alpha.view()(y, x, 0))}));
        for (int c = 0; c < 3; ++c)
          worst = std::max(worst, std::abs(int{colour8.view()(y, x, c)} -
                                           int{PixelTraits<std::uint8_t>::from_unit(colour.view()(y, x, c))}));
      }
    CHECK(worst <= 1);  // where float rounding moves a value over a half
  }
  SECTION("BGR, planar, 16 bits, double") {
    Image<float> reversed(Shape{h, w, 3});
    std::vector<double> planes(static_cast<std::size_t>(h * w * 3));
    const Shape s{h, w, 3};
    const View<double> planar_view(planes.data(), s, planar(s));
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x)
        for (int c = 0; c < 3; ++c) {
          reversed.view()(y, x, 2 - c) = from8.view()(y, x, c);
          planar_view(y, x, c) = static_cast<double>(plate_from8.view()(y, x, c));
        }
    const View<float> bgr(reversed.data() + 2, s, Strides{3 * w, 3, -1});
    const AnyView mixed[] = {bgr, planar_view};
    Image<std::uint16_t> alpha16(Shape{h, w, 1});
    Image<double> colour64(Shape{h, w, 3});
    const kernels::ResultTarget out[] = {{"pha", alpha16.view()}, {"fgr", colour64.view()}};
    REQUIRE(session.run(mixed, out, options));
    double worst = 0;
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        worst =
            std::max(worst, std::abs(alpha16.view()(y, x, 0) / 65535.0 - static_cast<double>(alpha.view()(y, x, 0))));
        for (int c = 0; c < 3; ++c)
          worst = std::max(worst, std::abs(colour64.view()(y, x, c) - static_cast<double>(colour.view()(y, x, c))));
      }
    CHECK(worst < 1e-5);  // half a step of 16 bits
  }
  SECTION("alpha alone") {
    Image<float> only(Shape{h, w, 1});
    const kernels::ResultTarget out[] = {{"pha", only.view()}};
    REQUIRE(session.run(floats, out, options));
    CHECK(std::equal(only.begin(), only.end(), alpha.begin()));
  }
}

TEST_CASE("session: eight at once share weights and agree to the bit") {
  const Graph g = graph<Whole>();
  const Weights weights = seeded_weights(g, 2);
  const auto packed = kernels::pack_network(g, weights, kernels::cpu_backend(hairline_kernels_bgmv2_mobilenetv2));
  REQUIRE(packed);
  const Pair pair = make_pair(60, 84);
  std::vector<Image<float>> alphas(8);
  std::vector<int> good(8, 0);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      kernels::Session session(*packed);
      alphas[t] = Image<float>(Shape{60, 84, 1});
      const AnyView pictures[] = {pair.picture.view(), pair.plate.view()};
      const kernels::ResultTarget out[] = {{"pha", alphas[t].view()}};
      for (int frame = 0; frame < 3; ++frame)
        good[t] += session.run(pictures, out, options_of(RefineMode::sampling, 0.25)) ? 1 : 0;
    });
  for (auto& t : threads) t.join();
  for (std::size_t t = 0; t < 8; ++t) {
    CHECK(good[t] == 3);
    CHECK(std::equal(alphas[t].begin(), alphas[t].end(), alphas[0].begin()));
  }
}

// Hidden: `make test-long` runs it by its tag.
TEST_CASE("session: ten thousand frames of changing sizes without growth", "[.long]") {
  const Graph g = graph<Whole>();
  const auto packed =
      kernels::pack_network(g, seeded_weights(g, 2), kernels::cpu_backend(hairline_kernels_bgmv2_mobilenetv2));
  REQUIRE(packed);
  kernels::Session session(*packed);
  const Pair largest = make_pair(96, 128);
  Image<float> alpha(Shape{96, 128, 1});
  const auto resident_kb = [] {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
      if (line.rfind("VmRSS:", 0) == 0) return std::stol(line.substr(6));
    return 0L;
  };
  const auto run = [&](int height, int width, RefineMode mode, double scale) {
    const AnyView pictures[] = {View<const float>(largest.picture.view()).crop(0, 0, height, width),
                                View<const float>(largest.plate.view()).crop(0, 0, height, width)};
    const kernels::ResultTarget out[] = {{"pha", alpha.view().crop(0, 0, height, width)}};
    REQUIRE(session.run(pictures, out, options_of(mode, scale)));
  };
  // The largest first: the sizes below repeat after 9153 frames, and memory is taken for the largest that was seen.
  for (const double scale : {0.25, 0.5})
    for (const auto mode : {RefineMode::full, RefineMode::sampling}) run(96, 128, mode, scale);
  long before = 0;
  for (int frame = 0; frame < 10000; ++frame) {
    run(16 + frame * 7 % 81, 16 + frame * 13 % 113, frame % 3 == 0 ? RefineMode::full : RefineMode::sampling,
        frame % 2 == 0 ? 0.25 : 0.5);
    if (frame == 2000) before = resident_kb();
  }
  REQUIRE(before > 0);
  CHECK(resident_kb() - before < 1024);
}

TEST_CASE("session: what is wrong is said") {
  const Graph g = graph<Whole>();
  Weights weights = seeded_weights(g, 1);
  const auto on = kernels::cpu_backend(hairline_kernels_bgmv2_mobilenetv2);
  const auto packed = kernels::pack_network(g, weights, on);
  REQUIRE(packed);
  kernels::Session session(*packed);
  Pair pair = make_pair(40, 40);
  Image<float> other(Shape{40, 44, 3}), alpha(Shape{40, 40, 1}), small(Shape{20, 40, 1});
  const kernels::ResultTarget good[] = {{"pha", alpha.view()}};
  const auto text = [&](std::initializer_list<AnyView> pictures, std::span<const kernels::ResultTarget> out) {
    const std::vector<AnyView> list(pictures);
    const auto done = session.run(list, out);
    return done ? std::string("no error") : done.error().message;
  };
  using Catch::Matchers::Contains;
  CHECK_THAT(text({pair.picture.view()}, good), Contains("reads 2 pictures, given 1"));
  CHECK_THAT(text({pair.picture.view(), other.view()}, good), Contains("40x44x3") || Contains("44x40x3"));
  CHECK_THAT(text({pair.picture.view(), View<const float>()}, good), Contains("null or empty"));
  const kernels::ResultTarget unknown[] = {{"mask", alpha.view()}}, wrong[] = {{"pha", small.view()}};
  CHECK_THAT(text({pair.picture.view(), pair.plate.view()}, unknown), Contains("no result 'mask'"));
  CHECK_THAT(text({pair.picture.view(), pair.plate.view()}, wrong), Contains("result pha") && Contains("wanted"));
  weights.tensors.erase("aspp.project.0.weight");
  const auto missing = kernels::pack_network(g, weights, on);
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().message, Contains("missing aspp.project.0.weight"));
  // Kernels of another network: the first one that is not there is named.
  const auto foreign =
      kernels::pack_network(graph<example::SmallMatting<16>>(), seeded_weights(graph<example::SmallMatting<16>>()), on);
  REQUIRE_FALSE(foreign);
  CHECK_THAT(foreign.error().message, Contains("has no kernel conv2d"));
}
#endif

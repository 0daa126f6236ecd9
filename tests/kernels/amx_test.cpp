// Kernels with AMX tiles: on machines that have them, and on others with AVX512-BF16 by emulation of the tiles alone.
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/load_network.hpp"
#include "hairline/kernels/pack_network.hpp"
#include "hairline/kernels/packed_file.hpp"
#include "hairline/nets/slim_matting.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/kernels/amx_emulator.hpp"
#include "tests/kernels/bf16_support.hpp"
#include "tests/kernels/session_support.hpp"

extern "C" {
extern const hairline::kernels::Library hairline_kernels_conv_cases_amx;
extern const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2, hairline_kernels_bgmv2_mobilenetv2_bf16;
extern const hairline::kernels::Library hairline_kernels_bgmv2_resnet50, hairline_kernels_bgmv2_resnet50_bf16;
extern const hairline::kernels::Library hairline_kernels_slim, hairline_kernels_slim_bf16;
}

namespace {
using namespace hairline;
using bf16_tests::Case;

/// Lets kernels with tiles run, if that can be.
class Tiles {
 public:
  Tiles() {
    if (kernels::machine_has_bf16() && !kernels::machine_has_amx()) emulated_.emplace();
    before_ = amx_emulator::products;
  }
  explicit operator bool() const { return kernels::machine_has_bf16(); }
  /// Whether tiles have been multiplied, as far as can be known.
  bool used() const { return !emulated_ || amx_emulator::products > before_; }

 private:
  std::optional<amx_emulator::Scope> emulated_;
  long before_ = 0;
};

const std::vector<Case> cases = {
    {"tiles_joined", {20, 6}, "bfbb", 21, 3, 1, 1, true, true, true, true},
    {"tiles_dilated", {17}, "bb", 16, 3, 1, 3, false, false, false, true},
    {"tiles_1x1", {24}, "bf", 64, 1, 1, 1, false, false, false, true},
    {"tiles_1x1_groups", {64}, "bb", 128, 1, 1, 1, false, false, true, true, 0, 6.0f},
    {"tiles_1x1_addend", {96}, "bbb", 48, 1, 1, 1, false, true, true, true},
    {"tiles_1x1_strided", {64}, "bb", 32, 1, 2, 1, false, false, false, true},
    {"tiles_1x1_joined", {20, 70}, "bbb", 80, 1, 1, 1, false, false, false, true, 48},
    {"tiles_1x1_deep", {1024}, "bb", 32, 1, 1, 1, false, false, false, true},
    {"tiles_strided", {35}, "bb", 80, 3, 2, 1, false, false, true, true},
    {"tiles_3x3", {40}, "bb", 64, 3, 1, 1, false, false, false, true},
};

/// A backend whatever the machine is said to have.
kernels::Backend at(const kernels::Library& library, kernels::KernelTarget target) {
  return {&library, target, false, std::nullopt};
}

/// A network by tiles, by AVX512-BF16 alone and in float.
template <class Network>
void compare_network(const kernels::Library& f32, const kernels::Library& bf16, int height, int width) {
  const Tiles tiles;
  if (!tiles) return;
  const Graph g = graph<Network>();
  const Weights weights = seeded_weights(g, 11);
  const auto wide = kernels::pack_network(g, weights, kernels::cpu_backend(f32));
  const auto pairs = kernels::pack_network(g, weights, at(bf16, kernels::KernelTarget::avx512_bf16));
  const auto tiled = kernels::pack_network(g, weights, at(bf16, kernels::KernelTarget::avx512_amx));
  INFO((tiled ? std::string() : tiled.error().message));
  REQUIRE((wide && pairs && tiled));
  kernels::Session a(*wide), b(*pairs), c(*tiled);
  const session_support::Pair pictures = session_support::make_pair(height, width);
  const auto options = session_support::options_of(RefineMode::full, 0.5);
  using session_support::alpha_and_foreground;
  const auto by_tiles = alpha_and_foreground(c, pictures, options);
  for (kernels::Session* other : {&a, &b}) {
    const auto others = alpha_and_foreground(*other, pictures, options);
    for (std::size_t i : {0, 1}) {
      const auto [most, mean] = session_support::difference(others[i], by_tiles[i]);
      INFO((i == 0 ? "alpha" : "foreground")
           << (other == &a ? " against float" : " against pairs") << ", most " << most << " mean " << mean);
      // Seen were 1.2e-3 and 1.4e-4: values between layers have eight bits, and other sums are rounded to other sides.
      CHECK(most < 0.005);
      CHECK(mean < 0.0005);
      CHECK(most > (other == &a ? 1e-5 : 0.0));  // it is another computation
    }
  }
  CHECK(tiles.used());
}
}  // namespace

TEST_CASE("convolutions by AMX tiles equal plain loops on the same numbers", "[kernels][amx]") {
  const Tiles tiles;
  if (!tiles) return;
  for (const Case& c : cases) {
    const kernels::Kernel* kernel =
        kernels::find(hairline_kernels_conv_cases_amx, c.name, kernels::KernelTarget::avx512_amx);
    REQUIRE(kernel != nullptr);
    for (const auto& [h, w] : std::vector<std::array<int, 2>>{
             {1, 1}, {1, 5}, {6, 1}, {4, 4}, {7, 15}, {3, 16}, {5, 17}, {13, 37}, {2, 64}, {9, 67}}) {
      INFO(c.name << ", " << w << "x" << h);
      bf16_tests::check(hairline_kernels_conv_cases_amx, c, *kernel, h, w);
      CHECK(tiles.used());
    }
  }
}

TEST_CASE("MobileNetV2's session by AMX tiles stays close to others'", "[kernels][amx]") {
  compare_network<BackgroundMattingV2<MobileNetV2>>(hairline_kernels_bgmv2_mobilenetv2,
                                                    hairline_kernels_bgmv2_mobilenetv2_bf16, 101, 163);
}

TEST_CASE("ResNet-50's session by AMX tiles stays close to others'", "[kernels][amx]") {
  compare_network<BackgroundMattingV2<ResNet50>>(hairline_kernels_bgmv2_resnet50, hairline_kernels_bgmv2_resnet50_bf16,
                                                 33, 45);
}

TEST_CASE("the slim network's session by AMX tiles stays close to others'", "[kernels][amx]") {
  compare_network<SlimMatting>(hairline_kernels_slim, hairline_kernels_slim_bf16, 58, 77);
}

TEST_CASE("layers without a record for tiles are those of AVX512-BF16", "[kernels][amx]") {
  using kernels::KernelTarget;
  const kernels::Library& library = hairline_kernels_bgmv2_mobilenetv2_bf16;
  std::size_t pairs = 0, tiles = 0, own = 0;
  for (std::size_t i = 0; i < library.count; ++i) {
    const kernels::Kernel& kernel = library.kernels[i];
    if (kernel.target == KernelTarget::avx512_bf16) ++pairs;
    if (kernel.target != KernelTarget::avx512_amx) continue;
    ++tiles;
    const kernels::Kernel* other = kernels::find(library, kernel.name, KernelTarget::avx512_bf16);
    REQUIRE(other != nullptr);
    if (kernel.run != other->run) ++own;
  }
  CHECK(pairs == tiles);
  CHECK(own > 20);
  CHECK(own < tiles);
}

TEST_CASE("weights that were packed for tiles are not taken for others, nor the other way round", "[kernels][amx]") {
  using kernels::KernelTarget;
  if (!kernels::machine_has_bf16()) return;
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  const Weights weights = seeded_weights(g, 3);
  const kernels::Library& library = hairline_kernels_bgmv2_mobilenetv2_bf16;
  const std::array targets = {KernelTarget::avx512_bf16, KernelTarget::avx512_amx};
  for (std::size_t i : {0, 1}) {
    const auto packed = kernels::pack_network(g, weights, at(library, targets[i]));
    REQUIRE(packed);
    const auto same = kernels::detail::packed_remarks(**packed);
    const auto other = kernels::pack_network(g, weights, at(library, targets[1 - i]));
    REQUIRE(other);
    TensorStore store;
    for (const auto& [key, value] : same) store.metadata[key] = value;
    CHECK(kernels::detail::check_packed_for(store, same));
    const auto refused = kernels::detail::check_packed_for(store, kernels::detail::packed_remarks(**other));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find(kernels::name(targets[i])) != std::string::npos);
  }
}
#endif

// bfloat16 kernels: convolutions against plain loops in double on the same rounded numbers, whole networks against the
// reference in float.
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "hairline/kernels/pack_network.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/kernels/bf16_support.hpp"
#include "tests/kernels/session_support.hpp"

extern "C" {
extern const hairline::kernels::Library hairline_kernels_conv_cases_bf16;
extern const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2, hairline_kernels_bgmv2_mobilenetv2_bf16;
}

namespace {
using namespace hairline;
using bf16_tests::Case;

const std::vector<Case> cases = {
    {"pairs_joined", {20, 6}, "bfbb", 21, 3, 1, 1, true, true, true, true},
    {"pairs_dilated", {17}, "bb", 16, 3, 1, 3, false, false, false, true},
    {"pairs_1x1", {24}, "bf", 64, 1, 1, 1, false, false, false, true},
    {"pairs_strided", {35}, "bb", 80, 3, 2, 1, false, false, true, true},
    {"float_products", {6}, "fb", 32, 3, 2, 1, false, false, true, false},
    {"winograd_products", {24}, "bb", 64, 3, 1, 1, false, false, true, false},
};
}  // namespace

TEST_CASE("bfloat16 convolutions equal plain loops on the same numbers", "[kernels][bf16]") {
  if (!kernels::machine_has_bf16()) return;
  for (const Case& c : cases) {
    const kernels::Kernel* kernel =
        kernels::find(hairline_kernels_conv_cases_bf16, c.name, kernels::KernelTarget::avx512_bf16);
    REQUIRE(kernel != nullptr);
    for (const auto& [h, w] : std::vector<std::array<int, 2>>{{1, 1}, {1, 5}, {6, 1}, {4, 4}, {13, 37}, {29, 24}}) {
      INFO(c.name << ", " << w << "x" << h);
      bf16_tests::check(hairline_kernels_conv_cases_bf16, c, *kernel, h, w);
    }
  }
}

TEST_CASE("a session of bfloat16 kernels stays close to one of float kernels", "[kernels][bf16]") {
  if (!kernels::machine_has_bf16()) return;
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  const Weights weights = seeded_weights(g, 11);
  const auto wide = kernels::pack_network(g, weights, kernels::cpu_backend(hairline_kernels_bgmv2_mobilenetv2));
  const auto narrow = kernels::pack_network(g, weights, kernels::bf16_backend(hairline_kernels_bgmv2_mobilenetv2_bf16));
  INFO((narrow ? std::string() : narrow.error().message));
  REQUIRE((wide && narrow));
  kernels::Session a(*wide), b(*narrow);
  const session_support::Pair pair = session_support::make_pair(101, 163);
  // Without choices between cells, whose error may differ by less than what rounding moves it by.
  for (RefineMode mode : {RefineMode::full, RefineMode::none}) {
    const auto options = session_support::options_of(mode, 0.5);
    const auto of_a = session_support::alpha_and_foreground(a, pair, options);
    const auto of_b = session_support::alpha_and_foreground(b, pair, options);
    for (std::size_t i : {0, 1}) {
      const auto [most, mean] = session_support::difference(of_a[i], of_b[i]);
      INFO((i == 0 ? "alpha" : "foreground") << " most " << most << " mean " << mean);
      // Some fifty layers, each of which rounds to eight bits; seeded weights keep magnitudes from layer to layer.
      CHECK(most < 0.05);
      CHECK(mean < 0.005);
      CHECK(most > 1e-5);  // it is another computation
    }
  }
}

TEST_CASE("bfloat16 kernels are refused where the machine or the variable lacks them", "[kernels][bf16]") {
  using kernels::CpuidBits;
  constexpr CpuidBits everything{~0u, ~0u, ~0u, ~0ull, ~0u, ~0u};
  STATIC_REQUIRE(kernels::has_bf16(everything));
  for (int bit : {1, 6, 8, 11, 12, 14}) {
    CpuidBits b = everything;
    b.leaf7_ecx &= ~(1u << bit);
    CHECK_FALSE(kernels::has_bf16(b));
  }
  CpuidBits b = everything;
  b.leaf7_1_eax &= ~(1u << 5);
  CHECK_FALSE(kernels::has_bf16(b));
  b = everything;
  b.xcr0 = 0x6;
  CHECK_FALSE(kernels::has_bf16(b));
  // Tiles: what bfloat16 kernels need, and features and register state of their own.
  constexpr CpuidBits tiles{~0u, ~0u, ~0u, ~0ull, ~0u, ~0u, ~0u};
  STATIC_REQUIRE(kernels::has_amx(tiles));
  STATIC_REQUIRE_FALSE(kernels::has_amx(CpuidBits{~0u, ~0u, ~0u, ~0ull, ~0u, ~0u, 0}));
  for (int bit : {22, 23, 24, 25}) {
    b = tiles;
    b.leaf7_edx &= ~(1u << bit);
    CHECK_FALSE(kernels::has_amx(b));
    CHECK(kernels::has_bf16(b));
  }
  for (int bit : {17, 18}) {
    b = tiles;
    b.xcr0 &= ~(1ull << bit);
    CHECK_FALSE(kernels::has_amx(b));
  }
  for (int bit : {4, 5}) {
    b = tiles;
    b.leaf7_1_eax &= ~(1u << bit);
    CHECK_FALSE(kernels::has_amx(b));
  }
  setenv("HAIRLINE_CPU_LEVEL", "x86-64", 1);
  const kernels::Backend on = kernels::bf16_backend(hairline_kernels_bgmv2_mobilenetv2_bf16);
  unsetenv("HAIRLINE_CPU_LEVEL");
  REQUIRE(on.error);
  CHECK(on.error->message.find("AVX512-BF16") != std::string::npos);
}

TEST_CASE("HAIRLINE_BF16_LEVEL forces one of the bfloat16 levels and never lies about it", "[kernels][bf16]") {
  using kernels::KernelTarget;
  if (!kernels::machine_has_bf16()) return;
  const auto with = [](const char* value) {
    setenv("HAIRLINE_BF16_LEVEL", value, 1);
    auto target = kernels::bf16_target();
    unsetenv("HAIRLINE_BF16_LEVEL");
    return target;
  };
  const KernelTarget best = kernels::machine_has_amx() ? KernelTarget::avx512_amx : KernelTarget::avx512_bf16;
  CHECK(kernels::bf16_target().value() == best);
  CHECK(with("").value() == best);
  CHECK(with("avx512_bf16").value() == KernelTarget::avx512_bf16);
  REQUIRE_FALSE(with("avx2"));
  CHECK(with("avx2").error().message == "HAIRLINE_BF16_LEVEL: wanted avx512_bf16 or avx512_amx, given 'avx2'");
  if (best == KernelTarget::avx512_amx) {
    CHECK(with("avx512_amx").value() == KernelTarget::avx512_amx);
  } else {
    REQUIRE_FALSE(with("avx512_amx"));
    CHECK(with("avx512_amx").error().code == ErrorCode::unsupported);
    setenv("HAIRLINE_BF16_LEVEL", "avx512_amx", 1);
    const kernels::Backend forced = kernels::bf16_backend(hairline_kernels_bgmv2_mobilenetv2_bf16);
    unsetenv("HAIRLINE_BF16_LEVEL");
    CHECK(forced.error);
  }
}
#endif

// Kernels with AMX tiles: on machines that have them, and on others with AVX512-BF16 by emulation of the tiles alone.
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include <optional>
#include <string>
#include <vector>

#include "hairline/kernels/backend.hpp"
#include "tests/kernels/amx_emulator.hpp"
#include "tests/kernels/bf16_support.hpp"

extern "C" {
extern const hairline::kernels::Library hairline_kernels_conv_cases_amx;
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
    {"tiles_1x1_direct", {64}, "bb", 96, 1, 1, 1, false, false, true, true, 0, 6.0f},
    {"tiles_1x1_addend", {96}, "bbb", 48, 1, 1, 1, false, true, true, true},
    {"tiles_1x1_strided", {64}, "bb", 32, 1, 2, 1, false, false, false, true},
    {"tiles_1x1_joined", {20, 70}, "bbb", 80, 1, 1, 1, false, false, false, true, 48},
    {"tiles_strided", {35}, "bb", 80, 3, 2, 1, false, false, true, true},
    {"tiles_3x3", {40}, "bb", 64, 3, 1, 1, false, false, false, true},
};
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
#endif

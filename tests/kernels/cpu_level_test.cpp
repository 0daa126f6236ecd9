#include "hairline/kernels/cpu_level.hpp"

#include <cstdlib>
#include <string>

#include "hairline/kernels/devices.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::kernels;

namespace {
constexpr CpuidBits everything{~0u, ~0u, ~0u, ~0ull};

/// Sets a variable for one scope.
struct Environment {
  const char* variable;
  Environment(const char* v, const char* value) : variable(v) { setenv(v, value, 1); }
  ~Environment() { unsetenv(variable); }
};
}  // namespace

TEST_CASE("a level is chosen only if every feature and the operating system are there", "[kernels][cpu]") {
  STATIC_REQUIRE(level_of(everything) == CpuLevel::avx512);
  STATIC_REQUIRE(level_of(CpuidBits{}) == CpuLevel::x86_64);

  // Any single bit that is missing lowers the level, never by accident raises it.
  for (int bit : {0, 1, 9, 12, 13, 19, 20, 22, 23, 27, 28, 29}) {
    CpuidBits b = everything;
    b.leaf1_ecx &= ~(1u << bit);
    CHECK(level_of(b) == CpuLevel::x86_64);
  }
  for (int bit : {3, 5, 8}) {
    CpuidBits b = everything;
    b.leaf7_ebx &= ~(1u << bit);
    CHECK(level_of(b) == CpuLevel::x86_64);
  }
  for (int bit : {16, 17, 19, 23, 28, 30, 31}) {
    CpuidBits b = everything;
    b.leaf7_ebx &= ~(1u << bit);
    CHECK(level_of(b) == CpuLevel::avx2);
  }
  CpuidBits no_avx_state = everything, no_zmm_state = everything, no_lzcnt = everything;
  no_avx_state.xcr0 = 0x3;
  no_zmm_state.xcr0 = 0x7;
  no_lzcnt.extended1_ecx &= ~(1u << 5);
  CHECK(level_of(no_avx_state) == CpuLevel::x86_64);
  CHECK(level_of(no_zmm_state) == CpuLevel::avx2);
  CHECK(level_of(no_lzcnt) == CpuLevel::x86_64);
}

#if defined(__x86_64__)
TEST_CASE("the machine's level agrees with the compiler's own CPU test", "[kernels][cpu]") {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  // Ours may be lower (it asks for more), never higher.
  if (machine_level() >= CpuLevel::avx2) CHECK(avx2);
  if (machine_level() >= CpuLevel::avx512) CHECK(avx512);
}
#endif

TEST_CASE("HAIRLINE_CPU_LEVEL forces a level and never lies about it", "[kernels][cpu]") {
  CHECK(*level() == machine_level());
  {
    Environment e("HAIRLINE_CPU_LEVEL", "x86-64");
    CHECK(*level() == CpuLevel::x86_64);
  }
  {
    Environment e("HAIRLINE_CPU_LEVEL", "sse9");
    REQUIRE_FALSE(level().has_value());
    CHECK(level().error().message ==
          "HAIRLINE_CPU_LEVEL: no CPU level is called 'sse9': wanted x86-64, avx2 or avx512");
  }
  if (machine_level() < CpuLevel::avx512) {
    Environment e("HAIRLINE_CPU_LEVEL", "avx512");
    CHECK(level().error().code == ErrorCode::unsupported);
  }
}

TEST_CASE("devices are listed without linking a driver", "[kernels][devices]") {
  const auto found = devices();
  for (const Device& d : found) {
    CHECK((d.api == "opencl" || d.api == "cuda"));
    CHECK_FALSE(d.name.empty());
  }
  CHECK_FALSE(list(found).empty());
  CHECK(list({}) == "no OpenCL or CUDA device on this machine");
  CHECK(list({{"opencl", "P", "D", 0, 0}, {"cuda", "Q", "E", 1, 90}}) == "opencl:0 D (P), cuda:1 E (Q)");
}

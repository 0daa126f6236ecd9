#pragma once
#include <cstdint>
#include <cstdlib>
#include <string>

#include "hairline/core/result.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace hairline::kernels {

/// The instruction sets that kernels are compiled for, in ascending order; a machine that has one has those before it.
enum class CpuLevel : int {
  x86_64 = 0,  ///< SSE2, what every 64-bit x86 has
  avx2 = 1,    ///< AVX2, FMA, F16C and the bit instructions (2013 and later)
  avx512 = 2,  ///< AVX-512 F, CD, BW, DQ, VL (Skylake server, Zen 4 and later)
};

inline constexpr CpuLevel all_cpu_levels[] = {CpuLevel::x86_64, CpuLevel::avx2, CpuLevel::avx512};

constexpr const char* name(CpuLevel level) {
  switch (level) {
    case CpuLevel::x86_64:
      return "x86-64";
    case CpuLevel::avx2:
      return "avx2";
    case CpuLevel::avx512:
      return "avx512";
  }
  return "?";
}

/// The raw answers of CPUID and XGETBV that the choice rests on; separate from the machine, so that tests can make some
/// up.
struct CpuidBits {
  std::uint32_t leaf1_ecx = 0;
  std::uint32_t leaf7_ebx = 0;
  std::uint32_t extended1_ecx = 0;  ///< leaf 0x80000001
  std::uint64_t xcr0 = 0;           ///< register state that the operating system saves; 0 without OSXSAVE
  std::uint32_t leaf7_ecx = 0;
  std::uint32_t leaf7_1_eax = 0;  ///< leaf 7, part 1
  std::uint32_t leaf7_edx = 0;
};

/// The highest level whose every instruction may be executed. The kernels of a level are compiled for a CPU model
/// (haswell, skylake-avx512), so everything that a compiler may emit for that model is asked for, not just the
/// name-giving feature: virtual machines do hide single bits. Not asked for are features that code reaches by
/// intrinsics alone (AES, RDRAND, PKU, SGX, transactions) and privileged ones.
constexpr CpuLevel level_of(const CpuidBits& bits) {
  constexpr auto bit = [](int n) { return std::uint32_t{1} << n; };
  constexpr auto all = [](std::uint32_t value, std::uint32_t mask) { return (value & mask) == mask; };
  // SSE3, PCLMUL, SSSE3, FMA, CX16, SSE4.1, SSE4.2, MOVBE, POPCNT, OSXSAVE, AVX, F16C
  constexpr std::uint32_t haswell1 = bit(0) | bit(1) | bit(9) | bit(12) | bit(13) | bit(19) | bit(20) | bit(22) |
                                     bit(23) | bit(27) | bit(28) | bit(29);
  constexpr std::uint32_t haswell7 = bit(3) | bit(5) | bit(8);  // BMI1, AVX2, BMI2
  constexpr std::uint32_t haswell_extended = bit(0) | bit(5);   // LAHF, LZCNT
  // AVX512 F, DQ, CD, BW, VL; ADX, CLFLUSHOPT; PREFETCHW below
  constexpr std::uint32_t skylake7 = bit(16) | bit(17) | bit(28) | bit(30) | bit(31) | bit(19) | bit(23);
  constexpr std::uint32_t skylake_extended = bit(8);
  constexpr std::uint64_t avx_state = 0x6;      // XMM, upper halves of YMM
  constexpr std::uint64_t avx512_state = 0xe6;  // + mask registers, upper halves of ZMM, ZMM16..31
  if (!all(bits.leaf1_ecx, haswell1) || !all(bits.leaf7_ebx, haswell7) || !all(bits.extended1_ecx, haswell_extended) ||
      (bits.xcr0 & avx_state) != avx_state)
    return CpuLevel::x86_64;
  if (!all(bits.leaf7_ebx, skylake7) || !all(bits.extended1_ecx, skylake_extended) ||
      (bits.xcr0 & avx512_state) != avx512_state)
    return CpuLevel::avx2;
  return CpuLevel::avx512;
}

/// Whether the bfloat16 kernels may be executed, which are compiled for AVX-512 with BF16 and what came before it:
/// IFMA, VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ, GFNI (Zen 4, Sapphire Rapids and later).
constexpr bool has_bf16(const CpuidBits& bits) {
  constexpr auto bit = [](int n) { return std::uint32_t{1} << n; };
  constexpr std::uint32_t wanted = bit(1) | bit(6) | bit(8) | bit(11) | bit(12) | bit(14);
  return level_of(bits) == CpuLevel::avx512 && (bits.leaf7_ebx & bit(21)) != 0 && (bits.leaf7_ecx & wanted) == wanted &&
         (bits.leaf7_1_eax & bit(5)) != 0;
}

/// Whether the kernels with AMX tiles may be executed once the process has permission, which are compiled for Sapphire
/// Rapids: besides the above AVX-VNNI, AVX512-FP16, and AMX with 8-bit and bfloat16 products, whose registers the
/// operating system saves.
constexpr bool has_amx(const CpuidBits& bits) {
  constexpr auto bit = [](int n) { return std::uint32_t{1} << n; };
  constexpr std::uint32_t wanted = bit(22) | bit(23) | bit(24) | bit(25);
  constexpr std::uint64_t tile_state = 0x60000;  // configuration and data
  return has_bf16(bits) && (bits.leaf7_edx & wanted) == wanted && (bits.leaf7_1_eax & bit(4)) != 0 &&
         (bits.xcr0 & tile_state) == tile_state;
}

/// What this machine answers.
inline CpuidBits read_cpuid() {
  CpuidBits bits;
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(1, 0, &a, &b, &c, &d)) bits.leaf1_ecx = c;
  unsigned parts = 0;
  if (__get_cpuid_count(7, 0, &parts, &b, &c, &d)) {
    bits.leaf7_ebx = b;
    bits.leaf7_ecx = c;
    bits.leaf7_edx = d;
  }
  if (parts >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) bits.leaf7_1_eax = a;
  if (__get_cpuid_count(0x80000001u, 0, &a, &b, &c, &d)) bits.extended1_ecx = c;
  if (bits.leaf1_ecx & (1u << 27)) {  // OSXSAVE: XGETBV may be executed
    std::uint32_t low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    bits.xcr0 = (std::uint64_t{high} << 32) | low;
  }
#endif
  return bits;
}

/// The highest level of this machine; asked once.
inline CpuLevel machine_level() {
  static const CpuLevel level = level_of(read_cpuid());
  return level;
}

/// Whether this machine multiplies bfloat16 numbers; asked once.
inline bool machine_has_bf16() {
  static const bool has = has_bf16(read_cpuid());
  return has;
}

/// Whether this machine has AMX tiles and lets this process use them. Linux wants to be asked (the registers are 8 KiB
/// of state for each thread that touches them): that is done once, for all threads, by the first call on such a
/// machine.
inline bool machine_has_amx() {
  static const bool has = [] {
    if (!has_amx(read_cpuid())) return false;
#if defined(__x86_64__) && defined(__linux__)
    constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return ::syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;
#endif
  }();
  return has;
}

/// "x86-64", "avx2" or "avx512".
inline Result<CpuLevel> parse_cpu_level(const std::string& text) {
  for (CpuLevel level : all_cpu_levels)
    if (text == name(level)) return level;
  return Error{ErrorCode::invalid_argument, "no CPU level is called '" + text + "': wanted x86-64, avx2 or avx512"};
}

/// The level that kernels run at: the machine's, or the one that the environment variable HAIRLINE_CPU_LEVEL names.
/// Error: the variable holds no level, or one that this machine does not have (it is never lowered silently).
inline Result<CpuLevel> level() {
  const char* wanted = std::getenv("HAIRLINE_CPU_LEVEL");
  if (wanted == nullptr || *wanted == '\0') return machine_level();
  auto parsed = parse_cpu_level(wanted);
  if (!parsed) return Error{parsed.error().code, "HAIRLINE_CPU_LEVEL: " + parsed.error().message};
  if (*parsed > machine_level())
    return Error{ErrorCode::unsupported, std::string("HAIRLINE_CPU_LEVEL wants ") + name(*parsed) +
                                             ", but this machine has " + name(machine_level()) + " at most"};
  return *parsed;
}

}  // namespace hairline::kernels

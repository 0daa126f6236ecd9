#pragma once
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

namespace hairline::io::detail {

#if defined(__x86_64__) && defined(__GNUC__)
/// Never inlined: across a call the compiler keeps nothing in the upper halves.
__attribute__((noinline, target("avx"))) inline void clear_upper_halves() { _mm256_zeroupper(); }
#endif

/// Calls a function of ISA-L. Its assembly leaves the upper halves of vector registers set (2.30), after which SSE code
/// runs at a sixth of its speed on Zen 4; so every call of it goes through here.
template <class F>
auto by_isal(F&& f) {
  const auto result = f();
#if defined(__x86_64__) && defined(__GNUC__)
  if (__builtin_cpu_supports("avx")) clear_upper_halves();
#endif
  return result;
}

}  // namespace hairline::io::detail

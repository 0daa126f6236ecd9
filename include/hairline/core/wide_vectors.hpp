#pragma once

// Headers are compiled for whatever processor their user names, mostly the oldest. Here is how a loop that counts is
// compiled once more for 256-bit vectors, and which of the two runs is chosen when it runs.

namespace hairline::detail {

#if defined(__x86_64__) && defined(__GNUC__)
template <class F>
__attribute__((target("avx2"), noinline)) void in_wide_vectors(const F& f) {
  f();
}
#endif

/// Calls f, compiled for AVX2 where the processor has it. The results are the same bit for bit: no products and sums
/// are fused.
/// @param f  a lambda marked `__attribute__((always_inline))`; what it calls must be inlined too, or stays narrow
template <class F>
void with_wide_vectors(const F& f) {
#if defined(__x86_64__) && defined(__GNUC__)
  if (__builtin_cpu_supports("avx2")) return in_wide_vectors(f);
#endif
  f();
}

}  // namespace hairline::detail

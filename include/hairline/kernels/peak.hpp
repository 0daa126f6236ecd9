#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "hairline/kernels/cpu_level.hpp"

namespace hairline::kernels {

/// What a machine can do at most, as measured: the two roofs of a roofline.
struct Peak {
  double gflops = 0;  ///< f32 multiply-adds from registers, a multiply-add being two operations
  double gbytes = 0;  ///< bytes read a second from memory, 10^9
};

namespace detail {
#if defined(__x86_64__)
/// 12 chains of vector multiply-adds; returns operations done. Written with intrinsics of the level, so it needs no
/// flags.
__attribute__((target("avx512f"))) inline double multiply_adds_avx512(int rounds, float* sink) {
  __m512 sum[12];
  for (int i = 0; i < 12; ++i) sum[i] = _mm512_set1_ps(0.1f * static_cast<float>(i));
  const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.5f);
  for (int r = 0; r < rounds; ++r) {
    sum[0] = _mm512_fmadd_ps(sum[0], a, b), sum[1] = _mm512_fmadd_ps(sum[1], a, b);
    sum[2] = _mm512_fmadd_ps(sum[2], a, b), sum[3] = _mm512_fmadd_ps(sum[3], a, b);
    sum[4] = _mm512_fmadd_ps(sum[4], a, b), sum[5] = _mm512_fmadd_ps(sum[5], a, b);
    sum[6] = _mm512_fmadd_ps(sum[6], a, b), sum[7] = _mm512_fmadd_ps(sum[7], a, b);
    sum[8] = _mm512_fmadd_ps(sum[8], a, b), sum[9] = _mm512_fmadd_ps(sum[9], a, b);
    sum[10] = _mm512_fmadd_ps(sum[10], a, b), sum[11] = _mm512_fmadd_ps(sum[11], a, b);
  }
  for (int i = 1; i < 12; ++i) sum[0] = _mm512_add_ps(sum[0], sum[i]);
  _mm512_storeu_ps(sink, sum[0]);
  return 12.0 * 16 * 2 * rounds;
}
__attribute__((target("avx2,fma"))) inline double multiply_adds_avx2(int rounds, float* sink) {
  __m256 sum[12];
  for (int i = 0; i < 12; ++i) sum[i] = _mm256_set1_ps(0.1f * static_cast<float>(i));
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.5f);
  for (int r = 0; r < rounds; ++r) {
    sum[0] = _mm256_fmadd_ps(sum[0], a, b), sum[1] = _mm256_fmadd_ps(sum[1], a, b);
    sum[2] = _mm256_fmadd_ps(sum[2], a, b), sum[3] = _mm256_fmadd_ps(sum[3], a, b);
    sum[4] = _mm256_fmadd_ps(sum[4], a, b), sum[5] = _mm256_fmadd_ps(sum[5], a, b);
    sum[6] = _mm256_fmadd_ps(sum[6], a, b), sum[7] = _mm256_fmadd_ps(sum[7], a, b);
    sum[8] = _mm256_fmadd_ps(sum[8], a, b), sum[9] = _mm256_fmadd_ps(sum[9], a, b);
    sum[10] = _mm256_fmadd_ps(sum[10], a, b), sum[11] = _mm256_fmadd_ps(sum[11], a, b);
  }
  for (int i = 1; i < 12; ++i) sum[0] = _mm256_add_ps(sum[0], sum[i]);
  _mm256_storeu_ps(sink, sum[0]);
  return 12.0 * 8 * 2 * rounds;
}
#endif
inline double multiply_adds_plain(int rounds, float* sink) {
  float sum[16];
  for (int i = 0; i < 16; ++i) sum[i] = 0.1f * static_cast<float>(i);
  for (int r = 0; r < rounds; ++r)
    for (float& s : sum) s = s * 0.999f + 0.5f;
  for (int i = 0; i < 16; ++i) sink[i] = sum[i];
  return 16.0 * 2 * rounds;
}
inline double multiply_adds(CpuLevel level, int rounds, float* sink) {
#if defined(__x86_64__)
  if (level == CpuLevel::avx512) return multiply_adds_avx512(rounds, sink);
  if (level == CpuLevel::avx2) return multiply_adds_avx2(rounds, sink);
#endif
  static_cast<void>(level);
  return multiply_adds_plain(rounds, sink);
}

/// Runs f(thread) on several threads at once and returns the seconds until the last is done.
template <class F>
double timed_threads(int threads, F f) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> all;
  for (int t = 1; t < threads; ++t) all.emplace_back([f, t] { f(t); });
  f(0);
  for (std::thread& t : all) t.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}
}  // namespace detail

/// Measures both roofs, best of five. Cost: about a fifth of a second and 64 MiB a thread.
/// @param threads  0: one for each processor
inline Peak measure_peak(int threads = 0) {
  if (threads <= 0) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  Peak peak;
  std::vector<float> sink(static_cast<std::size_t>(threads) * 16);
  constexpr int rounds = 1 << 20;
  for (int turn = 0; turn < 5; ++turn) {
    double operations = 0;
    const double seconds = detail::timed_threads(threads, [&](int t) {
      const double done = detail::multiply_adds(machine_level(), rounds, &sink[static_cast<std::size_t>(t) * 16]);
      if (t == 0) operations = done;
    });
    peak.gflops = std::max(peak.gflops, 1e-9 * operations * threads / seconds);
  }
  constexpr std::size_t floats = std::size_t{16} << 20;
  std::vector<std::vector<float>> memory(static_cast<std::size_t>(threads), std::vector<float>(floats, 1.0f));
  for (int turn = 0; turn < 5; ++turn) {
    const double seconds = detail::timed_threads(threads, [&](int t) {
      const std::vector<float>& own = memory[static_cast<std::size_t>(t)];
      float sum[64] = {};
      for (std::size_t i = 0; i < floats; i += 64)
        for (std::size_t k = 0; k < 64; ++k) sum[k] += own[i + k];
      for (float s : sum) sink[static_cast<std::size_t>(t) * 16] += s;
    });
    peak.gbytes = std::max(peak.gbytes, 1e-9 * static_cast<double>(floats * sizeof(float)) * threads / seconds);
  }
  return peak;
}

}  // namespace hairline::kernels

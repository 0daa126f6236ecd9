#pragma once
#include <cmath>
#include <cstdint>

namespace hairline::demo {

/// A small generator of our own, so that the sample is the same with every standard library (SplitMix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  /// In [0,1).
  float uniform() { return static_cast<float>(next() >> 40) * 0x1p-24f; }
  float between(float low, float high) { return low + (high - low) * uniform(); }
  /// Mean 0, deviation 1: the sum of twelve uniforms, good enough for jitter and sensor noise.
  float normal() {
    float sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

/// Smooth noise in [-1,1] with features of size 1.
inline float noise(float x, float y, std::uint32_t seed = 0) {
  const auto lattice = [seed](int i, int j) {
    std::uint32_t h =
        static_cast<std::uint32_t>(i) * 0x8da6b343u ^ static_cast<std::uint32_t>(j) * 0xd8163841u ^ seed * 0xcb1ab31fu;
    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    h = (h ^ (h >> 12)) * 0x297a2d39u;
    return static_cast<float>((h ^ (h >> 15)) & 0xffff) / 32767.5f - 1;
  };
  const float fx = std::floor(x), fy = std::floor(y);
  const int i = static_cast<int>(fx), j = static_cast<int>(fy);
  const float u = (x - fx) * (x - fx) * (3 - 2 * (x - fx)), v = (y - fy) * (y - fy) * (3 - 2 * (y - fy));
  const float top = lattice(i, j) * (1 - u) + lattice(i + 1, j) * u;
  const float bottom = lattice(i, j + 1) * (1 - u) + lattice(i + 1, j + 1) * u;
  return top * (1 - v) + bottom * v;
}

/// Noise of several sizes, in about [-1,1].
inline float layered_noise(float x, float y, int octaves, std::uint32_t seed = 0) {
  float sum = 0, weight = 0.5f;
  for (int o = 0; o < octaves; ++o) {
    sum += weight * noise(x, y, seed + static_cast<std::uint32_t>(o));
    x *= 2.03f;
    y *= 2.03f;
    weight *= 0.5f;
  }
  return sum;
}

}  // namespace hairline::demo

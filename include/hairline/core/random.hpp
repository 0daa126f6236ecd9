#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace hairline {

/// Random numbers that depend on (seed, stream) alone, the same with every standard library.
/// SplitMix64.  Steele et al., OOPSLA 2014.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : state_(mixed(seed + mixed(stream + golden))) {}

  std::uint64_t next() { return mixed(state_ += golden); }
  /// In [0,1).
  float uniform() { return static_cast<float>(next() >> 40) * 0x1p-24f; }
  float between(float low, float high) { return low + (high - low) * uniform(); }
  /// Uniform in the logarithm, for sizes and scales.  @pre 0 < low
  float scale_between(float low, float high) { return low * std::pow(high / low, uniform()); }
  /// Whole number, both ends included.
  int whole(int low, int high) {
    const auto count = static_cast<std::uint64_t>(high - low + 1);
    return low + static_cast<int>(((next() >> 32) * count) >> 32);
  }
  bool chance(float probability) { return uniform() < probability; }
  float sign() { return (next() >> 63) != 0 ? 1.0f : -1.0f; }
  float angle() { return between(0, 6.2831853f); }
  /// Mean 0, deviation 1, never beyond 3.5: the sum of four uniforms.
  float normal() {
    const std::uint64_t bits = next();
    const auto sum = static_cast<float>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
    return (sum * 0x1p-16f - 2.0f) * 1.7320508f;
  }
  /// An independent stream, so that one part of a scene drawing more numbers does not change the next part.
  Random fork() { return Random(next()); }

  static constexpr std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15u;
  std::uint64_t state_;
};

}  // namespace hairline

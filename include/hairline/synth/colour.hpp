#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "hairline/core/image.hpp"
#include "hairline/core/random.hpp"

namespace hairline::synth {

/// A colour in sRGB code values, the space in which everything here is mixed.
struct Paint {
  float r = 0, g = 0, b = 0;
  friend Paint operator*(float s, Paint p) { return {s * p.r, s * p.g, s * p.b}; }
  friend Paint operator+(Paint p, Paint q) { return {p.r + q.r, p.g + q.g, p.b + q.b}; }
  friend Paint operator-(Paint p, Paint q) { return {p.r - q.r, p.g - q.g, p.b - q.b}; }
};
inline Paint mix(Paint a, Paint b, float t) { return a + t * (b - a); }
inline float grey(Paint p) { return 0.299f * p.r + 0.587f * p.g + 0.114f * p.b; }
inline Paint clamped(Paint p) {
  return {std::clamp(p.r, 0.0f, 1.0f), std::clamp(p.g, 0.0f, 1.0f), std::clamp(p.b, 0.0f, 1.0f)};
}
inline Paint times(Paint a, Paint b) { return {a.r * b.r, a.g * b.g, a.b * b.b}; }

/// Hue in turns, saturation and value in [0,1].
inline Paint from_hsv(float hue, float saturation, float value) {
  const auto channel = [&](float shift) {
    float k = hue + shift;
    k = (k - std::floor(k)) * 6;
    return value * (1 - saturation * std::clamp(std::min(k, 4 - k), 0.0f, 1.0f));
  };
  return {channel(5.0f / 6), channel(0.5f), channel(1.0f / 6)};
}

/// Colours as photographs have them: mostly weak, now and then strong, from black to white.
inline Paint any_colour(Random& r) {
  const float strong = r.uniform();
  const float saturation = r.chance(0.25f) ? strong : strong * strong * 0.55f;
  const float value = r.chance(0.2f) ? r.between(0.02f, 0.25f) : r.between(0.15f, 1.0f);
  // Hues of wood, brick, skin and foliage are commoner than violet.
  const float hue = r.chance(0.55f) ? r.between(0.02f, 0.17f) : r.uniform();
  return from_hsv(hue, saturation, value);
}
inline Paint jittered(Paint p, Random& r, float amount) {
  const float common = amount * r.normal();
  return clamped({p.r + common + 0.4f * amount * r.normal(), p.g + common + 0.4f * amount * r.normal(),
                  p.b + common + 0.4f * amount * r.normal()});
}

template <std::size_t N>
Paint pick(Random& r, const std::array<Paint, N>& from) {
  return from[static_cast<std::size_t>(r.whole(0, static_cast<int>(N) - 1))];
}

/// Where a subject's colours come from: free, or close to what the plate shows behind it.
class Colours {
 public:
  Colours() = default;
  /// @param plate (H, W, 3), kept by reference
  /// @param share how often a colour is the plate's
  Colours(const Image<float>& plate, float share) : plate_(&plate), share_(share) {}
  /// `own` or, with the share's chance, a colour of the plate near it.
  Paint operator()(Random& r, Paint own) const {
    const bool close = r.chance(share_);
    const float u = r.uniform(), v = r.uniform(), jitter = r.between(0, 0.06f);
    if (!close || plate_ == nullptr || plate_->empty()) return own;
    const int x = static_cast<int>(u * static_cast<float>(plate_->width()));
    const int y = static_cast<int>(v * static_cast<float>(plate_->height()));
    return jittered({(*plate_)(y, x, 0), (*plate_)(y, x, 1), (*plate_)(y, x, 2)}, r, jitter);
  }
  Paint any(Random& r) const { return (*this)(r, any_colour(r)); }

 private:
  const Image<float>* plate_ = nullptr;
  float share_ = 0;
};

}  // namespace hairline::synth

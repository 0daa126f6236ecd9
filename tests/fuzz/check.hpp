#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>

#include "hairline/io/read.hpp"

// What every picture reader promises for any bytes: a picture that agrees with itself, or one line of error.
namespace hairline::fuzz {

inline constexpr io::ReadLimits limits{.max_pixels = 1 << 18, .max_bytes = 1 << 24};

inline void require(bool condition) {
  if (!condition) std::abort();
}

inline void check(const Result<io::Picture>& result) {
  if (!result) {
    require(!result.error().message.empty() && result.error().message.find('\n') == std::string::npos);
    require(result.error().code != ErrorCode::invalid_argument);
    return;
  }
  const auto& p = *result;
  require(!p.pixels.shape().empty() && p.pixels.channels() <= 4 && p.pixels.shape().pixels() <= limits.max_pixels);
  require(p.pixels.size() == p.pixels.shape().size());
  require((p.alpha == AlphaMode::none) == (p.pixels.channels() == 1 || p.pixels.channels() == 3));
  require(io::to_image(p).shape() == Shape{p.pixels.height(), p.pixels.width(), 3});
  require(io::to_plane(p).shape() == Shape{p.pixels.height(), p.pixels.width(), 1});
  require(io::to_rgba(p).shape() == Shape{p.pixels.height(), p.pixels.width(), 4});
}

inline void check_unit(const Result<io::Picture>& result) {
  check(result);
  if (!result) return;
  for (const float v : result->pixels) require(v >= 0.0f && v <= 1.0f);
}

}  // namespace hairline::fuzz

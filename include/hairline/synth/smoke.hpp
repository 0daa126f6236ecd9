#pragma once
#include <algorithm>
#include <cmath>

#include "hairline/synth/cloth.hpp"

namespace hairline::synth {

/// Smoke, steam, flames, spray or dust: coverage from warped noise that fades out, around the stand's origin.
inline void paint_smoke(Canvas& c, const Supplies& s, Random& r, const Stand& stand) {
  const int kind = r.whole(0, 5);
  const bool flame = kind == 0, spray = kind == 1;
  const Field &shape = s.bank.field(flame ? 2 : static_cast<std::size_t>(r.whole(2, 3))), &swirl = s.bank.field(4),
              &fine = s.bank.field(0);
  const float size = stand.scale, k = r.between(0.25f, 1) / size, warp = r.between(0, 0.35f);
  const float dense = r.between(0.3f, 1.3f), cut = r.between(-2.2f, 0.4f), soft = r.between(0.8f, 3);
  const float wide = r.between(0.35f, 1.4f), tall = r.between(0.4f, 1), u = r.uniform(), v = r.uniform(),
              rise = r.between(1, 2.5f);
  const Paint pale =
      flame ? Paint{1, 0.85f, 0.35f} : s.colours(r, mix(from_hsv(r.uniform(), 0.2f, 0.95f), {1, 1, 1}, r.uniform()));
  const Paint deep = flame ? Paint{0.85f, 0.2f, 0.05f} : r.between(0.15f, 0.9f) * pale;
  const float cosine = std::cos(stand.angle), sine = std::sin(stand.angle);
  for (int y = 0; y < c.height(); ++y)
    for (int x = 0; x < c.width(); ++x) {
      const Point d = (1 / size) * (Point{static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f} - stand.origin);
      const Point p{cosine * d.x + sine * d.y, cosine * d.y - sine * d.x};
      // A plume widens as it rises from its foot at (0, 1).
      const float up = std::clamp((1 - p.y / tall) * 0.5f, 0.0f, 1.5f),
                  breadth = wide * (0.15f + (flame ? 0.85f - 0.6f * up : up));
      const float off = p.x / breadth;
      const float fade =
          (1 - smooth_step(0.3f, 1, std::abs(off))) * (1 - smooth_step(0.7f, 1.1f, up)) * (p.y < tall ? 1.0f : 0.0f);
      if (fade <= 0) continue;
      const float px = p.x * k * size, py = p.y * k * size / rise;
      const float wx = warp * swirl(px * 0.5f + v, py * 0.5f), wy = warp * swirl(py * 0.5f, px * 0.5f + u);
      float n = shape(px + wx + u, py + wy + v);
      if (spray) n = 0.4f * n + 0.8f * fine(4 * px + u, 4 * py);
      const float a = std::clamp(dense * fade * smooth_step(cut, cut + soft, n), 0.0f, 1.0f);
      if (a > 0.002f)
        c.blend(y, x,
                clamped(mix(deep, pale, std::clamp(0.5f + 0.35f * n - (flame ? 0.5f * up - 0.2f : 0.0f), 0.0f, 1.0f))),
                a);
    }
}

}  // namespace hairline::synth

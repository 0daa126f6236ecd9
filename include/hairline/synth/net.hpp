#pragma once
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "hairline/synth/cloth.hpp"

namespace hairline::synth {

namespace detail {

// A sheet hanging in space: (u, v) in [-1,1] to pixels, with waves.
struct Sheet {
  Stand stand;
  float wide = 1, tall = 1, wave = 0.05f, waves = 2, phase = 0, sag = 0.1f;
  Point operator()(float u, float v) const {
    const float x =
        wide * u + wave * std::sin(waves * 3 * v + phase) + 0.5f * wave * std::sin(waves * 5 * u + 2 * phase);
    const float y = tall * v + wave * std::sin(waves * 4 * u + phase) + sag * (1 - u * u);
    return stand.at(x, y);
  }
};

inline Sheet any_sheet(Random& r, const Stand& stand) {
  return {stand,     r.between(0.4f, 1.2f), r.between(0.4f, 1.2f), r.between(0, 0.12f), r.between(0.5f, 2.5f),
          r.angle(), r.between(-0.1f, 0.3f)};
}

// A thread along a curve on the sheet, in short straight pieces.
template <class F>
void thread(Canvas& c, float width, int pieces, F&& place) {
  Outline left, right;
  Point before = place(0);
  for (int i = 0; i <= pieces; ++i) {
    const Point p = place(static_cast<float>(i) / static_cast<float>(pieces)),
                next = place((static_cast<float>(i) + 0.5f) / static_cast<float>(pieces));
    const Point n = (0.5f * width) * across(unit(next - before));
    left.push_back(p + n);
    right.push_back(p - n);
    before = p;
  }
  for (std::size_t i = right.size(); i-- > 0;) left.push_back(right[i]);
  c.coverage().add(left);
}

// Square, diamond or six-sided meshes, or a web's rays and rings.
inline void mesh(Canvas& c, Random& r, const Sheet& sheet, int kind, int count, float width) {
  const float n = static_cast<float>(count);
  const int pieces = std::clamp(count * 2, 8, 64);
  const auto lerp = [](float a, float b, float t) { return a + (b - a) * t; };
  if (kind == 0) {
    for (int i = 0; i <= count; ++i) {
      const float a = -1 + 2 * static_cast<float>(i) / n;
      thread(c, width, pieces, [&](float t) { return sheet(a, lerp(-1, 1, t)); });
      thread(c, width, pieces, [&](float t) { return sheet(lerp(-1, 1, t), a); });
    }
  } else if (kind == 1) {
    for (int i = 1; i < 2 * count; ++i) {
      const float a = -2 + 2 * static_cast<float>(i) / n, from = std::max(-1.0f, a - 1), to = std::min(1.0f, a + 1);
      thread(c, width, pieces, [&](float t) { return sheet(lerp(from, to, t), a - lerp(from, to, t)); });
      thread(c, width, pieces, [&](float t) { return sheet(lerp(from, to, t), lerp(from, to, t) - a); });
    }
  } else if (kind == 2) {
    for (int i = 0; i < count; ++i)
      for (int j = 0; j < count; ++j) {
        const float u = -1 + 2 * (static_cast<float>(j) + (i % 2 != 0 ? 0.5f : 0.0f)) / n,
                    v = -1 + 2 * static_cast<float>(i) / n, q = 1 / n;
        const Point a{u, v}, b{u, v + 1.33f * q}, d{u + q, v + 2 * q}, e{u - q, v + 2 * q};
        for (const auto& [p, to] : {std::pair{a, b}, std::pair{b, d}, std::pair{b, e}})
          thread(c, width, 2, [&, p = p, to = to](float t) { return sheet(lerp(p.x, to.x, t), lerp(p.y, to.y, t)); });
      }
  } else {
    const int rays = r.whole(8, 22), rings = count;
    for (int i = 0; i < rays; ++i) {
      const Point d = direction(6.2831853f * static_cast<float>(i) / static_cast<float>(rays) + 0.08f * r.normal());
      thread(c, width, 10, [&](float t) { return sheet(d.x * t, d.y * t); });
    }
    for (int k = 1; k < rings; ++k) {
      const float q = static_cast<float>(k) / static_cast<float>(rings);
      thread(c, width * 0.7f, rays * 3, [&](float t) {
        const float a = t * 6.2831853f, dip = 1 - 0.12f * std::abs(std::sin(a * static_cast<float>(rays) / 2));
        return sheet(q * dip * std::cos(a), q * dip * std::sin(a));
      });
    }
  }
}

// Lace: a fabric of rosettes, rings and dots joined by threads, with a scalloped edge.
inline void lace(Canvas& c, Random& r, const Sheet& sheet, int count, float width) {
  const float q = 1 / static_cast<float>(count);
  const int petals = r.whole(4, 8);
  for (int i = 0; i <= count; ++i)
    for (int j = 0; j <= count; ++j) {
      const float u = -1 + 2 * q * static_cast<float>(j), v = -1 + 2 * q * static_cast<float>(i);
      for (int k = 0; k < petals; ++k) {
        const Point d = direction(6.2831853f * static_cast<float>(k) / static_cast<float>(petals));
        thread(c, width, 12, [&](float t) {
          const float a = 6.2831853f * t, along = 0.5f - 0.5f * std::cos(a), off = 0.3f * std::sin(a);
          return sheet(u + 0.9f * q * (along * d.x - off * d.y), v + 0.9f * q * (along * d.y + off * d.x));
        });
      }
      thread(c, width, 8, [&](float t) {
        return sheet(u + 0.25f * q * std::cos(6.2831853f * t), v + 0.25f * q * std::sin(6.2831853f * t));
      });
    }
  mesh(c, r, sheet, 0, count, width * 0.6f);
}

// A veil or curtain: cloth of partial coverage, denser where it folds.
inline void veil(Canvas& c, const Supplies& s, Random& r, const Sheet& sheet, Paint paint) {
  Outline o;
  for (int i = 0; i < 24; ++i) o.push_back(sheet(-1 + static_cast<float>(i) / 12, -1));
  for (int i = 0; i < 24; ++i) o.push_back(sheet(1, -1 + static_cast<float>(i) / 12));
  for (int i = 0; i < 24; ++i) o.push_back(sheet(1 - static_cast<float>(i) / 12, 1));
  for (int i = 0; i < 24; ++i) o.push_back(sheet(-1, 1 - static_cast<float>(i) / 12));
  c.coverage().add(o);
  const float thin = r.between(0.08f, 0.6f), dense = r.between(0.1f, 0.5f),
              size = 1 / (sheet.stand.scale * r.between(0.4f, 1.5f));
  const float pleats = r.between(0.5f, 4), weave = r.chance(0.4f) ? r.between(0.05f, 0.25f) : 0,
              fine = 1 / (r.between(4, 16) * s.unit);
  const Field& f = s.bank.field(4);
  const float u = r.uniform(), sway = 0.4f * r.normal();
  c.coverage().sweep([&](int y, int x, float a) {
    const float px = static_cast<float>(x) * size, py = static_cast<float>(y) * size;
    const float fold = std::abs(std::sin(pleats * 6 * (px + sway * py) + 1.5f * f(px * 0.3f + u, py * 0.15f)));
    float k = thin + dense * (1 - fold) * (1 - fold);
    if (weave > 0)
      k += weave * std::sin(static_cast<float>(x) * fine * 6.28f) * std::sin(static_cast<float>(y) * fine * 6.28f);
    c.blend(y, x, (0.8f + 0.3f * fold) * paint, a * std::clamp(k, 0.02f, 0.97f));
  });
}

}  // namespace detail

/// A net, fence, web, lace or veil of about two units across, around the stand's origin.
inline void paint_net(Canvas& c, const Supplies& s, Random& r, const Stand& stand) {
  using namespace detail;
  const Sheet sheet = any_sheet(r, stand);
  const Paint paint = s.colours(r, r.chance(0.4f) ? from_hsv(0.1f, 0.05f, r.between(0.7f, 1)) : any_colour(r));
  if (r.chance(0.3f)) return veil(c, s, r, sheet, paint);
  const int kind = r.whole(0, 4);
  const float cells = std::clamp(stand.scale / (r.scale_between(4, 26) * s.unit), 3.0f, 32.0f);
  const int count = static_cast<int>(cells);
  const float cell = 2 * stand.scale * sheet.wide / cells,
              width = std::max(cell * r.scale_between(0.04f, 0.35f), 0.3f * s.unit);
  if (kind == 4) {
    lace(c, r, sheet, std::min(count, 14), width * 0.5f);
  } else {
    mesh(c, r, sheet, kind, count, width);
  }
  const float vary = r.between(0, 0.4f), k = 0.7f / stand.scale;
  const Field& f = s.bank.field(2);
  c.fill([&](float x, float y) { return (1 + vary * 0.5f * f(x * k, y * k)) * paint; },
         r.chance(0.7f) ? 1 : r.between(0.5f, 1));
  if (r.chance(0.4f)) {  // a rim, frame or posts
    const Material m = stuff(s, r, stand.scale);
    for (const float side : {-1.0f, 1.0f})
      thread(c, width * 2.5f, 24, [&](float t) { return sheet(side, -1 + 2 * t); });
    for (const float side : {-1.0f, 1.0f})
      thread(c, width * 2.5f, 24, [&](float t) { return sheet(-1 + 2 * t, side); });
    c.fill(m);
  }
}

}  // namespace hairline::synth

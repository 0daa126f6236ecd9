#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "hairline/augment/blur.hpp"
#include "hairline/synth/cloth.hpp"
#include "hairline/synth/lighting.hpp"

namespace hairline::synth {

namespace detail {

// A tile laid so that most of its own colours stay, tinted a little; for facades, hedges, shelves.
inline Material as_it_is(const Supplies& s, Random& r, Pattern p, float pixels) {
  const float low = r.between(-0.05f, 0.15f), high = r.between(0.75f, 1.1f);
  const Paint tint = mix({1, 1, 1}, any_colour(r), r.between(0, 0.25f));
  Material m = s.bank.material(r, s.bank.tile(r, p), pixels, {low, low, low}, high * tint, r.between(0.5f, 1.1f));
  return m;
}
inline Material surface(const Supplies& s, Random& r, float size) {
  const Paint main = any_colour(r);
  const float differ = r.between(0.03f, 0.25f);
  const auto& t = s.bank.tile(r, {Pattern::noise, Pattern::noise, Pattern::streaks, Pattern::wood, Pattern::bricks,
                                  Pattern::tiling, Pattern::pebbles, Pattern::knit});
  Material m = s.bank.material(r, t, size, clamped(main - Paint{differ, differ, differ}),
                               clamped(main + Paint{differ, differ, differ}), r.between(0, 0.15f));
  m.lay(r, size * r.between(0.15f, 1), r.chance(0.6f) ? 0 : r.angle());
  return m;
}
inline Outline all_of(const Canvas& c) {
  return rectangle(0, 0, static_cast<float>(c.width()), static_cast<float>(c.height()));
}

// The ground seen at a slant below the horizon: farther is smaller.
inline void paint_ground(Canvas& c, Random& r, Material m, float horizon) {
  const float near = r.between(0.5f, 2), width = static_cast<float>(c.width());
  const float tall = std::max(static_cast<float>(c.height()) - horizon, 1.0f), period = 1 / m.scale_x;
  const float base_level = static_cast<float>(m.level);
  float row = -1;
  Material at_row = m;
  c.fill(rectangle(0, horizon, width, static_cast<float>(c.height())), [&](float x, float y) {
    const float depth = tall / std::max(y - horizon, 0.5f);  // 1 at the lower border
    if (y != row) {
      row = y;
      at_row.level =
          std::clamp(static_cast<int>(base_level + std::log2(std::max(depth, 1.0f)) * 1.3f), 0, Tile::levels - 1);
    }
    return at_row((x - width / 2) * depth, near * period * depth * 2);
  });
}

inline void paint_sky(Canvas& c, const Supplies& s, Random& r) {
  const Paint high = from_hsv(r.between(0.54f, 0.64f), r.between(0.05f, 0.7f), r.between(0.35f, 0.95f));
  const Paint low = mix(high, r.chance(0.3f) ? from_hsv(r.between(0, 0.12f), 0.5f, 0.95f) : Paint{0.95f, 0.95f, 0.95f},
                        r.between(0.2f, 0.9f));
  const Field& f = s.bank.field(static_cast<std::size_t>(r.whole(2, 3)));
  const float k = r.between(0.15f, 0.6f) / static_cast<float>(std::max(c.width(), c.height())), u = r.uniform(),
              cut = r.between(-0.6f, 1.5f);
  const float tall = static_cast<float>(c.height()), amount = r.between(0.2f, 1);
  const Paint cloud = mix({0.97f, 0.97f, 0.98f}, {0.55f, 0.57f, 0.62f}, r.uniform());
  c.fill(all_of(c), [&](float x, float y) {
    const float t = f(x * k + u, y * k * 2.2f);
    return mix(mix(high, low, y / tall), cloud, amount * smooth_step(cut, cut + 1.5f, t));
  });
}

// A line of hills, trees or roofs across the picture, with what is below it painted.
inline void paint_ridge(Canvas& c, const Supplies& s, Random& r, float base, float rough, const Material& m,
                        bool roofs) {
  const Field& f = s.bank.field(static_cast<std::size_t>(r.whole(1, 4)));
  const float k = r.between(0.2f, 1.2f) / static_cast<float>(c.width()), v = r.uniform();
  Outline o{{-5, static_cast<float>(c.height()) + 5}};
  float step = 0, level = base;
  for (float x = -5; x <= static_cast<float>(c.width()) + 5; x += 1.5f * std::max(s.unit, 1.0f)) {
    if (roofs) {
      if (x >= step) level = base + rough * r.normal(), step = x + r.between(8, 40) * s.unit;
      o.push_back({x, level});
    } else {
      o.push_back({x, base + rough * f(x * k, v)});
    }
  }
  o.push_back({static_cast<float>(c.width()) + 5, static_cast<float>(c.height()) + 5});
  c.fill(o, m);
}

inline void paint_tree(Canvas& c, const Supplies& s, Random& r, float ground) {
  const float tall = r.between(0.25f, 0.8f) * static_cast<float>(c.height()),
              x = r.uniform() * static_cast<float>(c.width());
  const Material leaf = as_it_is(s, r, r.chance(0.8f) ? Pattern::leaves : Pattern::noise, r.between(60, 200) * s.unit);
  const Paint bark = from_hsv(0.08f, 0.4f, r.between(0.1f, 0.45f));
  c.fill(Spine::smooth({{x, ground}, {x + 0.04f * tall * r.normal(), ground - tall * 0.7f}},
                       {tall * 0.035f, tall * 0.012f})
             .outline(),
         bark);
  const int puffs = r.whole(5, 26);
  const bool fir = r.chance(0.3f);
  for (int i = 0; i < puffs; ++i) {
    const float h = r.between(0.2f, 1), q = tall * (fir ? 0.25f * (1.1f - h) : 0.12f) * r.between(0.6f, 1.4f);
    const Point at{x + (fir ? 0.08f : 0.2f) * tall * r.normal() * (1.2f - h), ground - tall * h};
    Outline o;
    for (int k = 0; k < 11; ++k)
      o.push_back(at + (q * r.between(0.6f, 1.3f)) * direction(6.2831853f * static_cast<float>(k) / 11));
    const float light = 0.7f + 0.4f * h + 0.1f * r.normal();
    c.fill(smooth_closed(o), [&](float px, float py) { return light * leaf(px, py); });
  }
}

inline void paint_outdoors(Canvas& c, const Supplies& s, Random& r) {
  const float h = static_cast<float>(c.height()), horizon = h * r.between(0.15f, 0.75f);
  paint_sky(c, s, r);
  const int ridges = r.whole(0, 3);
  for (int i = 0; i < ridges; ++i) {
    const bool roofs = r.chance(0.35f);
    Material m = roofs
                     ? as_it_is(s, r, r.chance(0.6f) ? Pattern::windows : Pattern::bricks, r.between(30, 120) * s.unit)
                     : surface(s, r, 120 * s.unit);
    if (!roofs) {
      const Paint far = from_hsv(r.between(0.2f, 0.62f), r.between(0.1f, 0.5f), r.between(0.2f, 0.7f));
      m.tile = &s.bank.tile(r, {Pattern::noise, Pattern::leaves});
      m.dark = 0.75f * far, m.light = clamped(1.2f * far);
    }
    paint_ridge(c, s, r, horizon - h * 0.05f * static_cast<float>(ridges - i), h * r.between(0.005f, 0.08f), m, roofs);
  }
  Material ground = as_it_is(s, r,
                             r.chance(0.4f)   ? Pattern::grass
                             : r.chance(0.3f) ? Pattern::water
                             : r.chance(0.5f) ? Pattern::pebbles
                                              : Pattern::noise,
                             r.between(60, 250) * s.unit);
  if (r.chance(0.5f)) ground.chroma *= 0.4f;
  paint_ground(c, r, ground, horizon);
  const int trees = r.chance(0.6f) ? r.whole(1, 6) : 0;
  for (int i = 0; i < trees; ++i) paint_tree(c, s, r, horizon + h * r.between(0, 0.3f));
}

// One piece of furniture, picture, window, cupboard or box: a rectangle with what is in it.
inline void paint_panel(Canvas& c, const Supplies& s, Random& r, float left, float top, float right, float bottom) {
  const float size = std::max(right - left, bottom - top), e = r.between(0.01f, 0.06f) * size;
  const int kind = r.whole(0, 6);
  if (r.chance(0.4f)) c.fill(rectangle(left + e, top + e, right + 2 * e, bottom + e), Paint{0, 0, 0}, 0.3f);
  if (kind == 0) {
    c.fill(rectangle(left, top, right, bottom), as_it_is(s, r, Pattern::books, size * r.between(0.5f, 1.2f)));
  } else if (kind == 1) {  // a window: bright, with bars
    const Paint out = from_hsv(0.57f, r.between(0, 0.3f), r.between(0.75f, 1)), frame = any_colour(r);
    const Material trees = as_it_is(s, r, Pattern::leaves, size * 0.7f);
    const float see = r.between(0, 0.8f);
    c.fill(rectangle(left, top, right, bottom), [&](float x, float y) { return mix(out, trees(x, y), see); });
    const int bars = r.whole(1, 4);
    for (int i = 0; i <= bars; ++i) {
      const float x = left + (right - left) * static_cast<float>(i) / static_cast<float>(bars);
      c.fill(rectangle(x - e, top, x + e, bottom), frame);
    }
    c.fill(rectangle(left, top - e, right, top + e), frame);
    c.fill(rectangle(left, bottom - e, right, bottom + e), frame);
  } else if (kind == 2) {  // a picture or screen in a frame
    c.fill(rectangle(left, top, right, bottom), any_colour(r));
    const Pattern p = r.chance(0.5f) ? Pattern::heap : r.chance(0.5f) ? Pattern::writing : Pattern::floral;
    c.fill(rectangle(left + 2 * e, top + 2 * e, right - 2 * e, bottom - 2 * e),
           as_it_is(s, r, p, size * r.between(0.4f, 1.2f)));
  } else if (kind == 3) {  // curtains or a radiator
    const Paint main = any_colour(r);
    const float pleats = static_cast<float>(r.whole(4, 20)), depth = r.between(0.1f, 0.45f),
                wander = r.between(0, 0.1f);
    c.fill(rectangle(left, top, right, bottom), [&](float x, float y) {
      const float u = (x - left) / std::max(right - left, 1.0f) + wander * std::sin((y - top) / size * 2);
      return (1 - depth * std::abs(std::sin(3.14159f * pleats * u))) * main;
    });
  } else {
    const Material m = surface(s, r, size);
    const float slope = r.between(-0.3f, 0.3f);
    c.fill(rectangle(left, top, right, bottom),
           [&](float x, float y) { return (1 + slope * ((x - left) + (y - top)) / (2 * size)) * m(x, y); });
    const int rows = r.whole(0, 5);
    const Paint line = r.chance(0.5f) ? Paint{0.05f, 0.05f, 0.05f} : any_colour(r);
    for (int i = 1; i < rows; ++i) {
      const float y = top + (bottom - top) * static_cast<float>(i) / static_cast<float>(rows);
      c.fill(rectangle(left, y - 0.4f * e, right, y + 0.4f * e), line);
      if (kind == 4) c.fill(ellipse({0.5f * (left + right), y - 3 * e}, e, e), line);
    }
  }
}

inline void paint_room(Canvas& c, const Supplies& s, Random& r) {
  const float w = static_cast<float>(c.width()), h = static_cast<float>(c.height()), floor = h * r.between(0.55f, 1.1f);
  Material wall = surface(s, r, w);
  if (r.chance(0.6f)) {
    const Paint plain = from_hsv(r.between(0.05f, 0.65f), r.between(0, 0.25f), r.between(0.4f, 0.98f));
    wall.tile = &s.bank.tile(r, Pattern::noise);
    wall.dark = 0.93f * plain, wall.light = clamped(1.05f * plain), wall.chroma = 0.02f;
  }
  c.fill(all_of(c), wall);
  if (floor < h) {
    paint_ground(c, r, surface(s, r, 150 * s.unit), floor);
    c.fill(rectangle(0, floor - 0.015f * h, w, floor), any_colour(r));
  }
  const int panels = r.whole(1, 12);
  for (int i = 0; i < panels; ++i) {
    const float pw = w * r.between(0.05f, 0.45f), ph = h * r.between(0.06f, 0.7f), x = r.between(-0.1f, 0.95f) * w;
    const float y = r.chance(0.5f) ? floor - ph + 0.05f * h * r.uniform() : r.between(-0.1f, 0.7f) * h;
    paint_panel(c, s, r, x, y, x + pw, y + ph);
  }
  const int clutter = r.whole(0, 25);
  for (int i = 0; i < clutter; ++i) {
    const float q = w * r.scale_between(0.008f, 0.07f), x = r.uniform() * w, y = r.uniform() * h;
    const Paint p = any_colour(r);
    const Point light{x - q, y - q};
    const auto shade = [&](float px, float py) { return (1.15f - 0.25f * length(Point{px, py} - light) / q) * p; };
    if (r.chance(0.5f))
      c.fill(ellipse({x, y}, q, q * r.between(0.4f, 1.5f)), shade);
    else
      c.fill(rectangle(x - q, y - q * r.between(0.4f, 2.5f), x + q, y + q), shade);
  }
}

inline void paint_facade(Canvas& c, const Supplies& s, Random& r) {
  const float h = static_cast<float>(c.height());
  Material m = as_it_is(s, r, r.chance(0.55f) ? Pattern::windows : Pattern::bricks, r.between(80, 400) * s.unit);
  const float angle = r.between(-0.1f, 0.1f);
  m.lay(r, r.between(80, 400) * s.unit, angle);
  c.fill(all_of(c), m);
  const float floor = h * r.between(0.7f, 1.2f);
  if (floor < h) paint_ground(c, r, surface(s, r, 150 * s.unit), floor);
  for (int i = r.whole(0, 3); i > 0; --i) paint_tree(c, s, r, std::min(floor, h) + 0.1f * h);
}

// Shapes of all sizes over each other, each with a texture and a slope of light: a heap of things at any distance.
inline void paint_heap(Canvas& c, const Supplies& s, Random& r) {
  const float w = static_cast<float>(c.width()), h = static_cast<float>(c.height()), least = r.between(4, 14) * s.unit;
  const int paints = r.whole(3, 9);
  std::vector<Material> stock;
  for (int i = 0; i < paints; ++i)
    stock.push_back(r.chance(0.5f) ? surface(s, r, 150 * s.unit)
                                   : as_it_is(s, r, static_cast<Pattern>(r.whole(0, 20)), r.between(50, 200) * s.unit));
  c.fill(all_of(c), stock[0]);
  const float edgy = r.uniform(), upright = r.uniform();
  for (int i = r.whole(40, 160); i > 0; --i) {
    const float q = std::min(least / std::sqrt(std::max(r.uniform(), 0.003f)), 0.35f * w), aspect = r.between(0.3f, 1);
    const Point at{r.uniform() * w, r.uniform() * h};
    const float angle = r.chance(upright) ? 0 : r.angle(), gx = 0.3f * r.normal() / q, gy = 0.3f * r.normal() / q,
                light = r.between(0.6f, 1.25f);
    const Material& m = stock[static_cast<std::size_t>(r.whole(0, paints - 1))];
    Outline o;
    if (r.chance(edgy)) {
      const int n = r.whole(3, 6);
      for (int k = 0; k < n; ++k) {
        const Point d = direction(angle + 0.785f + 6.2831853f * static_cast<float>(k) / static_cast<float>(n));
        o.push_back(at + Point{q * d.x, q * aspect * d.y});
      }
    } else {
      o = ellipse(at, q, q * aspect, angle);
    }
    c.fill(o, [&](float x, float y) {
      return (light * std::clamp(1 + gx * (x - at.x) + gy * (y - at.y), 0.3f, 1.8f)) * m(x, y);
    });
  }
}

inline void paint_hedge(Canvas& c, const Supplies& s, Random& r) {
  c.fill(all_of(c), as_it_is(s, r, r.chance(0.7f) ? Pattern::leaves : Pattern::grass, r.between(100, 350) * s.unit));
  const float hue = r.chance(0.8f) ? r.between(0.17f, 0.4f) : r.uniform(), w = static_cast<float>(c.width()),
              h = static_cast<float>(c.height());
  const float size = r.between(3, 16) * s.unit, slim = r.between(0.15f, 0.6f), main = r.angle(),
              spread = r.between(0.3f, 2);
  for (int i = r.whole(0, 500); i > 0; --i) {
    const Point at{r.uniform() * w, r.uniform() * h};
    const Paint p = from_hsv(hue + 0.03f * r.normal(), r.between(0.2f, 0.8f), r.between(0.1f, 0.95f));
    const float q = size * r.between(0.5f, 1.6f);
    c.fill(ellipse(at, q, q * slim, main + spread * r.normal()), p);
  }
}

inline void paint_studio(Canvas& c, const Supplies& s, Random& r) {
  Paint main = r.chance(0.3f) ? from_hsv(r.chance(0.6f) ? 0.34f : 0.6f, 0.75f, 0.75f) : any_colour(r);
  if (r.chance(0.3f)) main = r.chance(0.5f) ? Paint{0.96f, 0.96f, 0.96f} : Paint{0.04f, 0.04f, 0.04f};
  const float w = static_cast<float>(c.width()), h = static_cast<float>(c.height()), spot = r.between(0, 0.5f),
              grain = r.between(0, 0.06f);
  const Point centre{w * r.uniform(), h * r.uniform()};
  const Field& f = s.bank.field(static_cast<std::size_t>(r.whole(1, 5)));
  const float k = r.between(0.1f, 1) / w;
  c.fill(all_of(c), [&](float x, float y) {
    const float d = length(Point{x, y} - centre) / w;
    const float g = grain * f(x * k, y * k);
    return (1.05f - spot * d * d) * main + Paint{g, g, g};
  });
}

inline void paint_surface(Canvas& c, const Supplies& s, Random& r) {
  const Pattern p = static_cast<Pattern>(r.whole(0, static_cast<int>(Pattern::count) - 1));
  Material m = as_it_is(s, r, p, r.between(60, 400) * s.unit);
  if (r.chance(0.5f)) m.dark = any_colour(r), m.light = any_colour(r);
  m.lay(r, r.between(60, 400) * s.unit, r.chance(0.5f) ? 0 : r.angle());
  c.fill(all_of(c), m);
}

// Uneven light over everything, and a lens's focus.
inline void finish_background(Canvas& c, const Supplies& s, Random& r) {
  const Field& f = s.bank.field(5);
  const float strength = r.chance(0.6f) ? r.between(0, 0.25f) : 0,
              k = r.between(0.1f, 0.5f) / static_cast<float>(c.width()), u = r.uniform(), v = r.uniform();
  const float contrast = r.between(0.6f, 1.2f),
              lift = r.between(0, 1.1f - std::min(contrast, 1.0f)) + 0.05f * r.normal();
  const float vivid = r.between(0.6f, 1.9f);
  const Paint cast = mix({1, 1, 1}, from_hsv(r.uniform(), 0.3f, 1), r.between(0, 0.4f));
  const Dapple dapple = Dapple::any(r, s.bank, 256 * s.unit);
  for (int y = 0; y < c.height(); ++y)
    for (int x = 0; x < c.width(); ++x) {
      float* q = &c.pixels()(y, x);
      const auto px = static_cast<float>(x), py = static_cast<float>(y);
      const float g = dapple(px, py) * (strength > 0 ? std::max(1 + strength * f(px * k + u, py * k + v), 0.3f) : 1.0f);
      const Paint p{q[0], q[1], q[2]};
      const float l = grey(p);
      const Paint out = clamped(
          g *
          times(Paint{l, l, l} + Paint{lift, lift, lift} + vivid * (p - Paint{l, l, l}) + (contrast - 1) * p, cast));
      q[0] = out.r;
      q[1] = out.g;
      q[2] = out.b;
    }
  if (r.chance(0.45f)) {
    const float radius = r.scale_between(0.4f, 8) * s.unit;
    augment::box_blur(c.pixels().view(), radius, radius);
    augment::box_blur(c.pixels().view(), radius * 0.7f, radius * 0.7f);
  }
}

}  // namespace detail

/// Paints a whole background: a room, the outdoors, a facade, a hedge, a studio, a heap of shapes or one surface.
inline void paint_background(Canvas& c, const Supplies& s, Random& r) {
  using namespace detail;
  const float kind = r.uniform();
  if (kind < 0.27f)
    paint_room(c, s, r);
  else if (kind < 0.50f)
    paint_outdoors(c, s, r);
  else if (kind < 0.60f)
    paint_facade(c, s, r);
  else if (kind < 0.77f)
    paint_heap(c, s, r);
  else if (kind < 0.86f)
    paint_hedge(c, s, r);
  else if (kind < 0.93f)
    paint_studio(c, s, r);
  else
    paint_surface(c, s, r);
  finish_background(c, s, r);
}

}  // namespace hairline::synth

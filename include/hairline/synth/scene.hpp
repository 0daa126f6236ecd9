#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/synth/animal.hpp"
#include "hairline/synth/background.hpp"
#include "hairline/synth/body.hpp"
#include "hairline/synth/foliage.hpp"
#include "hairline/synth/foreground.hpp"
#include "hairline/synth/given.hpp"
#include "hairline/synth/glass.hpp"
#include "hairline/synth/lighting.hpp"
#include "hairline/synth/net.hpp"
#include "hairline/synth/plate_shot.hpp"
#include "hairline/synth/scene_options.hpp"
#include "hairline/synth/seeds.hpp"
#include "hairline/synth/smoke.hpp"
#include "hairline/synth/thing.hpp"

namespace hairline::synth {

/// One training sample. All values are sRGB code values in [0,1], and colours are mixed as such:
/// before the camera adds its traces, picture = alpha * foreground + (1 - alpha) * background.
struct Sample {
  Image<float> picture;     ///< (H, W, 3) with the subject, as the camera saved it
  Image<float> plate;       ///< (H, W, 3) the same view without it, from a second shot
  Plane alpha;              ///< (H, W) exact coverage
  Image<float> foreground;  ///< (H, W, 3) straight colour, continued smoothly where alpha is 0
  Image<float> background;  ///< (H, W, 3) what really is behind the subject, its shadow included
};

namespace detail {

inline Stand person_stand(Random& r, float w, float h) {
  const float framing = r.uniform();
  Stand s;
  s.mirrored = r.chance(0.5f);
  s.angle = 0.06f * r.normal();
  const float x = w * (r.chance(0.8f) ? r.between(0.25f, 0.75f) : r.between(0, 1));
  const float limit = std::min(h, 1.6f * w);
  if (framing < 0.42f) {  // head and shoulders
    s.scale = limit * r.between(0.22f, 0.5f);
    s.origin = {x, std::max(h * r.between(0.4f, 0.75f), s.scale * 0.9f)};
  } else if (framing < 0.68f) {  // to the hips
    s.scale = limit * r.between(0.14f, 0.24f);
    s.origin = {x, s.scale * r.between(1.1f, 2.2f)};
  } else if (framing < 0.93f) {  // the whole figure
    s.scale = limit * r.between(0.09f, 0.16f);
    s.origin = {x, std::max(h * r.between(0.9f, 1.05f) - 5.3f * s.scale, s.scale)};
  } else if (framing < 0.97f) {  // far away
    s.scale = limit * r.between(0.03f, 0.08f);
    s.origin = {x, h * r.between(0.3f, 0.8f)};
  } else {  // cut anyhow
    s.scale = limit * r.between(0.3f, 0.9f);
    s.origin = {w * r.between(-0.1f, 1.1f), h * r.between(0, 1)};
  }
  return s;
}

inline Stand free_stand(Random& r, float w, float h, float smallest, float largest) {
  Stand s;
  s.mirrored = r.chance(0.5f);
  s.angle = r.chance(0.7f) ? 0.08f * r.normal() : 0.4f * r.normal();
  s.scale = std::min(w, h) * r.scale_between(smallest, largest);
  s.origin = {w * r.between(0.2f, 0.8f), h * r.between(0.3f, 0.8f)};
  return s;
}

inline void paint_subject(Canvas& c, const Supplies& s, Random& r, const KindWeights& k) {
  const float w = static_cast<float>(c.width()), h = static_cast<float>(c.height());
  const float total = k.person + k.animal + k.foliage + k.net + k.glass + k.smoke + k.seeds + k.thing;
  float at = r.uniform() * total;
  if ((at -= k.person) < 0) return paint_person(c, s, r, person_stand(r, w, h));
  if ((at -= k.animal) < 0) return paint_animal(c, s, r, free_stand(r, w, h, 0.25f, 1.2f));
  if ((at -= k.net) < 0) return paint_net(c, s, r, free_stand(r, w, h, 0.25f, 0.9f));
  if ((at -= k.glass) < 0) return paint_glass(c, s, r, free_stand(r, w, h, 0.3f, 1.3f));
  if ((at -= k.smoke) < 0) return paint_smoke(c, s, r, free_stand(r, w, h, 0.3f, 1.2f));
  if ((at -= k.seeds) < 0) return paint_seeds(c, s, r, free_stand(r, w, h, 0.25f, 0.9f));
  if ((at -= k.thing) < 0) return paint_thing(c, s, r, free_stand(r, w, h, 0.15f, 1.2f));
  Stand plant = free_stand(r, w, h, 0.4f, 1.3f);
  plant.origin.y = h * r.between(0.6f, 1.05f);
  paint_foliage(c, s, r, plant);
}

inline void paint_subjects(Canvas& c, const Supplies& s, Random& r, const SceneOptions& o) {
  const int count = r.chance(o.empty) ? 0 : r.chance(o.several) ? r.whole(2, 3) : 1;
  const bool own_pictures = o.given && !o.given->foregrounds.empty();
  for (int i = 0; i < count; ++i) {
    Random own = r.fork();
    if (own_pictures && own.chance(o.given_share))
      paint_given(c, *o.given, own);
    else
      paint_subject(c, s, own, o.kinds);
  }
  Light light;
  light.from = direction(r.between(-2.9f, -0.2f));
  light.strength = r.chance(0.15f) ? 0 : r.between(0.1f, 0.9f);
  light.rim = r.chance(0.2f) ? r.between(0, 0.8f) : 0;
  const float level = r.between(0.8f, 1.35f);
  light.colour = level * mix({1, 1, 1}, from_hsv(r.uniform(), 0.35f, 1), r.between(0, 0.4f));
  shade(c, light, Dapple::any(r, s.bank, 256 * s.unit));
  const float blur = r.scale_between(0.3f, 3), far = r.scale_between(2, 22);
  const bool moving = r.chance(o.motion_blur), unsharp = r.chance(o.defocus);
  const Point move = (far * s.unit) * direction(r.angle());
  if (moving) motion_blur(c, move);
  if (unsharp) defocus(c, blur * s.unit);
}

/// The subject's shadow on what is behind it: its alpha, moved, blurred and thinned.
inline void throw_shadow(Image<float>& background, const Plane& alpha, Random& r, const PlateShotOptions& o,
                         float unit) {
  const bool any = r.chance(o.shadow);
  const float strength = o.shadow_strength * r.uniform(), soft = r.scale_between(2, 25) * unit;
  const Point move = (unit * r.between(0, 40)) * direction(r.between(-0.3f, 3.4f));
  if (!any || strength <= 0) return;
  const int h = alpha.height(), w = alpha.width();
  Plane shadow(alpha.shape());
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const int i = y - floor_int(move.y), j = x - floor_int(move.x);
      if (i >= 0 && i < h && j >= 0 && j < w) shadow(y, x) = alpha(i, j);
    }
  for (int i = 0; i < 2; ++i) augment::box_blur(shadow.view(), soft, soft);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x)
      for (int c = 0; c < 3; ++c) background(y, x, c) *= 1 - strength * shadow(y, x);
}

inline void scale_perturbations(SceneOptions& o) {
  const float d = std::max(o.difficulty, 0.0f);
  for (float* v : {&o.plate.shift, &o.plate.rotation, &o.plate.zoom, &o.plate.gain, &o.plate.channel_gain,
                   &o.plate.gamma, &o.plate.offset, &o.plate.light_strength, &o.plate.moved_pixels,
                   &o.plate.shadow_strength, &o.camera.noise, &o.camera.blur, &o.camera.sharpen, &o.camera.vignette})
    *v *= d;
  if (d == 0) o.camera.jpeg = 0;
}

}  // namespace detail

/// Procedural scenes: sample i of a seed is always the same, whoever asks, in whatever order and from whatever thread.
/// Textures are shared by 4096 neighbouring samples; asking far apart in turn makes them again each time (0.3 s).
class Scenes {
 public:
  /// Errors: a size below 1; kinds that all weigh 0; given pictures that do not belong together.
  static Result<Scenes> make(SceneOptions options, std::uint64_t seed) {
    if (options.height < 1 || options.width < 1)
      return Error{ErrorCode::invalid_argument, "a scene wants at least 1x1 pixels, given " +
                                                    std::to_string(options.width) + "x" +
                                                    std::to_string(options.height)};
    const KindWeights& k = options.kinds;
    if (!(k.person + k.animal + k.foliage + k.net + k.glass + k.smoke + k.seeds + k.thing > 0))
      return Error{ErrorCode::invalid_argument,
                   "the weights of the kinds are all 0; for scenes without a subject set empty to 1"};
    if (options.given) {
      const Given& g = *options.given;
      if (g.foregrounds.size() != g.alphas.size())
        return Error{ErrorCode::invalid_argument, "given foregrounds want one alpha each, given " +
                                                      std::to_string(g.foregrounds.size()) + " and " +
                                                      std::to_string(g.alphas.size())};
      for (std::size_t i = 0; i < g.foregrounds.size(); ++i)
        if (g.foregrounds[i].empty() || g.foregrounds[i].channels() != 3 ||
            !g.foregrounds[i].shape().same_pixels(g.alphas[i].shape()))
          return Error{ErrorCode::invalid_argument,
                       "given foreground " + std::to_string(i) + " wants three channels and its alpha's size, given " +
                           to_string(g.foregrounds[i].shape()) + " and " + to_string(g.alphas[i].shape())};
      for (const Image<float>& b : g.backgrounds)
        if (b.empty() || b.channels() != 3)
          return Error{ErrorCode::invalid_argument,
                       "a given background wants pixels of three channels, given " + to_string(b.shape())};
    }
    detail::scale_perturbations(options);
    return Scenes(std::move(options), seed);
  }
  const SceneOptions& options() const { return options_; }

  /// Cost: about 10 ms for 256x256 on one core.
  Sample operator()(std::uint64_t index) const {
    const auto bank = banks_->of(seed_, index / samples_per_bank);
    Random r(seed_, index);
    Random for_background = r.fork(), for_subject = r.fork(), for_plate = r.fork(), for_camera = r.fork();
    const int h = options_.height, w = options_.width;
    const float unit = static_cast<float>(std::min(h, w)) / 256;
    const int margin = 4 + static_cast<int>(0.01f * static_cast<float>(std::max(h, w)));
    Canvas behind(w + 2 * margin, h + 2 * margin);
    if (options_.given && !options_.given->backgrounds.empty() && for_background.chance(options_.given_share))
      paint_given_background(behind, *options_.given, for_background);
    else
      paint_background(behind, Supplies{*bank, {}, unit}, for_background);
    const Warp warp = any_warp(for_plate, options_.plate, *bank, unit);
    const bool warped_picture = for_plate.chance(0.5f);  // resampling blurs a little: neither shot may be known by it
    Sample s;
    s.background = seen_through(behind.pixels(), margin, warped_picture ? warp : Warp{});
    s.plate = seen_through(behind.pixels(), margin, warped_picture ? Warp{} : warp);
    Canvas subject(w, h);
    const bool hidden = for_subject.chance(options_.camouflage);
    const Supplies supplies{*bank, Colours(s.background, hidden ? for_subject.between(0.4f, 1) : 0), unit};
    detail::paint_subjects(subject, supplies, for_subject, options_);
    Cutout cut = cut_out(subject);
    s.alpha = std::move(cut.alpha);
    s.foreground = std::move(cut.foreground);
    detail::throw_shadow(s.background, s.alpha, for_plate, options_.plate, unit);
    s.picture = Image<float>(Shape{h, w, 3});
    for (std::size_t i = 0; i < s.alpha.size(); ++i)
      for (std::size_t c = 3 * i; c < 3 * i + 3; ++c) {
        const float a = s.alpha.data()[i];
        s.picture.data()[c] = a * s.foreground.data()[c] + (1 - a) * s.background.data()[c];
      }
    change_exposure(s.plate, for_plate, options_.plate, *bank);
    const Camera camera = Camera::any(for_camera, options_.camera);
    camera.apply(s.picture, for_camera, *bank);
    camera.apply(s.plate, for_camera, *bank);
    return s;
  }

 private:
  static constexpr std::uint64_t samples_per_bank = 4096;
  // The last two banks, so that threads on both sides of a seam do not take turns making them.
  class Banks {
   public:
    std::shared_ptr<const Bank> of(std::uint64_t seed, std::uint64_t block) {
      std::lock_guard lock(mutex_);
      for (auto& [number, bank] : kept_)
        if (bank && number == block) return bank;
      kept_[next_] = {block, std::make_shared<const Bank>(Random(seed, ~block).next())};
      next_ = 1 - next_;
      return kept_[1 - next_].second;
    }

   private:
    std::mutex mutex_;
    std::array<std::pair<std::uint64_t, std::shared_ptr<const Bank>>, 2> kept_;
    std::size_t next_ = 0;
  };

  Scenes(SceneOptions options, std::uint64_t seed) : options_(std::move(options)), seed_(seed) {}
  SceneOptions options_;
  std::uint64_t seed_;
  std::shared_ptr<Banks> banks_ = std::make_shared<Banks>();
};

/// One sample without keeping the textures: Scenes is for many.
inline Result<Sample> scene(const SceneOptions& options, std::uint64_t seed, std::uint64_t index) {
  auto scenes = Scenes::make(options, seed);
  if (!scenes) return scenes.error();
  return (*scenes)(index);
}

}  // namespace hairline::synth

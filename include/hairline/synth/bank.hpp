#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "hairline/synth/texture_scenes.hpp"

namespace hairline::synth {

/// The textures that many scenes share: two tiles of each pattern, and fields of noise. Made once (about 0.3 s, 16 MB),
/// then only read, by any number of threads.
class Bank {
 public:
  explicit Bank(std::uint64_t seed) : Bank(Random(seed, 0x7469'6c65)) {}

  const Tile& tile(Random& r, Pattern p) const {
    return tiles_[static_cast<std::size_t>(p)][static_cast<std::size_t>(r.whole(0, each - 1))];
  }
  const Tile& tile(Random& r, std::initializer_list<Pattern> any) const {
    return tile(r, *(any.begin() + r.whole(0, static_cast<int>(any.size()) - 1)));
  }
  const Tile& folds() const { return tiles_[static_cast<std::size_t>(Pattern::folds)][0]; }
  /// One of 65,536 normal numbers (mean 0, deviation 1), for sensor noise.
  float normal(std::uint16_t i) const { return normals_[i]; }
  /// Noise of growing smoothness: 0 nearly white, 5 clouds.
  const Field& field(std::size_t smoothness) const { return fields_.all[smoothness]; }

  /// A material of a pattern: the tile repeats every `pixels`, its black and white become the two colours.
  Material material(Random& r, const Tile& tile, float pixels, Paint dark, Paint light, float chroma = 0) const {
    Material m;
    m.tile = &tile;
    m.dark = dark;
    m.light = light;
    m.chroma = chroma;
    m.lay(r, pixels, 0);
    return m;
  }

 private:
  static constexpr int each = 2;
  explicit Bank(Random r) : fields_(r), normals_(1 << 16) {
    for (float& v : normals_) v = r.normal();
    for (std::size_t p = 0; p < tiles_.size(); ++p)
      for (int i = 0; i < each; ++i) {
        Random own = r.fork();
        tiles_[p].push_back(detail::make_tile(static_cast<Pattern>(p), own, fields_));
      }
  }
  detail::Fields fields_;
  std::vector<float> normals_;
  std::array<std::vector<Tile>, static_cast<std::size_t>(Pattern::count)> tiles_;
};

}  // namespace hairline::synth

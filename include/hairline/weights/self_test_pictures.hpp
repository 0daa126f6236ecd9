#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hairline/layers/forward.hpp"
#include "hairline/weights/seeded.hpp"

namespace hairline {

/// Made-up inputs for a network, in [0,1] and multiples of 1/255: every input with several channels shows the same
/// smooth, grainy plate; the first of them also a soft-edged disc of another colour in front of it; inputs with one
/// channel (trimaps, masks) are the disc's coverage. A matting network that works finds edges there, one with random
/// weights sees colours of every kind.
/// @param seed decides colours, the disc's place and the grain's strength
inline std::vector<Tensor> self_test_pictures(const Graph& graph, int height, int width, std::uint64_t seed) {
  const std::vector<double> u = seeded_uniform("self-test scene", 4, seed);
  const double centre_y = height * (0.35 + 0.3 * u[0]), centre_x = width * (0.35 + 0.3 * u[1]);
  const double radius = std::min(height, width) * (0.2 + 0.15 * u[2]), grain = 0.1 + 0.7 * u[3];
  const auto coverage = [&](int y, int x) {
    const double outside = std::hypot(y + 0.5 - centre_y, x + 0.5 - centre_x) - radius;
    return std::clamp(0.5 - outside / (0.3 * radius), 0.0, 1.0);
  };
  const auto layer = [&](const std::string& name, int c, Tensor& to) {
    const std::vector<double> wave = seeded_uniform(name + std::to_string(c), 4, seed);
    const std::vector<double> noise =
        seeded_uniform(name + " grain" + std::to_string(c), static_cast<std::size_t>(height * width), seed);
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        const double smooth =
            wave[0] + 0.3 * std::cos(6.3 * (wave[1] + wave[2] * x / width + 2 * wave[3] * y / height));
        to.at(0, y, x)[c] = static_cast<float>(smooth + grain * (noise[static_cast<std::size_t>(y * width + x)] - 0.5));
      }
  };
  std::vector<Tensor> pictures;
  bool first = true;
  for (int i = 0; i < graph.input_count; ++i) {
    const int channels = graph.nodes[static_cast<std::size_t>(i)].channels;
    Tensor plate({1, height, width, channels}), subject = plate;
    for (int c = 0; c < channels; ++c) {
      layer("plate", c, plate);
      layer("subject", c, subject);
    }
    const bool with_subject = channels > 1 && first;
    first = first && channels == 1;
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        for (int c = 0; c < channels; ++c) {
          const double a = coverage(y, x);
          float& v = plate.at(0, y, x)[c];
          double colour = v;
          if (with_subject) colour += a * (static_cast<double>(subject.at(0, y, x)[c]) - colour);
          if (channels == 1) colour = a;
          v = static_cast<float>(std::round(255 * std::clamp(colour, 0.0, 1.0)) / 255);
        }
    pictures.push_back(std::move(plate));
  }
  return pictures;
}

/// The share of a result's values that lie strictly between its least and its greatest: 0 for a plane that is clamped
/// to black and white everywhere, and so says little about what was computed.
inline double varied_share(const Tensor& t) {
  if (t.data.empty()) return 0;
  const float least = *std::min_element(t.data.begin(), t.data.end());
  const float greatest = *std::max_element(t.data.begin(), t.data.end());
  const auto between = std::count_if(t.data.begin(), t.data.end(), [=](float v) { return v > least && v < greatest; });
  return static_cast<double>(between) / static_cast<double>(t.data.size());
}

}  // namespace hairline

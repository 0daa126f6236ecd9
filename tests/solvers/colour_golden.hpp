#pragma once
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "hairline/core/image.hpp"
#include "tests/support/difference.hpp"

/// The values that python/golden/colour.py recorded.
struct ColourGolden {
  nlohmann::json values;
  hairline::Shape size;
  hairline::Image<std::uint8_t> image, alpha;

  ColourGolden() {
    std::ifstream file(HAIRLINE_SOURCE_DIR "/tests/golden/colour.json");
    if (!file) throw std::runtime_error("tests/golden/colour.json is missing");
    file >> values;
    size = hairline::Shape{values.at("height"), values.at("width"), 3};
    image = picture<std::uint8_t>(values.at("image"), 3);
    alpha = picture<std::uint8_t>(values.at("alpha"), 1);
  }
  template <class T = double>
  hairline::Image<T> picture(const nlohmann::json& list, int channels) const {
    hairline::Image<T> out(hairline::Shape{size.height, size.width, channels});
    if (list.size() != out.size()) throw std::runtime_error("tests/golden/colour.json: a list of the wrong length");
    for (std::size_t i = 0; i < out.size(); ++i) out.data()[i] = list[i].get<T>();
    return out;
  }
};

// Pictures made by python/golden/io.py, without the libraries that read them here.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "hairline/io/read.hpp"
#include "tests/io/support.hpp"

using namespace hairline;

namespace {
struct Expected {
  std::string name;
  Shape shape;
  AlphaMode alpha = AlphaMode::none;
  int depth = 0;
  float scale = 1, tolerance = 0;
  std::vector<float> values;
};

std::vector<Expected> all_expected() {
  std::ifstream in(test::golden_folder() / "expected.txt");
  std::vector<Expected> out;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    Expected e;
    std::string alpha, value;
    words >> e.name >> e.shape.width >> e.shape.height >> e.shape.channels >> alpha >> e.depth >> e.scale >>
        e.tolerance;
    e.alpha = alpha == "straight"     ? AlphaMode::straight
              : alpha == "associated" ? AlphaMode::associated
                                      : AlphaMode::none;
    while (words >> value) e.values.push_back(std::strtof(value.c_str(), nullptr));
    out.push_back(std::move(e));
  }
  return out;
}

// Largest difference in units of the file; NaN equals NaN.
float difference(const Expected& e, const Image<float>& pixels) {
  float worst = 0;
  for (std::size_t i = 0; i < e.values.size(); ++i) {
    const float wanted = e.values[i] / e.scale, given = pixels.data()[i];
    if (wanted == given || (std::isnan(wanted) && std::isnan(given))) continue;
    const float d = std::abs(wanted - given) * e.scale;
    if (!(d <= worst)) worst = d;
  }
  return worst;
}
}  // namespace

TEST_CASE("every kind of file is read to exactly the values it was made from") {
  const auto all = all_expected();
  REQUIRE(all.size() == 75);
  for (const auto& e : all) {
    INFO(e.name);
    const auto picture = io::read((test::golden_folder() / e.name).string());
    if (!picture) FAIL(picture.error().message);
    REQUIRE(picture->pixels.shape() == e.shape);
    REQUIRE(e.values.size() == e.shape.size());
    CHECK(picture->alpha == e.alpha);
    CHECK(picture->bit_depth == e.depth);
    // 0 but for JPEG, where the file states how far two decoders may differ.
    CHECK(difference(e, picture->pixels) <= e.tolerance * 1.0001f);
  }
}

TEST_CASE("a file cut short anywhere is an error, unless what is missing is no part of the picture") {
  for (const auto& e : all_expected()) {
    INFO(e.name);
    const auto whole = test::bytes_of(test::golden_folder() / e.name);
    const auto full = io::read_memory(whole, e.name);
    REQUIRE(full);
    // Padding after the last row (BMP), a footer (TGA), lines outside the display window (EXR).
    const bool may_have_rest = e.name.find(".bmp") != std::string::npos || e.name.find(".tga") != std::string::npos ||
                               e.name.find("windows") != std::string::npos;
    std::size_t same = 0;
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const auto part = io::read_memory({whole.data(), length}, e.name);
      if (part) {
        ++same;
        if (difference(e, part->pixels) > e.tolerance * 1.0001f) FAIL("other pixels at length " << length);
      } else if (part.error().message.find(e.name) == std::string::npos ||
                 part.error().message.find('\n') != std::string::npos) {
        FAIL("length " << length << ": " << part.error().message);
      }
    }
    if (!may_have_rest) CHECK(same == 0);
    CHECK(same < whole.size());
  }
}

TEST_CASE("every single flipped bit of a PNG is noticed") {
  for (const char* name : {"rgba16.png", "palette4_alpha.png", "metadata.png", "grey1.png"}) {
    auto bytes = test::bytes_of(test::golden_folder() / name);
    REQUIRE(io::read_memory(bytes, name));
    std::size_t unnoticed = 0;
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
      bytes[i / 8] ^= static_cast<std::uint8_t>(1u << (i % 8));
      if (io::read_png_memory(bytes, name)) ++unnoticed;
      bytes[i / 8] ^= static_cast<std::uint8_t>(1u << (i % 8));
    }
    INFO(name);
    CHECK(unnoticed == 0);
  }
}

TEST_CASE("every compression that OpenEXR writes is read, as scanlines and as tiles with smaller levels") {
  const auto folder = std::filesystem::path(HAIRLINE_SOURCE_DIR) / "tests/fuzz/seeds/exr";
  std::set<std::string> lossy;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    INFO(name);
    const auto picture = io::read(entry.path().string());
    if (!picture) FAIL(picture.error().message);
    REQUIRE(picture->pixels.shape() == Shape{10, 12, 4});
    CHECK(picture->alpha == AlphaMode::associated);
    float worst = 0;
    for (std::size_t i = 0; i < picture->pixels.size(); ++i)  // the formula of exr_seeds.cpp; exact in half floats
      worst = std::max(worst, std::abs(picture->pixels.data()[i] - static_cast<float>(i * i % 97) / 64.0f));
    if (worst > 0) lossy.insert(name.substr(0, 3));
    // B44 keeps 64 steps of each block's range of half-float codes: 15872 / 64 = 248 codes, 248 / 1024 near 1.5.
    CHECK(worst < 0.25f);
    ++files;
  }
  CHECK(files == 20);
  for (const auto& kind : lossy) CHECK((kind == "b44" || kind == "dwa"));
}

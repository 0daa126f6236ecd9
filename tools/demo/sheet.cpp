// sheet OUT.png COLUMNS LABEL=FILE...: pictures side by side under their labels, in rows of COLUMNS; all pictures must
// have one size. Letters are drawn from a small font of this program's own.
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/io/png.hpp"
#include "hairline/io/read.hpp"

namespace {

using namespace hairline;

// Five columns of seven bits, the lowest bit on top.
const std::map<char, std::array<int, 5>> font{
    {'A', {126, 9, 9, 9, 126}},   {'B', {127, 73, 73, 73, 54}}, {'C', {62, 65, 65, 65, 34}},
    {'D', {127, 65, 65, 65, 62}}, {'E', {127, 73, 73, 73, 65}}, {'F', {127, 9, 9, 9, 1}},
    {'G', {62, 65, 73, 73, 58}},  {'H', {127, 8, 8, 8, 127}},   {'I', {0, 65, 127, 65, 0}},
    {'J', {32, 64, 65, 63, 1}},   {'K', {127, 8, 20, 34, 65}},  {'L', {127, 64, 64, 64, 64}},
    {'M', {127, 2, 12, 2, 127}},  {'N', {127, 4, 8, 16, 127}},  {'O', {62, 65, 65, 65, 62}},
    {'P', {127, 9, 9, 9, 6}},     {'Q', {62, 65, 81, 33, 94}},  {'R', {127, 9, 25, 41, 70}},
    {'S', {38, 73, 73, 73, 50}},  {'T', {1, 1, 127, 1, 1}},     {'U', {63, 64, 64, 64, 63}},
    {'V', {31, 32, 64, 32, 31}},  {'W', {63, 64, 56, 64, 63}},  {'X', {99, 20, 8, 20, 99}},
    {'Y', {7, 8, 112, 8, 7}},     {'Z', {97, 81, 73, 69, 67}},  {'0', {62, 81, 73, 69, 62}},
    {'1', {0, 66, 127, 64, 0}},   {'2', {66, 97, 81, 73, 70}},  {'3', {33, 65, 69, 75, 49}},
    {'4', {24, 20, 18, 127, 16}}, {'5', {39, 69, 69, 69, 57}},  {'6', {60, 74, 73, 73, 48}},
    {'7', {1, 113, 9, 5, 3}},     {'8', {54, 73, 73, 73, 54}},  {'9', {6, 73, 73, 41, 30}},
    {'.', {0, 96, 96, 0, 0}},     {',', {0, 80, 48, 0, 0}},     {':', {0, 54, 54, 0, 0}},
    {'-', {8, 8, 8, 8, 8}},       {'/', {32, 16, 8, 4, 2}},     {'(', {0, 28, 34, 65, 0}},
    {')', {0, 65, 34, 28, 0}},    {'%', {35, 19, 8, 100, 98}},  {'+', {8, 8, 62, 8, 8}},
};

struct Cell {
  std::string label;
  Image<float> picture;
};

void paste(Image<float>& sheet, const Image<float>& picture, int top, int left) {
  for (int y = 0; y < picture.height(); ++y)
    for (int x = 0; x < picture.width(); ++x)
      for (int c = 0; c < 3; ++c) sheet(top + y, left + x, c) = picture(y, x, c);
}

void letters(Image<float>& sheet, const std::string& text, int top, int left, int width, int scale) {
  int at = left;
  for (const char raw : text) {
    if (at + 5 * scale > left + width) return;
    const auto glyph = font.find(static_cast<char>(std::toupper(static_cast<unsigned char>(raw))));
    if (glyph != font.end())
      for (int i = 0; i < 5 * scale; ++i)
        for (int j = 0; j < 7 * scale; ++j)
          if (glyph->second[static_cast<std::size_t>(i / scale)] >> (j / scale) & 1)
            for (int c = 0; c < 3; ++c) sheet(top + j, at + i, c) = 0.92f;
    at += 6 * scale;
  }
}

int fail(const std::string& text) {
  std::fprintf(stderr, "sheet: %s\n", text.c_str());
  return 1;
}

Image<float> arrange(const std::vector<Cell>& cells, int columns) {
  const int w = cells[0].picture.width(), h = cells[0].picture.height(), gap = 12, scale = 3,
            head = 7 * scale + 2 * gap;
  const int rows = (static_cast<int>(cells.size()) + columns - 1) / columns;
  Image<float> sheet(Shape{rows * (h + head) + gap, columns * (w + gap) + gap, 3}, 0.13f);
  for (int i = 0; i < static_cast<int>(cells.size()); ++i) {
    const int top = i / columns * (h + head), left = gap + i % columns * (w + gap);
    letters(sheet, cells[static_cast<std::size_t>(i)].label, top + gap, left, w, scale);
    paste(sheet, cells[static_cast<std::size_t>(i)].picture, top + head, left);
  }
  return sheet;
}

}  // namespace

int main(int argc, char** argv) {
  const int columns = argc > 3 ? std::atoi(argv[2]) : 0;
  if (columns < 1 || columns > 100) return std::fprintf(stderr, "usage: sheet OUT.png COLUMNS LABEL=FILE...\n"), 2;
  std::vector<Cell> cells;
  for (int i = 3; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos) return fail("wanted LABEL=FILE, given " + argument);
    auto picture = io::read_image(argument.substr(equals + 1));
    if (!picture) return fail(picture.error().message);
    if (!cells.empty() && !picture->shape().same_pixels(cells[0].picture.shape()))
      return fail(argument.substr(equals + 1) + ": wanted " + size_string(cells[0].picture.shape()) +
                  " pixels like the first picture, given " + size_string(picture->shape()));
    cells.push_back({argument.substr(0, equals), std::move(*picture)});
  }
  if (cells.empty()) return fail("no pictures");
  const auto written = io::write_png(argv[1], arrange(cells, columns), io::PngOptions{.depth = 8});
  return written ? 0 : fail(written.error().message);
}

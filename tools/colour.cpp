#include "colour.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string_view>

namespace hairline::tool {

namespace {

struct Named {
  std::string_view name;
  unsigned rgb;
};
// "screen" is the green that background matting demonstrations use: 120,255,155.
constexpr Named named[] = {{"screen", 0x78ff9b}, {"black", 0x000000},  {"white", 0xffffff},   {"gray", 0x808080},
                           {"grey", 0x808080},   {"silver", 0xc0c0c0}, {"red", 0xff0000},     {"maroon", 0x800000},
                           {"orange", 0xffa500}, {"yellow", 0xffff00}, {"olive", 0x808000},   {"lime", 0x00ff00},
                           {"green", 0x008000},  {"teal", 0x008080},   {"cyan", 0x00ffff},    {"blue", 0x0000ff},
                           {"navy", 0x000080},   {"purple", 0x800080}, {"magenta", 0xff00ff}, {"pink", 0xffc0cb}};

Colour from_rgb(unsigned rgb) {
  return {static_cast<float>(rgb >> 16 & 255) / 255, static_cast<float>(rgb >> 8 & 255) / 255,
          static_cast<float>(rgb & 255) / 255};
}

std::optional<Colour> parse_hex(const std::string& digits) {
  if (!std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isxdigit(c) != 0; })) return {};
  const auto value = [&] { return static_cast<unsigned>(std::stoul(digits, nullptr, 16)); };
  if (digits.size() == 6) return from_rgb(value());
  if (digits.size() != 3) return {};
  const unsigned v = value();
  return from_rgb((v >> 8 & 15) * 0x110000 | (v >> 4 & 15) * 0x1100 | (v & 15) * 0x11);
}

}  // namespace

std::optional<Colour> parse_colour(const std::string& text) {
  for (const Named& n : named)
    if (n.name == text) return from_rgb(n.rgb);
  if (!text.empty() && text[0] == '#') return parse_hex(text.substr(1));
  int r = 0, g = 0, b = 0, used = 0;
  if (std::sscanf(text.c_str(), "%d,%d,%d%n", &r, &g, &b, &used) != 3) return {};
  if (static_cast<std::size_t>(used) != text.size()) return {};
  if (std::min({r, g, b}) < 0 || std::max({r, g, b}) > 255) return {};
  return from_rgb(static_cast<unsigned>(r << 16 | g << 8 | b));
}

std::string colour_names() {
  std::string out;
  for (const Named& n : named) out.append(out.empty() ? "" : " ").append(n.name);
  return out;
}

}  // namespace hairline::tool

#pragma once
#include <array>
#include <optional>
#include <string>

namespace hairline::tool {

/// An RGB colour in [0,1], display values.
using Colour = std::array<float, 3>;

/// A colour from its name, #rgb, #rrggbb, or r,g,b in 0..255.
std::optional<Colour> parse_colour(const std::string& text);

/// The names that parse_colour knows, for help texts.
std::string colour_names();

}  // namespace hairline::tool

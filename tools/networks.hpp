#pragma once
#include <span>
#include <string>
#include <string_view>

#include "hairline/layers/graph.hpp"

namespace hairline::tool {

/// A network that the command knows by name.
struct Network {
  std::string_view name;  ///< of -m and of `hairline net show`
  std::string_view about;
  Graph graph;
};

std::span<const Network> networks();

/// The network of that name, or null.
const Network* find_network(std::string_view name);

/// The network of that name; throws WrongUse that lists the names if there is none.
const Network& wanted_network(const std::string& name);

}  // namespace hairline::tool

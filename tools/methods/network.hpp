#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "../engine.hpp"
#include "method.hpp"

namespace hairline::tool {

/// What the settings of a run mean for a network.
struct NetworkPlan {
  const Network* network = nullptr;    ///< the graph that they ask for
  RunOptions options{};                ///< what the graph is told
  std::vector<std::string> unread{};   ///< beginnings of keys that the weights may hold besides
  nlohmann::ordered_json described{};  ///< the options in words, for the JSON object
};

/// What is a network's own as a method. Weights, engines, files and reports are the same for all.
struct NetworkMethod {
  Method method;                                                             ///< names and flags; the rest is filled in
  std::function<NetworkPlan(const NetworkSettings&)> plan;                   ///< throws WrongUse
  std::vector<AnyView> (*inputs)(AnyView picture, AnyView plate) = nullptr;  ///< in the order of the graph's
  Matte (*results)(NamedImages) = nullptr;
  std::string_view colour;  ///< the result that is the subject's colour, if any
  /// What hangs on the picture's size, if anything does: the options of its run.
  std::function<RunOptions(const NetworkSettings&, RunOptions, const Shape&)> sized{};
};

/// A network with its weights, ready for pictures.
struct OpenNetwork {
  MatteFunction run;             ///< may be called from several threads
  nlohmann::ordered_json about;  ///< net, engine, weights, options
  double load_ms = 0;
};

Method network_method(NetworkMethod network);

}  // namespace hairline::tool

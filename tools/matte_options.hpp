#pragma once
#include <optional>
#include <string>

#include "batch.hpp"
#include "methods/method.hpp"

namespace hairline::tool {

/// What the command line of `hairline matte` says.
struct MatteOptions {
  CommonOptions common;
  BatchOptions batch;
  std::string image, alpha, trimap, background, method, foreground, composite, cutout, over, start, device = "cpu";
  std::string error, refined;  ///< of networks
  std::string precision;       ///< empty: the method's own
  int depth = 16;
  bool align = false;
  std::optional<bool> colours, settle;
  std::optional<double> epsilon, tolerance, islands, pits;
  std::optional<int> radius, max_iterations;
  Preconditioner preconditioner = Preconditioner::automatic;
  NetworkSettings network;
};

void add_matte_options(CLI::App& verb, MatteOptions& options);

/// The method that the options name or imply. Throws WrongUse, also for options that this method does not have, and
/// NotAvailable for a network without weights.
const Method& choose_method(const MatteOptions& options);

}  // namespace hairline::tool

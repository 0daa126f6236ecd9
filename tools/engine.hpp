#pragma once
#include <functional>
#include <string>
#include <vector>

#include "hairline/nets/reference.hpp"
#include "networks.hpp"

namespace hairline::tool {

/// Computes a network: its inputs in, its named results out. threads 0: all.
using Forward = std::function<Result<NetworkResults>(std::vector<Tensor>, const RunOptions&, int threads)>;

/// What computes, ready.
struct OpenEngine {
  Forward forward;
  std::string device = "cpu", device_name;  ///< which device it is, and what its driver calls it
};

/// Reads the weights and makes them ready for an engine: "reference" or "kernels".
/// Throws NotAvailable for an engine or device that this build or machine has not and for a file that is not there, an
/// exception with one report for weights that do not fit. Nothing falls back.
/// @param device cpu, opencl[:N] or cuda[:N]
/// @param precision f32 or bf16
/// @param weights_file empty: the weights that this program brings along
/// @param unread beginnings of keys that the file may hold besides those of the network
OpenEngine open_engine(const std::string& engine, const std::string& device, const std::string& precision,
                       const Network& network, const std::string& weights_file, const std::vector<std::string>& unread);

}  // namespace hairline::tool

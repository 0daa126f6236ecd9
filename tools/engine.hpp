#pragma once
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hairline/core/any_view.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/nets/reference.hpp"
#include "networks.hpp"

namespace hairline::tool {

/// A network's results by name.
using NamedImages = std::map<std::string, Image<float>, std::less<>>;

/// Computes a network: pictures in, its results out, but for `unwanted`. threads 0: all.
using Forward = std::function<Result<NamedImages>(std::span<const AnyView>, std::span<const std::string_view> unwanted,
                                                  const RunOptions&, int threads)>;

/// What computes, ready.
struct OpenEngine {
  Forward forward;
  std::string device = "cpu", device_name;  ///< which device it is, and what its driver calls it
};

/// Reads the weights and makes them ready for an engine: "reference" or "kernels".
/// Throws NotAvailable for an engine or device that this build or machine has not and for a file that is not there, an
/// exception with one report for weights that do not fit. Nothing falls back.
/// @param device cpu, opencl[:N] or cuda[:N]
/// @param precision f32, bf16 (processors) or f16 (devices)
/// @param weights_file empty: the weights that this program brings along
/// @param unread beginnings of keys that the file may hold besides those of the network
OpenEngine open_engine(const std::string& engine, const std::string& device, const std::string& precision,
                       const Network& network, const std::string& weights_file, const std::vector<std::string>& unread);

}  // namespace hairline::tool

#pragma once
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hairline/nets/parameters.hpp"
#include "hairline/weights/weights.hpp"

namespace hairline {

/// `count` numbers in [0,1), multiples of 2^-24, that depend on the name and the seed alone: value i is
/// splitmix64(fnv1a(name) + seed * golden ratio + i).  Twin: python/golden/seeded.py.
inline std::vector<double> seeded_uniform(std::string_view name, std::size_t count, std::uint64_t seed = 0) {
  constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15u;
  std::uint64_t state = 0xCBF29CE484222325u;
  for (char c : name) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  state += seed * golden_ratio;
  std::vector<double> values(count);
  for (double& v : values) {
    std::uint64_t z = state += golden_ratio;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    v = static_cast<double>(z >> 40) / 16777216.0;
  }
  return values;
}

namespace detail {
inline std::vector<float> seeded_values(std::string_view name, const Parameter& p, std::uint64_t seed) {
  const std::vector<double> u = seeded_uniform(name, p.size(), seed);
  std::vector<float> values(u.size());
  const bool head = name.ends_with("conv4.weight");
  const bool last_norm = name.ends_with("bn3.weight") || name.ends_with("conv.3.weight");
  for (std::size_t i = 0; i < u.size(); ++i) {
    double v = 0.4 * u[i] - 0.2;
    if (p.rank == 4) {
      const double fan_in = static_cast<double>(p.dims[1]) * p.dims[2] * p.dims[3];
      v = (2 * u[i] - 1) * std::sqrt(6.0 / fan_in);
      if (head) v *= 0.6;
    } else if (p.suffix == "running_var") {
      v = 0.5 + u[i];
    } else if (p.suffix == "weight") {
      v = 0.5 + u[i];
      if (last_norm) v *= 0.3;
    } else if (name.ends_with("conv4.bias")) {
      if (i == 0) v = 0.5;
      if (i == 4) v = 0.6;
    }
    values[i] = static_cast<float>(v);
  }
  return values;
}
}  // namespace detail

/// Made-up weights for any network, for tests and timings: convolutions keep the variance of a ReLU network, statistics
/// of batch norms are really random (so that folding is tested), and heads called conv4 are centred, so that alpha and
/// error live inside (0,1) instead of saturating. They matte nothing.
inline Weights seeded_weights(const Graph& graph, std::uint64_t seed = 0) {
  Weights weights;
  for (const NamedParameter& p : parameters(graph)) {
    std::vector<int> dims(p.parameter.dims.begin(), p.parameter.dims.begin() + p.parameter.rank);
    if (p.parameter.counter) {
      weights.tensors[p.name] = {dims, {0.0f}};
    } else {
      weights.tensors[p.name] = {dims, detail::seeded_values(p.name, p.parameter, seed)};
    }
  }
  return weights;
}

}  // namespace hairline

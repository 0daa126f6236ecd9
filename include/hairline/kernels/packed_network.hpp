#pragma once
#include <array>
#include <atomic>
#include <span>
#include <vector>

#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/device_buffer.hpp"
#include "hairline/kernels/lowered.hpp"
#include "hairline/kernels/pages.hpp"
#include "hairline/layers/graph.hpp"
#include "hairline/weights/file_bytes.hpp"

namespace hairline::kernels {

namespace detail {

/// What one step keeps from load to load.
struct PackedStep {
  std::array<int, 5> extents{};        ///< of weights
  Precision numbers = Precision::f32;  ///< what weights are
  std::span<const float> weights;      ///< the memory they are in
  std::vector<float> bias, low, high;
  DeviceBuffer on_device[4];      ///< the same four, where kernels run on a device
  std::vector<PackedStep> parts;  ///< of a fused block instead
};

}  // namespace detail

/// A network's weights folded and packed for the kernels of one library at one level. Made once, shared by all
/// sessions; never changed afterwards, so any number of threads may use it.
struct PackedNetwork {
  Graph graph;
  LoweredNetwork lowered;
  Backend on;
  std::vector<detail::PackedStep> steps;
  std::array<std::array<detail::PackedStep, 4>, 2> refine;  ///< for each size of tiles
  std::span<const float> weights;                           ///< all of them, in one piece
  Pages memory;                                             ///< that they were packed to, or
  FileBytes file;                                           ///< that they are mapped from
  mutable std::atomic<bool> warm = false;                   ///< a device's driver has compiled the kernels
};

}  // namespace hairline::kernels

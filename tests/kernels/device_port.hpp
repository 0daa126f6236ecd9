#pragma once
// Memory for the arguments of a device's kernels in tests.
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "hairline/kernels/argument.hpp"
#include "hairline/kernels/device_buffer.hpp"
#include "tests/kernels/block.hpp"

namespace kernel_tests {

/// Numbers on the device that a kernel sees as a buffer of these extents; there may be more of them behind.
struct Port {
  std::vector<float> host;
  DeviceBuffer memory;
  detail::Argument argument;
  template <std::size_t N>
  Port(const Backend& on, std::vector<float> values, const std::array<int, N>& extents)
      : host(std::move(values)), argument(detail::Argument::dense(nullptr, extents)) {
    memory.upload(on, host.data(), host.size() * sizeof(float)).value();
    memory.lend(argument.buffer);
  }
  void download() { memory.download(host.data(), host.size() * sizeof(float)).value(); }
};

/// The given numbers, zeros behind them.
inline std::vector<float> padded(std::vector<float> v, int to) {
  v.resize(static_cast<std::size_t>(to));
  return v;
}

}  // namespace kernel_tests

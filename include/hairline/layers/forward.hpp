#pragma once
#include <span>
#include <utility>
#include <vector>

#include "hairline/core/parallel.hpp"
#include "hairline/layers/graph.hpp"

namespace hairline {

/// An owning activation, batch x height x width x channels, channels innermost.
struct Tensor {
  TensorShape shape{};
  std::vector<float> data;

  Tensor() = default;
  explicit Tensor(TensorShape s) : shape(s), data(s.size(), 0.0f) {}
  /// @pre inside the tensor (unchecked)
  float* at(int b, int y, int x) { return data.data() + offset(b, y, x); }
  const float* at(int b, int y, int x) const { return data.data() + offset(b, y, x); }

 private:
  std::size_t offset(int b, int y, int x) const {
    return ((static_cast<std::size_t>(b) * static_cast<std::size_t>(shape.height) + static_cast<std::size_t>(y)) *
                static_cast<std::size_t>(shape.width) +
            static_cast<std::size_t>(x)) *
           static_cast<std::size_t>(shape.channels);
  }
};

/// Everything one node's reference computation sees.
struct ForwardCall {
  const Node& node;
  std::span<const Tensor* const> in;
  std::span<const std::span<const float>> parameters;  ///< in the order of Op::parameters, counters left empty
  Tensor& out;                                         ///< already of the shape that Op::shape gave
  const RunOptions& options;
  ThreadPool& pool;
};

namespace detail {
/// Calls f(b, y) for every row of a tensor, in parallel.
template <class F>
void for_each_row(ThreadPool& pool, const TensorShape& s, F&& f) {
  const std::ptrdiff_t rows = static_cast<std::ptrdiff_t>(s.batch) * s.height;
  pool.parallel_for(0, rows, 1, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (; begin < end; ++begin) f(static_cast<int>(begin / s.height), static_cast<int>(begin % s.height));
  });
}

/// Calls f(x, y) for every element pair of two tensors of one shape, in parallel.
template <class F>
void map_elements(const ForwardCall& call, F&& f) {
  const std::size_t row =
      static_cast<std::size_t>(call.out.shape.width) * static_cast<std::size_t>(call.out.shape.channels);
  for_each_row(call.pool, call.out.shape, [&](int b, int y) {
    const float* from = call.in[0]->at(b, y, 0);
    float* to = call.out.at(b, y, 0);
    for (std::size_t i = 0; i < row; ++i) to[i] = f(from[i]);
  });
}

constexpr TensorShape same_shape(const Node&, std::span<const TensorShape> in, const RunOptions&) { return in[0]; }
}  // namespace detail

}  // namespace hairline

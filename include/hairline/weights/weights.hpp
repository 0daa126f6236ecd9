#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace hairline {

/// Weights by published name, f32, each in the order of its shape (slowest dimension first).
struct Weights {
  struct Tensor {
    std::vector<int> dims;
    std::vector<float> values;
  };
  std::map<std::string, Tensor, std::less<>> tensors;
};

}  // namespace hairline

#pragma once
#include <Halide.h>

#include <string>
#include <vector>

#include "lowering/activation.hpp"
#include "lowering/activations.hpp"
#include "lowering/conv_input.hpp"

/// What all generators of dense convolutions have in common, so that a schedule record can choose between them: the
/// constants, the ports in the order of the call, and what follows the sum.
template <class Self>
class DenseConv : public Halide::Generator<Self> {
  using Base = Halide::Generator<Self>;
  template <class T>
  using Param = Halide::GeneratorParam<T>;

 public:
  Param<int> kernel{"kernel", 3}, stride{"stride", 1}, dilation{"dilation", 1}, padding{"padding", 1};
  Param<std::string> parts{"parts", "64"};  ///< of the input, see ConvInput::parse
  Param<int> channels{"channels", 64};      ///< of the result
  Param<bool> addend{"addend", false};
  Param<Activation> activation{"activation", Activation::none, activation_names()};
  Param<std::string> types{"types", ""};  ///< of the activations, see activations::element

 protected:
  template <class T>
  using In = typename Base::template Input<T>;
  using Tensor = In<Halide::Buffer<>>;
  using Numbers = In<Halide::Buffer<float, 1>>;

  /// @param weight  what the weights are; their five dimensions are the generator's own
  void add_ports(const Halide::Type& weight) {
    input.parse(parts);
    std::size_t next = 0;
    for (; next < input.parts.size(); ++next) inputs.push_back(add_tensor("input" + std::to_string(next), next));
    weights = this->template add_input<Halide::Buffer<>>("weights", weight, 5);
    bias = add_numbers("bias");
    if (activation == Activation::bounds) {
      low = add_numbers("low");
      high = add_numbers("high");
    }
    if (addend) added = add_tensor("added", next++);
    height = this->template add_input<int>("height");  // of the input, after resizing
    width = this->template add_input<int>("width");
    tasks = this->template add_input<int>("tasks");  // strips of rows to be worked on at the same time
    result = this->template add_output<Halide::Buffer<>>("result", element(next), 3);
  }

  /// How the ports but the weights lie in memory.
  void describe_ports(bool on_device = false) {
    for (std::size_t i = 0; i < input.parts.size(); ++i)
      activations::tensor(*inputs[i], input.parts[i].pitch, on_device);
    if (addend) activations::tensor(*added, padded(), on_device);
    result->dim(0).set_bounds(0, padded());
    activations::tensor(*result, padded());
    bias->dim(0).set_bounds(0, padded());
  }

  /// Without gaps: `numbers` side by side, then rows, columns and rows of the kernel, tiles.
  void describe_weights(int numbers, int rows, int across, int down, int tiles) {
    weights->dim(0).set_bounds(0, numbers);
    weights->dim(1).set_bounds(0, rows).set_stride(numbers);
    weights->dim(2).set_bounds(0, across).set_stride(numbers * rows);
    weights->dim(3).set_bounds(0, down).set_stride(numbers * rows * across);
    weights->dim(4).set_bounds(0, tiles).set_stride(numbers * rows * across * down);
  }

  /// The result's numbers at c, at_x, at_y, from sums with their bias.
  Halide::Expr finished(Halide::Expr v, const Halide::Expr& at_x, const Halide::Expr& at_y) {
    if (addend) v += activations::number((*added)(c, at_x, at_y));
    if (activation == Activation::bounds)
      v = Halide::clamp(v, (*low)(c), (*high)(c));
    else
      v = activate(activation, v);
    return activations::stored(result->type(), v);
  }

  /// Of an input, by its number, the addend or the result.
  Halide::Type element(std::size_t which) const { return activations::element(types, which, this->get_target()); }
  /// The result's channels in memory.
  int padded() const { return activations::padded(channels); }

  ConvInput input;
  std::vector<Tensor*> inputs;
  Tensor *weights = nullptr, *added = nullptr;
  Numbers *bias = nullptr, *low = nullptr, *high = nullptr;
  In<int>*height = nullptr, *width = nullptr, *tasks = nullptr;
  typename Base::template Output<Halide::Buffer<>>* result = nullptr;
  Halide::Var c{"c"}, x{"x"}, y{"y"};

 private:
  Tensor* add_tensor(const std::string& name, std::size_t which) {
    return this->template add_input<Halide::Buffer<>>(name, element(which), 3);
  }
  Numbers* add_numbers(const std::string& name) { return this->template add_input<Halide::Buffer<float, 1>>(name); }
};

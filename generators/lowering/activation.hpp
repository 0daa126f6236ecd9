#pragma once
#include <Halide.h>

#include <map>
#include <string>

/// What follows a convolution's sum. `bounds` clamps each channel between numbers of its own.
enum class Activation { none, relu, relu6, clamp01, bounds };

inline std::map<std::string, Activation> activation_names() {
  return {{"none", Activation::none},
          {"relu", Activation::relu},
          {"relu6", Activation::relu6},
          {"clamp01", Activation::clamp01},
          {"bounds", Activation::bounds}};
}

inline Halide::Expr activate(Activation kind, Halide::Expr v) {
  switch (kind) {
    case Activation::relu:
      return Halide::max(v, 0.0f);
    case Activation::relu6:
      return Halide::clamp(v, 0.0f, 6.0f);
    case Activation::clamp01:
      return Halide::clamp(v, 0.0f, 1.0f);
    default:
      return v;
  }
}

#pragma once
#include <Halide.h>

#include <cstddef>
#include <vector>

#include "hairline/kernels/winograd.hpp"

/// One row of Winograd's transforms as an expression; `row` is a variable that gets unrolled.
namespace winograd {

/// Value times coefficient, added to a sum; nothing is spent on 0 and 1.
inline void add(Halide::Expr& sum, double coefficient, const Halide::Expr& value) {
  if (coefficient == 0 || !value.defined()) return;
  const Halide::Expr term = coefficient == 1 ? value : static_cast<float>(coefficient) * value;
  sum = sum.defined() ? sum + term : term;
}

/// Rows of opposite points share their even and odd halves.
template <class W>
std::vector<Halide::Expr> input_rows(const std::vector<Halide::Expr>& value) {
  using Halide::Expr;
  std::vector<Expr> result;
  const auto half = [&](std::size_t k, std::size_t first, double scale) {
    Expr sum;
    for (std::size_t q = first; q < value.size(); q += 2) add(sum, W::input[k][q] / scale, value[q]);
    return sum;
  };
  for (std::size_t k = 0; k < value.size(); ++k) {
    if (W::size == 3) {
      result.push_back(value[k]);
      continue;
    }
    Expr sum = half(k, 0, 1);
    if (k == 0 || k + 1 == value.size())
      add(sum, 1, half(k, 1, 1));
    else
      add(sum, W::points[k], half(k, 1, W::points[k]));  // odd coefficients are the point times simpler ones
    result.push_back(sum);
  }
  return result;
}

template <class W>
std::vector<Halide::Expr> output_rows(const std::vector<Halide::Expr>& value) {
  using Halide::Expr;
  std::vector<Expr> result;
  const std::size_t outs = W::output.size(), last = value.size() - 1;
  for (std::size_t k = 0; k < outs; ++k) {
    Expr sum = k == 0 ? value.front() : Expr();
    std::size_t p = 1;
    for (; p + 1 < last; p += 2)
      add(sum, W::output[k][p], k % 2 == 0 ? value[p] + value[p + 1] : value[p] - value[p + 1]);
    if (p < last) add(sum, W::output[k][p], value[p]);  // a point without its opposite, or F(1)'s middle tap
    if (k + 1 == outs) sum += value.back();
    result.push_back(sum);
  }
  return result;
}

template <class F>
std::vector<Halide::Expr> with_form(int m, F f) {
  using namespace hairline::kernels;
  switch (m) {
    case 1:
      return f(Winograd<1>());
    case 2:
      return f(Winograd<2>());
    case 3:
      return f(Winograd<3>());
    case 4:
      return f(Winograd<4>());
    case 5:
      return f(Winograd<5>());
    default:
      return f(Winograd<6>());
  }
}

/// @param value  of m + 2 inputs beside each other
template <class Value>
Halide::Expr input_transform(int m, const Halide::Expr& row, const Value& value) {
  std::vector<Halide::Expr> values;
  for (int k = 0; k < m + 2; ++k) values.push_back(value(k));
  return Halide::mux(row, with_form(m, [&](auto w) { return input_rows<decltype(w)>(values); }));
}

/// @param value  of m + 2 products
template <class Value>
Halide::Expr output_transform(int m, const Halide::Expr& row, const Value& value) {
  std::vector<Halide::Expr> values;
  for (int k = 0; k < m + 2; ++k) values.push_back(value(k));
  return Halide::mux(row, with_form(m, [&](auto w) { return output_rows<decltype(w)>(values); }));
}

}  // namespace winograd

#pragma once
#include <cmath>
#include <cstddef>

#include "hairline/core/image.hpp"

/// Largest absolute difference; infinite if the shapes differ or a value is NaN.
template <class A, class B>
double largest_difference(const hairline::Image<A>& a, const hairline::Image<B>& b) {
  if (a.shape() != b.shape()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i]));
    if (!(d <= largest)) largest = std::isnan(d) ? INFINITY : d;
  }
  return largest;
}

/// Mean of the squared differences; infinite if the shapes differ.
template <class A, class B>
double mean_squared_difference(const hairline::Image<A>& a, const hairline::Image<B>& b) {
  if (a.shape() != b.shape()) return INFINITY;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += std::pow(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i]), 2);
  return sum / static_cast<double>(a.size());
}

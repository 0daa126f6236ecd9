#pragma once
#include <algorithm>
#include <cmath>
#include <string>

#include "hairline/core/any_view.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/problem.hpp"

namespace hairline {

/// The two colours that a picture is mixed from: picture = alpha * foreground + (1 - alpha) * background.
template <class Scalar = float>
struct ForegroundResult {
  Image<Scalar> foreground;  ///< (H, W, 3), straight RGB in [0,1], extended where alpha is 0 (never zeroed)
  Image<Scalar> background;  ///< (H, W, 3), likewise, extended where alpha is 1
  SolveReport report;
};

/// An alpha matte of one channel in working precision, clipped to [0,1].
/// Errors: another size than the picture, more than one channel, NaN or infinite, or a value so far outside [0,1] that
/// the scale must be another one (0...255, say).
template <class Scalar>
Result<Image<Scalar>> working_alpha(AnyView alpha, const Shape& picture, const char* what = "alpha") {
  if (!alpha.shape().same_pixels(picture) || alpha.empty())
    return Error{ErrorCode::invalid_argument, std::string("the ") + what + " has " + size_string(alpha.shape()) +
                                                  " pixels, wanted " + size_string(picture) +
                                                  ", the size of the picture"};
  if (alpha.channels() != 1)
    return Error{ErrorCode::invalid_argument,
                 std::string("the ") + what + " has " + std::to_string(alpha.channels()) + " channels, wanted 1"};
  Image<Scalar> out(Shape{picture.height, picture.width, 1});
  bool finite = true;
  Scalar low = 0, high = 1;
  alpha.visit([&](auto v) {
    using T = typename decltype(v)::value_type;
    for (int y = 0; y < v.height(); ++y)
      for (int x = 0; x < v.width(); ++x) {
        const Scalar s = PixelTraits<T>::template to_unit<Scalar>(v(y, x));
        finite = finite && std::isfinite(s);
        low = std::min(low, s);
        high = std::max(high, s);
        out(y, x) = std::clamp(s, Scalar(0), Scalar(1));
      }
  });
  if (!finite)
    return Error{ErrorCode::invalid_argument,
                 std::string("the ") + what + " holds a value that is not a number (NaN or infinite)"};
  if (low < Scalar(-0.5) ||
      high > Scalar(1.5))  // what a resampling filter overshoots by is clipped; this is no overshoot
    return Error{ErrorCode::invalid_argument, std::string("the ") + what + " has values from " + std::to_string(low) +
                                                  " to " + std::to_string(high) + ", wanted [0,1]"};
  return out;
}

/// Takes over one channel's solve into the report of them all: most steps, largest residual, worst ending.
inline void add_to(SolveReport& all, const SolveReport& one) {
  const auto badness = [](SolveStatus s) {
    switch (s) {
      case SolveStatus::nothing_to_solve:
        return 0;
      case SolveStatus::converged:
        return 1;
      case SolveStatus::iteration_limit:
        return 2;
      case SolveStatus::breakdown:
        return 3;
    }
    return 3;
  };
  all.iterations = std::max(all.iterations, one.iterations);
  all.residual = std::max(all.residual, one.residual);
  if (badness(one.status) > badness(all.status)) all.status = one.status;
  all.preconditioner = one.preconditioner;
  all.preconditioner_replaced = all.preconditioner_replaced || one.preconditioner_replaced;
}

}  // namespace hairline

#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>

#include "hairline/core/any_view.hpp"
#include "hairline/core/convert.hpp"
#include "hairline/core/finite.hpp"
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

/// The error of a matte that working_alpha would refuse: another size than the picture, more than one channel, NaN or
/// infinite, or a value so far outside [0,1] that the scale must be another one (0...255, say).
inline std::optional<Error> check_alpha(AnyView alpha, const Shape& picture, const char* what = "alpha") {
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorCode::invalid_argument, std::string("the ") + what + why};
  };
  if (!alpha.shape().same_pixels(picture) || alpha.empty())
    return refuse(" has " + size_string(alpha.shape()) + " pixels, wanted " + size_string(picture) +
                  ", the size of the picture");
  if (alpha.channels() != 1) return refuse(" has " + std::to_string(alpha.channels()) + " channels, wanted 1");
  if (!all_finite(alpha)) return refuse(" holds a value that is not a number (NaN or infinite)");
  double low = 0, high = 1;
  alpha.visit([&](auto v) {
    using T = typename decltype(v)::value_type;
    if constexpr (std::is_floating_point_v<T>) {
      T lowest = 0, highest = 1;
      for (int y = 0; y < v.height(); ++y)
        for (int x = 0; x < v.width(); ++x) {
          lowest = std::min(lowest, v(y, x));
          highest = std::max(highest, v(y, x));
        }
      low = lowest;
      high = highest;
    }
  });
  if (low < -0.5 || high > 1.5)  // what a resampling filter overshoots by is clipped; this is no overshoot
    return refuse(" has values from " + std::to_string(low) + " to " + std::to_string(high) + ", wanted [0,1]");
  return std::nullopt;
}

/// An alpha matte of one channel in working precision, clipped to [0,1]. Errors: those of check_alpha.
template <class Scalar>
Result<Image<Scalar>> working_alpha(AnyView alpha, const Shape& picture, const char* what = "alpha") {
  if (auto error = check_alpha(alpha, picture, what)) return *error;
  auto out = convert<Scalar>(alpha);
  for (Scalar& a : out) a = std::clamp(a, Scalar(0), Scalar(1));
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

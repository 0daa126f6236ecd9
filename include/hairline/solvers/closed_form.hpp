#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/closed_form_laplacian.hpp"
#include "hairline/solvers/constraints.hpp"
#include "hairline/solvers/incomplete_cholesky.hpp"
#include "hairline/solvers/multigrid.hpp"

namespace hairline {

/// Options of closed-form matting.
struct ClosedFormOptions {
  double epsilon = 1e-7;  ///< regulariser of the colour line; larger (1e-4) for noisy pictures
  int radius = 1;         ///< windows of (2 radius + 1)^2 pixels
  double certain = 1e8;   ///< with a prior: pixels of at least this confidence are known, and eliminated
  TrimapThresholds thresholds{};
  SolveOptions solve{};
};

namespace detail {

inline std::optional<Error> closed_form_refusal(const Shape& picture, const ClosedFormOptions& o) {
  const auto refuse = [](std::string text) { return Error{ErrorCode::invalid_argument, std::move(text)}; };
  if (o.radius < 1) return refuse("the window radius is " + std::to_string(o.radius) + ", wanted at least 1");
  if (!(o.epsilon > 0) || !std::isfinite(o.epsilon))
    return refuse("epsilon is " + std::to_string(o.epsilon) + ", wanted a positive number");
  const int side = 2 * o.radius + 1;
  if (picture.width < side || picture.height < side)
    return refuse("the picture has " + size_string(picture) + " pixels, wanted at least " + std::to_string(side) + "x" +
                  std::to_string(side) + ", the size of a window");
  const auto slots = static_cast<double>(picture.height) * (picture.width + 8.0 * o.radius);
  if (slots > 2147480000.0)
    return Error{ErrorCode::unsupported,
                 "the picture has " + size_string(picture) + " pixels, more than can be numbered"};
  return std::nullopt;
}

// Which preconditioner a problem of this many unknown pixels gets if the caller leaves the choice.
inline Preconditioner closed_form_preconditioner(Preconditioner wanted, std::ptrdiff_t unknown) {
  if (wanted != Preconditioner::automatic) return wanted;
  return unknown < 2000 ? Preconditioner::incomplete_cholesky : Preconditioner::multigrid;
}

// z = M^-1 r over slots by a factor over the unknown pixels alone.
template <class Scalar, class Factor>
void through_compact(const UnknownRegion& region, const Factor& factor, const Vector<Scalar>& r, Vector<Scalar>& z) {
  Vector<Scalar> small(region.size()), out;
  std::ptrdiff_t n = 0;
  for (const auto& s : region.segments()) {
    small.segment(n, s.end - s.begin) = r.segment(s.begin, s.end - s.begin);
    n += s.end - s.begin;
  }
  factor(small, out);
  z.setZero(region.slots());
  n = 0;
  for (const auto& s : region.segments()) {
    z.segment(s.begin, s.end - s.begin) = out.segment(n, s.end - s.begin);
    n += s.end - s.begin;
  }
}

template <class Scalar>
CgResult<Scalar> solve_matting(const MattingSystem<Scalar>& system, const Image<Scalar>& image, Vector<Scalar> start,
                               SolveOptions options, ThreadPool& pool) {
  const auto& region = system.a.region();
  const auto apply = [&](const Vector<Scalar>& x, Vector<Scalar>& y) { system.a.apply(x, y, pool); };
  const auto run = [&](Preconditioner kind, auto&& precondition) {
    options.preconditioner = kind;
    return conjugate_gradients(system.b, apply, precondition, options, std::move(start), &pool);
  };
  const auto jacobi = [&] { return run(Preconditioner::jacobi, Jacobi<Scalar>(system.a.diagonal())); };
  if (system.b.isZero(0)) return run(Preconditioner::none, [](const auto& r, auto& z) { z = r; });
  switch (closed_form_preconditioner(options.preconditioner, region.size())) {
    case Preconditioner::none:
      return run(Preconditioner::none, [](const auto& r, auto& z) { z = r; });
    case Preconditioner::incomplete_cholesky: {
      const IncompleteCholesky<Scalar, float> factor(system.a.lower_triangle());
      auto result = run(factor.kind(),
                        [&](const Vector<Scalar>& r, Vector<Scalar>& z) { through_compact(region, factor, r, z); });
      result.report.preconditioner_replaced = factor.replaced();
      return result;
    }
    case Preconditioner::multigrid: {
      Multigrid<Scalar> cycle(system.a, image, pool);
      if (cycle.usable()) {
        auto result = run(Preconditioner::multigrid, cycle);
        if (result.report.status != SolveStatus::breakdown) return result;
        start = std::move(result.x);
      }
      auto result = jacobi();
      result.report.preconditioner_replaced = true;
      return result;
    }
    default:
      return jacobi();
  }
}

// Everything after the inputs have been checked. `confidence` is empty or gives the weight of `value` where unknown.
template <class Scalar>
AlphaResult<Scalar> closed_form_checked(const Image<Scalar>& image, const Image<std::uint8_t>& unknown,
                                        Image<Scalar> value, const Image<Scalar>& confidence,
                                        const Image<Scalar>& start, const ClosedFormOptions& options) {
  ThreadPool pool(options.solve.threads);
  const UnknownRegion region(unknown, 2 * options.radius);
  AlphaResult<Scalar> result{std::move(value), {}};
  if (region.size() == 0) {
    result.report.status = SolveStatus::nothing_to_solve;
    return result;
  }
  auto system = closed_form_system(image, region, result.alpha, options.radius, options.epsilon, pool);
  Vector<Scalar> first;
  if (!start.empty()) first.setZero(region.slots());
  const auto each_unknown = [&](auto&& f) {
    for (std::size_t s = 0; s < region.segments().size(); ++s)
      for (std::int32_t i = region.segments()[s].begin, k = 0; i < region.segments()[s].end; ++i, ++k)
        f(i, static_cast<std::size_t>(region.first_pixel(s) + k));
  };
  each_unknown([&](std::int32_t i, std::size_t pixel) {
    if (!confidence.empty()) {
      const Scalar c = confidence.data()[pixel];
      system.a.at(0, i) += c;
      system.b[i] += c * result.alpha.data()[pixel];
    }
    if (!start.empty()) first[i] = start.data()[pixel];
  });
  const auto solved = solve_matting(system, image, std::move(first), options.solve, pool);
  each_unknown([&](std::int32_t i, std::size_t pixel) {
    result.alpha.data()[pixel] = std::clamp(solved.x[i], Scalar(0), Scalar(1));
  });
  result.report = solved.report;
  return result;
}

// A plane of the picture's size without NaN; values are clipped to [0, upper].
template <class Scalar>
Result<Image<Scalar>> checked_plane(AnyView plane, const Shape& picture, const char* what, double upper) {
  if (!plane.shape().same_pixels(picture))
    return Error{ErrorCode::invalid_argument, std::string("the ") + what + " has " + size_string(plane.shape()) +
                                                  " pixels, wanted " + size_string(picture) +
                                                  ", the size of the picture"};
  Image<Scalar> out(Shape{picture.height, picture.width, 1});
  bool numbers = true, negative = false;
  plane.visit([&](auto v) {
    using T = typename decltype(v)::value_type;
    for (int y = 0; y < v.height(); ++y)
      for (int x = 0; x < v.width(); ++x) {
        const double s = PixelTraits<T>::template to_unit<double>(v(y, x));
        numbers = numbers && !std::isnan(s);
        negative = negative || s < 0;
        out(y, x) = static_cast<Scalar>(std::clamp(s, 0.0, upper));
      }
  });
  if (!numbers)
    return Error{ErrorCode::invalid_argument, std::string("the ") + what + " holds a value that is not a number (NaN)"};
  if (negative && upper > 1)
    return Error{ErrorCode::invalid_argument, std::string("the ") + what + " holds a negative value"};
  return out;
}

template <class Scalar>
Result<Image<Scalar>> checked_start(const SolveOptions& options, const Shape& picture) {
  if (options.start.empty()) return Image<Scalar>();
  return checked_plane<Scalar>(options.start, picture, "alpha to start from", 1.0);
}

}  // namespace detail

/// Alpha by closed-form matting (Levin, Lischinski & Weiss 2008): within every window alpha is close to a linear
/// function of colour. Known pixels are eliminated first, and come back as exactly 0 or 1.
/// @param image (H, W) of 1, 3 or 4 channels, [0,1]   @param trimap (H, W): 0 background, 1 foreground, between unknown
/// Errors: another size of the trimap, a class without pixels, NaN, a picture smaller than a window.
/// Cost: linear in the unknown pixels with the multigrid preconditioner. Memory: about 0.6 kB per unknown pixel in
/// double, besides the picture.
template <class Scalar = double>
Result<AlphaResult<Scalar>> closed_form(AnyView image, AnyView trimap, const ClosedFormOptions& options = {}) {
  const auto labels = classify_trimap(trimap, image.shape(), options.thresholds);
  if (!labels) return labels.error();
  const auto colour = working_colour<Scalar>(image);
  if (!colour) return colour.error();
  const auto start = detail::checked_start<Scalar>(options.solve, image.shape());
  if (!start) return start.error();
  if (const auto refusal = detail::closed_form_refusal(image.shape(), options)) return *refusal;
  const Shape plane{image.height(), image.width(), 1};
  Image<std::uint8_t> unknown(plane);
  Image<Scalar> value(plane);
  for (std::size_t i = 0; i < plane.pixels(); ++i) {
    unknown.data()[i] = labels->map.data()[i] == Label::unknown;
    value.data()[i] = labels->map.data()[i] == Label::foreground ? Scalar(1) : Scalar(0);
  }
  return detail::closed_form_checked<Scalar>(*colour, unknown, std::move(value), {}, *start, options);
}

/// Alpha by closed-form matting towards a prior: solves (L + diag(c)) x = c p for a prior alpha p with confidence c.
/// Pixels whose confidence is infinite or at least options.certain keep the prior exactly.
/// @param prior (H, W) in [0,1] (values outside are clipped)   @param confidence (H, W), not negative; of integer
/// pictures 255 or 65535 means 1.   Errors: other sizes, NaN, negative confidence, a picture smaller than a window.
template <class Scalar = double>
Result<AlphaResult<Scalar>> closed_form_with_prior(AnyView image, AnyView prior, AnyView confidence,
                                                   const ClosedFormOptions& options = {}) {
  const auto colour = working_colour<Scalar>(image);
  if (!colour) return colour.error();
  auto value = detail::checked_plane<Scalar>(prior, image.shape(), "prior alpha", 1.0);
  if (!value) return value.error();
  auto weight = detail::checked_plane<Scalar>(confidence, image.shape(), "confidence", options.certain);
  if (!weight) return weight.error();
  const auto start = detail::checked_start<Scalar>(options.solve, image.shape());
  if (!start) return start.error();
  if (const auto refusal = detail::closed_form_refusal(image.shape(), options)) return *refusal;
  Image<std::uint8_t> unknown(Shape{image.height(), image.width(), 1});
  for (std::size_t i = 0; i < unknown.size(); ++i)
    unknown.data()[i] = weight->data()[i] < static_cast<Scalar>(options.certain);
  return detail::closed_form_checked<Scalar>(*colour, unknown, std::move(*value), *weight, *start, options);
}

}  // namespace hairline

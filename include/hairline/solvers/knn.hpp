#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "hairline/solvers/nearest.hpp"
#include "hairline/solvers/unknown_system.hpp"

namespace hairline {

/// One search for similar pixels: how many, and how much their place counts against their colour.
struct KnnPass {
  int neighbours = 10;           ///< the pixel itself counts as one; clamped to the number of pixels
  double distance_weight = 1.0;  ///< of x and y, each in [0,1], against r, g, b
};

struct KnnOptions {
  std::vector<KnnPass> passes{{20, 2.0}, {10, 0.1}};
  bool soft = false;  ///< weight 1 - |difference of features|_1 / 5 instead of 1
  TrimapThresholds thresholds{};
  SolveOptions solve{};
};

namespace detail {

using KnnSearch = NearestPoints<5>;

template <class Scalar>
std::vector<KnnSearch::Point> knn_features(const Image<Scalar>& colour, double distance_weight) {
  std::vector<KnnSearch::Point> features(colour.shape().pixels());
  const double weight_x = distance_weight / std::max(colour.width() - 1, 1);
  const double weight_y = distance_weight / std::max(colour.height() - 1, 1);
  std::size_t i = 0;
  for (int y = 0; y < colour.height(); ++y)
    for (int x = 0; x < colour.width(); ++x)
      features[i++] = {static_cast<float>(colour(y, x, 0)), static_cast<float>(colour(y, x, 1)),
                       static_cast<float>(colour(y, x, 2)), static_cast<float>(weight_x * x),
                       static_cast<float>(weight_y * y)};
  return features;
}

inline float knn_weight(const KnnSearch::Point& a, const KnnSearch::Point& b, bool soft) {
  if (!soft) return 1;
  float sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) sum += std::abs(a[d] - b[d]);
  return 1 - sum / static_cast<float>(a.size());
}

/// For each point, in `order`, a squared distance within which it surely has `count` neighbours (itself included):
/// that of the count-th nearest among those beside it in the order.
inline float knn_bound(const KnnSearch& search, const std::vector<int>& order, std::ptrdiff_t at, int count) {
  constexpr std::ptrdiff_t reach = 16;
  const auto size = static_cast<std::ptrdiff_t>(order.size());
  const std::ptrdiff_t begin = std::max<std::ptrdiff_t>(0, std::min(at - reach, size - 2 * reach - 1));
  const std::ptrdiff_t end = std::min(size, begin + 2 * reach + 1);
  if (count > end - begin) return std::numeric_limits<float>::infinity();
  std::array<float, 2 * reach + 1> near{};
  const auto& centre = search.point(order[static_cast<std::size_t>(at)]);
  for (std::ptrdiff_t k = begin; k < end; ++k)
    near[static_cast<std::size_t>(k - begin)] =
        KnnSearch::squared_distance(centre, search.point(order[static_cast<std::size_t>(k)]));
  std::nth_element(near.begin(), near.begin() + count - 1, near.begin() + (end - begin));
  return near[static_cast<std::size_t>(count - 1)];
}

/// Links of one pass: each unknown pixel with its neighbours, and with the pixels whose neighbour it is.
template <class Scalar>
void knn_links(const MattingProblem<Scalar>& problem, const KnnPass& pass, bool soft,
               std::vector<std::vector<Link>>& links, ThreadPool& pool) {
  const KnnSearch search(knn_features(problem.colour, pass.distance_weight));
  std::vector<KnnSearch::Point> unknown_points(problem.unknown.size());
  for (std::size_t u = 0; u < unknown_points.size(); ++u) unknown_points[u] = search.point(problem.unknown[u]);
  const KnnSearch unknown_search(std::move(unknown_points));
  const int count = std::min(pass.neighbours, search.size());
  const std::vector<int> order = search.close_order();
  constexpr std::ptrdiff_t grain = 2048;
  const std::size_t base = links.size();
  links.resize(base + (order.size() + grain - 1) / grain);
  pool.parallel_for(0, static_cast<std::ptrdiff_t>(order.size()), grain, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    auto& out = links[base + static_cast<std::size_t>(begin / grain)];
    std::vector<Neighbour> found(static_cast<std::size_t>(count));
    for (std::ptrdiff_t at = begin; at < end; ++at) {
      const int i = order[static_cast<std::size_t>(at)];
      const int u = problem.number[static_cast<std::size_t>(i)];
      const auto& here = search.point(i);
      const float bound = knn_bound(search, order, at, count);
      // A known pixel matters only where an unknown one is among its neighbours; mostly none is near enough.
      if (u < 0 && unknown_search.query(here, 1, found.data(), bound) == 0) continue;
      const int n = search.query(here, count, found.data(), bound);
      for (int k = 0; k < n; ++k) {
        const int j = found[static_cast<std::size_t>(k)].index;
        const int v = problem.number[static_cast<std::size_t>(j)];
        if (j == i || (u < 0 && v < 0)) continue;
        const float weight = knn_weight(here, search.point(j), soft);
        if (u >= 0) out.push_back({u, j, weight});
        if (v >= 0) out.push_back({v, i, weight});
      }
    }
  });
}

/// D - W of the pixel graph that the passes make, both directions of each neighbourhood summed.
template <class Scalar>
UnknownSystem<Scalar> knn_system(const MattingProblem<Scalar>& problem, const std::vector<KnnPass>& passes, bool soft,
                                 ThreadPool& pool) {
  std::vector<std::vector<Link>> links;
  for (const KnnPass& pass : passes) knn_links(problem, pass, soft, links, pool);
  return graph_system(problem, links, pool);
}

}  // namespace detail

/// KNN matting: each pixel's alpha is the mean of those of similar pixels, near and far.
/// Picture (H, W, 1|3|4), trimap (H, W). The symmetric Laplacian D - W, so that conjugate gradients may be used.
/// Errors: bad picture or trimap, no pass, a pass without neighbours or with a weight that is no number >= 0.
/// Cost: a search in a k-d tree per unknown pixel, about 60 entries per unknown pixel.  Chen, Li & Tang 2013.
template <class Scalar = double>
Result<AlphaResult<Scalar>> knn_matting(AnyView image, AnyView trimap, const KnnOptions& options = {}) {
  if (options.passes.empty())
    return Error{ErrorCode::invalid_argument, "knn matting needs at least one pass, given none"};
  for (const KnnPass& pass : options.passes)
    if (pass.neighbours < 1 || !(pass.distance_weight >= 0) || !std::isfinite(pass.distance_weight))
      return Error{ErrorCode::invalid_argument,
                   "a knn pass wants at least 1 neighbour and a distance weight >= 0, given " +
                       std::to_string(pass.neighbours) + " and " + std::to_string(pass.distance_weight)};
  auto problem = matting_problem<Scalar>(image, trimap, options.thresholds, options.solve);
  if (!problem) return problem.error();
  if (problem->unknown.empty()) return finish_known(*problem);
  ThreadPool pool(options.solve.threads);
  const auto system = detail::knn_system(*problem, options.passes, options.soft, pool);
  auto solved = solve_system(system, options.solve, Preconditioner::jacobi, problem->start, pool);
  if (!solved) return solved.error();
  return finish(*problem, *solved);
}

}  // namespace hairline

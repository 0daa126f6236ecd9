#pragma once
#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "hairline/solvers/linear_embedding.hpp"
#include "hairline/solvers/local_windows.hpp"
#include "hairline/solvers/nearest.hpp"
#include "hairline/solvers/trimming.hpp"
#include "hairline/solvers/unknown_system.hpp"

namespace hairline {

/// Whether colours of known pixels far away may tell an unknown pixel's alpha directly.
enum class KnownToUnknown {
  automatic,  ///< unless the matte looks highly transparent by its colours
  on,
  off,
};

struct InformationFlowOptions {
  int mixture_neighbours = 20;          ///< pixels whose colours are mixed to each unknown pixel's
  double mixture_distance_weight = 1;   ///< of x and y, each in [0,1], against r, g, b in their search
  double local_epsilon = 1e-6;          ///< regularisation of the 3x3 windows' colour covariance
  int intra_neighbours = 5;             ///< similar unknown pixels (and a fifth as many regardless of place)
  double intra_distance_weight = 0.05;  ///< of x and y in their search
  double intra_strength = 0.01;         ///< of their links
  KnownToUnknown known_to_unknown = KnownToUnknown::automatic;
  int sample_neighbours = 7;             ///< foreground and as many background pixels mixed to each unknown pixel
  double sample_distance_weight = 10;    ///< of x and y in their search
  double sample_strength = 0.05;         ///< of the alpha that they tell, times its confidence
  double transparent_residual = 0.0099;  ///< misfit of the colour histograms above which a matte counts as transparent
  bool trim_patches = true;              ///< label unknown pixels by the statistics of their surroundings
  bool trim_edges = true;                ///< grow the known regions along equal colours
  PatchTrimmingOptions patches{};
  TrimapThresholds thresholds{};
  SolveOptions solve{};
};

namespace detail {

using FlowSearch = NearestPoints<5>;

/// (r, g, b, weight x, weight y) of some pixels, x and y in [0,1] over the picture.
template <class Scalar>
std::vector<FlowSearch::Point> flow_features(const Image<Scalar>& colour, const std::vector<int>& pixels,
                                             double distance_weight) {
  std::vector<FlowSearch::Point> features;
  features.reserve(pixels.size());
  for (const int i : pixels) {
    const int y = i / colour.width();
    const int x = i % colour.width();
    features.push_back({static_cast<float>(colour(y, x, 0)), static_cast<float>(colour(y, x, 1)),
                        static_cast<float>(colour(y, x, 2)),
                        static_cast<float>(distance_weight * x / std::max(colour.width() - 1, 1)),
                        static_cast<float>(distance_weight * y / std::max(colour.height() - 1, 1))});
  }
  return features;
}

template <class Scalar>
Eigen::Vector3d colour_of(const MattingProblem<Scalar>& problem, int pixel) {
  return Eigen::Map<const Eigen::Matrix<Scalar, 3, 1>>(problem.colour.data() + std::ptrdiff_t{3} * pixel)
      .template cast<double>();
}

/// Colour mixture flow: alpha_u - sum of w alpha_j over pixels whose colours mix to that of u, as
/// mixture * alpha - constant, the known pixels' part being in the constant.
template <class Scalar>
struct MixtureFlow {
  typename UnknownSystem<Scalar>::Matrix mixture;
  Vector<Scalar> constant;
};

template <class Scalar>
MixtureFlow<Scalar> mixture_flow(const MattingProblem<Scalar>& problem, const InformationFlowOptions& options,
                                 ThreadPool& pool) {
  std::vector<int> all(problem.number.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
  const FlowSearch search(flow_features(problem.colour, all, options.mixture_distance_weight));
  const int count = std::min(options.mixture_neighbours + 1, search.size());  // the pixel finds itself, too
  MixtureFlow<Scalar> flow;
  flow.constant = Vector<Scalar>::Zero(static_cast<Eigen::Index>(problem.unknown.size()));
  const auto row = [&](int u, auto&& add) {
    const int pixel = problem.unknown[static_cast<std::size_t>(u)];
    std::vector<Neighbour> found(static_cast<std::size_t>(count));
    const int n = search.query(search.point(pixel), count, found.data());
    std::vector<int> neighbours;
    for (int k = 0; k < n; ++k)
      if (found[static_cast<std::size_t>(k)].index != pixel)
        neighbours.push_back(found[static_cast<std::size_t>(k)].index);
    neighbours.resize(std::min(neighbours.size(), static_cast<std::size_t>(options.mixture_neighbours)));
    Eigen::Matrix3Xd colours(3, static_cast<Eigen::Index>(neighbours.size()));
    for (std::size_t k = 0; k < neighbours.size(); ++k)
      colours.col(static_cast<Eigen::Index>(k)) = colour_of(problem, neighbours[k]);
    const Eigen::VectorXd weights = linear_embedding(colour_of(problem, pixel), colours);
    add(u, Scalar(1));
    double constant = 0;
    for (std::size_t k = 0; k < neighbours.size(); ++k) {
      const double weight = weights[static_cast<Eigen::Index>(k)];
      const int v = problem.number[static_cast<std::size_t>(neighbours[k])];
      if (v >= 0)
        add(v, static_cast<Scalar>(-weight));
      else if (problem.is_foreground(neighbours[k]))
        constant += weight;
    }
    flow.constant[u] = static_cast<Scalar>(constant);
  };
  flow.mixture = assemble_rows<Scalar>(static_cast<int>(problem.unknown.size()), row, pool);
  return flow;
}

/// Links among unknown pixels of similar colour, weight 1 - |difference of features|_1 / 5, the mean of both
/// directions.
template <class Scalar>
void intra_unknown_links(const MattingProblem<Scalar>& problem, const InformationFlowOptions& options,
                         std::vector<std::vector<Link>>& links, ThreadPool& pool) {
  const std::array<std::pair<int, double>, 2> passes{
      std::pair{options.intra_neighbours, options.intra_distance_weight},
      std::pair{(options.intra_neighbours + 4) / 5, options.intra_distance_weight / 100}};
  for (const auto& [neighbours, distance_weight] : passes) {
    const FlowSearch search(flow_features(problem.colour, problem.unknown, distance_weight));
    constexpr std::ptrdiff_t grain = 1024;
    const std::size_t base = links.size();
    links.resize(base + (problem.unknown.size() + grain - 1) / grain);
    pool.parallel_for(0, search.size(), grain, [&, count = neighbours](std::ptrdiff_t begin, std::ptrdiff_t end) {
      auto& out = links[base + static_cast<std::size_t>(begin / grain)];
      std::vector<Neighbour> found(static_cast<std::size_t>(count) + 1);
      for (int u = static_cast<int>(begin); u < static_cast<int>(end); ++u) {
        const int n = search.query(search.point(u), count + 1, found.data());
        int taken = 0;
        for (int k = 0; k < n && taken < count; ++k) {
          const int v = found[static_cast<std::size_t>(k)].index;
          if (v == u) continue;
          ++taken;
          float difference = 0;
          for (std::size_t d = 0; d < 5; ++d) difference += std::abs(search.point(u)[d] - search.point(v)[d]);
          const float weight = 0.5f * std::max(0.0f, 1 - difference / 5);
          out.push_back({u, problem.unknown[static_cast<std::size_t>(v)], weight});
          out.push_back({v, problem.unknown[static_cast<std::size_t>(u)], weight});
        }
      }
    });
  }
}

/// An alpha for each unknown pixel from known ones alone, and how far to trust it (0..1).
struct SampledAlpha {
  std::vector<double> alpha;
  std::vector<double> confidence;
};

/// Known-to-unknown flow. Pixels that trimming labelled are taken at their label with full confidence, and those that
/// patch trimming labelled serve as samples.
template <class Scalar>
SampledAlpha known_to_unknown_flow(const MattingProblem<Scalar>& problem, const InformationFlowOptions& options,
                                   ThreadPool& pool) {
  const Image<Label> patches =
      options.trim_patches ? patch_trimming(problem.colour, problem.labels, options.patches, pool) : problem.labels.map;
  const Image<Label> edges =
      options.trim_edges ? edge_trimming(problem.colour, problem.labels, pool) : problem.labels.map;
  std::vector<int> samples[2];
  for (std::size_t i = 0; i < problem.number.size(); ++i)
    if (patches.data()[i] != Label::unknown)
      samples[patches.data()[i] == Label::foreground ? 1 : 0].push_back(static_cast<int>(i));
  const FlowSearch search[2] = {FlowSearch(flow_features(problem.colour, samples[0], options.sample_distance_weight)),
                                FlowSearch(flow_features(problem.colour, samples[1], options.sample_distance_weight))};
  const auto points = flow_features(problem.colour, problem.unknown, options.sample_distance_weight);
  SampledAlpha result{std::vector<double>(points.size()), std::vector<double>(points.size(), 1.0)};
  pool.parallel_for(0, static_cast<std::ptrdiff_t>(points.size()), 512, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    std::vector<Neighbour> found(static_cast<std::size_t>(options.sample_neighbours));
    Eigen::Matrix3Xd colours(3, 2 * options.sample_neighbours);
    for (auto u = static_cast<std::size_t>(begin); u < static_cast<std::size_t>(end); ++u) {
      const auto pixel = static_cast<std::size_t>(problem.unknown[u]);
      const Label label = edges.data()[pixel] != Label::unknown ? edges.data()[pixel] : patches.data()[pixel];
      if (label != Label::unknown) {
        result.alpha[u] = label == Label::foreground ? 1 : 0;
        continue;
      }
      Eigen::Index split = 0;  // background columns first, foreground from here on
      Eigen::Index total = 0;
      for (int side = 0; side < 2; ++side) {
        split = total;
        const int n = search[side].query(points[u], options.sample_neighbours, found.data());
        for (int k = 0; k < n; ++k)
          colours.col(total++) =
              colour_of(problem, samples[side][static_cast<std::size_t>(found[static_cast<std::size_t>(k)].index)]);
      }
      const Eigen::Matrix3Xd mixed = colours.leftCols(total);
      const Eigen::VectorXd w = linear_embedding(colour_of(problem, problem.unknown[u]), mixed);
      // A class's own colour at this pixel. Weights that nearly cancel say nothing: then the plain mean.
      const auto colour = [&](Eigen::Index first, Eigen::Index n) -> Eigen::Vector3d {
        const double sum = w.segment(first, n).sum();
        const Eigen::Vector3d c = std::abs(sum) > 1e-3 ? (mixed.middleCols(first, n) * w.segment(first, n) / sum).eval()
                                                       : mixed.middleCols(first, n).rowwise().mean().eval();
        return c.cwiseMax(0.0).cwiseMin(1.0);
      };
      result.alpha[u] = std::clamp(w.tail(total - split).sum(), 0.0, 1.0);
      result.confidence[u] = (colour(split, total - split) - colour(0, split)).squaredNorm() / 3;
    }
  });
  return result;
}

/// How badly the unknown pixels' colour histogram is a mix of those of the foreground and background nearby.
template <class Scalar>
double histogram_misfit(const MattingProblem<Scalar>& problem) {
  constexpr int bins = 10;
  constexpr int reach = 20;
  const int height = problem.colour.height();
  const int width = problem.colour.width();
  // Within `reach` of an unknown pixel in both directions: first along rows, then along columns.
  const auto spread = [&](const std::vector<char>& in, int outer, int inner, std::size_t step_outer,
                          std::size_t step_inner) {
    std::vector<char> out(in.size(), 0);
    for (int o = 0; o < outer; ++o)
      for (int pass = 0; pass < 2; ++pass) {
        int since = reach + 1;
        for (int k = 0; k < inner; ++k) {
          const int i = pass == 0 ? k : inner - 1 - k;
          const std::size_t at = static_cast<std::size_t>(o) * step_outer + static_cast<std::size_t>(i) * step_inner;
          since = in[at] != 0 ? 0 : since + 1;
          if (since <= reach) out[at] = 1;
        }
      }
    return out;
  };
  std::vector<char> close(problem.number.size(), 0);
  for (const int i : problem.unknown) close[static_cast<std::size_t>(i)] = 1;
  close = spread(close, height, width, static_cast<std::size_t>(width), 1);
  close = spread(close, width, height, 1, static_cast<std::size_t>(width));
  Eigen::Matrix<double, 3 * bins, 3> histogram = Eigen::Matrix<double, 3 * bins, 3>::Zero();  // by Label
  for (std::size_t i = 0; i < close.size(); ++i) {
    if (close[i] == 0) continue;
    const Eigen::Vector3d c = colour_of(problem, static_cast<int>(i));
    for (int channel = 0; channel < 3; ++channel)
      histogram(channel * bins + static_cast<int>(std::clamp(c[channel] * bins, 0.0, bins - 1.0)),
                static_cast<int>(problem.labels.map.data()[i])) += 1;
  }
  for (int label = 0; label < 3; ++label)
    if (histogram.col(label).sum() > 0) histogram.col(label) *= 3 / histogram.col(label).sum();
  Eigen::Matrix<double, 3 * bins, 2> known;
  known << histogram.col(static_cast<int>(Label::background)), histogram.col(static_cast<int>(Label::foreground));
  const Eigen::Matrix<double, 3 * bins, 1> unknown = histogram.col(static_cast<int>(Label::unknown));
  const Eigen::Vector2d mix = known.completeOrthogonalDecomposition().solve(unknown);
  return (known * mix - unknown).norm() / (3 * bins);
}

/// (M'M + S) alpha = rhs: M the colour mixture flow, S the sum of the others.
template <class Scalar>
struct FlowSystem {
  typename UnknownSystem<Scalar>::Matrix mixture, transposed, rest;
  Vector<Scalar> rhs;

  void apply(const Vector<Scalar>& x, Vector<Scalar>& y, Vector<Scalar>& scratch, ThreadPool& pool) const {
    multiply<Scalar>(mixture, x, scratch, pool);
    multiply<Scalar>(transposed, scratch, y, pool);
    multiply<Scalar>(rest, x, scratch, pool);
    y += scratch;
  }
  Vector<Scalar> diagonal() const {
    Vector<Scalar> d = rest.diagonal();
    for (Eigen::Index u = 0; u < d.size(); ++u)
      for (typename UnknownSystem<Scalar>::Matrix::InnerIterator it(transposed, u); it; ++it)
        d[u] += it.value() * it.value();
    return d;
  }
};

template <class Scalar>
FlowSystem<Scalar> flow_system(const MattingProblem<Scalar>& problem, const InformationFlowOptions& options,
                               ThreadPool& pool) {
  auto mixture = mixture_flow(problem, options, pool);
  const LocalWindows windows(problem, LocalModel::closed_form, options.local_epsilon, 1, pool);
  const auto local = local_system(problem, windows, pool);
  std::vector<std::vector<Link>> links;
  intra_unknown_links(problem, options, links, pool);
  const auto intra = graph_system(problem, links, pool);
  FlowSystem<Scalar> system;
  system.transposed = mixture.mixture.transpose();
  multiply<Scalar>(system.transposed, mixture.constant, system.rhs, pool);
  system.mixture = std::move(mixture.mixture);
  // The local flow is used as affinities that sum to 1: a pixel inside the picture is in 9 windows.
  system.rest = local.matrix * Scalar(1.0 / 9) + intra.matrix * static_cast<Scalar>(options.intra_strength);
  system.rhs += local.rhs * Scalar(1.0 / 9) + intra.rhs * static_cast<Scalar>(options.intra_strength);
  const bool use_samples =
      options.known_to_unknown == KnownToUnknown::on || (options.known_to_unknown == KnownToUnknown::automatic &&
                                                         histogram_misfit(problem) <= options.transparent_residual);
  if (use_samples) {
    const SampledAlpha samples = known_to_unknown_flow(problem, options, pool);
    for (Eigen::Index u = 0; u < system.rhs.size(); ++u) {
      const double strength = options.sample_strength * samples.confidence[static_cast<std::size_t>(u)];
      system.rest.coeffRef(u, u) += static_cast<Scalar>(strength);
      system.rhs[u] += static_cast<Scalar>(strength * samples.alpha[static_cast<std::size_t>(u)]);
    }
  }
  return system;
}

inline bool valid(const InformationFlowOptions& o) {
  const auto good = [](double v) { return v >= 0 && std::isfinite(v); };
  return o.mixture_neighbours >= 1 && o.intra_neighbours >= 1 && o.sample_neighbours >= 1 && o.local_epsilon > 0 &&
         good(o.local_epsilon) && good(o.mixture_distance_weight) && good(o.intra_distance_weight) &&
         good(o.intra_strength) && good(o.sample_distance_weight) && good(o.sample_strength) && o.patches.radius >= 0 &&
         o.patches.neighbours >= 1;
}

}  // namespace detail

/// Information-flow matting: alpha flows between pixels whose colours mix to each other, within 3x3 windows, among
/// similar unknown pixels, and from known pixels anywhere unless the matte looks highly transparent.
/// Picture (H, W, 1|3|4), trimap (H, W). Known pixels stay as they are; trimming only steers the last flow.
/// Errors: bad picture or trimap; an option below 0 or that is no number, a count below 1, a preconditioner that needs
/// the matrix (it is applied in factors and never formed).
/// Cost: about 65 entries and 5 searches in k-d trees per unknown pixel.  Aksoy, Aydin & Pollefeys 2017.
template <class Scalar = double>
Result<AlphaResult<Scalar>> information_flow(AnyView image, AnyView trimap,
                                             const InformationFlowOptions& options = {}) {
  if (!detail::valid(options))
    return Error{ErrorCode::invalid_argument,
                 "information-flow matting wants finite weights >= 0, an epsilon > 0 and counts of at least 1"};
  SolveOptions solve = options.solve;
  if (solve.preconditioner == Preconditioner::automatic) solve.preconditioner = Preconditioner::jacobi;
  if (solve.preconditioner != Preconditioner::jacobi && solve.preconditioner != Preconditioner::none)
    return Error{ErrorCode::unsupported, std::string("information-flow matting never forms its matrix, so it cannot be "
                                                     "preconditioned by ") +
                                             name(solve.preconditioner) + ", wanted automatic, none or jacobi"};
  auto problem = matting_problem<Scalar>(image, trimap, options.thresholds, solve);
  if (!problem) return problem.error();
  if (problem->unknown.empty()) return finish_known(*problem);
  ThreadPool pool(solve.threads);
  const auto system = detail::flow_system(*problem, options, pool);
  Vector<Scalar> scratch;
  const auto apply = [&](const Vector<Scalar>& x, Vector<Scalar>& y) { system.apply(x, y, scratch, pool); };
  const Jacobi<Scalar> precondition(solve.preconditioner == Preconditioner::jacobi
                                        ? system.diagonal()
                                        : Vector<Scalar>(Vector<Scalar>::Ones(system.rhs.size())));
  return finish(*problem, conjugate_gradients<Scalar>(system.rhs, apply, precondition, solve, problem->start));
}

}  // namespace hairline

#pragma once
#include <Eigen/SparseCore>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/parallel.hpp"
#include "hairline/solvers/cg.hpp"
#include "hairline/solvers/constraints.hpp"
#include "hairline/solvers/incomplete_cholesky.hpp"
#include "hairline/solvers/jacobi.hpp"
#include "hairline/solvers/problem.hpp"

namespace hairline {

/// A picture with its constraints, in the form that every affinity method starts from. Known pixels are eliminated, so
/// a method only needs equations for the unknown ones, which are numbered row by row.
template <class Scalar>
struct MattingProblem {
  Image<Scalar> colour;      ///< (H, W, 3) in [0,1]
  Labels labels;             ///< (H, W)
  std::vector<int> unknown;  ///< pixel index y * W + x of each unknown pixel, ascending
  std::vector<int> number;   ///< of each pixel: its place in `unknown`, or -1 where known
  Vector<Scalar> start;      ///< first iterate, one per unknown pixel, or empty
  Shape shape() const { return {colour.height(), colour.width(), 1}; }
  bool is_foreground(int pixel) const { return labels.map.data()[pixel] == Label::foreground; }
};

/// Reads picture, trimap and warm start.
/// Errors: those of working_colour and classify_trimap; a start of another size or with values that are no number.
template <class Scalar>
Result<MattingProblem<Scalar>> matting_problem(AnyView image, AnyView trimap, const TrimapThresholds& thresholds,
                                               const SolveOptions& solve) {
  auto colour = working_colour<Scalar>(image);
  if (!colour) return colour.error();
  auto labels = classify_trimap(trimap, image.shape(), thresholds);
  if (!labels) return labels.error();
  MattingProblem<Scalar> problem;
  problem.colour = std::move(*colour);
  problem.labels = std::move(*labels);
  problem.unknown.reserve(problem.labels.unknown);
  problem.number.assign(image.shape().pixels(), -1);
  for (std::size_t i = 0; i < problem.number.size(); ++i)
    if (problem.labels.map.data()[i] == Label::unknown) {
      problem.number[i] = static_cast<int>(problem.unknown.size());
      problem.unknown.push_back(static_cast<int>(i));
    }
  if (solve.start.empty()) return problem;
  if (!solve.start.shape().same_pixels(image.shape()))
    return Error{ErrorCode::invalid_argument, "the start alpha has " + size_string(solve.start.shape()) +
                                                  " pixels, wanted " + size_string(image.shape()) +
                                                  ", the size of the picture"};
  problem.start.resize(static_cast<Eigen::Index>(problem.unknown.size()));
  const int width = image.width();
  solve.start.visit([&](auto v) {
    using T = typename decltype(v)::value_type;
    for (std::size_t u = 0; u < problem.unknown.size(); ++u)
      problem.start[static_cast<Eigen::Index>(u)] =
          PixelTraits<T>::template to_unit<Scalar>(v(problem.unknown[u] / width, problem.unknown[u] % width));
  });
  if (!problem.start.allFinite())
    return Error{ErrorCode::invalid_argument, "the start alpha holds a value that is not a number (NaN or infinite)"};
  return problem;
}

/// The alpha of a solved problem: known pixels exactly 0 or 1, solved ones clipped to [0,1].
template <class Scalar>
AlphaResult<Scalar> finish(const MattingProblem<Scalar>& problem, const CgResult<Scalar>& solved) {
  AlphaResult<Scalar> result{Image<Scalar>(problem.shape()), solved.report};
  for (std::size_t i = 0; i < problem.number.size(); ++i) {
    const int u = problem.number[i];
    result.alpha.data()[i] = u >= 0 ? std::clamp(solved.x[u], Scalar(0), Scalar(1))
                                    : Scalar(problem.is_foreground(static_cast<int>(i)) ? 1 : 0);
  }
  return result;
}

/// The answer where every pixel is known: the trimap itself.
template <class Scalar>
AlphaResult<Scalar> finish_known(const MattingProblem<Scalar>& problem) {
  CgResult<Scalar> nothing;
  nothing.report.status = SolveStatus::nothing_to_solve;
  return finish(problem, nothing);
}

/// Equations for the unknown pixels alone: matrix * alpha = rhs, symmetric positive semidefinite.
template <class Scalar>
struct UnknownSystem {
  using Matrix = Eigen::SparseMatrix<Scalar, Eigen::RowMajor, int>;
  Matrix matrix;
  Vector<Scalar> rhs;
};

/// A sparse matrix from its rows. `rows(u, add)` calls add(column, value) for each entry of row u, duplicates allowed
/// (they sum, in the order given); called once per row, from any thread. Columns end up ascending.
/// Cost: one sort within each row; twice the result's memory for a moment.
template <class Scalar, class Rows>
typename UnknownSystem<Scalar>::Matrix assemble_rows(int size, Rows&& rows, ThreadPool& pool) {
  struct Entry {
    int column;
    Scalar value;
  };
  constexpr std::ptrdiff_t grain = 1024;
  std::vector<std::vector<Entry>> chunks(static_cast<std::size_t>((size + grain - 1) / grain));
  std::vector<int> count(static_cast<std::size_t>(size) + 1, 0);
  pool.parallel_for(0, size, grain, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    auto& entries = chunks[static_cast<std::size_t>(begin / grain)];
    std::vector<Entry> row;
    for (std::ptrdiff_t u = begin; u < end; ++u) {
      row.clear();
      rows(static_cast<int>(u), [&](int column, Scalar value) { row.push_back({column, value}); });
      const auto before = [](const Entry& a, const Entry& b) { return a.column < b.column; };
      if (!std::is_sorted(row.begin(), row.end(), before)) std::stable_sort(row.begin(), row.end(), before);
      const std::size_t first = entries.size();
      for (const Entry& e : row) {
        if (entries.size() > first && entries.back().column == e.column)
          entries.back().value += e.value;
        else
          entries.push_back(e);
      }
      count[static_cast<std::size_t>(u) + 1] = static_cast<int>(entries.size() - first);
    }
  });
  for (std::size_t u = 0; u < static_cast<std::size_t>(size); ++u) count[u + 1] += count[u];
  typename UnknownSystem<Scalar>::Matrix matrix(size, size);
  matrix.resizeNonZeros(count.back());
  std::copy(count.begin(), count.end(), matrix.outerIndexPtr());
  std::size_t at = 0;
  for (auto& chunk : chunks) {
    for (const Entry& e : chunk) {
      matrix.innerIndexPtr()[at] = e.column;
      matrix.valuePtr()[at++] = e.value;
    }
    chunk = {};
  }
  return matrix;
}

/// One end of a weighted edge between an unknown pixel and any other pixel.
struct Link {
  int unknown;  ///< number of the unknown pixel
  int pixel;    ///< the other pixel
  float weight;
};

/// The graph Laplacian D - W over the unknown pixels; links to known pixels go to the diagonal and the right-hand side.
/// @param links  by chunks, whose order is part of the result (sums are rounded); an edge between two unknown pixels
/// must be there once from each end, links from a pixel to itself count for nothing
template <class Scalar>
UnknownSystem<Scalar> graph_system(const MattingProblem<Scalar>& problem, const std::vector<std::vector<Link>>& links,
                                   ThreadPool& pool) {
  const std::size_t size = problem.unknown.size();
  std::vector<std::size_t> first(size + 1, 0);
  for (const auto& chunk : links)
    for (const Link& link : chunk) ++first[static_cast<std::size_t>(link.unknown) + 1];
  for (std::size_t u = 0; u < size; ++u) first[u + 1] += first[u];
  std::vector<std::pair<int, float>> sorted(first.back());
  {
    std::vector<std::size_t> at(first.begin(), first.end() - 1);
    for (const auto& chunk : links)
      for (const Link& link : chunk) sorted[at[static_cast<std::size_t>(link.unknown)]++] = {link.pixel, link.weight};
  }
  UnknownSystem<Scalar> system;
  system.rhs = Vector<Scalar>::Zero(static_cast<Eigen::Index>(size));
  const auto row = [&](int u, auto&& add) {
    Scalar diagonal = 0;
    Scalar rhs = 0;
    for (std::size_t k = first[static_cast<std::size_t>(u)]; k < first[static_cast<std::size_t>(u) + 1]; ++k) {
      const auto [pixel, weight] = sorted[k];
      const int v = problem.number[static_cast<std::size_t>(pixel)];
      if (v == u) continue;
      diagonal += static_cast<Scalar>(weight);
      if (v >= 0)
        add(v, -static_cast<Scalar>(weight));
      else if (problem.is_foreground(pixel))
        rhs += static_cast<Scalar>(weight);
    }
    add(u, diagonal);
    system.rhs[u] = rhs;
  };
  system.matrix = assemble_rows<Scalar>(static_cast<int>(size), row, pool);
  return system;
}

/// y = matrix * x, rows shared among threads; each row is summed in one order, whatever the number of threads.
template <class Scalar>
void multiply(const typename UnknownSystem<Scalar>::Matrix& matrix, const Vector<Scalar>& x, Vector<Scalar>& y,
              ThreadPool& pool) {
  y.resize(matrix.rows());
  const int* outer = matrix.outerIndexPtr();
  const int* inner = matrix.innerIndexPtr();
  const Scalar* values = matrix.valuePtr();
  pool.parallel_for(0, matrix.rows(), 4096, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (std::ptrdiff_t u = begin; u < end; ++u) {
      Scalar sum = 0;
      for (int k = outer[u]; k < outer[u + 1]; ++k) sum += values[k] * x[inner[k]];
      y[u] = sum;
    }
  });
}

/// Solves the system by conjugate gradients.
/// @param automatic  the preconditioner that Preconditioner::automatic means here
/// Errors: a preconditioner that needs the pixel grid (multigrid).
template <class Scalar>
Result<CgResult<Scalar>> solve_system(const UnknownSystem<Scalar>& system, SolveOptions options,
                                      Preconditioner automatic, const Vector<Scalar>& start, ThreadPool& pool) {
  if (options.preconditioner == Preconditioner::automatic) options.preconditioner = automatic;
  const auto apply = [&](const Vector<Scalar>& x, Vector<Scalar>& y) { multiply<Scalar>(system.matrix, x, y, pool); };
  switch (options.preconditioner) {
    case Preconditioner::none: {
      const auto copy = [](const Vector<Scalar>& r, Vector<Scalar>& z) { z = r; };
      return conjugate_gradients<Scalar>(system.rhs, apply, copy, options, start);
    }
    case Preconditioner::jacobi:
      return conjugate_gradients<Scalar>(system.rhs, apply, Jacobi<Scalar>(system.matrix), options, start);
    case Preconditioner::incomplete_cholesky: {
      IncompleteCholeskyOptions factor;
      factor.threshold = 1e-3;  // a few more steps than 1e-4, for half the memory
      const IncompleteCholesky<Scalar> cholesky(system.matrix, factor);
      auto result = conjugate_gradients<Scalar>(system.rhs, apply, cholesky, options, start);
      result.report.preconditioner = cholesky.kind();
      result.report.preconditioner_replaced = cholesky.replaced();
      return result;
    }
    default:
      return Error{ErrorCode::unsupported, std::string("this method cannot be preconditioned by ") +
                                               name(options.preconditioner) +
                                               ", wanted automatic, none, jacobi or incomplete_cholesky"};
  }
}

}  // namespace hairline

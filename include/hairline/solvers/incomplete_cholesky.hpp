#pragma once
#include <Eigen/SparseCore>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "hairline/solvers/jacobi.hpp"

namespace hairline {

/// How much of the Cholesky factor is kept.
struct IncompleteCholeskyOptions {
  double threshold = 1e-4;           ///< factor entries at or below this magnitude are dropped; 0: the exact factor
  double relative_threshold = 0;     ///< also dropped: entries at or below this times their row's absolute sum
  bool compensate_diagonal = true;   ///< dropped entries still lower the later diagonals, as in the exact factor
  std::size_t max_bytes = 1u << 30;  ///< of the factor; when it would grow beyond, the threshold is raised fourfold
};

/// Thresholded incomplete Cholesky factor L of a symmetric matrix A ~ L L^T, as a preconditioner for conjugate
/// gradients (`precondition(r, z)`). If a pivot is not positive, growing multiples of the identity are added; if no
/// shift helps, or the byte budget cannot be met, it acts as Jacobi and replaced() says so.
/// @tparam Scalar of the vectors   @tparam Stored of the factor (float halves the memory; arithmetic is in double)
/// Cost: about (entries per column)^2 operations per column to build, 4 per entry and call; sequential.
/// Jones & Plassmann 1995; Germer et al. 2020 (PyMatting).
template <class Scalar, class Stored = Scalar>
class IncompleteCholesky {
 public:
  IncompleteCholesky() = default;

  /// @param matrix symmetric; only its lower triangle is read (of a row-major matrix, the upper one). Duplicate-free.
  template <int Order, class Index>
  explicit IncompleteCholesky(const Eigen::SparseMatrix<Scalar, Order, Index>& matrix,
                              IncompleteCholeskyOptions options = {}) {
    const Lower a = lower_of(matrix);
    static constexpr std::array<double, 12> shifts{0, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 1, 10, 100, 1e3, 1e4, 1e5};
    threshold_ = options.threshold;
    for (std::size_t attempt = 0; attempt < shifts.size();) {
      shift_ = shifts[attempt];
      const Outcome outcome = factorise(a, options);
      if (outcome == Outcome::done) return;
      if (outcome == Outcome::not_positive) {
        ++attempt;
      } else if (threshold_ < 0.1) {
        threshold_ = std::max(4 * threshold_, 1e-6);
      } else {
        break;
      }
    }
    replaced_ = true;
    column_.assign(1, 0);
    row_.clear();
    value_.clear();
    pivot_.clear();
    jacobi_ = Jacobi<Scalar>(matrix);
  }

  /// z = (L L^T)^-1 r
  void operator()(const Vector<Scalar>& r, Vector<Scalar>& z) const {
    if (replaced_) return jacobi_(r, z);
    z = r;
    const std::ptrdiff_t n = size();
    for (std::ptrdiff_t j = 0; j < n; ++j) {  // L y = r, by columns
      const Scalar y = z[j] * pivot_[static_cast<std::size_t>(j)];
      z[j] = y;
      for (std::size_t k = begin(j); k < end(j); ++k) z[row_[k]] -= static_cast<Scalar>(value_[k]) * y;
    }
    for (std::ptrdiff_t j = n; j-- > 0;) {  // L^T z = y
      Scalar s = z[j];
      for (std::size_t k = begin(j); k < end(j); ++k) s -= static_cast<Scalar>(value_[k]) * z[row_[k]];
      z[j] = s * pivot_[static_cast<std::size_t>(j)];
    }
  }

  /// True if no factor could be made and Jacobi acts in its place.
  bool replaced() const { return replaced_; }
  /// The preconditioner that really acts.
  Preconditioner kind() const { return replaced_ ? Preconditioner::jacobi : Preconditioner::incomplete_cholesky; }
  /// The multiple of the identity that was added to make the factor exist; 0 as a rule.
  double shift() const { return shift_; }
  /// The drop threshold in effect, larger than asked for if the byte budget demanded it.
  double threshold() const { return threshold_; }
  /// Entries of L, diagonal included.
  std::size_t nonzeros() const { return value_.size() + pivot_.size(); }
  std::size_t bytes() const {
    return row_.capacity() * sizeof(std::int32_t) + value_.capacity() * sizeof(Stored) +
           column_.capacity() * sizeof(std::size_t) + pivot_.capacity() * sizeof(Scalar);
  }
  /// The factor as a sparse lower triangular matrix; for checks.
  Eigen::SparseMatrix<double> factor() const {
    const std::ptrdiff_t n = size();
    Eigen::SparseMatrix<double> l(n, n);
    std::vector<Eigen::Triplet<double>> entries;
    for (std::ptrdiff_t j = 0; j < n; ++j) {
      entries.emplace_back(j, j, 1.0 / static_cast<double>(pivot_[static_cast<std::size_t>(j)]));
      for (std::size_t k = begin(j); k < end(j); ++k) entries.emplace_back(row_[k], j, static_cast<double>(value_[k]));
    }
    l.setFromTriplets(entries.begin(), entries.end());
    return l;
  }

 private:
  enum class Outcome { done, not_positive, too_large };

  // The strict lower triangle by columns, and the diagonal.
  struct Lower {
    std::vector<std::size_t> column{0};
    std::vector<std::int32_t> row;
    std::vector<double> value, diagonal, row_sum;
  };

  // What the left-looking factorisation carries from column to column.
  struct Work {
    explicit Work(std::size_t n) : accumulator(n, 0.0), next_row(n, 0), head(n, -1), link(n, -1), seen(n, -1) {}
    std::vector<double> accumulator;       // the current column, dense
    std::vector<std::int32_t> pattern;     // rows of the current column
    std::vector<std::size_t> next_row;     // per finished column: its first entry not yet used
    std::vector<std::int32_t> head, link;  // lists of the finished columns whose next entry is in a given row
    std::vector<std::int32_t> seen;        // column for which a row was last put into the pattern
    std::vector<std::pair<std::int32_t, Stored>> kept;
  };

  std::ptrdiff_t size() const { return static_cast<std::ptrdiff_t>(pivot_.size()); }
  std::size_t begin(std::ptrdiff_t j) const { return column_[static_cast<std::size_t>(j)]; }
  std::size_t end(std::ptrdiff_t j) const { return column_[static_cast<std::size_t>(j) + 1]; }

  template <class Matrix>
  static Lower lower_of(const Matrix& matrix) {
    const auto n = static_cast<std::size_t>(matrix.outerSize());
    Lower a;
    a.diagonal.assign(n, 0.0);
    a.row_sum.assign(n, 0.0);
    for (std::size_t j = 0; j < n; ++j) {
      for (typename Matrix::InnerIterator it(matrix, static_cast<Eigen::Index>(j)); it; ++it) {
        const auto inner = static_cast<std::size_t>(Matrix::IsRowMajor ? it.col() : it.row());
        if (inner < j) continue;
        a.row_sum[j] += std::abs(static_cast<double>(it.value()));
        if (inner == j) {
          a.diagonal[j] += static_cast<double>(it.value());
        } else if (it.value() != Scalar(0)) {
          a.row.push_back(static_cast<std::int32_t>(inner));
          a.value.push_back(static_cast<double>(it.value()));
        }
      }
      a.column.push_back(a.row.size());
    }
    return a;
  }

  Outcome factorise(const Lower& a, const IncompleteCholeskyOptions& options) {
    const std::size_t n = a.diagonal.size();
    column_.assign(1, 0);
    row_.clear();
    value_.clear();
    pivot_.clear();
    std::vector<double> diagonal = a.diagonal;
    for (double& d : diagonal) d += shift_;
    Work work(n);
    for (std::size_t j = 0; j < n; ++j) {
      if (!(diagonal[j] > 0) || !std::isfinite(diagonal[j])) return Outcome::not_positive;
      accumulate(a, j, work);
      const double pivot = std::sqrt(diagonal[j]);
      store(a, j, pivot, options, diagonal, work);
      if (row_.size() * (sizeof(std::int32_t) + sizeof(Stored)) > options.max_bytes) return Outcome::too_large;
    }
    return Outcome::done;
  }

  // The current column of A minus what the finished columns explain of it.
  void accumulate(const Lower& a, std::size_t j, Work& work) const {
    const auto touch = [&](std::int32_t row, double change) {
      const auto i = static_cast<std::size_t>(row);
      if (work.seen[i] != static_cast<std::int32_t>(j)) {
        work.seen[i] = static_cast<std::int32_t>(j);
        work.accumulator[i] = 0;
        work.pattern.push_back(row);
      }
      work.accumulator[i] += change;
    };
    work.pattern.clear();
    for (std::size_t k = a.column[j]; k < a.column[j + 1]; ++k) touch(a.row[k], a.value[k]);
    for (std::int32_t c = work.head[j]; c >= 0;) {
      const std::int32_t following = work.link[static_cast<std::size_t>(c)];
      std::size_t& position = work.next_row[static_cast<std::size_t>(c)];
      const double factor = static_cast<double>(value_[position]);
      ++position;
      const std::size_t last = column_[static_cast<std::size_t>(c) + 1];
      for (std::size_t k = position; k < last; ++k) touch(row_[k], -static_cast<double>(value_[k]) * factor);
      if (position < last) enlist(c, row_[position], work);
      c = following;
    }
  }

  void store(const Lower& a, std::size_t j, double pivot, const IncompleteCholeskyOptions& options,
             std::vector<double>& diagonal, Work& work) {
    work.kept.clear();
    const double bound = options.relative_threshold * a.row_sum[j];
    for (const std::int32_t row : work.pattern) {
      const auto i = static_cast<std::size_t>(row);
      const double l = work.accumulator[i] / pivot;
      const bool keep = std::abs(l) > threshold_ && std::abs(work.accumulator[i]) > bound;
      if (keep) work.kept.emplace_back(row, static_cast<Stored>(l));
      if (keep || options.compensate_diagonal) diagonal[i] -= l * l;
    }
    std::sort(work.kept.begin(), work.kept.end(), [](const auto& u, const auto& v) { return u.first < v.first; });
    work.next_row[j] = row_.size();
    for (const auto& [row, l] : work.kept) {
      row_.push_back(row);
      value_.push_back(l);
    }
    pivot_.push_back(static_cast<Scalar>(1 / pivot));
    column_.push_back(row_.size());
    if (!work.kept.empty()) enlist(static_cast<std::int32_t>(j), work.kept.front().first, work);
  }

  static void enlist(std::int32_t column, std::int32_t row, Work& work) {
    work.link[static_cast<std::size_t>(column)] = work.head[static_cast<std::size_t>(row)];
    work.head[static_cast<std::size_t>(row)] = column;
  }

  std::vector<std::size_t> column_{0};  // first entry of each column; one more than columns
  std::vector<std::int32_t> row_;
  std::vector<Stored> value_;  // strictly below the diagonal
  std::vector<Scalar> pivot_;  // 1 / L_jj
  Jacobi<Scalar> jacobi_;
  double shift_ = 0;
  double threshold_ = 0;
  bool replaced_ = false;
};

}  // namespace hairline

#pragma once
#include <Eigen/Core>
#include <Eigen/LU>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "hairline/solvers/box_filter.hpp"
#include "hairline/solvers/unknown_system.hpp"

namespace hairline {

struct LargeKernelOptions {
  double epsilon =
      1e-7;         ///< regularisation of the windows' colour covariance; divided by their area, as in closed form
  int radius = 10;  ///< windows of (2 radius + 1)^2 pixels; larger takes fewer steps, and blurs more
  TrimapThresholds thresholds{};
  SolveOptions solve{};
};

namespace detail {

/// Rows and columns [y0, y1) x [x0, x1) of a picture.
struct Area {
  int y0 = 0, x0 = 0, y1 = 0, x1 = 0;
  int width() const { return x1 - x0; }
  int height() const { return y1 - y0; }
};

/// The closed-form Laplacian of any radius as an operator, applied by box sums and never formed.
/// With m the mean of a window of A pixels, V = (covariance + epsilon / A)^-1 / A, s and S the window's sums of p and
/// p I, and t = V (s m - S), the product is  (L p)_i = c_i p_i + sum over windows of  (I_i - m) t - s / A.
class LargeKernelLaplacian {
 public:
  /// @param area  the part of the picture to work on; windows lie inside it.
  /// @pre both sides of area are at least 2 radius + 1
  template <class Scalar>
  LargeKernelLaplacian(const Image<Scalar>& colour, const Area& area, double epsilon, int radius, ThreadPool& pool)
      : area_(area),
        windows_{area.y0 + radius, area.x0 + radius, area.y1 - radius, area.x1 - radius},
        radius_(radius),
        count_((2.0 * radius + 1) * (2.0 * radius + 1)),
        colour_(size(area_)),
        mean_(size(windows_)),
        inverse_(size(windows_)),
        flow_(size(windows_)) {
    for (int y = area.y0; y < area.y1; ++y)
      for (int x = area.x0; x < area.x1; ++x)
        for (int c = 0; c < 3; ++c) colour_[place(area_, y, x)][c] = static_cast<double>(colour(y, x, c)) - 0.5;
    const auto products = [&](int n, double* row) {
      const int y = area_.y0 + n;
      for (int x = area_.x0; x < area_.x1; ++x, row += 9) {
        const Eigen::Vector3d& i = colour_[place(area_, y, x)];
        for (int c = 0; c < 3; ++c) row[c] = i[c];
        pack(i * i.transpose(), row + 3);
      }
    };
    const auto invert = [&](int n, const double* sums) {
      const int y = windows_.y0 + n;
      for (int x = windows_.x0; x < windows_.x1; ++x, sums += 9) {
        const std::size_t k = place(windows_, y, x);
        mean_[k] = Eigen::Map<const Eigen::Vector3d>(sums) / count_;
        Eigen::Matrix3d covariance = unpack(sums + 3) / count_ - mean_[k] * mean_[k].transpose();
        covariance.diagonal().array() += epsilon / count_;
        pack(covariance.inverse() / count_, inverse_[k].data());
      }
    };
    box_rows(pool, shape(area_, 9), radius_, BoxExtent::valid, products, invert);
  }

  const Area& area() const { return area_; }

  /// y = L p over the area, row by row.  @pre p.size() == area's pixels
  void apply(const std::vector<double>& p, std::vector<double>& y, ThreadPool& pool) {
    const auto weighted = [&](int n, double* row) {
      const int line = area_.y0 + n;
      for (int x = area_.x0; x < area_.x1; ++x, row += 4) {
        const std::size_t i = place(area_, line, x);
        row[0] = p[i];
        Eigen::Map<Eigen::Vector3d>(row + 1) = p[i] * colour_[i];
      }
    };
    const auto flow = [&](int n, const double* sums) {
      const int line = windows_.y0 + n;
      for (int x = windows_.x0; x < windows_.x1; ++x, sums += 4) {
        const std::size_t k = place(windows_, line, x);
        const Eigen::Vector3d t =
            unpack(inverse_[k].data()) * (sums[0] * mean_[k] - Eigen::Map<const Eigen::Vector3d>(sums + 1));
        flow_[k].head<3>() = t;
        flow_[k][3] = sums[0] / count_ + mean_[k].dot(t);
      }
    };
    box_rows(pool, shape(area_, 4), radius_, BoxExtent::valid, weighted, flow);
    const auto flows = [&](int n, double* row) {
      const int line = windows_.y0 + n;
      std::copy_n(flow_[place(windows_, line, windows_.x0)].data(), 4 * windows_.width(), row);
    };
    const auto spread = [&](int n, const double* sums) {
      const int line = area_.y0 + n;
      for (int x = area_.x0; x < area_.x1; ++x, sums += 4) {
        const std::size_t i = place(area_, line, x);
        y[i] = covering(line, x) * p[i] + colour_[i].dot(Eigen::Map<const Eigen::Vector3d>(sums)) - sums[3];
      }
    };
    y.resize(p.size());
    box_rows(pool, shape(windows_, 4), radius_, BoxExtent::full, flows, spread);
  }

  /// The Laplacian's diagonal over the area.
  std::vector<double> diagonal(ThreadPool& pool) const {
    std::vector<double> result(colour_.size());
    const auto read = [&](int n, double* row) {
      const int y = windows_.y0 + n;
      for (int x = windows_.x0; x < windows_.x1; ++x, row += 10) {
        const std::size_t k = place(windows_, y, x);
        const Eigen::Vector3d vm = unpack(inverse_[k].data()) * mean_[k];
        std::copy_n(inverse_[k].data(), 6, row);
        Eigen::Map<Eigen::Vector3d>(row + 6) = vm;
        row[9] = mean_[k].dot(vm);
      }
    };
    const auto write = [&](int n, const double* sums) {
      const int y = area_.y0 + n;
      for (int x = area_.x0; x < area_.x1; ++x, sums += 10) {
        const std::size_t i = place(area_, y, x);
        const Eigen::Vector3d& colour = colour_[i];
        const double spread =
            colour.dot(unpack(sums) * colour) - 2 * colour.dot(Eigen::Map<const Eigen::Vector3d>(sums + 6)) + sums[9];
        result[i] = covering(y, x) * (1 - 1.0 / count_) - spread;
      }
    };
    box_rows(pool, shape(windows_, 10), radius_, BoxExtent::full, read, write);
    return result;
  }

 private:
  static Shape shape(const Area& a, int channels) { return {a.height(), a.width(), channels}; }
  static std::size_t size(const Area& a) { return shape(a, 1).size(); }
  static std::size_t place(const Area& a, int y, int x) {
    return static_cast<std::size_t>(y - a.y0) * static_cast<std::size_t>(a.width()) +
           static_cast<std::size_t>(x - a.x0);
  }
  static void pack(const Eigen::Matrix3d& m, double* six) {
    six[0] = m(0, 0), six[1] = m(0, 1), six[2] = m(0, 2), six[3] = m(1, 1), six[4] = m(1, 2), six[5] = m(2, 2);
  }
  static Eigen::Matrix3d unpack(const double* six) {
    Eigen::Matrix3d m;
    m << six[0], six[1], six[2], six[1], six[3], six[4], six[2], six[4], six[5];
    return m;
  }
  /// How many windows hold the pixel.
  double covering(int y, int x) const {
    const int rows = std::min(y + radius_, windows_.y1 - 1) - std::max(y - radius_, windows_.y0) + 1;
    const int columns = std::min(x + radius_, windows_.x1 - 1) - std::max(x - radius_, windows_.x0) + 1;
    return static_cast<double>(rows) * columns;
  }

  Area area_;
  Area windows_;  // their centres
  int radius_;
  double count_;
  std::vector<Eigen::Vector3d> colour_;  // less 0.5: centred colours cancel less
  std::vector<Eigen::Vector3d> mean_;
  std::vector<std::array<double, 6>> inverse_;  // V: upper triangle
  std::vector<Eigen::Vector4d> flow_;           // t and s / A + m t of the product at work
};

/// The part of the picture that the windows around unknown pixels cover.  @pre there is an unknown pixel
template <class Scalar>
Area covered_area(const MattingProblem<Scalar>& problem, int radius) {
  const int width = problem.colour.width();
  const int height = problem.colour.height();
  Area area{height, width, 0, 0};
  for (const int pixel : problem.unknown) {
    area.y0 = std::min(area.y0, pixel / width);
    area.y1 = std::max(area.y1, pixel / width + 1);
    area.x0 = std::min(area.x0, pixel % width);
    area.x1 = std::max(area.x1, pixel % width + 1);
  }
  return {std::max(0, area.y0 - 2 * radius), std::max(0, area.x0 - 2 * radius), std::min(height, area.y1 + 2 * radius),
          std::min(width, area.x1 + 2 * radius)};
}

}  // namespace detail

/// Large-kernel matting: the closed-form Laplacian of any window size, applied by box filters.
/// Picture (H, W, 1|3|4), trimap (H, W). Box sums are double for every Scalar. Preconditioned by Jacobi.
/// Errors: bad picture or trimap; epsilon not above 0; radius below 1; a side shorter than 2 radius + 1; a
/// preconditioner that needs the matrix.
/// Cost: 8 box sums per step over the unknown pixels' surroundings; about 20 doubles per pixel of memory.
/// He, Sun & Tang 2010.
template <class Scalar = double>
Result<AlphaResult<Scalar>> large_kernel(AnyView image, AnyView trimap, const LargeKernelOptions& options = {}) {
  if (!(options.epsilon > 0) || !std::isfinite(options.epsilon) || options.radius < 1)
    return Error{ErrorCode::invalid_argument, "large-kernel matting wants epsilon > 0 and radius >= 1, given " +
                                                  std::to_string(options.epsilon) + " and " +
                                                  std::to_string(options.radius)};
  SolveOptions solve = options.solve;
  if (solve.preconditioner == Preconditioner::automatic) solve.preconditioner = Preconditioner::jacobi;
  if (solve.preconditioner != Preconditioner::jacobi && solve.preconditioner != Preconditioner::none)
    return Error{ErrorCode::unsupported, std::string("large-kernel matting never forms its matrix, so it cannot be "
                                                     "preconditioned by ") +
                                             name(solve.preconditioner) + ", wanted automatic, none or jacobi"};
  auto problem = matting_problem<Scalar>(image, trimap, options.thresholds, solve);
  if (!problem) return problem.error();
  if (problem->unknown.empty()) return finish_known(*problem);
  // Compared this way round, a huge radius cannot overflow.
  if (options.radius > (std::min(image.height(), image.width()) - 1) / 2)
    return Error{ErrorCode::invalid_argument, "large-kernel matting of radius " + std::to_string(options.radius) +
                                                  " wants sides of at least 2 radius + 1 pixels, given " +
                                                  size_string(image.shape())};
  ThreadPool pool(solve.threads);
  const detail::Area area = detail::covered_area(*problem, options.radius);
  detail::LargeKernelLaplacian laplacian(problem->colour, area, options.epsilon, options.radius, pool);
  const auto size = static_cast<Eigen::Index>(problem->unknown.size());
  std::vector<std::size_t> place(problem->unknown.size());
  for (std::size_t u = 0; u < place.size(); ++u)
    place[u] = static_cast<std::size_t>((problem->unknown[u] / image.width() - area.y0) * area.width() +
                                        problem->unknown[u] % image.width() - area.x0);
  std::vector<double> in(static_cast<std::size_t>(area.height()) * static_cast<std::size_t>(area.width()), 0.0);
  std::vector<double> out;
  for (int y = area.y0, i = 0; y < area.y1; ++y)
    for (int x = area.x0; x < area.x1; ++x, ++i)
      in[static_cast<std::size_t>(i)] = problem->is_foreground(y * image.width() + x) ? 1.0 : 0.0;
  laplacian.apply(in, out, pool);
  Vector<Scalar> rhs(size);
  for (Eigen::Index u = 0; u < size; ++u) rhs[u] = static_cast<Scalar>(-out[place[static_cast<std::size_t>(u)]]);
  std::fill(in.begin(), in.end(), 0.0);
  const auto apply = [&](const Vector<Scalar>& x, Vector<Scalar>& y) {
    for (Eigen::Index u = 0; u < size; ++u) in[place[static_cast<std::size_t>(u)]] = static_cast<double>(x[u]);
    laplacian.apply(in, out, pool);
    y.resize(size);
    for (Eigen::Index u = 0; u < size; ++u) y[u] = static_cast<Scalar>(out[place[static_cast<std::size_t>(u)]]);
  };
  Vector<Scalar> diagonal = Vector<Scalar>::Ones(size);
  if (solve.preconditioner == Preconditioner::jacobi) {
    const std::vector<double> all = laplacian.diagonal(pool);
    for (Eigen::Index u = 0; u < size; ++u) diagonal[u] = static_cast<Scalar>(all[place[static_cast<std::size_t>(u)]]);
  }
  const Jacobi<Scalar> precondition(diagonal);
  return finish(*problem, conjugate_gradients<Scalar>(rhs, apply, precondition, solve, problem->start));
}

}  // namespace hairline

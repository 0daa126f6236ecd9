#pragma once
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <vector>

#include "hairline/solvers/unknown_system.hpp"

namespace hairline {

namespace detail {

/// How alpha is taken to depend on colour within a window.
enum class LocalModel { closed_form, learning_based };

/// Local linear models from colour to alpha, one per window that lies inside the picture and holds an unknown pixel.
/// A window of A pixels with rows z = (colour - mean, 1) adds  delta_ij - z_i' M z_j  to the Laplacian.
///
/// Closed form: M = diag((scatter + eps E)^-1, 1 / A), Levin's epsilon.
/// Learning based: with X the rows (colour, 1) and f = X (X'X + eps E)^-1 X' (the Woodbury form of (XX' + eps E)^-1
/// XX'), the paper's (E - f)(E - f)' is E - X (G^-1 + eps G^-2) X', G = X'X + eps E. Centring the colours keeps flat
/// windows accurate: with H = diag(scatter, A) + eps Q and Q what the ridge becomes in centred coordinates, M = H^-1 +
/// eps H^-1 Q H^-1.
class LocalWindows {
 public:
  using Row = Eigen::Vector4d;
  struct Window {
    Eigen::Vector3d mean;
    Eigen::Matrix4d m;
  };

  template <class Scalar>
  LocalWindows(const MattingProblem<Scalar>& problem, LocalModel model, double epsilon, int radius, ThreadPool& pool)
      : width_(problem.colour.width()), height_(problem.colour.height()), radius_(radius), model_(model) {
    number_.assign(problem.number.size(), -1);
    for (const int pixel : problem.unknown)
      for (int y = std::max(radius, pixel / width_ - radius);
           y <= std::min(height_ - 1 - radius, pixel / width_ + radius); ++y)
        for (int x = std::max(radius, pixel % width_ - radius);
             x <= std::min(width_ - 1 - radius, pixel % width_ + radius); ++x)
          number_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x)] = 0;
    std::vector<int> centres;
    for (std::size_t i = 0; i < number_.size(); ++i)
      if (number_[i] == 0) {
        number_[i] = static_cast<int>(centres.size());
        centres.push_back(static_cast<int>(i));
      }
    windows_.resize(centres.size());
    pool.parallel_for(0, static_cast<std::ptrdiff_t>(centres.size()), 1024, [&](std::ptrdiff_t b, std::ptrdiff_t e) {
      for (std::ptrdiff_t k = b; k < e; ++k)
        windows_[static_cast<std::size_t>(k)] = learn(problem.colour, centres[static_cast<std::size_t>(k)], epsilon);
    });
  }

  int radius() const { return radius_; }
  /// The window centred there, or null where none was needed or it would leave the picture.
  const Window* at(int y, int x) const {
    if (y < 0 || x < 0 || y >= height_ || x >= width_) return nullptr;
    const int k = number_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x)];
    return k < 0 ? nullptr : &windows_[static_cast<std::size_t>(k)];
  }

 private:
  template <class Scalar>
  Window learn(const Image<Scalar>& colour, int centre, double epsilon) const {
    const int cy = centre / width_;
    const int cx = centre % width_;
    const double area = (2 * radius_ + 1) * (2 * radius_ + 1);
    Eigen::Vector3d mean = Eigen::Vector3d::Zero();
    for (int y = cy - radius_; y <= cy + radius_; ++y)
      for (int x = cx - radius_; x <= cx + radius_; ++x)
        mean += Eigen::Map<const Eigen::Matrix<Scalar, 3, 1>>(&colour(y, x)).template cast<double>();
    mean /= area;
    Eigen::Matrix4d h = Eigen::Matrix4d::Zero();
    for (int y = cy - radius_; y <= cy + radius_; ++y)
      for (int x = cx - radius_; x <= cx + radius_; ++x) {
        const Eigen::Vector3d d =
            Eigen::Map<const Eigen::Matrix<Scalar, 3, 1>>(&colour(y, x)).template cast<double>() - mean;
        h.topLeftCorner<3, 3>() += d * d.transpose();
      }
    h(3, 3) = area;
    if (model_ == LocalModel::closed_form) {
      h.diagonal().head<3>().array() += epsilon;
      return {mean, h.llt().solve(Eigen::Matrix4d::Identity())};
    }
    Eigen::Matrix4d q;
    q << Eigen::Matrix3d::Identity() + mean * mean.transpose(), -mean, -mean.transpose(), 1.0;
    h += epsilon * q;
    const Eigen::Matrix4d inverse = h.llt().solve(Eigen::Matrix4d::Identity());
    Window window{mean, inverse + epsilon * inverse * q * inverse};
    window.m = 0.5 * (window.m + window.m.transpose()).eval();
    return window;
  }

  int width_;
  int height_;
  int radius_;
  LocalModel model_;
  std::vector<int> number_;
  std::vector<Window> windows_;
};

/// The Laplacian's rows of the unknown pixels, gathered from the windows that hold each: one stencil per pixel.
template <class Scalar>
UnknownSystem<Scalar> local_system(const MattingProblem<Scalar>& problem, const LocalWindows& windows,
                                   ThreadPool& pool) {
  const int radius = windows.radius();
  const auto& colour = problem.colour;
  const int width = colour.width();
  const int side = 4 * radius + 1;
  UnknownSystem<Scalar> system;
  system.rhs = Vector<Scalar>::Zero(static_cast<Eigen::Index>(problem.unknown.size()));
  const auto row = [&](int u, auto&& add) {
    const int pixel = problem.unknown[static_cast<std::size_t>(u)];
    const int py = pixel / width;
    const int px = pixel % width;
    const auto colour_at = [&](int y, int x) -> Eigen::Vector3d {
      return Eigen::Map<const Eigen::Matrix<Scalar, 3, 1>>(&colour(y, x)).template cast<double>();
    };
    double small[25] = {};
    std::vector<double> large(radius > 1 ? static_cast<std::size_t>(side * side) : 0);
    double* stencil = radius > 1 ? large.data() : small;
    for (int cy = py - radius; cy <= py + radius; ++cy)
      for (int cx = px - radius; cx <= px + radius; ++cx) {
        const auto* window = windows.at(cy, cx);
        if (window == nullptr) continue;
        LocalWindows::Row z;
        z << colour_at(py, px) - window->mean, 1.0;
        const LocalWindows::Row mz = window->m * z;
        stencil[2 * radius * side + 2 * radius] += 1;
        for (int y = cy - radius; y <= cy + radius; ++y)
          for (int x = cx - radius; x <= cx + radius; ++x)
            stencil[(y - py + 2 * radius) * side + x - px + 2 * radius] -=
                mz.head<3>().dot(colour_at(y, x) - window->mean) + mz[3];
      }
    double rhs = 0;
    for (int k = 0; k < side * side; ++k) {
      const int y = py + k / side - 2 * radius;
      const int x = px + k % side - 2 * radius;
      if (y < 0 || x < 0 || y >= colour.height() || x >= width) continue;
      const int other = y * width + x;
      const int v = problem.number[static_cast<std::size_t>(other)];
      if (v >= 0)
        add(v, static_cast<Scalar>(stencil[k]));
      else if (problem.is_foreground(other))
        rhs -= stencil[k];
    }
    system.rhs[u] = static_cast<Scalar>(rhs);
  };
  system.matrix = assemble_rows<Scalar>(static_cast<int>(problem.unknown.size()), row, pool);
  return system;
}

}  // namespace detail

}  // namespace hairline

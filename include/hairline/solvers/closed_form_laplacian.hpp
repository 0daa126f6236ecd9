#pragma once
#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/solvers/stencil.hpp"

namespace hairline {

/// The closed-form matting system over the unknown pixels: A x = b with A = L_UU and b = -L_UK value_K.
template <class Scalar>
struct MattingSystem {
  Stencil<Scalar> a;
  Vector<Scalar> b;  // one entry per slot
};

namespace detail {

// Mean colour and inverse covariance (plus epsilon / area) of the windows around a band of rows.
class WindowBand {
 public:
  struct Window {
    double mean[3];
    double inverse[6];  // xx xy xz yy yz zz
  };

  WindowBand(int first_row, int rows, int width)
      : first_row_(first_row),
        width_(width),
        windows_(static_cast<std::size_t>(rows) * static_cast<std::size_t>(width)) {}

  Window& at(int y, int x) {
    return windows_[static_cast<std::size_t>(y - first_row_) * static_cast<std::size_t>(width_) +
                    static_cast<std::size_t>(x)];
  }

  // @pre the window is inside the picture
  template <class Scalar>
  static Window measure(const Image<Scalar>& image, int y, int x, int radius, double epsilon) {
    const double area = (2.0 * radius + 1) * (2.0 * radius + 1);
    Window w{};
    for (int j = y - radius; j <= y + radius; ++j)
      for (int i = x - radius; i <= x + radius; ++i)
        for (int c = 0; c < 3; ++c) w.mean[c] += static_cast<double>(image(j, i, c));
    for (double& m : w.mean) m /= area;
    double s[6] = {};
    for (int j = y - radius; j <= y + radius; ++j)
      for (int i = x - radius; i <= x + radius; ++i) {
        const double r = static_cast<double>(image(j, i, 0)) - w.mean[0];
        const double g = static_cast<double>(image(j, i, 1)) - w.mean[1];
        const double b = static_cast<double>(image(j, i, 2)) - w.mean[2];
        s[0] += r * r, s[1] += r * g, s[2] += r * b, s[3] += g * g, s[4] += g * b, s[5] += b * b;
      }
    for (double& v : s) v /= area;
    const double added = epsilon / area;
    s[0] += added, s[3] += added, s[5] += added;
    const double xx = s[3] * s[5] - s[4] * s[4], xy = s[2] * s[4] - s[1] * s[5], xz = s[1] * s[4] - s[2] * s[3];
    const double determinant = s[0] * xx + s[1] * xy + s[2] * xz;
    w.inverse[0] = xx / determinant;
    w.inverse[1] = xy / determinant;
    w.inverse[2] = xz / determinant;
    w.inverse[3] = (s[0] * s[5] - s[2] * s[2]) / determinant;
    w.inverse[4] = (s[1] * s[2] - s[0] * s[4]) / determinant;
    w.inverse[5] = (s[0] * s[3] - s[1] * s[1]) / determinant;
    return w;
  }

 private:
  int first_row_, width_;
  std::vector<Window> windows_;
};

// One unknown pixel's share of every window that covers it: with u = inverse (I_i - mean), the coefficient towards j is
// the sum over the windows that cover both of  [i == j] - (1 + u . (I_i - mean) + u . (I_j - I_i)) / area.
class PixelShares {
 public:
  explicit PixelShares(int radius)
      : radius_(radius), side_(2 * radius + 1), shares_(static_cast<std::size_t>(side_ * side_)) {}

  template <class Scalar>
  void gather(const Image<Scalar>& image, WindowBand& band, int y, int x) {
    for (int c = 0; c < 3; ++c) colour_[c] = static_cast<double>(image(y, x, c));
    for (int j = -radius_; j <= radius_; ++j)
      for (int i = -radius_; i <= radius_; ++i) {
        Share& s = share(j, i);
        const int wy = y + j, wx = x + i;
        if (wy < radius_ || wx < radius_ || wy >= image.height() - radius_ || wx >= image.width() - radius_) {
          s = Share{};
          continue;
        }
        const auto& w = band.at(wy, wx);
        const double r = colour_[0] - w.mean[0], g = colour_[1] - w.mean[1], b = colour_[2] - w.mean[2];
        s.u[0] = w.inverse[0] * r + w.inverse[1] * g + w.inverse[2] * b;
        s.u[1] = w.inverse[1] * r + w.inverse[3] * g + w.inverse[4] * b;
        s.u[2] = w.inverse[2] * r + w.inverse[4] * g + w.inverse[5] * b;
        s.constant = 1 + s.u[0] * r + s.u[1] * g + s.u[2] * b;
        s.count = 1;
      }
  }

  // The coefficient between this pixel and the one at (y + dy, x + dx).
  template <class Scalar>
  double coefficient(const Image<Scalar>& image, int y, int x, int dy, int dx) const {
    Share sum{};
    for (int j = std::max(-radius_, dy - radius_); j <= std::min(radius_, dy + radius_); ++j)
      for (int i = std::max(-radius_, dx - radius_); i <= std::min(radius_, dx + radius_); ++i) {
        const Share& s = share(j, i);
        for (int c = 0; c < 3; ++c) sum.u[c] += s.u[c];
        sum.constant += s.constant;
        sum.count += s.count;
      }
    const double area = static_cast<double>(side_) * side_;
    if (dy == 0 && dx == 0) return sum.count - sum.constant / area;
    double dot = 0;
    for (int c = 0; c < 3; ++c) dot += sum.u[c] * (static_cast<double>(image(y + dy, x + dx, c)) - colour_[c]);
    return -(sum.constant + dot) / area;
  }

 private:
  struct Share {
    double u[3] = {0, 0, 0};
    double constant = 0, count = 0;
  };
  Share& share(int j, int i) { return shares_[static_cast<std::size_t>((j + radius_) * side_ + i + radius_)]; }
  const Share& share(int j, int i) const {
    return shares_[static_cast<std::size_t>((j + radius_) * side_ + i + radius_)];
  }
  int radius_, side_;
  double colour_[3] = {0, 0, 0};
  std::vector<Share> shares_;
};

}  // namespace detail

/// Builds the closed-form matting system (Levin, Lischinski & Weiss 2008) over the unknown pixels of a region; windows
/// of known pixels alone are never looked at.
/// @param image RGB in [0,1], (H, W, 3)   @param value alpha of the known pixels, (H, W); not read elsewhere
/// @pre region.reach() == 2 * radius; both image sides are at least 2 * radius + 1; epsilon > 0
/// Cost: about (2 radius + 1)^4 / 2 multiply-adds per unknown pixel, in double whatever Scalar is.
template <class Scalar>
MattingSystem<Scalar> closed_form_system(const Image<Scalar>& image, const UnknownRegion& region,
                                         const Image<Scalar>& value, int radius, double epsilon, ThreadPool& pool) {
  const int height = image.height(), width = image.width(), reach = region.reach();
  MattingSystem<Scalar> system{Stencil<Scalar>(region, pool), Vector<Scalar>::Zero(region.slots())};
  auto& a = system.a;
  const auto one_pixel = [&](detail::PixelShares& shares, detail::WindowBand& band, int y, int x) {
    const std::ptrdiff_t i = region.slot(y, x);
    shares.gather(image, band, y, x);
    double b = 0;
    for (int dy = -reach; dy <= reach; ++dy)
      for (int dx = -reach; dx <= reach; ++dx) {
        const int ny = y + dy, nx = x + dx;
        if (ny < 0 || nx < 0 || ny >= height || nx >= width) continue;
        const bool later = dy > 0 || (dy == 0 && dx >= 0);
        const bool unknown = region.slot(ny, nx) >= 0;
        if (unknown && !later) continue;
        if (!unknown && value(ny, nx) == Scalar(0)) continue;
        const double v = shares.coefficient(image, y, x, dy, dx);
        if (unknown)
          a.at(a.plane(dy, dx), i) = static_cast<Scalar>(v);
        else
          b -= v * static_cast<double>(value(ny, nx));
      }
    system.b[i] = static_cast<Scalar>(b);
  };
  pool.parallel_for(0, height, 16, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    const int y0 = static_cast<int>(begin), y1 = static_cast<int>(end);
    const int w0 = std::max(y0 - radius, radius), w1 = std::min(y1 + radius, height - radius);
    detail::WindowBand band(w0, std::max(w1 - w0, 0), width);
    detail::PixelShares shares(radius);
    std::vector<std::uint8_t> near(static_cast<std::size_t>(width));  // columns of the windows to measure
    for (int wy = w0; wy < w1; ++wy) {
      std::fill(near.begin(), near.end(), std::uint8_t{0});
      for (int y = std::max(wy - radius, y0); y <= std::min(wy + radius, y1 - 1); ++y)
        for (int x = 0; x < width; ++x)
          if (region.slot(y, x) >= 0)
            for (int n = std::max(x - radius, 0); n <= std::min(x + radius, width - 1); ++n)
              near[static_cast<std::size_t>(n)] = 1;
      for (int wx = radius; wx < width - radius; ++wx)
        if (near[static_cast<std::size_t>(wx)] != 0)
          band.at(wy, wx) = detail::WindowBand::measure(image, wy, wx, radius, epsilon);
    }
    for (int y = y0; y < y1; ++y)
      for (int x = 0; x < width; ++x)
        if (region.slot(y, x) >= 0) one_pixel(shares, band, y, x);
  });
  return system;
}

}  // namespace hairline

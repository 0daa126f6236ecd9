#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <random>
#include <vector>

#include "hairline/core/image.hpp"

namespace closed_form_support {

/// The closed-form Laplacian as the formula has it, one window and one pair of pixels at a time.
inline Eigen::MatrixXd dense_laplacian(const hairline::Image<double>& image, int radius, double epsilon) {
  const int h = image.height(), w = image.width(), side = 2 * radius + 1, area = side * side;
  Eigen::MatrixXd l = Eigen::MatrixXd::Zero(h * w, h * w);
  for (int cy = radius; cy < h - radius; ++cy)
    for (int cx = radius; cx < w - radius; ++cx) {
      Eigen::MatrixXd colours(area, 3);
      std::vector<int> pixel;
      for (int k = 0; k < area; ++k) {
        const int y = cy - radius + k / side, x = cx - radius + k % side;
        colours.row(k) << image(y, x, 0), image(y, x, 1), image(y, x, 2);
        pixel.push_back(y * w + x);
      }
      const Eigen::RowVector3d mean = colours.colwise().mean();
      const Eigen::MatrixXd centred = colours.rowwise() - mean;
      const Eigen::Matrix3d covariance =
          centred.transpose() * centred / area + epsilon / area * Eigen::Matrix3d::Identity();
      const Eigen::MatrixXd affinity =
          (Eigen::MatrixXd::Ones(area, area) + centred * covariance.ldlt().solve(centred.transpose())) / area;
      for (int i = 0; i < area; ++i)
        for (int j = 0; j < area; ++j)
          l(pixel[static_cast<std::size_t>(i)], pixel[static_cast<std::size_t>(j)]) +=
              (i == j ? 1 : 0) - affinity(i, j);
    }
  return l;
}

inline hairline::Image<double> noise(int height, int width, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  hairline::Image<double> image(hairline::Shape{height, width, 3});
  for (double& v : image) v = uniform(random);
  return image;
}

/// A soft disc between two gradients, with a little noise, and the trimap of a wide ring.
struct Scene {
  hairline::Image<double> image;
  hairline::Image<double> trimap;
};
inline Scene scene(int height, int width, double phase = 0) {
  Scene s{noise(height, width, 5), hairline::Image<double>(hairline::Shape{height, width, 1})};
  const double size = std::min(height, width);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const double r = std::hypot(x - width / 2.0 - phase, y - height / 2.0) / size;
      const double stripe = 0.5 + 0.5 * std::sin(0.9 * x + 0.5 * y);
      const double a = std::min(std::max((0.36 - r) * 12, 0.0), 1.0) * (0.6 + 0.4 * stripe);
      const double fore[3] = {0.8, 0.3 + 0.2 * std::sin(x / 9.0), 0.2 + 0.3 * y / height};
      const double back[3] = {0.1 + 0.2 * x / width, 0.5 + 0.2 * std::cos(y / 7.0), 0.7};
      for (int c = 0; c < 3; ++c) s.image(y, x, c) = a * fore[c] + (1 - a) * back[c] + 0.02 * s.image(y, x, c);
      s.trimap(y, x) = r < 0.14 ? 1 : r > 0.46 ? 0 : 0.5;
    }
  return s;
}

}  // namespace closed_form_support

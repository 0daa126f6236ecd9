#pragma once
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "hairline/solvers/unknown_system.hpp"
#include "tests/support/difference.hpp"

// What the tests of the affinity methods share: pictures, and plain references that form dense matrices.

inline hairline::Image<double> random_colours(int height, int width, unsigned seed = 1) {
  std::mt19937 random(seed);
  hairline::Image<double> image(hairline::Shape{height, width, 3});
  for (double& v : image) v = std::generate_canonical<double, 32>(random);
  return image;
}

/// A trimap with foreground in the first, background in the last column, and some known pixels in between.
inline hairline::Image<double> striped_trimap(int height, int width, unsigned seed = 2) {
  std::mt19937 random(seed);
  hairline::Image<double> trimap(hairline::Shape{height, width, 1}, 0.5);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x)
      if (random() % 6 == 0) trimap(y, x) = static_cast<double>(random() % 2);
    trimap(y, 0) = 1;
    trimap(y, width - 1) = 0;
  }
  return trimap;
}

template <class Scalar = double>
hairline::MattingProblem<Scalar> problem_of(const hairline::Image<double>& image,
                                            const hairline::Image<double>& trimap) {
  return hairline::matting_problem<Scalar>(image, trimap, {}, {}).value();
}

/// A problem without any known pixel, whose system is the whole Laplacian.
inline hairline::MattingProblem<double> all_unknown(const hairline::Image<double>& image) {
  hairline::MattingProblem<double> problem;
  problem.colour = image;
  problem.labels.map = hairline::Image<hairline::Label>({image.height(), image.width(), 1}, hairline::Label::unknown);
  problem.labels.unknown = image.shape().pixels();
  problem.unknown.resize(image.shape().pixels());
  std::iota(problem.unknown.begin(), problem.unknown.end(), 0);
  problem.number = problem.unknown;
  return problem;
}

inline Eigen::Vector3d colour_at(const hairline::Image<double>& image, int pixel) {
  return {image.data()[3 * pixel], image.data()[3 * pixel + 1], image.data()[3 * pixel + 2]};
}

/// The alpha that a dense Laplacian gives with its known pixels eliminated.
inline hairline::Image<double> dense_solution(const Eigen::MatrixXd& laplacian,
                                              const hairline::MattingProblem<double>& problem,
                                              const Eigen::VectorXd& extra_diagonal = {},
                                              const Eigen::VectorXd& extra_rhs = {}) {
  const auto n = static_cast<Eigen::Index>(problem.unknown.size());
  Eigen::MatrixXd a(n, n);
  Eigen::VectorXd b = Eigen::VectorXd::Zero(n);
  for (Eigen::Index u = 0; u < n; ++u)
    for (int i = 0; i < laplacian.cols(); ++i) {
      const double value = laplacian(problem.unknown[static_cast<std::size_t>(u)], i);
      const int v = problem.number[static_cast<std::size_t>(i)];
      if (v >= 0)
        a(u, v) = value;
      else if (problem.is_foreground(i))
        b[u] -= value;
    }
  if (extra_diagonal.size() > 0) a.diagonal() += extra_diagonal;
  if (extra_rhs.size() > 0) b += extra_rhs;
  const Eigen::VectorXd x = a.ldlt().solve(b);
  hairline::Image<double> alpha(problem.shape());
  for (std::size_t i = 0; i < problem.number.size(); ++i)
    alpha.data()[i] = problem.number[i] >= 0 ? std::clamp(x[problem.number[i]], 0.0, 1.0)
                                             : (problem.is_foreground(static_cast<int>(i)) ? 1.0 : 0.0);
  return alpha;
}

/// Pixel indices sorted by distance of the features, then by index.
inline std::vector<int> by_distance(const Eigen::MatrixXf& features, int centre) {
  std::vector<std::pair<float, int>> order;
  for (int j = 0; j < features.cols(); ++j) {
    float sum = 0;
    for (int d = 0; d < features.rows(); ++d)
      sum += (features(d, j) - features(d, centre)) * (features(d, j) - features(d, centre));
    order.emplace_back(sum, j);
  }
  std::sort(order.begin(), order.end());
  std::vector<int> result;
  for (const auto& [distance, j] : order) result.push_back(j);
  return result;
}

/// (r, g, b, weight x, weight y), one column per pixel, x and y in [0,1].
inline Eigen::MatrixXf features_of(const hairline::Image<double>& image, double weight) {
  Eigen::MatrixXf f(5, static_cast<Eigen::Index>(image.shape().pixels()));
  for (int i = 0; i < f.cols(); ++i) {
    const double x = image.width() > 1 ? (i % image.width()) * (weight / (image.width() - 1)) : 0.0;
    const double y = image.height() > 1 ? (i / image.width()) * (weight / (image.height() - 1)) : 0.0;
    f.col(i).head<3>() = colour_at(image, i).cast<float>();
    f(3, i) = static_cast<float>(x);
    f(4, i) = static_cast<float>(y);
  }
  return f;
}

/// Levin's Laplacian from the definition, window by window and pair by pair.
inline Eigen::MatrixXd dense_closed_form(const hairline::Image<double>& image, double epsilon, int radius) {
  const int n = static_cast<int>(image.shape().pixels());
  const double area = (2 * radius + 1) * (2 * radius + 1);
  Eigen::MatrixXd l = Eigen::MatrixXd::Zero(n, n);
  for (int cy = radius; cy < image.height() - radius; ++cy)
    for (int cx = radius; cx < image.width() - radius; ++cx) {
      std::vector<int> window;
      for (int y = cy - radius; y <= cy + radius; ++y)
        for (int x = cx - radius; x <= cx + radius; ++x) window.push_back(y * image.width() + x);
      Eigen::Vector3d mean = Eigen::Vector3d::Zero();
      for (int i : window) mean += colour_at(image, i) / area;
      Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero();
      for (int i : window) covariance += (colour_at(image, i) - mean) * (colour_at(image, i) - mean).transpose() / area;
      const Eigen::Matrix3d inverse = (covariance + epsilon / area * Eigen::Matrix3d::Identity()).inverse();
      for (int i : window)
        for (int j : window)
          l(i, j) += (i == j) - (1 + (colour_at(image, i) - mean).dot(inverse * (colour_at(image, j) - mean))) / area;
    }
  return l;
}

/// Weights of sum 1 that mix the neighbours nearest to the target, from the optimality conditions with a multiplier;
/// in long double, since their condition number is about 1 / regularization.
inline Eigen::VectorXd dense_embedding(const Eigen::Vector3d& target, const Eigen::Matrix3Xd& neighbours,
                                       double regularization) {
  using Dense = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  const Eigen::Index n = neighbours.cols();
  const Dense wide = neighbours.cast<long double>();
  Dense conditions = Dense::Zero(n + 1, n + 1);
  conditions.topLeftCorner(n, n) =
      wide.transpose() * wide + static_cast<long double>(regularization) * Dense::Identity(n, n);
  conditions.block(0, n, n, 1).setOnes();
  conditions.block(n, 0, 1, n).setOnes();
  Dense rhs(n + 1, 1);
  rhs << wide.transpose() * target.cast<long double>(), 1.0L;
  return Dense(conditions.partialPivLu().solve(rhs)).col(0).head(n).cast<double>();
}

/// What python/golden/affinity.py recorded.
struct AffinityGolden {
  nlohmann::json values;
  hairline::Image<std::uint16_t> image;
  hairline::Image<std::uint8_t> trimap;

  AffinityGolden() {
    std::ifstream file(HAIRLINE_SOURCE_DIR "/tests/golden/affinity.json");
    if (!file) throw std::runtime_error("tests/golden/affinity.json is missing");
    file >> values;
    const int height = values.at("height");
    const int width = values.at("width");
    image = hairline::Image<std::uint16_t>({height, width, 3});
    trimap = hairline::Image<std::uint8_t>({height, width, 1});
    for (std::size_t i = 0; i < image.size(); ++i) image.data()[i] = values.at("image").at(i);
    for (std::size_t i = 0; i < trimap.size(); ++i) trimap.data()[i] = values.at("trimap").at(i);
  }
  /// Largest difference over the unknown pixels.
  template <class T>
  double gap(const hairline::Image<T>& alpha, const std::string& method, const std::string& scheme) const {
    double largest = 0;
    std::size_t u = 0;
    const auto& wanted = values.at("methods").at(method).at(scheme);
    for (std::size_t i = 0; i < trimap.size(); ++i)
      if (trimap.data()[i] == 128)
        largest = std::max(largest, std::abs(static_cast<double>(alpha.data()[i]) - wanted.at(u++).get<double>()));
    return u == wanted.size() ? largest : INFINITY;
  }
};

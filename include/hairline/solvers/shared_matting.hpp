#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/colour_pair.hpp"
#include "hairline/solvers/constraints.hpp"
#include "hairline/solvers/problem.hpp"

namespace hairline {

/// Options of shared_matting; the defaults are the paper's.
struct SharedMattingOptions {
  int expansion_radius = 10;          ///< how far known labels spread into unknown pixels, in pixels; 0: not at all
  double expansion_threshold = 0.02;  ///< at most this colour distance away
  int rays = 4;                       ///< directions in which each pixel looks for samples, 1...64
  double distortion_exponent = 3;     ///< how well a pair of samples explains the 3x3 pixels around
  double probability_exponent = 2;    ///< how well alpha agrees with the gradients on the way to the samples
  double foreground_exponent = 1;     ///< distance of the foreground sample
  double background_exponent = 4;     ///< distance of the background sample
  int refinement_radius = 5;          ///< window in which pixels share their samples
  int colour_radius = 5;              ///< window in which foreground and background are smoothed (sigma 1)
  int confidence_radius = 5;          ///< window of the mean distance of the two colours
  int low_frequency_radius = 5;       ///< window of the low-frequency alpha (sigma 3)
  double confidence_sigma = 0.1;      ///< colour error at which the confidence in a pair falls to 1/e
  bool weigh_by_confidence = true;    ///< false: every sample counts the same when smoothing, as in PyMatting
  TrimapThresholds thresholds{};
  SolveOptions solve{};  ///< only `threads` matters: there is no linear system
};

/// An alpha matte with the colours it was found from.
template <class Scalar = float>
struct SharedMattingResult : AlphaResult<Scalar> {
  Image<Scalar> foreground;  ///< (H, W, 3); the picture itself where it is known foreground, the mean where background
  Image<Scalar> background;  ///< (H, W, 3), likewise
};

namespace detail {

/// The stages of shared matting on one picture; each reads what the ones before wrote, so pixels are independent.
template <class Scalar>
class SharedMatting {
 public:
  SharedMatting(const Image<Scalar>& colour, Labels labels, const SharedMattingOptions& options)
      : options_(options),
        height_(colour.height()),
        width_(colour.width()),
        pool_(options.solve.threads),
        labels_(std::move(labels.map)),
        picture_(colour.shape().pixels()) {
    for (std::size_t i = 0; i < picture_.size(); ++i)
      for (std::size_t c = 0; c < 3; ++c) picture_[i][c] = colour.data()[3 * i + c];
  }

  SharedMattingResult<Scalar> run() {
    expand();
    gather();
    refine();
    smooth();
    SharedMattingResult<Scalar> result;
    result.report.status = unknown_.empty() ? SolveStatus::nothing_to_solve : SolveStatus::converged;
    result.alpha = Image<Scalar>(Shape{height_, width_, 1});
    result.foreground = Image<Scalar>(Shape{height_, width_, 3});
    result.background = Image<Scalar>(Shape{height_, width_, 3});
    std::copy(alpha_.begin(), alpha_.end(), result.alpha.begin());
    for (std::size_t i = 0; i < picture_.size(); ++i)
      for (std::size_t c = 0; c < 3; ++c) {
        result.foreground.data()[3 * i + c] = foreground_[i][c];
        result.background.data()[3 * i + c] = background_[i][c];
      }
    return result;
  }

 private:
  using Colour = Rgb<Scalar>;
  struct Sample {
    Colour colour;
    int x, y;
    bool stand_in;  // no sample was seen: the class mean
  };
  struct Pair {
    Colour f, b;
  };

  std::size_t index(int y, int x) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x);
  }
  const Colour& clamped(int x, int y) const {
    return picture_[index(std::clamp(y, 0, height_ - 1), std::clamp(x, 0, width_ - 1))];
  }
  template <class F>
  void for_unknown(F&& f) {
    pool_.parallel_for(0, static_cast<std::ptrdiff_t>(unknown_.size()), 256,
                       [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
                         for (std::ptrdiff_t u = begin; u < end; ++u) {
                           const int pixel = unknown_[static_cast<std::size_t>(u)];
                           f(static_cast<std::size_t>(pixel), pixel % width_, pixel / width_);
                         }
                       });
  }
  // f(pixel, dx, dy) for the window's pixels inside the picture, row by row.
  template <class F>
  void for_window(int x, int y, int radius, F&& f) const {
    for (int v = std::max(0, y - radius); v <= std::min(height_ - 1, y + radius); ++v)
      for (int u = std::max(0, x - radius); u <= std::min(width_ - 1, x + radius); ++u) f(index(v, u), u - x, v - y);
  }

  // An unknown pixel takes the label of the nearest known pixel of nearly its colour; of equally near ones the first.
  void expand() {
    struct Offset {
      int x, y, square;
    };
    std::vector<Offset> offsets;
    const int r = std::min(options_.expansion_radius, std::max(height_, width_));
    for (int y = -r; y <= r; ++y)
      for (int x = -r; x <= r; ++x)
        if (x * x + y * y <= r * r && r > 0) offsets.push_back({x, y, x * x + y * y});
    std::stable_sort(offsets.begin(), offsets.end(),
                     [](const Offset& a, const Offset& b) { return a.square < b.square; });
    const auto threshold = static_cast<Scalar>(options_.expansion_threshold);
    Image<Label> expanded = labels_;
    pool_.parallel_for(0, height_, 8, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (auto y = static_cast<int>(begin); y < end; ++y)
        for (int x = 0; x < width_; ++x) {
          if (labels_(y, x) != Label::unknown) continue;
          for (const Offset& o : offsets) {
            const int u = x + o.x, v = y + o.y;
            if (u < 0 || u >= width_ || v < 0 || v >= height_ || labels_(v, u) == Label::unknown) continue;
            if (square_distance(picture_[index(y, x)], picture_[index(v, u)]) > threshold * threshold) continue;
            expanded(y, x) = labels_(v, u);
            break;
          }
        }
    });
    labels_ = std::move(expanded);
    for (std::size_t i = 0; i < picture_.size(); ++i)
      if (labels_.data()[i] == Label::unknown) unknown_.push_back(static_cast<int>(i));
  }

  // Known pixels: their own colour and the other class' mean. Both classes are there, the trimap was checked.
  void start_from_means() {
    std::array<std::array<double, 4>, 3> sums{};  // by label
    for (std::size_t i = 0; i < picture_.size(); ++i) {
      auto& sum = sums[static_cast<std::size_t>(labels_.data()[i])];
      for (std::size_t c = 0; c < 3; ++c) sum[c] += picture_[i][c];
      sum[3] += 1;
    }
    Pair mean;
    for (std::size_t c = 0; c < 3; ++c) {
      mean.f[c] = static_cast<Scalar>(sums[2][c] / sums[2][3]);
      mean.b[c] = static_cast<Scalar>(sums[0][c] / sums[0][3]);
    }
    gathered_.assign(picture_.size(), mean);
    for (std::size_t i = 0; i < picture_.size(); ++i) {
      if (labels_.data()[i] == Label::foreground) gathered_[i].f = picture_[i];
      if (labels_.data()[i] == Label::background) gathered_[i].b = picture_[i];
    }
  }

  // The first sample of each class along each ray; the directions turn from pixel to pixel over an 8x8 pattern.
  void look_around(int x, int y, std::vector<Sample>& f, std::vector<Sample>& b) const {
    f.clear();
    b.clear();
    const int turn = (x % 8 + 8 * (y % 8)) * 99991 % 64;
    for (int ray = 0; ray < options_.rays; ++ray) {
      const double angle = 2 * std::numbers::pi * (static_cast<double>(ray) / options_.rays + turn / 64.0);
      const double dx = std::cos(angle), dy = std::sin(angle);
      bool has_f = false, has_b = false;
      for (int step = 0; step < 2 * std::max(width_, height_) && !(has_f && has_b); ++step) {
        const int u = static_cast<int>(x + step * dx), v = static_cast<int>(y + step * dy);
        if (u < 0 || v < 0 || u >= width_ || v >= height_) break;
        const Label label = labels_(v, u);
        if (label == Label::foreground && !std::exchange(has_f, true))
          f.push_back({picture_[index(v, u)], u, v, false});
        if (label == Label::background && !std::exchange(has_b, true))
          b.push_back({picture_[index(v, u)], u, v, false});
      }
    }
    const Pair& mean = gathered_[index(y, x)];
    if (f.empty()) f.push_back({mean.f, x, y, true});
    if (b.empty()) b.push_back({mean.b, x, y, true});
  }

  void gather() {
    start_from_means();
    const auto picture = [this](int x, int y) -> const Colour& { return clamped(x, y); };
    for_unknown([&](std::size_t p, int x, int y) {
      std::vector<Sample> fs, bs;
      look_around(x, y, fs, bs);
      const auto least = [&](const std::vector<Sample>& samples) {
        Scalar e = std::numeric_limits<Scalar>::infinity();
        for (const Sample& s : samples) e = std::min(e, path_integral<Scalar>(picture, x, y, s.x, s.y));
        return e;
      };
      const Scalar e_f = least(fs), e_b = least(bs);
      // Without a real sample on one side the gradients say nothing.
      const bool blind = fs.front().stand_in || bs.front().stand_in;
      const Scalar probability = blind ? Scalar(0.5) : e_b / (e_f + e_b + Scalar(1e-5));
      double best = std::numeric_limits<double>::infinity();
      for (const Sample& f : fs)
        for (const Sample& b : bs) {
          const Scalar a = alpha_between(picture_[p], f.colour, b.colour);
          double error = 0;
          for (int v = y - 1; v <= y + 1; ++v)
            for (int u = x - 1; u <= x + 1; ++u) error += distortion(clamped(u, v), f.colour, b.colour);
          const double reach_f = f.stand_in ? 1 : std::hypot(f.x - x, f.y - y);
          const double reach_b = b.stand_in ? 1 : std::hypot(b.x - x, b.y - y);
          const double cost = std::pow(error, options_.distortion_exponent) *
                              std::pow(probability + (1 - 2 * probability) * a, options_.probability_exponent) *
                              std::pow(reach_f, options_.foreground_exponent) *
                              std::pow(reach_b, options_.background_exponent);
          if (cost < best) {
            best = cost;
            gathered_[p] = {f.colour, b.colour};
          }
        }
    });
  }

  // Each pixel takes the mean of the three pairs of its window that explain it best.
  void refine() {
    refined_ = gathered_;
    refined_alpha_.resize(picture_.size());
    sample_confidence_.assign(picture_.size(), Scalar(1));
    for (std::size_t i = 0; i < picture_.size(); ++i)
      refined_alpha_[i] = labels_.data()[i] == Label::foreground ? Scalar(1) : Scalar(0);
    for_unknown([&](std::size_t p, int x, int y) {
      std::array<std::pair<Scalar, std::size_t>, 3> best;
      std::size_t found = 0;
      for_window(x, y, options_.refinement_radius, [&](std::size_t q, int, int) {
        const Scalar cost = distortion(picture_[p], gathered_[q].f, gathered_[q].b);
        if (found == 3 && !(cost < best[2].first)) return;
        std::size_t place = found < 3 ? found++ : 2;
        for (; place > 0 && cost < best[place - 1].first; --place) best[place] = best[place - 1];
        best[place] = {cost, q};
      });
      Pair mean{};
      for (std::size_t k = 0; k < found; ++k)
        for (std::size_t c = 0; c < 3; ++c) {
          mean.f[c] += gathered_[best[k].second].f[c] / static_cast<Scalar>(found);
          mean.b[c] += gathered_[best[k].second].b[c] / static_cast<Scalar>(found);
        }
      refined_[p] = mean;
      refined_alpha_[p] = alpha_between(picture_[p], mean.f, mean.b);
      if (options_.weigh_by_confidence)
        sample_confidence_[p] =
            mean.f == mean.b ? Scalar(1e-8) : confidence_of(distortion(picture_[p], mean.f, mean.b));
    });
  }
  Scalar confidence_of(Scalar square_error) const {
    return std::exp(-std::sqrt(square_error) / static_cast<Scalar>(options_.confidence_sigma));
  }
  // exp(-(dx^2 + dy^2) / sigma^2) with the paper's sigma^2 = side^2 / (9 pi), by dx^2 + dy^2.
  static std::vector<Scalar> gaussian(int radius) {
    std::vector<Scalar> weight(static_cast<std::size_t>(2 * radius * radius) + 1);
    const double side = 2 * radius + 1;
    for (std::size_t i = 0; i < weight.size(); ++i)
      weight[i] = static_cast<Scalar>(std::exp(-9 * std::numbers::pi / (side * side) * static_cast<double>(i)));
    return weight;
  }

  void smooth() {
    smooth_colours();
    const std::vector<Scalar> confidence = pair_confidence();
    const std::vector<Scalar> weight = gaussian(options_.low_frequency_radius);
    const std::vector<Scalar> direct = alpha_;
    for_unknown([&](std::size_t p, int x, int y) {
      Scalar sum = 0, total = 0;
      for_window(x, y, options_.low_frequency_radius, [&](std::size_t q, int dx, int dy) {
        const bool known = labels_.data()[q] != Label::unknown;
        const Scalar trust = options_.weigh_by_confidence ? confidence[q] : Scalar(1);
        const Scalar w = weight[static_cast<std::size_t>(dx * dx + dy * dy)] * trust + (known ? 1 : 0);
        sum += w * refined_alpha_[q];
        total += w;
      });
      const Scalar low = total > 0 ? sum / total : refined_alpha_[p];  // no pixel around is trusted at all
      alpha_[p] = std::clamp(confidence[p] * direct[p] + (1 - confidence[p]) * low, Scalar(0), Scalar(1));
    });
  }

  // Foreground, background and alpha from the window's pixels of other alphas.
  void smooth_colours() {
    alpha_ = refined_alpha_;
    foreground_.resize(picture_.size());
    background_.resize(picture_.size());
    for (std::size_t i = 0; i < picture_.size(); ++i) {
      foreground_[i] = refined_[i].f;
      background_[i] = refined_[i].b;
    }
    const std::vector<Scalar> weight = gaussian(options_.colour_radius);
    for_unknown([&](std::size_t p, int x, int y) {
      Pair sum{};
      Scalar total_f = 0, total_b = 0;
      for_window(x, y, options_.colour_radius, [&](std::size_t q, int dx, int dy) {
        const Scalar a = refined_alpha_[q];
        Scalar w = weight[static_cast<std::size_t>(dx * dx + dy * dy)] * sample_confidence_[q];
        if (q != p) w *= std::abs(refined_alpha_[p] - a);
        const Scalar w_f = std::max(w * a, Scalar(1e-5)), w_b = std::max(w * (1 - a), Scalar(1e-5));
        total_f += w_f;
        total_b += w_b;
        for (std::size_t c = 0; c < 3; ++c) {
          sum.f[c] += w_f * refined_[q].f[c];
          sum.b[c] += w_b * refined_[q].b[c];
        }
      });
      for (std::size_t c = 0; c < 3; ++c) {
        foreground_[p][c] = sum.f[c] / total_f;
        background_[p][c] = sum.b[c] / total_b;
      }
      alpha_[p] = alpha_between(picture_[p], foreground_[p], background_[p]);
    });
  }

  // How far each pixel's own alpha may be trusted: its colours explain it, and lie apart as around it.
  std::vector<Scalar> pair_confidence() {
    std::vector<Scalar> confidence(picture_.size(), Scalar(1));
    for_unknown([&](std::size_t p, int x, int y) {
      Scalar mean = 0, total = 0;
      for_window(x, y, options_.confidence_radius, [&](std::size_t q, int, int) {
        const Scalar w = sample_confidence_[q] * refined_alpha_[q] * (1 - refined_alpha_[q]);
        mean += w * std::sqrt(square_distance(foreground_[q], background_[q]));
        total += w;
      });
      mean = mean / (total + Scalar(1e-5)) + Scalar(1e-5);
      const Scalar apart = std::sqrt(square_distance(foreground_[p], background_[p]));
      confidence[p] =
          std::min(Scalar(1), apart / mean) * confidence_of(distortion(picture_[p], foreground_[p], background_[p]));
    });
    return confidence;
  }

  SharedMattingOptions options_;
  int height_, width_;
  ThreadPool pool_;
  Image<Label> labels_;  // after expand(): expanded
  std::vector<Colour> picture_, foreground_, background_;
  std::vector<int> unknown_;
  std::vector<Pair> gathered_, refined_;
  std::vector<Scalar> refined_alpha_, sample_confidence_, alpha_;
};

}  // namespace detail

/// Shared sampling (Gastal & Oliveira 2010): every unknown pixel looks along a few rays for a foreground and a
/// background sample, neighbours share what they found, and the result is smoothed where it cannot be trusted.
/// Decisions where published programs differ from the paper:
/// - the gradient integral towards a sample advances in x with the x step and in y with the y step (PyMatting: x, x);
/// - the Gaussian of the low-frequency alpha has its sigma from its own radius (PyMatting: the colours' radius);
/// - samples are weighted by their confidence exp(-error / 0.1) in all three smoothing steps (PyMatting: not at all;
///   weigh_by_confidence = false gives that);
/// - known pixels spread as the paper's text says: nearest of nearly the same colour (its pictures show less);
/// - a pixel whose rays see no sample of one class takes the class' mean, without judging it by distance or gradients;
/// - a window of fewer than three pixels shares what it has.
/// @param image (H, W) grey, RGB or RGBA (fourth channel unused), [0,1]   @param trimap (H, W)
/// Errors: those of working_colour and classify_trimap; options out of range.
/// Cost: per unknown pixel `rays` walks to the known regions, 9 rays^2 and 4 * 121 pair evaluations; no linear system.
template <class Scalar = double>
Result<SharedMattingResult<Scalar>> shared_matting(AnyView image, AnyView trimap,
                                                   const SharedMattingOptions& options = {}) {
  const auto wrong = [](const std::string& text) {
    return Error{ErrorCode::invalid_argument, "shared_matting: " + text};
  };
  if (options.rays < 1 || options.rays > 64) return wrong("wanted 1 to 64 rays, given " + std::to_string(options.rays));
  for (const int radius : {options.expansion_radius, options.refinement_radius, options.colour_radius,
                           options.confidence_radius, options.low_frequency_radius})
    if (radius < 0 || radius > 1000) return wrong("wanted radii of 0 to 1000, given " + std::to_string(radius));
  if (!(options.confidence_sigma > 0))
    return wrong("wanted confidence_sigma > 0, given " + std::to_string(options.confidence_sigma));
  if (!(options.expansion_threshold >= 0))
    return wrong("wanted expansion_threshold >= 0, given " + std::to_string(options.expansion_threshold));
  for (const double exponent : {options.distortion_exponent, options.probability_exponent, options.foreground_exponent,
                                options.background_exponent})
    if (!(exponent >= 0)) return wrong("wanted exponents >= 0, given " + std::to_string(exponent));
  auto colour = working_colour<Scalar>(image);
  if (!colour) return colour.error();
  auto labels = classify_trimap(trimap, image.shape(), options.thresholds);
  if (!labels) return labels.error();
  return detail::SharedMatting<Scalar>(*colour, std::move(*labels), options).run();
}

}  // namespace hairline

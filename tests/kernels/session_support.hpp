#pragma once
// A network's session against the reference: pictures, options and the comparison.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "hairline/kernels/session.hpp"
#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/nets/reference.hpp"
#include "tests/support/catch.hpp"

namespace session_support {
using namespace hairline;

// Winograd's forms round differently: seen are 1e-6 on these networks, allowed is what the issue of accuracy allows
// whole networks at most.
inline constexpr double largest = 1e-4, mean_of_all = 2e-5;

struct Pair {
  Image<float> picture, plate;
};

/// A picture and a plate that differ smoothly, so that errors are spread over the whole range.
inline Pair make_pair(int height, int width) {
  Pair p{Image<float>(Shape{height, width, 3}), Image<float>(Shape{height, width, 3})};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        p.picture.view()(y, x, c) =
            0.5f + 0.45f * std::sin(0.11f * static_cast<float>(x + 3 * c) + 0.07f * static_cast<float>(y));
        p.plate.view()(y, x, c) = 0.5f + 0.45f * std::cos(0.05f * static_cast<float>(x - y) + static_cast<float>(c));
      }
  return p;
}

inline Tensor tensor_of(View<const float> v) {
  Tensor t({1, v.height(), v.width(), v.channels()});
  for (int y = 0; y < v.height(); ++y)
    for (int x = 0; x < v.width(); ++x)
      for (int c = 0; c < v.channels(); ++c) t.at(0, y, x)[c] = v(y, x, c);
  return t;
}

/// Runs both and compares every result.
inline void compare(const Graph& graph, const Weights& weights, kernels::Session& session, const Pair& pair,
                    const RunOptions& options) {
  std::vector<Tensor> inputs;
  inputs.push_back(tensor_of(pair.picture.view()));
  inputs.push_back(tensor_of(pair.plate.view()));
  const auto wanted = run_reference(graph, weights, std::move(inputs), options);
  REQUIRE(wanted);
  std::vector<Image<float>> images;
  std::vector<kernels::ResultTarget> targets;
  for (const auto& [name, tensor] : *wanted)
    images.emplace_back(Shape{tensor.shape.height, tensor.shape.width, tensor.shape.channels});
  std::size_t i = 0;
  for (const auto& [name, tensor] : *wanted) targets.emplace_back(name, images[i++].view());
  const AnyView pictures[] = {pair.picture.view(), pair.plate.view()};
  const auto report = session.run(pictures, targets, options);
  INFO((report ? std::string() : report.error().message));
  REQUIRE(report);
  i = 0;
  for (const auto& [name, tensor] : *wanted) {
    const View<const float> got = images[i++].view();
    double most = 0, sum = 0;
    for (int y = 0; y < got.height(); ++y)
      for (int x = 0; x < got.width(); ++x)
        for (int c = 0; c < got.channels(); ++c) {
          const double d = std::abs(static_cast<double>(got(y, x, c)) - static_cast<double>(tensor.at(0, y, x)[c]));
          most = std::max(most, std::isnan(d) ? 1e9 : d);
          sum += d;
        }
    INFO("result " << name << " " << to_string(got.shape()));
    CHECK(most < largest);
    CHECK(sum / static_cast<double>(got.shape().size()) < mean_of_all);
  }
}

inline RunOptions options_of(RefineMode mode, double scale, int pixels = 1600, double fade = 0) {
  BackgroundMattingV2Options o;
  o.refine_mode = mode;
  o.backbone_scale = scale;
  o.refine_sample_pixels = pixels;
  o.refine_threshold = 0.3;
  o.refine_fade = fade;
  return o;
}

/// A session's alpha and foreground.
inline std::array<Image<float>, 2> alpha_and_foreground(kernels::Session& session, const Pair& pair,
                                                        const RunOptions& options) {
  const int height = pair.picture.shape().height, width = pair.picture.shape().width;
  std::array<Image<float>, 2> images = {Image<float>(Shape{height, width, 1}), Image<float>(Shape{height, width, 3})};
  const AnyView pictures[] = {pair.picture.view(), pair.plate.view()};
  const kernels::ResultTarget targets[] = {{"pha", images[0].view()}, {"fgr", images[1].view()}};
  const auto done = session.run(pictures, targets, options);
  INFO((done ? std::string() : done.error().message));
  REQUIRE(done);
  return images;
}

/// Largest and mean difference.
inline std::array<double, 2> difference(const Image<float>& a, const Image<float>& b) {
  REQUIRE(a.shape() == b.shape());
  double most = 0, sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i]));
    most = std::max(most, std::isnan(d) ? 1e9 : d);
    sum += d;
  }
  return {most, sum / static_cast<double>(a.size())};
}

}  // namespace session_support

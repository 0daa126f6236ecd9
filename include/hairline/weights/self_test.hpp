#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/nets/cost.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/weights/self_test_pictures.hpp"

namespace hairline {

/// Small inputs with the results that a network gives for them, kept beside its weights: whoever loads the weights can
/// see that they and the code still belong together.
struct SelfTest {
  std::string network;                                  ///< Graph::name of the network that it is for
  std::vector<std::pair<std::string, double>> options;  ///< run options, at most 12
  std::map<std::string, Tensor, std::less<>> inputs;    ///< by the network's names of them
  std::map<std::string, Tensor, std::less<>> expected;  ///< by the names of the results
  double tolerance = 0;  ///< of a result whose values lie within [-1,1]; else times the largest
  std::string reason;    ///< why that much
};

/// How a self-test is made.
struct SelfTestOptions {
  RunOptions run;               ///< of the network; a mode without choices that hang on the last bit is best
  int height = 64, width = 64;  ///< of the pictures
  int candidates = 6;           ///< scenes to choose from
  double tolerance = 2e-5;      ///< more if the weights magnify rounding; see make_self_test
  int threads = 0;              ///< 0: all
};

/// What a run of a self-test has found.
struct SelfTestReport {
  std::map<std::string, double> differences;  ///< largest of each result, as the tolerance is measured
  double largest = 0;
  std::string worst;  ///< the result of the largest difference
  bool passed = false;
};

namespace detail {
/// The most that a self-test may cost, so that a file cannot make its reader work for minutes.
inline constexpr double most_self_test_multiply_adds = 2e10, most_self_test_bytes = 1e9;

inline Result<RunOptions> run_options(const SelfTest& test) {
  RunOptions run;
  if (test.options.size() > run.values.size())
    return Error{ErrorCode::unsupported, "the self-test has more than 12 run options"};
  for (const auto& [name, value] : test.options) {
    if (!(std::abs(value) <= 131072))  // also keeps sizes made of it within the range of int
      return Error{ErrorCode::unsupported, "the self-test has run option '" + name + "' beyond 2^17"};
    run.set(name, value);
  }
  return run;
}

/// The inputs in the network's order, if they are there, of one size, and not too much work.
inline Result<std::vector<Tensor>> self_test_inputs(const Graph& graph, const SelfTest& test, const RunOptions& run) {
  std::vector<Tensor> inputs;
  for (int i = 0; i < graph.input_count; ++i) {
    const std::string name(graph.nodes[static_cast<std::size_t>(i)].name.view());
    const auto found = test.inputs.find(name);
    if (found == test.inputs.end())
      return Error{ErrorCode::bad_file, "the self-test lacks the network's input '" + name + "'"};
    inputs.push_back(found->second);
  }
  if (const auto good = check_inputs(graph, inputs); !good)
    return Error{ErrorCode::bad_file, "the self-test cannot be run: " + good.error().message};
  const TensorShape size = inputs[0].shape;
  if (size.height > 1024 || size.width > 1024 || size.batch > 64)
    return Error{ErrorCode::unsupported, "the self-test's pictures are larger than 1024x1024"};
  const NetworkCost cost = network_cost(graph, shapes(graph, size.height, size.width, run, size.batch));
  if (cost.total.multiply_adds > most_self_test_multiply_adds || cost.activation_peak > most_self_test_bytes)
    return Error{ErrorCode::unsupported, "the self-test is larger than 20 GMac or 1 GB, which no test needs to be"};
  return inputs;
}

/// The largest difference of two results of one shape in units of max(1, largest expected); NaN counts as infinite.
inline double self_test_difference(const Tensor& expected, const Tensor& given) {
  double range = 1, largest = 0;
  for (const float v : expected.data) range = std::max(range, std::abs(static_cast<double>(v)));
  for (std::size_t i = 0; i < expected.data.size(); ++i) {
    const double d = std::abs(static_cast<double>(given.data[i]) - static_cast<double>(expected.data[i]));
    largest = d <= largest ? largest : (std::isnan(d) ? std::numeric_limits<double>::infinity() : d);
  }
  return largest / range;
}
}  // namespace detail

/// Compares results with the expected ones; those that the test does not know are left out.
/// Errors: a result is missing or has another shape.
inline Result<SelfTestReport> compare_self_test(const SelfTest& test, const NetworkResults& results) {
  SelfTestReport report;
  for (const auto& [name, expected] : test.expected) {
    const auto found = results.find(name);
    if (found == results.end() || found->second.shape != expected.shape)
      return Error{ErrorCode::bad_file, "the self-test expects a result '" + name + "' that the network does not give"};
    const double d = detail::self_test_difference(expected, found->second);
    report.differences[name] = d;
    if (report.worst.empty() || d > report.largest) {
      report.largest = d;
      report.worst = name;
    }
  }
  if (report.differences.empty()) return Error{ErrorCode::bad_file, "the self-test expects nothing"};
  report.passed = report.largest <= test.tolerance;
  return report;
}

/// Runs a self-test with the plain reference. Not passing is in the report.
/// Errors: inputs that are not the network's, a test that would cost more than 20 GMac, weights that do not fit.
inline Result<SelfTestReport> run_self_test(const Graph& graph, const Weights& weights, const SelfTest& test,
                                            int threads = 0) {
  const auto run = detail::run_options(test);
  if (!run) return run.error();
  auto inputs = detail::self_test_inputs(graph, test, *run);
  if (!inputs) return inputs.error();
  const auto results = run_reference(graph, weights, std::move(*inputs), *run, threads);
  if (!results) return results.error();
  return compare_self_test(test, *results);
}

namespace detail {
/// How far the results move when every input value does by one part in 2^22, alternately up and down: what rounding in
/// another order may do to them. (Measured: fused multiply-adds and reassociated sums move seeded ResNets and
/// MobileNets by less than 2e-6.)
inline Result<double> rounding_effect(const Graph& graph, const Weights& weights, const SelfTest& test, int threads) {
  SelfTest nudged = test;
  for (auto& [name, picture] : nudged.inputs)
    for (std::size_t i = 0; i < picture.data.size(); ++i) picture.data[i] *= i % 2 == 0 ? 1 + 0x1p-22f : 1 - 0x1p-22f;
  const auto report = run_self_test(graph, weights, nudged, threads);
  if (!report) return report.error();
  return report->largest;
}

inline Result<void> set_tolerance(const Graph& graph, const Weights& weights, double least, int threads,
                                  SelfTest& test) {
  const auto effect = rounding_effect(graph, weights, test, threads);
  if (!effect) return effect.error();
  constexpr double margin = 16;
  test.tolerance = std::max(least, margin * *effect);
  char text[200];
  std::snprintf(
      text, sizeof text,
      "processors and compilers order and fuse f32 sums differently; inputs moved by 2^-22 move these results "
      "by %.1e, of which %.0f times are allowed, and at least %.0e",
      *effect, margin, least);
  test.reason = text;
  return {};
}
}  // namespace detail

/// Makes a self-test for these weights: of several scenes the one whose results vary most, because a result that is
/// clamped to black and white hides what went before. The tolerance grows with how much these weights magnify rounding.
/// Errors: weights that do not fit, results that are not finite, a test that would cost too much.
inline Result<SelfTest> make_self_test(const Graph& graph, const Weights& weights,
                                       const SelfTestOptions& options = {}) {
  SelfTest best{std::string(graph.name), {}, {}, {}, options.tolerance, {}};
  for (int i = 0; i < options.run.count; ++i) {
    const Attribute& a = options.run.values[static_cast<std::size_t>(i)];
    best.options.emplace_back(std::string(a.name), a.value);
  }
  double most_varied = -1;
  for (int candidate = 0; candidate < std::max(options.candidates, 1); ++candidate) {
    const auto seed = static_cast<std::uint64_t>(candidate);
    SelfTest test = best;
    std::vector<Tensor> pictures = self_test_pictures(graph, options.height, options.width, seed);
    for (std::size_t i = 0; i < pictures.size(); ++i)
      test.inputs[std::string(graph.nodes[i].name.view())] = std::move(pictures[i]);
    const auto run = detail::run_options(test);
    if (!run) return run.error();
    auto inputs = detail::self_test_inputs(graph, test, *run);
    if (!inputs) return inputs.error();
    auto results = run_reference(graph, weights, std::move(*inputs), *run, options.threads);
    if (!results) return results.error();
    double varied = 0;
    for (const auto& [name, t] : *results) {
      if (!std::all_of(t.data.begin(), t.data.end(), [](float v) { return std::isfinite(v); }))
        return Error{ErrorCode::bad_file, "these weights give results that are not finite: '" + name + "'"};
      varied += std::min(varied_share(t), 0.25);  // a quarter shows enough; more must not outweigh another result
    }
    if (varied <= most_varied) continue;
    most_varied = varied;
    test.expected = std::move(*results);
    best = std::move(test);
  }
  if (const auto set = detail::set_tolerance(graph, weights, options.tolerance, options.threads, best); !set)
    return set.error();
  return best;
}

}  // namespace hairline

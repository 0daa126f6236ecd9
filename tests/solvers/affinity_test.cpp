// What holds for every affinity method: degenerate input, warm starts, threads, pixel types; and one real picture.
#include <filesystem>
#include <functional>

#include "hairline/io/read.hpp"
#include "hairline/solvers/information_flow.hpp"
#include "hairline/solvers/knn.hpp"
#include "hairline/solvers/large_kernel.hpp"
#include "hairline/solvers/learning_based.hpp"
#include "hairline/solvers/random_walk.hpp"
#include "tests/solvers/affinity_support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {

template <class Scalar>
struct Method {
  const char* name;
  int smallest;  // side of the smallest picture it takes
  std::function<Result<AlphaResult<Scalar>>(AnyView, AnyView, SolveOptions)> run;
};

template <class Scalar>
const std::vector<Method<Scalar>>& methods() {
  static const std::vector<Method<Scalar>> all{{"knn", 1,
                                                [](AnyView i, AnyView t, SolveOptions s) {
                                                  KnnOptions o;
                                                  o.solve = s;
                                                  return knn_matting<Scalar>(i, t, o);
                                                }},
                                               {"learning_based", 3,
                                                [](AnyView i, AnyView t, SolveOptions s) {
                                                  LearningBasedOptions o;
                                                  o.solve = s;
                                                  return learning_based<Scalar>(i, t, o);
                                                }},
                                               {"random_walk", 1,
                                                [](AnyView i, AnyView t, SolveOptions s) {
                                                  RandomWalkOptions o;
                                                  o.solve = s;
                                                  return random_walk<Scalar>(i, t, o);
                                                }},
                                               {"large_kernel", 5,
                                                [](AnyView i, AnyView t, SolveOptions s) {
                                                  LargeKernelOptions o;
                                                  o.radius = 2;
                                                  o.solve = s;
                                                  return large_kernel<Scalar>(i, t, o);
                                                }},
                                               {"information_flow", 1, [](AnyView i, AnyView t, SolveOptions s) {
                                                  InformationFlowOptions o;
                                                  o.solve = s;
                                                  return information_flow<Scalar>(i, t, o);
                                                }}};
  return all;
}

template <class Scalar>
bool in_range(const Image<Scalar>& alpha) {
  return std::all_of(alpha.begin(), alpha.end(), [](Scalar v) { return v >= 0 && v <= 1; });
}

}  // namespace

TEMPLATE_TEST_CASE("affinity methods answer degenerate trimaps", "[affinity]", float, double) {
  const auto image = random_colours(9, 10);
  for (const auto& method : methods<TestType>()) {
    INFO(method.name);
    Image<double> trimap({9, 10, 1}, 0.0);
    for (int y = 0; y < 9; ++y)
      for (int x = 0; x < 5; ++x) trimap(y, x) = 0.95;
    const auto known = method.run(image, trimap, {}).value();
    CHECK(known.report.status == SolveStatus::nothing_to_solve);
    CHECK(known.report.iterations == 0);
    CHECK(known.alpha(0, 0) == 1);  // snapped
    CHECK(known.alpha(8, 9) == 0);

    trimap(4, 4) = 0.5;  // isolated unknown pixels, at the border, too
    trimap(0, 9) = 0.5;
    trimap(8, 0) = 0.5;
    const auto isolated = method.run(image, trimap, {}).value();
    // In float every step of the random walk may underflow: then nothing pulls at these pixels.
    if (std::string(method.name) != "random_walk") CHECK(isolated.report.status == SolveStatus::converged);
    CHECK(in_range(isolated.alpha));
    CHECK(isolated.alpha(3, 3) == 1);

    const Image<double> foreground({9, 10, 1}, 1.0), background({9, 10, 1}, 0.0), unknown({9, 10, 1}, 0.5);
    for (const auto* one : {&foreground, &background, &unknown}) {
      const auto result = method.run(image, *one, {});
      REQUIRE_FALSE(result.has_value());
      CHECK(result.error().code == ErrorCode::bad_trimap);
    }
    CHECK(method.run(image, Image<double>({9, 9, 1}, 0.5), {}).error().code == ErrorCode::bad_trimap);
    CHECK_FALSE(method.run(Image<float>{}, Image<float>{}, {}).has_value());
    CHECK_FALSE(method.run(Image<float>({9, 10, 2}, 0.5f), trimap, {}).has_value());
    auto broken = image;
    broken(4, 4, 1) = NAN;
    CHECK(method.run(broken, trimap, {}).error().code == ErrorCode::invalid_argument);
    auto broken_trimap = trimap;
    broken_trimap(1, 1) = NAN;
    CHECK(method.run(image, broken_trimap, {}).error().code == ErrorCode::bad_trimap);
  }
}

TEST_CASE("affinity methods: an unknown region without foreground contact", "[affinity]") {
  // Locally nothing but background is near; the local methods must not run for thousands of steps.
  auto image = random_colours(24, 26);
  Image<double> trimap({24, 26, 1}, 0.0);
  for (int y = 0; y < 24; ++y) trimap(y, 0) = 1;
  for (int y = 8; y < 12; ++y)
    for (int x = 15; x < 20; ++x) trimap(y, x) = 0.5;
  for (const auto& method : methods<double>()) {
    INFO(method.name);
    const auto result = method.run(image, trimap, {}).value();
    CHECK((result.report.status == SolveStatus::converged || result.report.status == SolveStatus::nothing_to_solve));
    CHECK(in_range(result.alpha));
    if (std::string(method.name) == "random_walk" || std::string(method.name) == "learning_based") {
      CHECK(result.report.status == SolveStatus::nothing_to_solve);
      CHECK(result.alpha(10, 17) == 0);
    }
  }
}

TEST_CASE("affinity methods take tiny pictures or say how large they must be", "[affinity]") {
  for (const auto& method : methods<double>()) {
    INFO(method.name);
    const Image<double> one({1, 1, 3}, 0.5);
    CHECK(method.run(one, Image<double>({1, 1, 1}, 0.5), {}).error().code == ErrorCode::bad_trimap);
    for (const Shape size : {Shape{1, 3, 3}, Shape{3, 1, 3}, Shape{2, 2, 3}, Shape{3, 3, 3}, Shape{5, 5, 3}}) {
      const auto image = random_colours(size.height, size.width);
      Image<double> trimap({size.height, size.width, 1}, 0.5);
      *trimap.begin() = 1;
      *(trimap.end() - 1) = 0;
      const auto result = method.run(image, trimap, {});
      if (std::min(size.height, size.width) >= method.smallest) {
        REQUIRE(result.has_value());
        CHECK(in_range(result->alpha));
      } else {
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().message.find("sides of at least") != std::string::npos);
      }
    }
    // One colour everywhere.
    const auto flat = method.run(Image<double>({7, 8, 3}, 0.3), striped_trimap(7, 8), {});
    REQUIRE(flat.has_value());
    CHECK(in_range(flat->alpha));
  }
}

TEST_CASE("affinity methods: warm starts, threads and pixel types", "[affinity]") {
  const AffinityGolden golden;
  for (const auto& method : methods<double>()) {
    INFO(method.name);
    SolveOptions options;
    options.threads = 1;
    options.relative_tolerance = 1e-9;
    const auto cold = method.run(golden.image, golden.trimap, options).value();
    CHECK(cold.report.status == SolveStatus::converged);
    for (const int threads : {2, 3}) {
      options.threads = threads;
      CHECK(largest_difference(method.run(golden.image, golden.trimap, options).value().alpha, cold.alpha) == 0.0);
    }
    options.start = cold.alpha;
    const auto warm = method.run(golden.image, golden.trimap, options).value();
    CHECK(warm.report.iterations <= cold.report.iterations / 2);
    CHECK(largest_difference(warm.alpha, cold.alpha) <= 1e-3);
    const Image<double> other({3, 3, 1}, 0.5);
    options.start = other;
    CHECK(method.run(golden.image, golden.trimap, options).error().message.find("start") != std::string::npos);
    Image<double> broken = cold.alpha;
    for (double& v : broken) v = NAN;
    options.start = broken;
    CHECK_FALSE(method.run(golden.image, golden.trimap, options).has_value());
    options.start = {};
    const auto eight_bit = convert<std::uint8_t>(golden.image);
    const auto same = convert<float>(eight_bit);
    CHECK(largest_difference(method.run(eight_bit, golden.trimap, options).value().alpha,
                             method.run(same, golden.trimap, options).value().alpha) <= 1e-4);
  }
}

namespace {

// Pictures at a tenth of their size as PIL's bilinear resize makes them: triangle filter, rows first, each pass rounded
// to 8 bits.
Image<double> tenth_bilinear(const Image<float>& from) {
  const auto pass = [](const Image<double>& in, bool along_x) {
    const int length = along_x ? in.width() : in.height();
    Image<double> out(
        {along_x ? in.height() : in.height() / 10, along_x ? in.width() / 10 : in.width(), in.channels()});
    for (int y = 0; y < out.height(); ++y)
      for (int x = 0; x < out.width(); ++x)
        for (int c = 0; c < out.channels(); ++c) {
          const double centre = ((along_x ? x : y) + 0.5) * 10;
          double sum = 0;
          double weights = 0;
          for (int i = std::max(0, static_cast<int>(centre - 10 + 0.5));
               i < std::min(length, static_cast<int>(centre + 10 + 0.5)); ++i) {
            const double weight = std::max(0.0, 1 - std::abs((i - centre + 0.5) / 10));
            sum += weight * (along_x ? in(y, i, c) : in(i, x, c));
            weights += weight;
          }
          out(y, x, c) = std::floor(sum / weights * 255 + 0.5) / 255;
        }
    return out;
  };
  return pass(pass(convert<double>(from), true), false);
}

}  // namespace

TEST_CASE("the lemur at a tenth of its size, against PyMatting's recorded errors", "[affinity][real]") {
  const std::string folder = std::string(HAIRLINE_SHARED_DATA) + "/lemur/";
  if (!std::filesystem::exists(folder)) return;  // real pictures are not everywhere
  const auto image = tenth_bilinear(io::read_image(folder + "lemur.png").value());
  const auto truth = tenth_bilinear(io::read_plane(folder + "lemur_alpha_fba.png").value());
  const auto full = io::read_plane(folder + "lemur_trimap.png").value();
  Image<double> trimap(truth.shape());
  for (int y = 0; y < trimap.height(); ++y)
    for (int x = 0; x < trimap.width(); ++x) trimap(y, x) = full(10 * y + 5, 10 * x + 5);
  const std::vector<std::pair<std::string, double>> recorded{
      {"knn", 2.1748604717689384}, {"learning_based", 1.6402653371109384}, {"random_walk", 5.950822534778654}};
  for (const auto& [name, error] : recorded)
    for (const auto& method : methods<double>()) {
      if (name != method.name) continue;
      const auto alpha = method.run(image, trimap, {}).value().alpha;
      double sum = 0;
      for (std::size_t i = 0; i < alpha.size(); ++i)
        if (trimap.data()[i] > 0.1 && trimap.data()[i] < 0.9) sum += std::pow(alpha.data()[i] - truth.data()[i], 2);
      INFO(name << ": error " << std::sqrt(sum) << ", PyMatting " << error);
      // PyMatting's own slack of 1 %: its constraints are soft (weight 100), ours exact.
      CHECK(std::sqrt(sum) == Approx(error).epsilon(0.01));
    }
}

#include "hairline/solvers/closed_form.hpp"

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#if __has_include(<png.h>)
#include "hairline/io/read.hpp"
#endif
#include "tests/solvers/closed_form_support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using closed_form_support::scene;

namespace {

template <class A, class B>
double worst_difference(const A& a, const B& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i])));
  return worst;
}

Image<std::uint8_t> bytes(const std::string& hex, Shape shape) {
  Image<std::uint8_t> out(shape);
  REQUIRE(hex.size() == 2 * out.size());
  for (std::size_t i = 0; i < out.size(); ++i)
    out.data()[i] = static_cast<std::uint8_t>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  return out;
}

ClosedFormOptions with(Preconditioner preconditioner, double tolerance = 1e-10) {
  ClosedFormOptions options;
  options.solve.preconditioner = preconditioner;
  options.solve.relative_tolerance = tolerance;
  return options;
}

}  // namespace

TEST_CASE("closed-form matting equals the recorded direct solves of PyMatting's systems", "[closed_form][golden]") {
  nlohmann::json golden;
  std::ifstream file(HAIRLINE_SOURCE_DIR "/tests/golden/closed_form.json");
  REQUIRE(file.good());
  file >> golden;
  const int h = golden["height"], w = golden["width"];
  const auto image = bytes(golden["image"], Shape{h, w, 3});
  const auto trimap = bytes(golden["trimap"], Shape{h, w, 1});
  Image<float> prior(Shape{h, w, 1}), confidence(Shape{h, w, 1});
  for (std::size_t i = 0; i < prior.size(); ++i) {
    const bool unknown = trimap.data()[i] == 128;
    prior.data()[i] = unknown ? golden["prior_unknown"].get<float>() : trimap.data()[i] == 255 ? 1.0F : 0.0F;
    confidence.data()[i] =
        unknown ? golden["confidence_unknown"].get<float>() : golden["confidence_known"].get<float>();
  }
  const auto preconditioner = GENERATE(Preconditioner::jacobi, Preconditioner::incomplete_cholesky,
                                       Preconditioner::multigrid, Preconditioner::automatic);
  for (const auto& c : golden["cases"]) {
    auto options = with(preconditioner);
    options.radius = c["radius"];
    options.epsilon = c["epsilon"];
    CAPTURE(c["scheme"].get<std::string>(), options.radius, options.epsilon, name(preconditioner));
    const auto result = c["scheme"] == "split" ? closed_form(image, trimap, options)
                                               : closed_form_with_prior(image, prior, confidence, options);
    REQUIRE(result);
    CHECK(result->report.status == SolveStatus::converged);
    const std::vector<double> wanted = c["alpha"];
    // Seven decimals are recorded; float holds the prior's 0.3 and 0.02 to 1e-8; the rest is the solver's tolerance
    // of 1e-10 times the system's condition.
    CHECK(worst_difference(result->alpha, wanted) <= 2e-6);
  }
}

TEST_CASE("float and double agree, and known pixels are exact", "[closed_form]") {
  const auto s = scene(70, 90);
  const auto wide = closed_form<double>(s.image, s.trimap).value();
  auto options = with(Preconditioner::automatic, 1e-5);
  const auto narrow = closed_form<float>(s.image, s.trimap, options).value();
  CHECK(wide.report.status == SolveStatus::converged);
  CHECK(narrow.report.status == SolveStatus::converged);
  CHECK(worst_difference(wide.alpha, narrow.alpha) <= 5e-3);
  for (std::size_t i = 0; i < wide.alpha.size(); ++i)
    if (s.trimap.data()[i] != 0.5) CHECK(wide.alpha.data()[i] == s.trimap.data()[i]);
}

TEST_CASE("known pixels are snapped to 0 and 1", "[closed_form]") {
  auto s = scene(40, 40);
  for (double& t : s.trimap) t = t == 1 ? 0.95 : t == 0 ? 0.05 : t;
  const auto alpha = closed_form(s.image, s.trimap).value().alpha;
  for (std::size_t i = 0; i < alpha.size(); ++i)
    if (s.trimap.data()[i] != 0.5) CHECK(alpha.data()[i] == (s.trimap.data()[i] > 0.5 ? 1 : 0));
}

TEST_CASE("the split system is the limit of the soft one", "[closed_form]") {
  const auto s = scene(36, 40);
  const auto split = closed_form(s.image, s.trimap, with(Preconditioner::multigrid)).value().alpha;
  double last = 1;
  for (const double lambda : {1e2, 1e4}) {
    Image<double> confidence(s.trimap.shape());
    for (std::size_t i = 0; i < confidence.size(); ++i) confidence.data()[i] = s.trimap.data()[i] == 0.5 ? 0 : lambda;
    const auto soft =
        closed_form_with_prior(s.image, s.trimap, confidence, with(Preconditioner::jacobi, 1e-12)).value().alpha;
    const double difference = worst_difference(split, soft);
    CHECK(difference <= last / 30);  // falls as 1 / lambda, a hundredfold each time
    last = difference;
  }
  Image<float> infinite(s.trimap.shape());
  for (std::size_t i = 0; i < infinite.size(); ++i)
    infinite.data()[i] = s.trimap.data()[i] == 0.5 ? 0.0F : std::numeric_limits<float>::infinity();
  const auto limit = closed_form_with_prior(s.image, s.trimap, infinite, with(Preconditioner::multigrid)).value();
  CHECK(worst_difference(split, limit.alpha) == 0);
}

TEST_CASE("an earlier alpha saves steps", "[closed_form]") {
  const auto first = scene(120, 120), second = scene(120, 120, 0.2);
  auto options = with(GENERATE(Preconditioner::jacobi, Preconditioner::multigrid), 1e-6);
  const auto before = closed_form(first.image, first.trimap, options).value();
  const auto cold = closed_form(second.image, second.trimap, options).value();
  options.solve.start = before.alpha;
  const auto warm = closed_form(second.image, second.trimap, options).value();
  CHECK(warm.report.iterations < cold.report.iterations);
  CHECK(worst_difference(warm.alpha, cold.alpha) <= 1e-3);
}

TEST_CASE("the answer does not depend on the number of threads", "[closed_form]") {
  const auto s = scene(150, 170);
  auto options = with(GENERATE(Preconditioner::jacobi, Preconditioner::multigrid), 1e-6);
  options.solve.threads = 1;
  const auto one = closed_form<float>(s.image, s.trimap, options).value();
  for (const int threads : {2, 3, 5}) {
    options.solve.threads = threads;
    const auto many = closed_form<float>(s.image, s.trimap, options).value();
    CHECK(many.report.iterations == one.report.iterations);
    CHECK(std::equal(one.alpha.begin(), one.alpha.end(), many.alpha.begin()));
  }
}

TEST_CASE("degenerate trimaps are answered at once", "[closed_form]") {
  auto s = scene(20, 22);
  SECTION("all known") {
    for (double& t : s.trimap) t = t == 0.5 ? 1 : t;
    const auto r = closed_form(s.image, s.trimap).value();
    CHECK(r.report.status == SolveStatus::nothing_to_solve);
    CHECK(worst_difference(r.alpha, s.trimap) == 0);
  }
  SECTION("unknown pixels that meet no foreground") {
    for (double& t : s.trimap) t = t == 0.5 ? 0 : t;
    s.trimap(1, 1) = 0.5;
    s.trimap(19, 21) = 0.5;
    const auto r = closed_form(s.image, s.trimap).value();
    CHECK(r.report.status == SolveStatus::nothing_to_solve);
    CHECK(r.alpha(1, 1) == 0);
    CHECK(r.alpha(19, 21) == 0);
  }
  SECTION("one unknown pixel within the foreground") {
    for (double& t : s.trimap) t = t == 0.5 ? 0 : t;
    s.trimap(10, 11) = 0.5;
    const auto r = closed_form(s.image, s.trimap).value();
    CHECK(r.report.status == SolveStatus::converged);
    CHECK(r.alpha(10, 11) == Approx(1).margin(1e-6));
  }
  SECTION("a missing class is an error") {
    for (double& t : s.trimap) t = t == 1 ? 0.5 : t;
    CHECK(closed_form(s.image, s.trimap).error().code == ErrorCode::bad_trimap);
  }
  SECTION("a prior without any confidence") {
    const Image<float> none(s.trimap.shape());
    const auto r = closed_form_with_prior(s.image, s.trimap, none).value();
    CHECK(r.report.status == SolveStatus::nothing_to_solve);
  }
  SECTION("a flat picture") {
    for (double& v : s.image) v = 0.5;
    for (const auto p : {Preconditioner::jacobi, Preconditioner::incomplete_cholesky, Preconditioner::multigrid}) {
      const auto r = closed_form(s.image, s.trimap, with(p, 1e-8)).value();
      CHECK(r.report.status == SolveStatus::converged);
      CHECK_FALSE(r.report.preconditioner_replaced);
    }
  }
}

TEST_CASE("bad inputs are errors that say what was wanted", "[closed_form]") {
  auto s = scene(20, 22);
  const auto message = [](const auto& r) { return r ? std::string() : r.error().message; };
  using Catch::Matchers::Contains;
  SECTION("sizes") {
    CHECK_THAT(message(closed_form(s.image, Plane(Shape{20, 21, 1}))), Contains("21x20") && Contains("22x20"));
    CHECK_THAT(message(closed_form_with_prior(s.image, s.trimap, Plane(Shape{3, 3, 1}))), Contains("confidence"));
    ClosedFormOptions options;
    const Plane start(Shape{5, 5, 1});
    options.solve.start = start;
    CHECK_THAT(message(closed_form(s.image, s.trimap, options)), Contains("alpha to start from"));
  }
  SECTION("no number") {
    s.image(3, 4, 1) = std::nan("");
    CHECK_THAT(message(closed_form(s.image, s.trimap)), Contains("not a number"));
    s.image(3, 4, 1) = 0;
    s.trimap(3, 4) = std::nan("");
    CHECK_THAT(message(closed_form(s.image, s.trimap)), Contains("not a number"));
    CHECK_THAT(message(closed_form_with_prior(s.image, s.trimap, Plane(s.trimap.shape()))), Contains("prior"));
  }
  SECTION("negative confidence") {
    CHECK_THAT(message(closed_form_with_prior(s.image, s.trimap, Plane(s.trimap.shape(), -1.0F))),
               Contains("negative"));
  }
  SECTION("options") {
    ClosedFormOptions options;
    options.radius = 0;
    CHECK_THAT(message(closed_form(s.image, s.trimap, options)), Contains("radius"));
    options.radius = 10;
    CHECK_THAT(message(closed_form(s.image, s.trimap, options)), Contains("21x21"));
    options.radius = 1;
    options.epsilon = 0;
    CHECK_THAT(message(closed_form(s.image, s.trimap, options)), Contains("epsilon"));
  }
  SECTION("no pixels") { CHECK_FALSE(closed_form(Plane(), Plane())); }
}

#if __has_include(<png.h>)
TEST_CASE("steps on a real picture stay within PyMatting's", "[closed_form][data]") {
  // Its own bounds for the soft system at 1/8 size: Jacobi 197, incomplete Cholesky 3, V-cycle 48; none 378.
  const std::string folder = HAIRLINE_SHARED_DATA "/lemur/";
  if (!std::ifstream(folder + "lemur.png").good()) {
    WARN("no pictures in " << folder);
    return;
  }
  const auto picture = io::read_image(folder + "lemur.png").value();
  const auto labels = io::read_plane(folder + "lemur_trimap.png").value();
  const int h = picture.height() / 8, w = picture.width() / 8;
  Image<float> image(Shape{h, w, 3}), trimap(Shape{h, w, 1}), confidence(Shape{h, w, 1});
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      for (int k = 0; k < 64; ++k)
        for (int c = 0; c < 3; ++c) image(y, x, c) += picture(8 * y + k / 8, 8 * x + k % 8, c) / 64;
      trimap(y, x) = labels(8 * y + 4, 8 * x + 4);
      const bool known = trimap(y, x) <= 0.1F || trimap(y, x) >= 0.9F;
      confidence(y, x) = known ? 100.0F : 0.0F;
      if (known) trimap(y, x) = trimap(y, x) > 0.5F ? 1.0F : 0.0F;
    }
  const std::pair<Preconditioner, int> bounds[] = {{Preconditioner::none, 378},
                                                   {Preconditioner::jacobi, 197},
                                                   {Preconditioner::incomplete_cholesky, 3},
                                                   {Preconditioner::multigrid, 32}};
  for (const auto& [preconditioner, bound] : bounds) {
    auto options = with(preconditioner, 0);
    options.solve.absolute_tolerance = 1e-6;
    const auto report = closed_form_with_prior(image, trimap, confidence, options).value().report;
    CAPTURE(name(preconditioner));
    CHECK(report.status == SolveStatus::converged);
    CHECK(report.iterations <= bound);
  }
}
#endif

TEST_CASE("too few steps are a status", "[closed_form]") {
  const auto s = scene(60, 60);
  auto options = with(Preconditioner::jacobi);
  options.solve.max_iterations = 2;
  const auto r = closed_form(s.image, s.trimap, options).value();
  CHECK(r.report.status == SolveStatus::iteration_limit);
  CHECK(r.report.iterations == 2);
}

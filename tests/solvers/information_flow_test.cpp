#include "hairline/solvers/information_flow.hpp"

#include "hairline/solvers/knn.hpp"
#include "tests/solvers/affinity_support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {

// Every flow from its definition: brute-force neighbours, dense weights, dense matrices.
struct DenseFlows {
  Eigen::MatrixXd laplacian;
  Eigen::VectorXd confidence, sampled;

  DenseFlows(const Image<double>& image, const MattingProblem<double>& problem) {
    const int n = static_cast<int>(image.shape().pixels());
    const auto unknowns = static_cast<Eigen::Index>(problem.unknown.size());
    Eigen::MatrixXd residual = Eigen::MatrixXd::Zero(unknowns, n);
    const Eigen::MatrixXf near = features_of(image, 1);
    for (Eigen::Index u = 0; u < unknowns; ++u) {
      const int i = problem.unknown[static_cast<std::size_t>(u)];
      auto order = by_distance(near, i);
      order.erase(std::find(order.begin(), order.end(), i));
      order.resize(std::min<std::size_t>(order.size(), 20));
      Eigen::Matrix3Xd colours(3, static_cast<Eigen::Index>(order.size()));
      for (std::size_t k = 0; k < order.size(); ++k)
        colours.col(static_cast<Eigen::Index>(k)) = colour_at(image, order[k]);
      const Eigen::VectorXd w = dense_embedding(colour_at(image, i), colours, 1e-10);
      residual(u, i) = 1;
      for (std::size_t k = 0; k < order.size(); ++k) residual(u, order[k]) -= w[static_cast<Eigen::Index>(k)];
    }
    Eigen::MatrixXd links = Eigen::MatrixXd::Zero(n, n);
    for (const auto& [count, weight] : {std::pair{5, 0.05}, std::pair{1, 0.0005}}) {
      const Eigen::MatrixXf f = features_of(image, weight);
      for (const int i : problem.unknown) {
        int taken = 0;
        for (const int j : by_distance(f, i)) {
          if (j == i || problem.number[static_cast<std::size_t>(j)] < 0 || taken == count) continue;
          ++taken;
          const double w = std::max(0.0, 1 - static_cast<double>((f.col(i) - f.col(j)).cwiseAbs().sum()) / 5) / 2;
          links(i, j) += w;
          links(j, i) += w;
        }
      }
    }
    Eigen::MatrixXd intra = -links;
    intra.diagonal() += links.rowwise().sum();
    laplacian = residual.transpose() * residual + dense_closed_form(image, 1e-6, 1) / 9 + 0.01 * intra;
    sample(image, problem);
  }

  void sample(const Image<double>& image, const MattingProblem<double>& problem) {
    const Eigen::MatrixXf far = features_of(image, 10);
    confidence.resize(static_cast<Eigen::Index>(problem.unknown.size()));
    sampled.resize(confidence.size());
    for (Eigen::Index u = 0; u < sampled.size(); ++u) {
      const int i = problem.unknown[static_cast<std::size_t>(u)];
      std::vector<Eigen::Vector3d> classes[2];
      for (const int j : by_distance(far, i)) {
        if (problem.number[static_cast<std::size_t>(j)] >= 0) continue;
        auto& of = classes[problem.is_foreground(j) ? 1 : 0];
        if (of.size() < 7) of.push_back(colour_at(image, j));
      }
      const auto split = static_cast<Eigen::Index>(classes[0].size());
      Eigen::Matrix3Xd colours(3, split + static_cast<Eigen::Index>(classes[1].size()));
      for (Eigen::Index k = 0; k < colours.cols(); ++k)
        colours.col(k) =
            k < split ? classes[0][static_cast<std::size_t>(k)] : classes[1][static_cast<std::size_t>(k - split)];
      const Eigen::VectorXd w = dense_embedding(colour_at(image, i), colours, 1e-10);
      const double foreground = w.tail(w.size() - split).sum();
      const Eigen::Vector3d b = (colours.leftCols(split) * w.head(split) / (1 - foreground)).cwiseMax(0).cwiseMin(1);
      const Eigen::Vector3d f =
          (colours.rightCols(w.size() - split) * w.tail(w.size() - split) / foreground).cwiseMax(0).cwiseMin(1);
      sampled[u] = std::clamp(foreground, 0.0, 1.0);
      confidence[u] = (f - b).squaredNorm() / 3;
    }
  }
};

// A soft disc of one slowly varying colour before another, with noise, and its true alpha.
struct SoftDisc {
  Image<double> image, alpha, trimap;
  explicit SoftDisc(int height, int width, double softness)
      : image({height, width, 3}), alpha({height, width, 1}), trimap({height, width, 1}) {
    const auto grain = random_colours(height, width, 11);
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        const double v = static_cast<double>(y) / height;
        const double h = static_cast<double>(x) / width;
        const double a = std::clamp((0.33 - std::hypot(h - 0.5, v - 0.5)) / softness + 0.5, 0.0, 1.0);
        const double front[3] = {0.8 + 0.1 * std::sin(5 * h), 0.5 + 0.15 * std::cos(4 * v), 0.2 + 0.1 * h};
        const double back[3] = {0.2 + 0.1 * v, 0.35 + 0.1 * std::sin(3 * h), 0.6 + 0.2 * std::cos(4 * v)};
        for (int c = 0; c < 3; ++c) image(y, x, c) = a * front[c] + (1 - a) * back[c] + 0.02 * (grain(y, x, c) - 0.5);
        alpha(y, x) = a;
        trimap(y, x) = a < 0.02 ? 0 : a > 0.98 ? 1 : 0.5;
      }
  }
  double error(const Image<double>& estimate) const {
    double sum = 0;
    for (std::size_t i = 0; i < alpha.size(); ++i)
      if (trimap.data()[i] == 0.5) sum += std::abs(estimate.data()[i] - alpha.data()[i]);
    return sum;
  }
};

}  // namespace

TEST_CASE("information flow equals its dense definition", "[affinity][information_flow]") {
  const auto image = random_colours(8, 9);
  const auto trimap = striped_trimap(8, 9);
  const auto problem = problem_of(image, trimap);
  const DenseFlows dense(image, problem);
  InformationFlowOptions options;
  options.solve.relative_tolerance = 1e-12;
  SECTION("without known-to-unknown flow") {
    options.known_to_unknown = KnownToUnknown::off;
    const auto result = information_flow<double>(image, trimap, options).value();
    CHECK(result.report.status == SolveStatus::converged);
    CHECK(largest_difference(result.alpha, dense_solution(dense.laplacian, problem)) <=
          1e-5);  // embedding ridge of 1e-10
  }
  SECTION("with it") {
    options.known_to_unknown = KnownToUnknown::on;
    options.trim_patches = options.trim_edges = false;
    const Eigen::VectorXd strength = 0.05 * dense.confidence;
    const auto wanted = dense_solution(dense.laplacian, problem, strength, strength.cwiseProduct(dense.sampled));
    const auto result = information_flow<double>(image, trimap, options).value();
    CHECK(largest_difference(result.alpha, wanted) <= 1e-5);
    options.known_to_unknown = KnownToUnknown::off;
    CHECK(largest_difference(information_flow<double>(image, trimap, options).value().alpha, wanted) > 1e-3);
  }
  SECTION("the product is symmetric and positive") {
    ThreadPool pool(2);
    const auto system = detail::flow_system(problem, options, pool);
    Vector<double> x = Vector<double>::Random(system.rhs.size()), y = Vector<double>::Random(system.rhs.size());
    Vector<double> ax, ay, scratch;
    system.apply(x, ax, scratch, pool);
    system.apply(y, ay, scratch, pool);
    CHECK(y.dot(ax) == Approx(x.dot(ay)).epsilon(1e-10));
    CHECK(x.dot(ax) > 0);
    Vector<double> unit = Vector<double>::Zero(x.size());
    unit[3] = 1;
    system.apply(unit, ax, scratch, pool);
    CHECK(system.diagonal()[3] == Approx(ax[3]).epsilon(1e-12));
  }
}

TEST_CASE("information flow beats knn on a soft edge", "[affinity][information_flow]") {
  const SoftDisc scene(64, 72, 0.3);
  const double flow = scene.error(information_flow<double>(scene.image, scene.trimap).value().alpha);
  const double knn = scene.error(knn_matting<double>(scene.image, scene.trimap).value().alpha);
  INFO("sum of absolute errors: information flow " << flow << ", knn " << knn);
  CHECK(flow < 0.8 * knn);
}

TEST_CASE("trimming labels steer the known-to-unknown flow", "[affinity][information_flow]") {
  const SoftDisc scene(48, 50, 0.02);  // nearly a hard edge, and a trimap far too wide for it
  Image<double> wide = scene.alpha;
  for (int y = 0; y < 48; ++y)
    for (int x = 0; x < 50; ++x)
      if (std::abs(std::hypot(x / 50.0 - 0.5, y / 48.0 - 0.5) - 0.33) < 0.12) wide(y, x) = 0.5;
  ThreadPool pool(2);
  InformationFlowOptions options;
  const auto problem = problem_of(scene.image, wide);
  const auto labels = edge_trimming(problem.colour, problem.labels, pool);
  const auto trimmed = detail::known_to_unknown_flow(problem, options, pool);
  int labelled = 0;
  int wrong = 0;
  for (std::size_t u = 0; u < problem.unknown.size(); ++u) {
    CHECK(trimmed.confidence[u] >= 0);
    CHECK(trimmed.confidence[u] <= 1);
    const Label label = labels.data()[problem.unknown[u]];
    if (label == Label::unknown) continue;
    ++labelled;
    CHECK(trimmed.alpha[u] == (label == Label::foreground ? 1.0 : 0.0));
    CHECK(trimmed.confidence[u] == 1.0);
    wrong += std::abs(trimmed.alpha[u] - scene.alpha.data()[problem.unknown[u]]) > 0.5;
  }
  CHECK(labelled > 3 * static_cast<int>(problem.unknown.size()) / 4);
  CHECK(wrong < labelled / 50);
}

TEST_CASE("transparency is seen in every channel", "[affinity][information_flow]") {
  // Unknown pixels of a colour that neither class has, differing in one channel only, green included.
  const int channel = GENERATE(0, 1, 2);
  Image<double> image({30, 60, 3}, 0.4);
  Image<double> trimap({30, 60, 1});
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 60; ++x) {
      image(y, x, channel) = x < 20 ? 0.05 : x >= 40 ? 0.95 : 0.55;
      trimap(y, x) = x < 20 ? 1 : x >= 40 ? 0 : 0.5;
    }
  const double limit = InformationFlowOptions{}.transparent_residual;
  CHECK(detail::histogram_misfit(problem_of(image, trimap)) > limit);
  for (int y = 0; y < 30; ++y)  // and of colours that the classes do have: a hard edge in the middle
    for (int x = 20; x < 40; ++x) image(y, x, channel) = x < 28 ? 0.05 : 0.95;
  CHECK(detail::histogram_misfit(problem_of(image, trimap)) < 1e-6);
}

TEST_CASE("information flow says what is wrong with its options", "[affinity][information_flow]") {
  const auto image = random_colours(6, 7);
  const auto trimap = striped_trimap(6, 7);
  const auto bad = [&](auto change) {
    InformationFlowOptions options;
    change(options);
    return !information_flow<double>(image, trimap, options).has_value();
  };
  CHECK(bad([](auto& o) { o.mixture_neighbours = 0; }));
  CHECK(bad([](auto& o) { o.sample_neighbours = -3; }));
  CHECK(bad([](auto& o) { o.local_epsilon = 0; }));
  CHECK(bad([](auto& o) { o.intra_strength = NAN; }));
  CHECK(bad([](auto& o) { o.solve.preconditioner = Preconditioner::multigrid; }));
  CHECK_FALSE(bad([](auto& o) { o.solve.preconditioner = Preconditioner::none; }));
}

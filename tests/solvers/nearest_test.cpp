#include "hairline/solvers/nearest.hpp"

#include <random>

#include "hairline/solvers/linear_embedding.hpp"
#include "tests/solvers/affinity_support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

TEST_CASE("nearest points equal a brute-force search, ties by index", "[affinity]") {
  using Search = NearestPoints<3>;
  std::mt19937 random(5);
  const int size = GENERATE(1, 2, 40, 700);
  const int levels = GENERATE(3, 1000);  // 3: many equal distances and many equal points
  std::vector<Search::Point> points(static_cast<std::size_t>(size));
  for (auto& p : points)
    for (float& v : p) v = static_cast<float>(random() % static_cast<unsigned>(levels)) / 7;
  const Search search(points);
  REQUIRE(search.size() == size);
  for (int query = 0; query < 60; ++query) {
    const auto& at = points[random() % points.size()];
    std::vector<Neighbour> all;
    for (int i = 0; i < size; ++i) all.push_back({Search::squared_distance(at, search.point(i)), i});
    std::sort(all.begin(), all.end());
    for (const int count : {1, 5, 20, 1000}) {
      std::vector<Neighbour> found(static_cast<std::size_t>(std::min(count, size)));
      const int n = search.query(at, count, found.data());
      REQUIRE(n == std::min(count, size));
      bool equal = true;
      for (std::size_t k = 0; k < found.size(); ++k)
        equal = equal && found[k].index == all[k].index && found[k].distance == all[k].distance;
      CHECK(equal);
      // A bound that holds enough points changes nothing; ties at the bound come in.
      std::vector<Neighbour> bounded(found.size());
      REQUIRE(search.query(at, count, bounded.data(), found.back().distance) == n);
      CHECK(std::equal(bounded.begin(), bounded.end(), found.begin(),
                       [](const Neighbour& a, const Neighbour& b) { return a.index == b.index; }));
    }
  }
  const std::vector<int> order = search.close_order();
  std::vector<int> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (int i = 0; i < size; ++i) REQUIRE(sorted[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("nearest points: none within the bound, none at all", "[affinity]") {
  const NearestPoints<3> search({{0.f, 0.f, 0.f}, {1.f, 0.f, 0.f}});
  Neighbour found[2];
  CHECK(search.query({5.f, 0.f, 0.f}, 2, found, 15.f) == 0);
  CHECK(search.query({5.f, 0.f, 0.f}, 2, found, 16.f) == 1);
  const NearestPoints<3> empty({});
  CHECK(empty.query({0.f, 0.f, 0.f}, 2, found) == 0);
  CHECK(empty.close_order().empty());
}

TEST_CASE("linear embedding equals the dense optimality conditions", "[affinity]") {
  std::srand(3);
  const int n = GENERATE(1, 2, 3, 5, 20);
  for (int repeat = 0; repeat < 20; ++repeat) {
    const Eigen::Vector3d target = Eigen::Vector3d::Random();
    const Eigen::Matrix3Xd neighbours = Eigen::Matrix3Xd::Random(3, n);
    const Eigen::VectorXd w = linear_embedding(target, neighbours, 1e-4);
    CHECK(w.sum() == Approx(1).epsilon(1e-12));
    const Eigen::VectorXd wanted = dense_embedding(target, neighbours, 1e-4);
    CHECK((w - wanted).norm() <= 1e-8 * std::max(1.0, wanted.norm()));
  }
  // The small ridge in use: with enough neighbours the colour is met exactly.
  if (n >= 5) {
    const Eigen::Matrix3Xd neighbours = Eigen::Matrix3Xd::Random(3, n);
    const Eigen::Vector3d inside = neighbours.rowwise().mean();
    CHECK((neighbours * linear_embedding(inside, neighbours) - inside).norm() <= 1e-6);
  }
}

TEST_CASE("linear embedding of equal colours is their mean", "[affinity]") {
  const Eigen::Vector3d colour(0.25, 0.5, 0.75);
  const Eigen::Matrix3Xd same = colour.replicate(1, 7);
  for (const Eigen::Vector3d& target : {colour, Eigen::Vector3d(0.9, 0.1, 0.1)}) {
    const Eigen::VectorXd w = linear_embedding(target, same);
    CHECK((w.array() - 1.0 / 7).abs().maxCoeff() <= 1e-6);  // rounding of 1 - (1 - 1e-10) where the target differs
  }
}

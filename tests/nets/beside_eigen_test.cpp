// A network beside the solvers in one source, the solvers first: names of one part must not reach into the other.
#include "hairline/solvers/closed_form.hpp"
// what follows must come second
#include "hairline/nets/background_matting_v2.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("a network in a source that includes Eigen first") {
  constexpr hairline::Graph g = hairline::graph<hairline::BackgroundMattingV2<hairline::MobileNetV2>>();
  CHECK(g.outputs.size() == 6);
}

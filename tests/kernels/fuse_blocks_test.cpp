// Networks as calls of kernels: which steps become one, what becomes a bias, whose memory is shared.
#include "hairline/kernels/fuse_blocks.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "hairline/kernels/kernel_list.hpp"
#include "hairline/kernels/lower.hpp"
#include "hairline/kernels/memory_plan.hpp"
#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/nets/shapes.hpp"
#include "tests/support/catch.hpp"

namespace {
using namespace hairline;
using kernels::LoweredNetwork;
using kernels::Step;
using kernels::StepKind;

template <class Encoder>
LoweredNetwork lowered() {
  auto network = kernels::lower(graph<BackgroundMattingV2<Encoder>>());
  REQUIRE(network);
  return *network;
}

int count(const LoweredNetwork& network, StepKind kind) {
  return static_cast<int>(
      std::count_if(network.steps.begin(), network.steps.end(), [&](const Step& s) { return s.kind == kind; }));
}

/// Whether every buffer that is read was written before.
bool in_order(const LoweredNetwork& network) {
  std::set<int> written;
  for (const Step& step : network.steps) {
    for (const auto& in : step.inputs)
      if (step.kind != StepKind::pictures && written.count(in.place.storage) == 0) return false;
    for (const kernels::Place& place : {step.addend.place, step.bias})
      if (place.storage >= 0 && written.count(place.storage) == 0) return false;
    written.insert(step.storage);
  }
  for (const auto& d : network.results)
    if (d.kind == kernels::Delivery::Kind::place && written.count(d.place.storage) == 0) return false;
  return true;
}
}  // namespace

TEST_CASE("inverted residuals become one step each where there is a kernel") {
  const LoweredNetwork plain = lowered<MobileNetV2>();
  REQUIRE(count(plain, StepKind::depthwise) == 17);
  REQUIRE(in_order(plain));
  LoweredNetwork none = plain, all = plain, some = plain;
  kernels::fuse_blocks(none, [](const std::string&) { return false; });
  CHECK(none.steps.size() == plain.steps.size());
  kernels::fuse_blocks(all, [](const std::string&) { return true; });
  CHECK(count(all, StepKind::inverted_residual) == 17);
  CHECK(count(all, StepKind::depthwise) == 0);
  CHECK(all.steps.size() == plain.steps.size() - 2 * 17);  // the first takes the stem along
  CHECK(in_order(all));
  std::vector<std::string> names;
  for (const Step& step : all.steps)
    if (step.kind == StepKind::inverted_residual) names.push_back(step.kernel.name);
  CHECK(names[0] == "inverted_residual_k3s1d1p1_6p8_k3s2p1_w32_o16_relu6_relu6_none");
  CHECK(names[1] == "inverted_residual_k3s2d1p1_16_w96_o24_relu6_relu6_none");
  CHECK(names[15] == "inverted_residual_k3s1d2p2_160_w960_o160_add_relu6_relu6_none");
  CHECK(std::count_if(names.begin(), names.end(),
                      [](const std::string& n) { return n.find("_add") != std::string::npos; }) == 10);
  kernels::fuse_blocks(some, [&](const std::string& name) { return name == names[2]; });
  CHECK(count(some, StepKind::inverted_residual) == 1);
  CHECK(in_order(some));
  LoweredNetwork other = lowered<ResNet50>();
  const std::size_t steps = other.steps.size();
  kernels::fuse_blocks(other, [](const std::string&) { return true; });
  CHECK(other.steps.size() == steps);
}

TEST_CASE("depthwise-separable blocks are taken where no longer one is") {
  const auto separable = [](const std::string& name) { return name.starts_with("depthwise_separable_"); };
  const LoweredNetwork plain = lowered<MobileNetV2>();
  LoweredNetwork all = plain, mixed = plain;
  kernels::fuse_blocks(all, separable);
  CHECK(count(all, StepKind::depthwise_separable) == 17);
  CHECK(count(all, StepKind::depthwise) == 0);
  CHECK(all.steps.size() == plain.steps.size() - 17);
  CHECK(in_order(all));
  std::vector<std::string> names;
  int adding = 0;
  for (const Step& step : all.steps) {
    if (step.kind != StepKind::depthwise_separable) continue;
    names.push_back(step.kernel.name);
    adding += step.addend.place.storage >= 0 ? 1 : 0;
  }
  CHECK(names[0] == "depthwise_separable_k3s1d1p1_32_o16_relu6_none");
  CHECK(names[1] == "depthwise_separable_k3s2d1p1_96_o24_relu6_none");
  CHECK(names[15] == "depthwise_separable_k3s1d2p2_960_o160_add_relu6_none");
  CHECK(adding == 10);
  const std::string whole = "inverted_residual_k3s1d1p1_24_w144_o24_add_relu6_relu6_none";
  kernels::fuse_blocks(mixed, [&](const std::string& name) { return separable(name) || name == whole; });
  CHECK(count(mixed, StepKind::inverted_residual) == 1);
  CHECK(count(mixed, StepKind::depthwise_separable) == 16);
  CHECK(in_order(mixed));
}

TEST_CASE("a library needs nothing of a block but the block, if it has that") {
  int within_one = 0, within_two = 0, blocks = 0;
  for (const auto& listed : kernels::kernel_list(lowered<MobileNetV2>())) {
    const auto names = std::count(listed.within.begin(), listed.within.end(), ' ') + (listed.within.empty() ? 0 : 1);
    blocks += listed.block ? 1 : 0;
    within_one += names == 1 ? 1 : 0;
    within_two += names == 2 ? 1 : 0;
  }
  CHECK(blocks == 2 * 17);
  CHECK(within_one == 17);      // expansions and the stem: of the long blocks alone
  CHECK(within_two == 2 * 17);  // depthwise and projecting convolutions
}

TEST_CASE("a chain of depthwise-separable convolutions has no step in two blocks") {
  const auto step = [](StepKind kind, int from, int to, std::vector<std::pair<std::string, std::string>> constants) {
    Step s;
    s.kind = kind;
    s.inputs = {{{from, 0, 16, 16}}};
    s.storage = to;
    s.name = "layer." + std::to_string(to);
    s.kernel.constants = std::move(constants);
    for (const char* one : {"stride", "dilation"}) s.kernel.constants.emplace_back(one, "1");
    for (const auto& [name, value] : {std::pair{"channels", "16"}, {"activation", "relu"}})
      s.kernel.constants.emplace_back(name, value);
    return s;
  };
  LoweredNetwork chain;
  chain.storage_pitch = chain.storage_node = std::vector<int>(5, 16);
  chain.storage_precision.resize(5);
  for (int i : {0, 2}) {
    chain.steps.push_back(step(StepKind::depthwise, i, i + 1, {{"kernel", "3"}, {"padding", "1"}}));
    chain.steps.push_back(step(StepKind::conv2d, i + 1, i + 2, {{"kernel", "1"}, {"padding", "0"}}));
  }
  LoweredNetwork fused = chain;
  kernels::fuse_blocks(fused, [](const std::string&) { return true; });
  REQUIRE(fused.steps.size() == 2);
  CHECK(fused.steps[1].parts.size() == 2);
  CHECK(fused.steps[1].inputs[0].place.storage == fused.steps[0].storage);
}

TEST_CASE("the mean of the picture joins the ASPP's projection as its bias") {
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  const LoweredNetwork network = lowered<MobileNetV2>();
  const auto sizes = shapes(g, 96, 128, BackgroundMattingV2Options{});
  int biased = 0;
  for (const Step& step : network.steps) {
    if (step.bias.storage < 0) continue;
    ++biased;
    CHECK(step.name == "aspp.project.0");
    CHECK(step.inputs.size() == 4);
    CHECK(std::none_of(step.inputs.begin(), step.inputs.end(), [](const auto& in) { return in.resized; }));
    const auto maker = std::find_if(network.steps.begin(), network.steps.end(),
                                    [&](const Step& s) { return s.storage == step.bias.storage; });
    REQUIRE(maker != network.steps.end());
    CHECK(maker->conv == step.conv);
    CHECK(maker->inputs[0].counted_from == 4 * 256);
    CHECK(sizes[static_cast<std::size_t>(maker->node)].width == 1);
  }
  CHECK(biased == 1);
}

TEMPLATE_TEST_CASE("buffers that are alive together do not meet, but a sum may replace its addend", "", MobileNetV2,
                   ResNet50) {
  const Graph g = graph<BackgroundMattingV2<TestType>>();
  const LoweredNetwork network = lowered<TestType>();
  const auto sizes = shapes(g, 96, 128, BackgroundMattingV2Options{});
  const auto plan = kernels::plan_memory(network, sizes);
  const auto life = kernels::detail::lifetimes(network, sizes);
  std::set<std::pair<std::size_t, std::size_t>> shared;
  for (const Step& step : network.steps)
    if (step.addend.place.storage >= 0)
      shared.emplace(static_cast<std::size_t>(step.addend.place.storage), static_cast<std::size_t>(step.storage));
  std::size_t in_place = 0;
  for (std::size_t a = 0; a < plan.offset.size(); ++a)
    for (std::size_t b = 0; b < plan.offset.size(); ++b) {
      const bool meet =
          plan.offset[a] < plan.offset[b] + life.size[b] && plan.offset[b] < plan.offset[a] + life.size[a];
      if (a == b || !meet || !life.overlap(a, b)) continue;
      const bool sum = shared.count({a, b}) > 0 || shared.count({b, a}) > 0;
      CHECK(sum);
      CHECK(plan.offset[a] == plan.offset[b]);
      // Only in the very step that adds.
      CHECK((life.to[a] == life.from[b] || life.to[b] == life.from[a]));
      ++in_place;
    }
  CHECK(in_place == 2 * (std::is_same_v<TestType, ResNet50> ? 16u : 10u));
}

// Whole networks against what PyTorch computed (python/golden/networks.py), with seeded weights.
#include <cmath>
#include <filesystem>
#include <string>

#include "hairline/io/file.hpp"
#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/weights/safetensors.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
Tensor picture(std::string_view name, int batch, int height, int width) {
  Tensor t({batch, height, width, 3});
  const auto u = seeded_uniform(name, t.data.size());
  for (std::size_t i = 0; i < u.size(); ++i) t.data[i] = static_cast<float>(u[i]);
  return t;
}

Graph graph_of(const std::string& backbone, int kernel) {
  if (backbone == "resnet50") return graph<BackgroundMattingV2<ResNet50>>();
  if (backbone == "resnet101") return graph<BackgroundMattingV2<ResNet101>>();
  if (kernel == 1) return graph<BackgroundMattingV2<MobileNetV2, Kernel{1}>>();
  return graph<BackgroundMattingV2<MobileNetV2>>();
}

RunOptions options_of(const TensorStore& golden) {
  RunOptions options;
  const auto& m = golden.metadata;
  const std::string mode = m.at("mode");
  const char* modes[] = {"sampling", "thresholding", "full", "none"};
  for (int i = 0; i < 4; ++i)
    if (mode == modes[i]) options.set("refine_mode", i);
  if (m.count("scale")) options.set("backbone_scale", std::stod(m.at("scale")));
  if (m.count("sample_pixels")) options.set("refine_sample_pixels", std::stod(m.at("sample_pixels")));
  if (m.count("threshold")) options.set("refine_threshold", std::stod(m.at("threshold")));
  if (m.count("fade")) options.set("refine_fade", std::stod(m.at("fade")));
  if (m.count("prevent_oversampling"))
    options.set("refine_prevent_oversampling", m.at("prevent_oversampling") == "True");
  return options;
}
}  // namespace

TEST_CASE("whole networks equal PyTorch in every mode, scale, kernel and backbone", "[golden]") {
  int cases = 0;
  for (const auto& file : std::filesystem::directory_iterator(HAIRLINE_SOURCE_DIR "/tests/golden/networks")) {
    const auto golden = parse_safetensors(io::read_file(file.path().string()).value(), file.path().string()).value();
    const auto& m = golden.metadata;
    INFO(file.path().filename().string());
    const int batch = std::stoi(m.at("batch")), height = std::stoi(m.at("height")), width = std::stoi(m.at("width"));
    const Graph graph = graph_of(m.at("backbone"), std::stoi(m.at("kernel")));
    const auto results =
        run_reference(graph, seeded_weights(graph),
                      {picture("src", batch, height, width), picture("bgr", batch, height, width)}, options_of(golden))
            .value();
    for (const auto& [name, stored] : golden.tensors) {
      INFO(name);
      const Tensor& mine = results.find(name)->second;
      const auto theirs = to_floats(stored.bytes, stored.type);
      REQUIRE(mine.data.size() == theirs.size());
      double worst = 0;
      for (std::size_t i = 0; i < theirs.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(mine.data[i]) - static_cast<double>(theirs[i])));
      // Both sum in f32 in their own order over up to 18,432 products; the cells must be the same.
      CHECK(worst <= (name == "ref_sm" ? 0.0 : 1e-5));
    }
    ++cases;
  }
  CHECK(cases == 14);
}

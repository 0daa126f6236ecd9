// What docs/weights.md shows.
#include <filesystem>
#include <iostream>

#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/weights/convert.hpp"
#include "hairline/weights/load.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

TEST_CASE("weights are loaded and converted as documented") {
  const auto folder = std::filesystem::temp_directory_path() / "hairline_documented_test";
  std::filesystem::create_directories(folder);
  const std::string file = (folder / "a.safetensors").string(), converted = (folder / "b.safetensors").string();
  const Weights seeded = seeded_weights(graph<BackgroundMattingV2<MobileNetV2>>());
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, t] : seeded.tensors)
    tensors.push_back({name, NumberType::f32, {t.dims.begin(), t.dims.end()}, std::as_bytes(std::span(t.values))});
  REQUIRE(write_safetensors(file, tensors).has_value());

  // [load]
  constexpr Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  const Result<Weights> weights = load_weights(g, file);
  if (!weights) std::cerr << weights.error().message << '\n';  // everything that does not fit, in one text
  // [/load]
  REQUIRE(weights.has_value());
  CHECK(weights->tensors.size() == seeded.tensors.size());

  // [convert]
  ConvertOptions options;
  options.as = StoreAs::f16;
  options.self_test.run.set("backbone_scale", 0.5);
  options.self_test.run.set("refine_mode", static_cast<int>(RefineMode::full));  // no choice that hangs on the last bit
  const Conversion c = convert_weights(g, read_weights(file).value(), options).value();
  io::write_file(converted, c.file).value();  // whole or not at all
  // [/convert]
  CHECK(load_weights(g, converted).has_value());
  CHECK(std::filesystem::file_size(converted) < std::filesystem::file_size(file) * 11 / 20);
  std::filesystem::remove_all(folder);
}

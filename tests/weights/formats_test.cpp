// Every format holds the same small checkpoint (python/golden/weights.py), whose values come from names and a seed.
#include <cstring>
#include <filesystem>
#include <span>
#include <string>

#include "hairline/io/file.hpp"
#include "hairline/weights/load.hpp"
#include "hairline/weights/safetensors_write.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/support/catch.hpp"
#include "tests/weights/small.hpp"

using namespace hairline;

namespace {
using tests::Small;
std::string golden(const std::string& name) { return tests::golden_weights(name); }

/// How far the file's weights are from the seeded ones.
double distance(const Weights& loaded) {
  const Weights expected = seeded_weights(graph<Small>());
  double worst = 0;
  for (const auto& [name, tensor] : expected.tensors) {
    if (name.ends_with("num_batches_tracked")) continue;
    const auto& mine = loaded.tensors.at(name);
    REQUIRE(mine.dims == tensor.dims);
    for (std::size_t i = 0; i < tensor.values.size(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(mine.values[i]) - static_cast<double>(tensor.values[i])));
  }
  return worst;
}
}  // namespace

TEST_CASE("every format gives the same weights under the same names") {
  const std::string exact = GENERATE("state_dict.pth", "wrapped.pth", "channels_last.pth", "double.pth",
                                     "parameters.pth", "torchscript.pt", "small.safetensors");
  INFO(exact);
  const auto loaded = load_weights(graph<Small>(), golden(exact));
  if (!loaded) FAIL(loaded.error().message);
  CHECK(distance(*loaded) == 0.0);
}

TEST_CASE("16-bit weights are the nearest ones") {
  // Values below 2: half has 11 significant bits, bfloat16 has 8.
  CHECK(distance(load_weights(graph<Small>(), golden("half.pth")).value()) <= 0x1p-11);
  CHECK(distance(load_weights(graph<Small>(), golden("bfloat16.pth")).value()) <= 0x1p-8);
}

TEST_CASE("ONNX initialisers are read, raw or as lists of numbers") {
  const auto store = read_weights(golden("small.onnx")).value();
  CHECK(store.metadata.at("producer") == "weights.py");
  const Weights expected = seeded_weights(graph<Small>());
  for (const char* name : {"conv.weight", "bn.running_var", "head.0.bias"}) {
    const auto& t = store.tensors.at(name);
    CHECK(to_floats(t.bytes, t.type) == expected.tensors.at(name).values);
  }
  const auto& half = store.tensors.at("half");
  CHECK(half.type == NumberType::f16);
  CHECK(to_floats(half.bytes, half.type)[0] ==
        half_to_float(float_to_half(expected.tensors.at("head.0.bias").values[0])));
}

TEST_CASE("what cannot be used says why") {
  const auto message = [](const std::string& name) {
    return load_weights(graph<Small>(), golden(name)).error().message;
  };
  CHECK_THAT(message("legacy.pth"), Catch::Contains("before 1.6"));
  CHECK_THAT(message("pickled_module.pth"), Catch::Contains("save module.state_dict() instead"));
  CHECK_THAT(message("no_such_file.pth"), Catch::Contains("no such file"));
  CHECK_THAT(
      load_weights(graph<Small>(), HAIRLINE_SOURCE_DIR "/LICENSE").error().message,
      Catch::Contains(
          "wanted safetensors, a PyTorch zip checkpoint or an ONNX model, given a file that begins 4d 49 54 20"));
}

TEST_CASE("everything that does not fit is in one report") {
  using Other = Net<"other", Inputs<Input<"x", 3>>, Take<"x">, Named<"conv", Conv2d<3, 5, Bias{false}>>,
                    Named<"bn", BatchNorm<5>>, Named<"tail", Conv2d<5, 2, Kernel{1}>>, Keep<"y">, Give<"y">>;
  const std::string text = load_weights(graph<Other>(), golden("wrapped.pth")).error().message;
  CHECK_THAT(text, Catch::Contains("(2 missing, 2 unexpected, 5 mis-shaped)"));
  CHECK_THAT(text, Catch::Contains("missing     tail.weight") && Catch::Contains("unexpected  module.head.0.bias") &&
                       Catch::Contains("mis-shaped  conv.weight: wanted [5, 3, 3, 3], given [4, 3, 3, 3]"));
}

TEST_CASE("half precision converts both ways exactly") {
  for (unsigned h = 0; h < 65536; ++h) {
    const auto half = static_cast<std::uint16_t>(h);
    const float f = half_to_float(half);
    if (f != f) continue;  // NaN
    if (float_to_half(f) != half) FAIL(h);
  }
  CHECK(float_to_half(65519.0f) == 0x7bff);  // the largest that still rounds down
  CHECK(float_to_half(65520.0f) == 0x7c00);
  CHECK(float_to_half(0x1p-25f) == 0);  // a tie, to even
  CHECK(float_to_half(0x1.8p-25f) == 1);
  CHECK(float_to_half(1.0f + 0x1p-11f) == 0x3c00);
}

namespace {
std::vector<std::uint8_t> safetensors(const std::string& header, std::size_t data) {
  std::vector<std::uint8_t> file(8 + header.size() + data, 0);
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, 8);
  std::memcpy(file.data() + 8, header.data(), header.size());
  return file;
}
}  // namespace

TEST_CASE("hostile safetensors headers are refused") {
  const auto message = [](const std::string& header, std::size_t data) {
    const auto r = parse_safetensors(safetensors(header, data), "x.safetensors");
    return r ? std::string() : r.error().message;
  };
  CHECK(message(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8).empty());
  CHECK_THAT(
      message(
          R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
          8),
      Catch::Contains("overlap"));
  CHECK_THAT(message(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8), Catch::Contains("reversed"));
  CHECK_THAT(message(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}})", 8), Catch::Contains("outside"));
  CHECK_THAT(message(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,8]}})", 8),
             Catch::Contains("too large"));
  CHECK_THAT(message(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8), Catch::Contains("negative"));
  CHECK_THAT(message(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 12),
             Catch::Contains("4 bytes after the last tensor"));
  CHECK_THAT(message(R"({"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}})", 8), Catch::Contains("F99"));
  CHECK_THAT(message(R"({"a":{"b":{"c":{}}}})", 8), Catch::Contains("nested object"));
  CHECK_THAT(message(std::string(100000, '['), 8), Catch::Contains("an array where none belongs"));
  CHECK_THAT(message("{\"a\":", 8), Catch::Contains("no JSON"));
  auto lie = safetensors("{}", 0);
  lie[7] = 0x7f;  // a header of 2^62 bytes
  CHECK_FALSE(parse_safetensors(lie, "x").has_value());
}

TEST_CASE("a file cut anywhere is an error, never a crash") {
  const std::string name = GENERATE("state_dict.pth", "torchscript.pt", "small.safetensors", "small.onnx");
  const auto whole = io::read_file(golden(name)).value();
  for (std::size_t length = 0; length < whole.size(); length += 1 + length / 97) {
    const auto r = parse_weights({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}, name);
    if (r && name != "small.onnx") FAIL(length);  // a protobuf cut between two fields is a shorter message
  }
}

TEST_CASE("a mapped weights file is the file that was read", "[weights]") {
  const std::string path = (std::filesystem::temp_directory_path() / "hairline_mapped.safetensors").string();
  const std::vector<float> values(5000, 0.25f);
  const std::vector<std::uint8_t> bytes =
      encode_safetensors({{"a", NumberType::f32, {5000}, std::as_bytes(std::span(values))}}, {}).value();
  REQUIRE(io::write_file(path, bytes));
  const TensorStore read = read_weights(path).value(), mapped = map_weights(path).value();
  CHECK_FALSE(read.file.mapped());
  CHECK(mapped.file.mapped());
  const auto equal = [&] { return std::equal(bytes.begin(), bytes.end(), mapped.file.begin(), mapped.file.end()); };
  CHECK(equal());
  mapped.file.release(std::as_bytes(std::span(mapped.file)));  // still there when asked for
  CHECK(equal());
  CHECK(FileBytes(mapped.file).take() == bytes);
  std::filesystem::remove(path);
  CHECK(equal());
  for (const std::string& bad : {path, std::filesystem::temp_directory_path().string()}) {
    const auto r = map_weights(bad);
    REQUIRE_FALSE(r);
    CHECK(r.error().message == read_weights(bad).error().message);
  }
}

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "hairline/weights/load.hpp"
#include "hairline/weights/safetensors_write.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
std::span<const std::byte> bytes_of(const std::vector<float>& v) { return std::as_bytes(std::span(v)); }
}  // namespace

TEST_CASE("what is written as safetensors reads back, aligned, whatever the order") {
  const std::vector<float> four{1, 2, 3, 4}, one{5};
  const std::vector<std::byte> odd(3, std::byte{7});
  const std::vector<TensorToWrite> tensors{{"z", NumberType::u8, {3}, odd},
                                           {"a \"quoted\" \n name", NumberType::f32, {2, 2}, bytes_of(four)},
                                           {"scalar", NumberType::f32, {}, bytes_of(one)},
                                           {"none", NumberType::f64, {0, 5}, {}}};
  const auto file = encode_safetensors(tensors, {{"key", "value \u00e9"}}).value();
  CHECK(encode_safetensors({tensors[3], tensors[1], tensors[0], tensors[2]}, {{"key", "value \u00e9"}}).value() ==
        file);
  std::uint64_t header = 0;
  std::memcpy(&header, file.data(), 8);
  CHECK(header % 8 == 0);
  const auto parsed = nlohmann::json::parse(file.begin() + 8, file.begin() + 8 + static_cast<std::ptrdiff_t>(header));
  CHECK(parsed.at("scalar").at("data_offsets").at(0) == 16);  // four-byte numbers before single bytes
  const TensorStore store = parse_safetensors(file, "x").value();
  CHECK(store.metadata.at("key") == "value \u00e9");
  CHECK(store.tensors.size() == 4);
  CHECK(to_floats(store.tensors.at("a \"quoted\" \n name").bytes, NumberType::f32) == four);
  CHECK(store.tensors.at("scalar").dims.empty());
  CHECK(store.tensors.at("none").dims == std::vector<std::int64_t>{0, 5});
  CHECK(parse_safetensors(encode_safetensors({}).value(), "x").value().tensors.empty());
}

TEST_CASE("what cannot be a safetensors file is refused") {
  const std::vector<float> four{1, 2, 3, 4};
  const auto message = [&](std::vector<TensorToWrite> t) { return encode_safetensors(std::move(t)).error().message; };
  const TensorToWrite good{"a", NumberType::f32, {4}, bytes_of(four)};
  CHECK_THAT(message({good, good}), Catch::Contains("'a' is there twice"));
  CHECK_THAT(message({{"a", NumberType::f32, {5}, bytes_of(four)}}), Catch::Contains("another number of bytes"));
  CHECK_THAT(message({{"a", NumberType::f32, {-4}, bytes_of(four)}}), Catch::Contains("another number of bytes"));
  CHECK_THAT(message({{"__metadata__", NumberType::f32, {4}, bytes_of(four)}}), Catch::Contains("metadata"));
  CHECK_THAT(message({{"\xff", NumberType::f32, {4}, bytes_of(four)}}), Catch::Contains("not UTF-8"));
}

TEST_CASE("a file takes its place whole or not at all") {
  const std::vector<float> four{1, 2, 3, 4};
  const auto folder = std::filesystem::temp_directory_path() / "hairline_safetensors_write_test";
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "w.safetensors").string();
  REQUIRE(write_safetensors(path, {{"a", NumberType::f32, {4}, bytes_of(four)}}).has_value());
  CHECK_FALSE(write_safetensors(path, {{"a", NumberType::f32, {5}, bytes_of(four)}}).has_value());
  CHECK(read_weights(path).value().tensors.count("a") == 1);
  CHECK(std::distance(std::filesystem::directory_iterator(folder), {}) == 1);
  CHECK_FALSE(write_safetensors((folder / "no" / "w.safetensors").string(), {}).has_value());
  std::filesystem::remove_all(folder);
}

TEST_CASE("bfloat16 rounds to nearest, ties to even") {
  for (unsigned b = 0; b < 65536; ++b) {
    const auto bits = static_cast<std::uint16_t>(b);
    const float f = bfloat_to_float(bits);
    if (f != f) continue;  // NaN
    if (float_to_bfloat(f) != bits) FAIL(b);
  }
  CHECK(float_to_bfloat(1.0f + 0x1p-8f) == 0x3f80);    // a tie, to even
  CHECK(float_to_bfloat(1.0f + 0x1.8p-7f) == 0x3f82);  // a tie, to even
  CHECK(float_to_bfloat(1.0f + 0x1.01p-8f) == 0x3f81);
  CHECK(float_to_bfloat(3.4e38f) == 0x7f80);  // too large
  CHECK(bfloat_to_float(float_to_bfloat(std::bit_cast<float>(0x7f800001u))) != 0);
  CHECK((float_to_bfloat(std::bit_cast<float>(0x7f800001u)) & 0x7f) != 0);  // a NaN with low bits only stays one
}

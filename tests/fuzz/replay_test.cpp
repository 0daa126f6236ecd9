// What the fuzz targets start from and what they have found, run again by the ordinary tests.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"

#define LLVMFuzzerTestOneInput hairline_fuzz_png
#include "tests/fuzz/png_fuzz.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput hairline_fuzz_jpeg
#include "tests/fuzz/jpeg_fuzz.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput hairline_fuzz_bmp_tga
#include "tests/fuzz/bmp_tga_fuzz.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput hairline_fuzz_exr
#include "tests/fuzz/exr_fuzz.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput hairline_fuzz_safetensors
#include "tests/fuzz/safetensors_fuzz.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput hairline_fuzz_torch_zip
#include "tests/fuzz/torch_zip_fuzz.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput hairline_fuzz_pickle
#include "tests/fuzz/pickle_fuzz.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput hairline_fuzz_onnx
#include "tests/fuzz/onnx_fuzz.cpp"
#undef LLVMFuzzerTestOneInput

namespace fs = std::filesystem;

namespace {
using Target = int (*)(const std::uint8_t*, std::size_t);
struct Named {
  const char* name;
  Target run;
  std::vector<std::string> endings;
};
const Named targets[] = {{"png", hairline_fuzz_png, {".png"}},
                         {"jpeg", hairline_fuzz_jpeg, {".jpg"}},
                         {"bmp_tga", hairline_fuzz_bmp_tga, {".bmp", ".tga"}},
                         {"exr", hairline_fuzz_exr, {".exr"}},
                         {"safetensors", hairline_fuzz_safetensors, {".safetensors"}},
                         {"torch_zip", hairline_fuzz_torch_zip, {".pth", ".pt"}},
                         {"pickle", hairline_fuzz_pickle, {".pkl"}},
                         {"onnx", hairline_fuzz_onnx, {".onnx"}}};

using Bytes = std::vector<std::uint8_t>;
std::vector<Bytes> files_in(const fs::path& folder, const std::vector<std::string>& endings = {}) {
  std::vector<Bytes> out;
  if (!fs::exists(folder)) return out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto ending = entry.path().extension().string();
    if (!endings.empty() && std::find(endings.begin(), endings.end(), ending) == endings.end()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    out.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return out;
}
const fs::path tests_folder = fs::path(HAIRLINE_SOURCE_DIR) / "tests";

std::vector<Bytes> seeds_of(const Named& target) {
  std::vector<Bytes> all;
  for (const auto& folder :
       {tests_folder / "golden/io", tests_folder / "golden/weights", tests_folder / "fuzz/seeds" / target.name})
    for (auto& bytes : files_in(folder, target.endings)) all.push_back(std::move(bytes));
  return all;
}
}  // namespace

TEST_CASE("the fuzz targets hold for their seeds and for everything they once failed on") {
  for (const auto& target : targets) {
    INFO(target.name);
    const auto seeds = seeds_of(target);
    CHECK_FALSE(seeds.empty());
    for (const auto& bytes : seeds) CHECK(target.run(bytes.data(), bytes.size()) == 0);
    for (const auto& bytes : files_in(tests_folder / "fuzz/regressions" / target.name))
      CHECK(target.run(bytes.data(), bytes.size()) == 0);
  }
}

TEST_CASE("the fuzz targets hold for every flipped bit in the first bytes of their seeds") {
  for (const auto& target : targets) {
    INFO(target.name);
    for (auto& bytes : seeds_of(target))
      for (std::size_t bit = 0; bit < std::min<std::size_t>(bytes.size(), 400) * 8; ++bit) {
        const auto mask = static_cast<std::uint8_t>(1u << (bit % 8));
        bytes[bit / 8] ^= mask;
        if (target.run(bytes.data(), bytes.size()) != 0) FAIL(bit);
        bytes[bit / 8] ^= mask;
      }
  }
}

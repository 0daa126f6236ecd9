// Packed networks on disk.
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "hairline/io/file.hpp"
#include "hairline/kernels/load_network.hpp"
#include "hairline/kernels/packed_file.hpp"
#include "hairline/nets/slim_matting.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/kernels/session_support.hpp"

extern "C" const hairline::kernels::Library hairline_kernels_slim;
extern "C" const hairline::kernels::Library hairline_kernels_slim_bf16;

namespace {
using namespace session_support;
using kernels::CpuLevel;
using Bytes = std::vector<std::uint8_t>;

class PackedFile {
 public:
  explicit PackedFile(const Bytes& bytes)
      : path_((std::filesystem::temp_directory_path() / "hairline_packed_file.safetensors").string()) {
    io::write_file(path_, bytes).value();
  }
  ~PackedFile() { std::filesystem::remove(path_); }
  PackedFile(const PackedFile&) = delete;
  PackedFile& operator=(const PackedFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string refusal(const Graph& g, const Bytes& bytes, const kernels::Backend& on, ErrorCode code) {
  const PackedFile file(bytes);
  const auto loaded = kernels::load_network(g, file.path(), on);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == code);
  CHECK(loaded.error().message.find(file.path()) == 0);
  return loaded.error().message;
}

bool says(const std::string& text, const std::string& what) {
  INFO(text);
  return text.find(what) != std::string::npos;
}

// The first place of a text in a file, to be changed in place.
std::uint8_t* place_of(Bytes& bytes, const std::string& text) {
  return &*std::search(bytes.begin(), bytes.end(), text.begin(), text.end());
}
}  // namespace

TEST_CASE("packed file: a network comes back as it was packed, at every level and in bfloat16") {
  const Graph g = graph<SlimMatting>();
  const Weights weights = seeded_weights(g, 7);
  std::vector<kernels::Backend> all;
  for (CpuLevel level : kernels::all_cpu_levels)
    if (level <= kernels::machine_level()) all.push_back(kernels::cpu_backend(hairline_kernels_slim, level));
  if (const auto narrow = kernels::bf16_backend(hairline_kernels_slim_bf16); !narrow.error) all.push_back(narrow);
  for (const kernels::Backend& on : all) {
    INFO(kernels::name(on.target));
    const auto packed = kernels::pack_network(g, weights, on).value();
    const PackedFile file(kernels::encode_packed(*packed).value());
    const auto loaded = kernels::load_network(g, file.path(), on);
    INFO((loaded ? std::string() : loaded.error().message));
    REQUIRE(loaded);
    const kernels::PackedNetwork& net = **loaded;
    CHECK(net.file.mapped());
    CHECK(net.weights.size() == packed->weights.size());
    CHECK(std::memcmp(net.weights.data(), packed->weights.data(), packed->weights.size_bytes()) == 0);
    for (std::size_t i = 0; i < net.steps.size(); ++i) {
      CHECK(net.steps[i].bias == packed->steps[i].bias);
      CHECK(net.steps[i].extents == packed->steps[i].extents);
      for (std::size_t k = 0; k < net.steps[i].parts.size(); ++k)
        CHECK(net.steps[i].parts[k].bias == packed->steps[i].parts[k].bias);
    }
    for (std::size_t size : {0, 1})
      for (std::size_t k = 0; k < 4; ++k) CHECK(net.refine[size][k].bias == packed->refine[size][k].bias);
    if (on.precision() == kernels::Precision::bf16) continue;
    kernels::Session session(*loaded);
    compare(g, weights, session, make_pair(66, 90), options_of(RefineMode::sampling, 0.25));
  }
}

TEST_CASE("packed file: what it was not packed for is refused, and so is damage") {
  const Graph g = graph<SlimMatting>();
  const CpuLevel level = kernels::machine_level();
  const auto on = kernels::cpu_backend(hairline_kernels_slim, level);
  const auto packed = kernels::pack_network(g, seeded_weights(g, 7), on).value();
  const Bytes good = kernels::encode_packed(*packed).value();

  if (level > CpuLevel::x86_64) {
    const auto lower = kernels::cpu_backend(hairline_kernels_slim, CpuLevel::x86_64);
    CHECK(says(refusal(g, good, lower, ErrorCode::unsupported), std::string("target ") + kernels::name(level)));
  }
  CHECK(says(refusal(graph<SlimMattingBase>(), good, on, ErrorCode::unsupported), "packed for other kernels"));
  Bytes bad = good;
  place_of(bad, "\"hairline.packed\":\"")[19] = '7';
  CHECK(says(refusal(g, bad, on, ErrorCode::unsupported), "version 7."));
  bad = good;
  bad[bad.size() - 4000] ^= 1;
  CHECK(says(refusal(g, bad, on, ErrorCode::bad_file), "fingerprint differs"));
  {
    const PackedFile file(bad);
    CHECK(kernels::load_network(g, file.path(), on, {}, SelfTestUse::skip));
  }
  bad = good;
  bad.resize(bad.size() - 64);
  refusal(g, bad, on, ErrorCode::bad_file);
  bad = good;
  *place_of(bad, "\"packed\":{") = ' ';  // no JSON any more
  refusal(g, bad, on, ErrorCode::bad_file);
  bad = good;
  place_of(bad, "\"packed\":{")[1] = 'q';
  CHECK(says(refusal(g, bad, on, ErrorCode::bad_file), "wanted a tensor 'packed'"));

  const PackedFile file(good);
  const auto plain = load_weights(g, file.path());
  REQUIRE_FALSE(plain);
  CHECK(says(plain.error().message, "packed for compiled kernels"));
}
#else
TEST_CASE("no kernels: packed files are not tested") { WARN("built without kernels"); }
#endif

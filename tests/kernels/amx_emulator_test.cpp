// The emulation of AMX tiles that other tests rest on: instructions put together by hand, against plain loops.
#include "tests/kernels/amx_emulator.hpp"

#include "tests/support/catch.hpp"

#if defined(__x86_64__) && defined(__linux__)
#include <sys/mman.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <random>
#include <vector>

#include "hairline/weights/number_type.hpp"

namespace {
using Bytes = std::vector<std::uint8_t>;

/// Machine code as a function of an address (rdi) and a stride (rsi).
class Code {
 public:
  explicit Code(Bytes bytes) {
    bytes.push_back(0xc3);  // ret
    page_ = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page_ != MAP_FAILED);
    std::copy(bytes.begin(), bytes.end(), static_cast<std::uint8_t*>(page_));
    REQUIRE(::mprotect(page_, 4096, PROT_READ | PROT_EXEC) == 0);
  }
  ~Code() { ::munmap(page_, 4096); }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  void run(const void* address = nullptr, std::uint64_t stride = 0) const {
    void (*function)(const void*, std::uint64_t) = nullptr;
    std::memcpy(&function, &page_, sizeof function);
    function(address, stride);
  }

 private:
  void* page_ = nullptr;
};

void run(Bytes bytes, const void* address = nullptr, std::uint64_t stride = 0) {
  Code(std::move(bytes)).run(address, stride);
}

/// As ldtilecfg reads it.
std::vector<std::uint8_t> configuration(std::initializer_list<std::array<int, 3>> tiles) {
  std::vector<std::uint8_t> c(64, 0);
  c[0] = 1;
  for (const auto& [tile, rows, bytes] : tiles) {
    c[static_cast<std::size_t>(48 + tile)] = static_cast<std::uint8_t>(rows);
    c[static_cast<std::size_t>(16 + 2 * tile)] = static_cast<std::uint8_t>(bytes);
  }
  return c;
}
const Bytes ldtilecfg = {0xc4, 0xe2, 0x78, 0x49, 0x07}, tilerelease = {0xc4, 0xe2, 0x78, 0x49, 0xc0};
const Bytes tilestored_tmm1 = {0xc4, 0xe2, 0x7a, 0x4b, 0x0c, 0x37};  // (%rdi,%rsi)
const Bytes tileloadd_tmm1 = {0xc4, 0xe2, 0x7b, 0x4b, 0x0c, 0x37};

/// Whether a process that does this ends with an abort.
template <class F>
bool aborts(F f) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);  // not the test program's
    ::close(2);
    f();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
}  // namespace

TEST_CASE("emulated tiles are loaded and stored through every kind of address", "[kernels][amx]") {
  const amx_emulator::Scope emulated;
  const auto config = configuration({{1, 16, 64}, {2, 5, 12}, {5, 16, 64}, {6, 3, 64}, {7, 16, 64}});
  run(ldtilecfg, config.data());
  std::vector<std::uint8_t> back(64, 0xff);
  run({0xc4, 0xe2, 0x79, 0x49, 0x07}, back.data());  // sttilecfg (%rdi)
  CHECK(back == config);

  std::vector<std::uint8_t> memory(1 << 14);
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<std::uint8_t>(i * 37 + i / 251);
  const std::uint8_t* middle = memory.data() + memory.size() / 2;
  struct Load {
    Bytes code, store;
    int rows, bytes, offset, scale;
    std::uint64_t stride;
  };
  const std::vector<Load> loads = {
      {tileloadd_tmm1, tilestored_tmm1, 16, 64, 0, 1, 80},
      // tileloadd 64(%r9,%r8,2), %tmm5; tilestored %tmm5, (%rdi,%rsi)
      {{0x49, 0x89, 0xf9, 0x49, 0x89, 0xf0, 0xc4, 0x82, 0x7b, 0x4b, 0x6c, 0x41, 0x40},
       {0xc4, 0xe2, 0x7a, 0x4b, 0x2c, 0x37},
       16,
       64,
       64,
       2,
       96},
      // tileloadd -4096(%rdi,%rsi,4), %tmm7; tilestored %tmm7, (%rdi,%rsi)
      {{0xc4, 0xe2, 0x7b, 0x4b, 0xbc, 0xb7, 0x00, 0xf0, 0xff, 0xff},
       {0xc4, 0xe2, 0x7a, 0x4b, 0x3c, 0x37},
       16,
       64,
       -4096,
       4,
       33},
      // tileloaddt1 0(%r13,%rsi), %tmm2; tilestored %tmm2, (%rdi,%rsi)
      {{0x41, 0x55, 0x49, 0x89, 0xfd, 0xc4, 0xc2, 0x79, 0x4b, 0x54, 0x35, 0x00, 0x41, 0x5d},
       {0xc4, 0xe2, 0x7a, 0x4b, 0x14, 0x37},
       5,
       12,
       0,
       1,
       128},
      // tileloadd (%rdi), %tmm6: no index, no stride; tilestored %tmm6, (%rdi,%rsi)
      {{0xc4, 0xe2, 0x7b, 0x4b, 0x34, 0x27}, {0xc4, 0xe2, 0x7a, 0x4b, 0x34, 0x37}, 3, 64, 0, 0, 64},
      // backwards
      {tileloadd_tmm1, tilestored_tmm1, 16, 64, 0, 1, std::uint64_t{0} - 64},
  };
  for (const Load& l : loads) {
    run(l.code, middle, l.stride);
    std::vector<std::uint8_t> stored(16 * 64, 0xee), wanted = stored;
    run(l.store, stored.data(), 64);
    for (int row = 0; row < l.rows; ++row)
      std::memcpy(&wanted[static_cast<std::size_t>(row) * 64],
                  middle + l.offset + static_cast<std::int64_t>(l.stride) * l.scale * row,
                  static_cast<std::size_t>(l.bytes));
    CHECK(stored == wanted);
  }
  // tilestored %tmm1, 8(%r11,%rcx) of the last one
  std::vector<std::uint8_t> plain(16 * 64), shifted(16 * 70 + 8);
  run(tilestored_tmm1, plain.data(), 64);
  run({0x49, 0x89, 0xfb, 0x48, 0x89, 0xf1, 0xc4, 0xc2, 0x7a, 0x4b, 0x4c, 0x0b, 0x08}, shifted.data(), 70);
  for (std::size_t row = 0; row < 16; ++row) CHECK(std::memcmp(&plain[64 * row], &shifted[8 + 70 * row], 64) == 0);
  run({0xc4, 0xe2, 0x7b, 0x49, 0xc8});  // tilezero %tmm1
  run(tilestored_tmm1, plain.data(), 64);
  CHECK(std::all_of(plain.begin(), plain.end(), [](std::uint8_t b) { return b == 0; }));
  run(tilerelease);
  run({0xc4, 0xe2, 0x79, 0x49, 0x07}, back.data());
  CHECK(back == std::vector<std::uint8_t>(64, 0));
}

TEST_CASE("emulated tiles are multiplied as plain loops would", "[kernels][amx]") {
  using namespace hairline;
  const amx_emulator::Scope emulated;
  std::mt19937 generator(5);
  std::normal_distribution<float> normal;
  for (const auto& [rows, depth, columns] : std::vector<std::array<int, 3>>{{16, 16, 16}, {5, 3, 7}, {1, 1, 1}}) {
    std::vector<float> a(512), b(512), c(256);
    std::vector<std::uint16_t> narrow_a(512), narrow_b(512);
    for (std::size_t i = 0; i < 512; ++i) {
      narrow_a[i] = float_to_bfloat(normal(generator));
      narrow_b[i] = float_to_bfloat(normal(generator));
      a[i] = bfloat_to_float(narrow_a[i]);
      b[i] = bfloat_to_float(narrow_b[i]);
    }
    for (float& v : c) v = normal(generator);
    const auto config = configuration({{1, rows, 4 * columns}, {2, rows, 4 * depth}, {3, depth, 4 * columns}});
    run(ldtilecfg, config.data());
    run(tileloadd_tmm1, c.data(), 64);
    run({0xc4, 0xe2, 0x7b, 0x4b, 0x14, 0x37}, narrow_a.data(), 64);
    run({0xc4, 0xe2, 0x7b, 0x4b, 0x1c, 0x37}, narrow_b.data(), 64);
    run({0xc4, 0xe2, 0x62, 0x5c, 0xca});  // tdpbf16ps %tmm3, %tmm2, %tmm1
    std::vector<float> got(256, 77.0f);
    run(tilestored_tmm1, got.data(), 64);
    run(tilerelease);
    for (int m = 0; m < 16; ++m)
      for (int n = 0; n < 16; ++n) {
        const auto at = static_cast<std::size_t>(16 * m + n);
        if (m >= rows || n >= columns) {
          CHECK(got[at] == 77.0f);
          continue;
        }
        double sum = static_cast<double>(c[at]), magnitude = std::abs(sum);
        for (int k = 0; k < 2 * depth; ++k) {
          const double term = static_cast<double>(a[static_cast<std::size_t>(32 * m + k)]) *
                              static_cast<double>(b[static_cast<std::size_t>(32 * (k / 2) + 2 * n + k % 2)]);
          sum += term;
          magnitude += std::abs(term);
        }
        // 17 roundings of sums that are never larger than this.
        CHECK(std::abs(static_cast<double>(got[at]) - sum) <= 17 * 0x1p-24 * magnitude);
      }
  }
}

TEST_CASE("emulated products take denormals as zeros and make none", "[kernels][amx]") {
  const amx_emulator::Scope emulated;
  const auto config = configuration({{1, 1, 8}, {2, 1, 4}, {3, 1, 8}});
  run(ldtilecfg, config.data());
  constexpr float tiny = std::numeric_limits<float>::denorm_min();
  constexpr std::uint16_t one = 0x3f80, denormal = 0x0001, smallest = 0x0080;  // 2^-126
  const std::uint16_t a[2] = {one, smallest};
  const std::uint16_t b[4] = {denormal, 0x3f00, one, 0};  // 1 * denormal + 2^-126 / 2, 1 * 1 + 0
  const float c[2] = {tiny, 1.0f};
  run(tileloadd_tmm1, c, 64);
  run({0xc4, 0xe2, 0x7b, 0x4b, 0x14, 0x37}, a, 64);
  run({0xc4, 0xe2, 0x7b, 0x4b, 0x1c, 0x37}, b, 64);
  run({0xc4, 0xe2, 0x62, 0x5c, 0xca});
  float got[2] = {-1, -1};
  run(tilestored_tmm1, got, 64);
  run(tilerelease);
  CHECK(got[0] == 0.0f);
  CHECK(got[1] == 2.0f);
  CHECK(tiny * 1.0f > 0.0f);  // ordinary code is as it was
}

TEST_CASE("what the emulation does not know ends the program", "[kernels][amx]") {
  CHECK(aborts([] {
    const amx_emulator::Scope emulated;
    run({0x0f, 0x0b});  // ud2
  }));
  CHECK(aborts([] {
    const amx_emulator::Scope emulated;
    run({0xc4, 0xe2, 0x7b, 0x5d, 0xca});  // a product that no processor has
  }));
  CHECK_FALSE(aborts([] {
    const amx_emulator::Scope emulated;
    const auto config = configuration({{1, 2, 8}});
    run(ldtilecfg, config.data());
    run({0xc4, 0xe2, 0x7b, 0x49, 0xc8});
    run(tilerelease);
  }));
}
#endif

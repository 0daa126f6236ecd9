#pragma once
// AMX tiles on machines without them, for tests alone: a handler of SIGILL that executes the instructions that kernels
// use (ldtilecfg, sttilecfg, tilerelease, tilezero, tileloadd, tileloaddt1, tilestored, tdpbf16ps) as Intel's manual
// describes them, on tiles of each thread's own. Anything else that is not executable ends the program with a message.

#if defined(__x86_64__) && defined(__linux__)
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>
#include <xmmintrin.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace amx_emulator {

struct Tile {
  int rows = 0, bytes = 0;  // of a row
  alignas(64) std::uint8_t data[16][64] = {};
};
struct State {
  bool configured = false;
  std::array<Tile, 8> tiles{};
};
inline thread_local State state;
inline std::atomic<long> products{0};  // that were executed, so that tests know that there were any

[[noreturn]] inline void give_up(const char* why, const std::uint8_t* at) {
  char text[256];
  int n = std::snprintf(text, sizeof text, "amx_emulator: %s:", why);
  for (int i = 0; i < 12; ++i)
    n += std::snprintf(text + n, sizeof text - static_cast<std::size_t>(n), " %02x", static_cast<unsigned>(at[i]));
  text[n++] = '\n';
  static_cast<void>(!::write(2, text, static_cast<std::size_t>(n)));
  std::abort();
}

/// A VEX instruction of map 0F38, taken apart.
struct Instruction {
  const std::uint8_t* begin = nullptr;
  int prefix = 0;  // 0 none, 1 66, 2 F3, 3 F2
  int opcode = 0, mod = 0, reg = 0, rm = 0, vvvv = 0, length = 0;
  bool has_index = false, has_sib = false;
  std::uint64_t address = 0, index = 0;  // of memory; the index register, scaled
};

inline std::uint64_t general(const ucontext_t& context, int which) {
  constexpr int places[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return static_cast<std::uint64_t>(context.uc_mcontext.gregs[places[which]]);
}

inline Instruction decode(const ucontext_t& context) {
  Instruction i;
  const auto* p = reinterpret_cast<const std::uint8_t*>(context.uc_mcontext.gregs[REG_RIP]);
  i.begin = p;
  if (p[0] != 0xc4) give_up("not an instruction of AMX", p);
  const int r = (~p[1] >> 7 & 1) * 8, x = (~p[1] >> 6 & 1) * 8, b = (~p[1] >> 5 & 1) * 8;
  if ((p[1] & 31) != 2 || (p[2] & 0x84) != 0) give_up("not an instruction of AMX (map, W or length)", p);
  i.vvvv = ~p[2] >> 3 & 15;
  i.prefix = p[2] & 3;
  i.opcode = p[3];
  i.mod = p[4] >> 6;
  i.reg = (p[4] >> 3 & 7) + r;
  i.rm = (p[4] & 7) + b;
  i.length = 5;
  if (i.mod == 3) return i;
  int base = i.rm;
  bool no_base = false;
  if ((p[4] & 7) == 4) {
    const int sib = p[5];
    i.length = 6;
    i.has_sib = true;
    base = (sib & 7) + b;
    no_base = i.mod == 0 && (sib & 7) == 5;
    const int index = (sib >> 3 & 7) + x;
    i.has_index = index != 4;
    if (i.has_index) i.index = general(context, index) << (sib >> 6);
  }
  const bool by_rip = !i.has_sib && i.mod == 0 && (p[4] & 7) == 5;
  std::int64_t offset = 0;
  if (i.mod == 1) {
    offset = static_cast<std::int8_t>(p[i.length]);
    i.length += 1;
  } else if (i.mod == 2 || no_base || by_rip) {
    std::int32_t four = 0;
    std::memcpy(&four, p + i.length, 4);
    offset = four;
    i.length += 4;
  }
  if (by_rip)
    i.address = reinterpret_cast<std::uint64_t>(p) + static_cast<std::uint64_t>(i.length);
  else if (!no_base)
    i.address = general(context, base);
  i.address += static_cast<std::uint64_t>(offset);
  return i;
}

inline void configure(const Instruction& i) {
  const auto* config = reinterpret_cast<const std::uint8_t*>(i.address);
  state = State{};
  if (config[0] == 0) return;  // as tilerelease
  if (config[0] != 1) give_up("ldtilecfg of an unknown palette", i.begin);
  if (config[1] != 0) give_up("ldtilecfg that starts within an instruction", i.begin);
  for (int k = 2; k < 64; ++k) {
    const bool known = (k >= 16 && k < 32) || (k >= 48 && k < 56);
    if (!known && config[k] != 0) give_up("ldtilecfg with reserved bytes that are not 0", i.begin);
  }
  for (std::size_t t = 0; t < 8; ++t) {
    Tile& tile = state.tiles[t];
    tile.bytes = config[16 + 2 * t] + 256 * config[17 + 2 * t];
    tile.rows = config[48 + t];
    if (tile.bytes > 64 || tile.rows > 16 || (tile.bytes == 0) != (tile.rows == 0))
      give_up("ldtilecfg of an impossible tile", i.begin);
  }
  state.configured = true;
}

inline void store_configuration(const Instruction& i) {
  auto* config = reinterpret_cast<std::uint8_t*>(i.address);
  std::memset(config, 0, 64);
  if (!state.configured) return;
  config[0] = 1;
  for (std::size_t t = 0; t < 8; ++t) {
    config[16 + 2 * t] = static_cast<std::uint8_t>(state.tiles[t].bytes);
    config[48 + t] = static_cast<std::uint8_t>(state.tiles[t].rows);
  }
}

inline Tile& tile_of(const Instruction& i, int which) {
  if (which > 7) give_up("there are eight tiles", i.begin);
  Tile& tile = state.tiles[static_cast<std::size_t>(which)];
  if (!state.configured || tile.rows == 0) give_up("a tile that is not configured", i.begin);
  return tile;
}

inline void load(const Instruction& i, Tile& tile) {
  std::memset(tile.data, 0, sizeof tile.data);
  for (int row = 0; row < tile.rows; ++row)
    std::memcpy(tile.data[row], reinterpret_cast<const void*>(i.address + static_cast<std::uint64_t>(row) * i.index),
                static_cast<std::size_t>(tile.bytes));
}

inline void store(const Instruction& i, const Tile& tile) {
  for (int row = 0; row < tile.rows; ++row)
    std::memcpy(reinterpret_cast<void*>(i.address + static_cast<std::uint64_t>(row) * i.index), tile.data[row],
                static_cast<std::size_t>(tile.bytes));
}

/// sum += a b: the first of a pair of inputs and the second are summed apart, then together, then to what was there; to
/// the nearest, denormals are zeros.
inline void products_bf16(const Instruction& i) {
  if (i.reg == i.rm || i.reg == i.vvvv || i.rm == i.vvvv) give_up("tdpbf16ps of one tile twice", i.begin);
  Tile &sum = tile_of(i, i.reg), &a = tile_of(i, i.rm), &b = tile_of(i, i.vvvv);
  if (a.rows != sum.rows || b.bytes != sum.bytes || a.bytes / 4 != b.rows || (a.bytes | b.bytes) % 4 != 0)
    give_up("tdpbf16ps of tiles that do not fit", i.begin);
  const auto wide = [](const std::uint8_t* from, float(&to)[32]) {
    std::uint16_t narrow[32];
    std::uint32_t bits[32];
    std::memcpy(narrow, from, 64);
    for (int k = 0; k < 32; ++k) bits[k] = std::uint32_t{narrow[k]} << 16;
    std::memcpy(to, bits, sizeof to);
  };
  const unsigned before = _mm_getcsr();
  _mm_setcsr(0x9fc0);  // flush, take denormals as zeros, to the nearest, no exceptions
  for (int row = 0; row < sum.rows; ++row) {
    float of_a[32], of_b[32], pairs[32] = {}, total[16];
    wide(a.data[row], of_a);
    for (int k = 0; k < b.rows; ++k) {
      wide(b.data[k], of_b);
      for (int n = 0; n < 32; ++n) pairs[n] += of_a[2 * k + n % 2] * of_b[n];
    }
    std::memcpy(total, sum.data[row], 64);
    for (int n = 0; n < sum.bytes / 4; ++n) total[n] += pairs[2 * n] + pairs[2 * n + 1];
    std::memcpy(sum.data[row], total, 64);
  }
  _mm_setcsr(before);
  products.fetch_add(1, std::memory_order_relaxed);
}

inline void on_sigill(int, siginfo_t*, void* c) {
  auto& context = *static_cast<ucontext_t*>(c);
  const Instruction i = decode(context);
  const bool memory = i.mod != 3, no_source = i.vvvv == 0;
  const auto is = [&](int opcode, int prefix) { return i.opcode == opcode && i.prefix == prefix; };
  if (is(0x49, 0) && no_source && memory && i.reg == 0)
    configure(i);
  else if (is(0x49, 1) && no_source && memory && i.reg == 0)
    store_configuration(i);
  else if (is(0x49, 0) && no_source && !memory && i.reg == 0 && i.rm == 0)
    state = State{};
  else if (is(0x49, 3) && no_source && !memory && i.rm == 0)
    std::memset(tile_of(i, i.reg).data, 0, sizeof(Tile::data));
  else if ((is(0x4b, 3) || is(0x4b, 1)) && no_source && i.has_sib)
    load(i, tile_of(i, i.reg));
  else if (is(0x4b, 2) && no_source && i.has_sib)
    store(i, tile_of(i, i.reg));
  else if (is(0x5c, 2) && !memory)
    products_bf16(i);
  else
    give_up("an instruction that is not known here", i.begin);
  context.uc_mcontext.gregs[REG_RIP] += i.length;
}

/// From here on tiles are emulated, in all threads, until the end of the scope.
class Scope {
 public:
  Scope() {
    struct sigaction action {};
    action.sa_sigaction = on_sigill;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    ::sigaction(SIGILL, &action, &before_);
  }
  ~Scope() { ::sigaction(SIGILL, &before_, nullptr); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  struct sigaction before_ {};
};

}  // namespace amx_emulator
#endif

#pragma once
// Runs a function of PTX on the host, thread after thread between barriers. Memory of the device is the host's.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "hairline/weights/number_type.hpp"
#include "tests/kernels/ptx/program.hpp"

namespace ptx {

struct Size {
  std::uint32_t x = 1, y = 1, z = 1;
};

class Thread {
 public:
  Thread(const Function& function, const std::array<std::uint32_t, 9>& place)
      : function_(&function), place_(place), registers_(function.registers, 0xdeadbeefdeadbeef) {}

  bool done() const { return done_; }

  /// Until the next barrier, or the end.
  void run(const std::vector<std::uint64_t>& parameters, std::vector<std::uint8_t>& shared) {
    while (!done_) {
      const Instruction& in = function_->code.at(at_++);
      if (in.guard >= 0 && ((registers_[static_cast<std::size_t>(in.guard)] & 1) != 0) == in.unless) continue;
      switch (in.op) {
        case Op::barrier:
          return;
        case Op::branch:
          at_ = in.target;
          break;
        case Op::leave:
          done_ = true;
          break;
        case Op::load_parameter:
          set(in, parameters.at(in.offset));
          break;
        case Op::load:
        case Op::load_shared:
          load(in, in.op == Op::load ? nullptr : &shared);
          break;
        case Op::store:
        case Op::store_shared:
          store(in, in.op == Op::store ? nullptr : &shared);
          break;
        case Op::exchange:
          exchange(in);
          break;
        case Op::join:
        case Op::part:
          regroup(in);
          break;
        case Op::setp:
          registers_[in.to[0]] = compared(in) ? 1 : 0;
          break;
        default:
          compute(in);
      }
    }
  }

 private:
  const Function* function_;
  std::array<std::uint32_t, 9> place_;
  std::vector<std::uint64_t> registers_;
  std::size_t at_ = 0;
  bool done_ = false;

  std::uint64_t value(const Operand& o) const {
    return o.kind == Operand::Kind::number ? o.number
           : o.kind == Operand::Kind::reg  ? registers_[o.index]
                                           : place_[o.index];
  }
  static std::uint64_t cut(std::uint64_t v, Type t) {
    const std::size_t bits = t == Type::pred ? 1 : 8 * bytes(t);
    return bits == 64 ? v : v & ((std::uint64_t{1} << bits) - 1);
  }
  void set(const Instruction& in, std::uint64_t v) { registers_[in.to[0]] = cut(v, in.type); }

  static float real(std::uint64_t v) { return std::bit_cast<float>(static_cast<std::uint32_t>(v)); }
  static std::uint64_t bits(float v) { return std::bit_cast<std::uint32_t>(v); }
  static bool is_signed(Type t) { return t == Type::s32 || t == Type::s64; }
  static std::int64_t whole(std::uint64_t v, Type t) {
    return t == Type::s32 ? static_cast<std::int32_t>(v) : static_cast<std::int64_t>(v);
  }

  /// Whether a thread may read or write so much there: aligned, and within the memory of its block.
  static std::uint8_t* memory(std::uint64_t address, std::size_t size, std::vector<std::uint8_t>* shared) {
    if (address % size != 0) throw std::runtime_error("an address that is not aligned");
    if (shared == nullptr) return reinterpret_cast<std::uint8_t*>(address);
    if (address + size > shared->size()) throw std::runtime_error("beyond shared memory");
    return shared->data() + address;
  }
  void load(const Instruction& in, std::vector<std::uint8_t>* shared) {
    const std::size_t each = bytes(in.type);
    const std::uint8_t* from = memory(value(in.of[0]) + in.offset, each * in.to.size(), shared);
    for (std::size_t i = 0; i < in.to.size(); ++i) {
      std::uint64_t v = 0;
      std::memcpy(&v, from + i * each, each);
      registers_[in.to[i]] = v;
    }
  }
  void store(const Instruction& in, std::vector<std::uint8_t>* shared) {
    const std::size_t each = bytes(in.type), count = in.of.size() - 1;
    std::uint8_t* to = memory(value(in.of[0]) + in.offset, each * count, shared);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t v = value(in.of[i + 1]);
      std::memcpy(to + i * each, &v, each);
    }
  }
  void exchange(const Instruction& in) {
    std::uint8_t* const at = memory(value(in.of[0]) + in.offset, bytes(in.type), nullptr);
    std::uint64_t old = 0, wanted = cut(value(in.of[1]), in.type), other = value(in.of[2]);
    std::memcpy(&old, at, bytes(in.type));
    if (old == wanted) std::memcpy(at, &other, bytes(in.type));
    set(in, old);
  }
  /// A register from parts, or parts of a register, lowest first.
  void regroup(const Instruction& in) {
    const std::size_t count = in.op == Op::join ? in.of.size() : in.to.size(), width = 8 * bytes(in.type) / count;
    const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
    if (in.op == Op::part) {
      const std::uint64_t v = value(in.of[0]);
      for (std::size_t i = 0; i < count; ++i) registers_[in.to[i]] = v >> (i * width) & mask;
      return;
    }
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < count; ++i) v |= (value(in.of[i]) & mask) << (i * width);
    set(in, v);
  }

  bool compared(const Instruction& in) const {
    const std::uint64_t a = cut(value(in.of[0]), in.type), b = cut(value(in.of[1]), in.type);
    const auto decide = [&](auto x, auto y, bool no_number) {
      switch (in.compare) {
        case Compare::lt:
          return x < y;
        case Compare::le:
          return x <= y;
        case Compare::gt:
          return x > y;
        case Compare::ge:
          return x >= y;
        case Compare::eq:
          return !(x < y) && !(y < x) && !no_number;
        case Compare::ne:
          return x < y || y < x;
        case Compare::gtu:
          return no_number || x > y;
        default:
          return no_number || x < y;
      }
    };
    if (in.type == Type::f32) return decide(real(a), real(b), std::isnan(real(a)) || std::isnan(real(b)));
    return is_signed(in.type) ? decide(whole(a, in.type), whole(b, in.type), false) : decide(a, b, false);
  }

  std::uint64_t converted(const Instruction& in, std::uint64_t v) const {
    if (in.type == Type::f32 && in.from == Type::f16)
      return bits(hairline::half_to_float(static_cast<std::uint16_t>(v)));
    if (in.type == Type::f32 && in.from != Type::f32)
      return is_signed(in.from) ? bits(static_cast<float>(whole(v, in.from)))
                                : bits(static_cast<float>(cut(v, in.from)));
    if (in.from == Type::f32 && in.type == Type::u16) {
      const float f = real(v);
      return f > 0 ? static_cast<std::uint16_t>(std::min(f, 65535.0f)) : 0;
    }
    if (in.from == Type::f32 || in.type == Type::f16) throw std::runtime_error("no such conversion");
    return is_signed(in.from) ? static_cast<std::uint64_t>(whole(v, in.from)) : cut(v, in.from);
  }

  static std::uint64_t permuted(std::uint64_t a, std::uint64_t b, std::uint64_t which) {
    const std::uint64_t all = cut(a, Type::b32) | b << 32;
    std::uint64_t v = 0;
    for (unsigned i = 0; i < 4; ++i) v |= (all >> (8 * (which >> (4 * i) & 7)) & 255) << (8 * i);
    return v;
  }

  void compute(const Instruction& in) {
    const auto operand = [&](std::size_t i) { return i < in.of.size() ? value(in.of[i]) : 0; };
    const std::uint64_t a = operand(0), b = operand(1), c = operand(2);
    if (in.op == Op::cvt) return set(in, converted(in, a));
    if (in.op == Op::mul_wide) {
      registers_[in.to[0]] = is_signed(in.type) ? static_cast<std::uint64_t>(whole(a, in.type) * whole(b, in.type))
                                                : cut(a, in.type) * cut(b, in.type);
      return;
    }
    set(in, in.type == Type::f32 ? of_reals(in.op, a, b, c) : of_wholes(in, a, b, c));
  }

  static std::uint64_t of_reals(Op op, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    const float x = real(a), y = real(b);
    switch (op) {
      case Op::add:
        return bits(x + y);
      case Op::sub:
        return bits(x - y);
      case Op::mul:
        return bits(x * y);
      case Op::div:
        return bits(x / y);
      case Op::fma:
        return bits(std::fma(x, y, real(c)));
      case Op::min:
        return bits(std::fmin(x, y));
      case Op::max:
        return bits(std::fmax(x, y));
      case Op::abs:
        return bits(std::fabs(x));
      case Op::neg:
        return bits(-x);
      case Op::mov:
        return a;
      case Op::selp:
        return (c & 1) != 0 ? a : b;
      default:
        throw std::runtime_error("no such instruction of floats");
    }
  }

  static std::uint64_t of_wholes(const Instruction& in, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    const Type t = in.type;
    const std::int64_t x = whole(a, t), y = whole(b, t);
    const std::uint64_t u = cut(a, t), v = cut(b, t);
    const auto either = [&](auto of_signed, auto of_unsigned) {
      return is_signed(t) ? static_cast<std::uint64_t>(of_signed) : static_cast<std::uint64_t>(of_unsigned);
    };
    switch (in.op) {
      case Op::add:
        return a + b;
      case Op::sub:
        return a - b;
      case Op::mul_lo:
        return a * b;
      case Op::mad:
        return a * b + c;
      case Op::div:
        return either(is_signed(t) ? x / y : 0, is_signed(t) ? 0 : u / v);
      case Op::rem:
        return either(is_signed(t) ? x % y : 0, is_signed(t) ? 0 : u % v);
      case Op::min:
        return either(std::min(x, y), std::min(u, v));
      case Op::max:
        return either(std::max(x, y), std::max(u, v));
      case Op::and_:
        return a & b;
      case Op::or_:
        return a | b;
      case Op::xor_:
        return a ^ b;
      case Op::not_:
        return ~a;
      case Op::neg:
        return 0 - a;
      case Op::abs:
        return static_cast<std::uint64_t>(std::abs(x));
      case Op::mov:
        return a;
      case Op::selp:
        return (c & 1) != 0 ? a : b;
      case Op::shl:
        return v >= 8 * bytes(t) ? 0 : a << v;
      case Op::shr:
        return either(x >> std::min<std::uint64_t>(v, 8 * bytes(t) - 1), v >= 8 * bytes(t) ? 0 : u >> v);
      case Op::bfe:
        return u >> v & ((std::uint64_t{1} << c) - 1);
      case Op::prmt:
        return permuted(a, b, c);
      default:
        throw std::runtime_error("no such instruction of whole numbers");
    }
  }
};

/// All blocks of a grid, one after the other.
inline void run(const Function& function, Size grid, Size block, std::size_t shared_bytes,
                const std::vector<std::uint64_t>& parameters) {
  std::vector<std::uint8_t> shared;
  std::vector<Thread> threads;
  for (std::uint32_t z = 0; z < grid.z; ++z)
    for (std::uint32_t y = 0; y < grid.y; ++y)
      for (std::uint32_t x = 0; x < grid.x; ++x) {
        shared.assign(shared_bytes, 0xff);  // no number
        threads.clear();
        for (std::uint32_t c = 0; c < block.z; ++c)
          for (std::uint32_t b = 0; b < block.y; ++b)
            for (std::uint32_t a = 0; a < block.x; ++a)
              threads.emplace_back(function, std::array{a, b, c, x, y, z, block.x, block.y, block.z});
        // The last thread first: what relies on the order of threads without a barrier shows.
        for (bool any = true; any;) {
          any = false;
          for (auto t = threads.rbegin(); t != threads.rend(); ++t)
            if (!t->done()) {
              t->run(parameters, shared);
              any = true;
            }
        }
      }
}

}  // namespace ptx

#pragma once
// PTX as Halide emits it, read into instructions that interpreter.hpp runs. What does not occur there is an exception.
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace ptx {

enum class Type { pred, b8, b16, b32, b64, s32, s64, u8, u16, u32, u64, f16, f32 };

inline Type type_named(const std::string& name) {
  static const std::map<std::string, Type> types = {
      {"pred", Type::pred}, {"b8", Type::b8},   {"b16", Type::b16}, {"b32", Type::b32}, {"b64", Type::b64},
      {"s32", Type::s32},   {"s64", Type::s64}, {"u8", Type::u8},   {"u16", Type::u16}, {"u32", Type::u32},
      {"u64", Type::u64},   {"f16", Type::f16}, {"f32", Type::f32}};
  const auto found = types.find(name);
  if (found == types.end()) throw std::runtime_error("no type ." + name);
  return found->second;
}

inline std::size_t bytes(Type t) {
  switch (t) {
    case Type::pred:
    case Type::b8:
    case Type::u8:
      return 1;
    case Type::b16:
    case Type::u16:
    case Type::f16:
      return 2;
    case Type::b64:
    case Type::s64:
    case Type::u64:
      return 8;
    default:
      return 4;
  }
}

// clang-format off
enum class Op {
  add, sub, mul, mul_lo, mul_wide, mad, fma, div, rem, min, max, and_, or_, xor_, not_, shl, shr, bfe, prmt, selp, setp,
  cvt, mov, join, part, load_parameter, load, load_shared, store, store_shared, barrier, branch, leave, exchange, abs, neg
};
// clang-format on

enum class Compare { lt, le, gt, ge, eq, ne, gtu, ltu };

/// A number, a register, or one of the numbers that say where a thread is.
struct Operand {
  enum class Kind { number, reg, place } kind = Kind::number;
  std::uint64_t number = 0;
  std::size_t index = 0;
};

struct Instruction {
  Op op = Op::mov;
  Type type = Type::b32, from = Type::b32;  ///< from: of conversions
  Compare compare = Compare::eq;
  int guard = -1;  ///< the register of the predicate that lets it happen, or -1
  bool unless = false;
  std::vector<std::size_t> to;
  std::vector<Operand> of;  ///< of loads and stores the address first
  std::uint64_t offset = 0;
  std::string label;
  std::size_t target = 0;
};

/// An entry function: its parameters' sizes, its instructions, and how many registers it uses.
struct Function {
  std::vector<std::size_t> parameters;
  std::vector<Instruction> code;
  std::size_t registers = 0;
};

inline constexpr std::array<const char*, 9> places = {"%tid.x",   "%tid.y",  "%tid.z",  "%ctaid.x", "%ctaid.y",
                                                      "%ctaid.z", "%ntid.x", "%ntid.y", "%ntid.z"};

class Reader {
 public:
  std::map<std::string, Function> read(const std::string& text) {
    std::stringstream lines(text);
    for (std::string line; std::getline(lines, line);) read_line(trimmed(line.substr(0, line.find("//"))));
    end_function();
    return std::move(functions_);
  }

 private:
  std::map<std::string, Function> functions_;
  Function* function_ = nullptr;
  bool in_parameters_ = false;
  std::map<std::string, std::size_t> registers_, labels_;

  static std::string trimmed(const std::string& s) {
    const std::size_t first = s.find_first_not_of(" \t\r"), last = s.find_last_not_of(" \t\r");
    return first == std::string::npos ? "" : s.substr(first, last - first + 1);
  }
  /// At commas that are not within brackets.
  static std::vector<std::string> split(const std::string& s) {
    std::vector<std::string> parts;
    std::string part;
    int depth = 0;
    for (char c : s) {
      depth += (c == '{' || c == '[') - (c == '}' || c == ']');
      if (c == ',' && depth == 0) {
        parts.push_back(trimmed(part));
        part.clear();
      } else {
        part += c;
      }
    }
    if (!trimmed(part).empty()) parts.push_back(trimmed(part));
    return parts;
  }
  static std::vector<std::string> members(const std::string& s) {
    return s[0] == '{' ? split(s.substr(1, s.size() - 2)) : std::vector<std::string>{s};
  }
  std::size_t reg(const std::string& name) { return registers_.emplace(name, registers_.size()).first->second; }

  Operand operand(const std::string& s) {
    Operand o;
    for (std::size_t i = 0; i < places.size(); ++i)
      if (s == places[i]) {
        o.kind = Operand::Kind::place;
        o.index = i;
        return o;
      }
    if (s[0] == '%' || s == "tmp") {
      o.kind = Operand::Kind::reg;
      o.index = reg(s);
    } else if (s.rfind("0f", 0) == 0) {
      o.number = std::stoul(s.substr(2), nullptr, 16);
    } else {
      o.number = s[0] == '-' ? static_cast<std::uint64_t>(std::stoll(s)) : std::stoull(s, nullptr, 0);
    }
    return o;
  }

  void end_function() {
    if (function_ == nullptr) return;
    for (Instruction& i : function_->code)
      if (i.op == Op::branch) i.target = labels_.at(i.label);
    function_->registers = registers_.size();
    function_ = nullptr;
  }

  void read_line(std::string line) {
    const std::string entry = ".visible .entry";
    if (line.rfind(entry, 0) == 0) {
      end_function();
      const std::size_t end = line.find('(');
      function_ = &functions_[trimmed(line.substr(entry.size(), end - entry.size()))];
      registers_.clear();
      labels_.clear();
      in_parameters_ = true;
    } else if (function_ == nullptr || line.empty()) {
      return;
    } else if (in_parameters_) {
      in_parameters_ = line[0] != ')';
      if (in_parameters_) {
        std::stringstream words(line);
        std::string word;
        words >> word >> word;  // ".param", ".u64"
        function_->parameters.push_back(bytes(type_named(word.substr(1))));
      }
    } else if (line == "}") {
      end_function();
    } else if (line[0] == '$' && line.back() == ':') {
      labels_[line.substr(0, line.size() - 1)] = function_->code.size();
    } else if (line[0] == '.') {
      if (line.rfind(".reg", 0) != 0 && line.rfind(".pragma", 0) != 0) throw std::runtime_error("declares " + line);
    } else if (line != "{") {
      if (line[0] == '{') line = line.substr(1, line.rfind('}') - 1);  // some at once, with a register of their own
      std::stringstream parts(line);
      for (std::string one; std::getline(parts, one, ';');)
        if (one = trimmed(one); !one.empty() && one[0] != '.') read_instruction(one);
    }
  }

  void read_instruction(std::string line) {
    Instruction in;
    if (line[0] == '@') {
      const std::size_t end = line.find_first_of(" \t");
      in.unless = line[1] == '!';
      in.guard = static_cast<int>(reg(line.substr(in.unless ? 2 : 1, end - (in.unless ? 2 : 1))));
      line = trimmed(line.substr(end));
    }
    const std::size_t end = line.find_first_of(" \t");
    const std::string name = line.substr(0, end);
    std::vector<std::string> words;
    std::stringstream parts(name);
    for (std::string word; std::getline(parts, word, '.');) words.push_back(word);
    const auto arguments = end == std::string::npos ? std::vector<std::string>{} : split(trimmed(line.substr(end)));
    if (words[0] == "bra") {
      in.op = Op::branch;
      in.label = arguments.at(0);
    } else if (words[0] == "ret") {
      in.op = Op::leave;
    } else if (words[0] == "bar") {
      in.op = Op::barrier;
    } else {
      in.type = words[0] == "cvta" ? Type::b64 : type_named(words.back());
      if (!memory(in, name, words, arguments)) compute(in, name, words, arguments);
    }
    function_->code.push_back(std::move(in));
  }

  void address(Instruction& in, const std::string& bracketed) {
    std::string s = bracketed.substr(1, bracketed.size() - 2);
    if (const std::size_t plus = s.find('+'); plus != std::string::npos) {
      in.offset = static_cast<std::uint64_t>(std::stoll(s.substr(plus + 1)));
      s = s.substr(0, plus);
    }
    in.of.push_back(operand(s));
  }

  bool memory(Instruction& in, const std::string& name, const std::vector<std::string>& words,
              const std::vector<std::string>& arguments) {
    const bool shared = name.find(".shared") != std::string::npos;
    if (words[0] == "ld" && words[1] == "param") {
      in.op = Op::load_parameter;
      in.to.push_back(reg(arguments[0]));
      in.offset = std::stoul(arguments[1].substr(arguments[1].rfind('_') + 1));  // its number
    } else if (words[0] == "ld") {
      in.op = shared ? Op::load_shared : Op::load;
      for (const std::string& one : members(arguments[0])) in.to.push_back(reg(one));
      address(in, arguments[1]);
    } else if (words[0] == "st") {
      in.op = shared ? Op::store_shared : Op::store;
      address(in, arguments[0]);
      for (const std::string& one : members(arguments[1])) in.of.push_back(operand(one));
    } else if (words[0] == "atom" && name.find(".cas.") != std::string::npos) {
      in.op = Op::exchange;
      in.to.push_back(reg(arguments[0]));
      address(in, arguments[1]);
      in.of.push_back(operand(arguments[2]));
      in.of.push_back(operand(arguments[3]));
    } else {
      return false;
    }
    return true;
  }

  void compute(Instruction& in, const std::string& name, const std::vector<std::string>& words,
               const std::vector<std::string>& arguments) {
    static const std::map<std::string, Op> ops = {
        {"add", Op::add},    {"sub", Op::sub},  {"mul", Op::mul},  {"mul.lo", Op::mul_lo}, {"mul.wide", Op::mul_wide},
        {"mad.lo", Op::mad}, {"fma", Op::fma},  {"div", Op::div},  {"rem", Op::rem},       {"min", Op::min},
        {"max", Op::max},    {"and", Op::and_}, {"or", Op::or_},   {"xor", Op::xor_},      {"not", Op::not_},
        {"shl", Op::shl},    {"shr", Op::shr},  {"bfe", Op::bfe},  {"prmt", Op::prmt},     {"selp", Op::selp},
        {"setp", Op::setp},  {"cvt", Op::cvt},  {"cvta", Op::mov}, {"mov", Op::mov},       {"abs", Op::abs},
        {"neg", Op::neg}};
    static const std::map<std::string, Compare> compares = {
        {"lt", Compare::lt}, {"le", Compare::le}, {"gt", Compare::gt},   {"ge", Compare::ge},
        {"eq", Compare::eq}, {"ne", Compare::ne}, {"gtu", Compare::gtu}, {"ltu", Compare::ltu}};
    auto found = ops.find(words[0] + "." + (words.size() > 1 ? words[1] : ""));
    if (found == ops.end()) found = ops.find(words[0]);
    if (found == ops.end() || arguments.empty()) throw std::runtime_error("no instruction " + name);
    in.op = found->second;
    if (in.op == Op::setp) in.compare = compares.at(words[1]);
    if (in.op == Op::cvt) {
      in.from = in.type;
      in.type = type_named(words[words.size() - 2]);
    }
    if (in.op == Op::mov && arguments[0][0] == '{') in.op = Op::part;
    if (in.op == Op::mov && arguments.at(1)[0] == '{') in.op = Op::join;
    for (const std::string& one : members(arguments[0])) in.to.push_back(reg(one));
    for (std::size_t i = 1; i < arguments.size(); ++i)
      for (const std::string& one : members(arguments[i])) in.of.push_back(operand(one));
  }
};

}  // namespace ptx

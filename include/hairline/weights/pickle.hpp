#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hairline/core/result.hpp"

namespace hairline {

/// One value of a pickle. Values refer to each other by index, so cycles and shared parts cost nothing.
struct PickleValue {
  enum class Kind { none, boolean, integer, real, text, tuple, list, dict, global, call, persistent } kind = Kind::none;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;        ///< text, or "module name" of a global
  std::vector<int> items;  ///< of a tuple or list; key, value, key, value ... of a dict; callee, arguments of a call
  int state = -1;          ///< what BUILD gave a call (an object's attributes)
};

/// A pickle taken apart without running anything: globals stay names, calls stay descriptions of calls.
struct Pickle {
  std::vector<PickleValue> values;
  int root = -1;
  const PickleValue& operator[](int i) const { return values[static_cast<std::size_t>(i)]; }
};

namespace detail {

/// The machine that reads a pickle. Knows the instructions that PyTorch writes; any other is an error.
class PickleReader {
 public:
  explicit PickleReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  Result<Pickle> read() {
    while (!done_ && fault_.empty()) step();
    if (!fault_.empty())
      return Error{ErrorCode::bad_file, "pickle " + fault_ + " at byte " + std::to_string(instruction_)};
    return std::move(pickle_);
  }

 private:
  using Kind = PickleValue::Kind;
  // A state dict needs about 25 values a tensor. The limit keeps a hostile file's cost within its own size class.
  static constexpr std::size_t most_values = std::size_t{1} << 18;

  void fail(std::string text) {
    if (fault_.empty()) fault_ = std::move(text);
  }
  std::span<const std::byte> take(std::size_t n) {
    if (n > bytes_.size() - at_) {
      fail("ends too early");
      return {};
    }
    at_ += n;
    return bytes_.subspan(at_ - n, n);
  }
  template <class T>
  T number() {
    T v{};
    const auto b = take(sizeof(T));
    if (!b.empty()) std::memcpy(&v, b.data(), sizeof v);
    return v;
  }
  std::string text(std::size_t n) {
    const auto b = take(n);
    return std::string(reinterpret_cast<const char*>(b.data()), b.size());
  }
  std::string line() {
    std::string s;
    for (;;) {
      const auto b = take(1);
      if (b.empty() || static_cast<char>(b[0]) == '\n') return s;
      s += static_cast<char>(b[0]);
    }
  }
  int make(PickleValue v) {
    if (pickle_.values.size() >= most_values) {
      fail("has more than 262,144 values");
      return 0;
    }
    pickle_.values.push_back(std::move(v));
    return static_cast<int>(pickle_.values.size()) - 1;
  }
  void push(PickleValue v) { stack_.push_back(make(std::move(v))); }
  void push_kind(Kind kind, std::int64_t integer = 0) {
    PickleValue v;
    v.kind = kind;
    v.integer = integer;
    push(std::move(v));
  }
  void push_text(Kind kind, std::string s) {
    PickleValue v;
    v.kind = kind;
    v.text = std::move(s);
    push(std::move(v));
  }
  int pop() {
    const std::size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() <= floor) {
      fail("takes from an empty stack");
      return 0;
    }
    const int v = stack_.back();
    stack_.pop_back();
    return v;
  }
  std::vector<int> pop_to_mark() {
    if (marks_.empty()) {
      fail("has no mark where it needs one");
      return {};
    }
    std::vector<int> items(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return items;
  }
  void tuple(std::vector<int> items) {
    PickleValue v;
    v.kind = Kind::tuple;
    v.items = std::move(items);
    push(std::move(v));
  }
  void tuple_of(int n) {
    std::vector<int> items(static_cast<std::size_t>(n));
    for (int i = n; i-- > 0;) items[static_cast<std::size_t>(i)] = pop();
    tuple(std::move(items));
  }
  PickleValue* top(Kind a, Kind b, const char* what) {
    if (stack_.empty()) {
      fail(std::string("adds to ") + what + " on an empty stack");
      return nullptr;
    }
    PickleValue& v = pickle_.values[static_cast<std::size_t>(stack_.back())];
    if (v.kind != a && v.kind != b) {
      fail(std::string("adds to something that is no ") + what);
      return nullptr;
    }
    return &v;
  }
  void append(const std::vector<int>& items) {
    if (PickleValue* v = top(Kind::list, Kind::list, "list"))
      v->items.insert(v->items.end(), items.begin(), items.end());
  }
  void set_items(const std::vector<int>& items) {
    if (items.size() % 2) return fail("sets a key without a value");
    if (PickleValue* v = top(Kind::dict, Kind::call, "dict")) {
      // An OrderedDict is a call that items are set on: its dict is its state.
      if (v->kind == Kind::call) {
        const auto object = static_cast<std::size_t>(stack_.back());
        if (v->state < 0) {
          PickleValue dict;
          dict.kind = Kind::dict;
          const int made = make(std::move(dict));
          pickle_.values[object].state = made;
        }
        v = &pickle_.values[static_cast<std::size_t>(pickle_.values[object].state)];
        if (v->kind != Kind::dict) return fail("adds to something that is no dict");
      }
      v->items.insert(v->items.end(), items.begin(), items.end());
    }
  }
  void call() {
    PickleValue v;
    v.kind = Kind::call;
    const int arguments = pop(), callee = pop();
    v.items = {callee, arguments};
    push(std::move(v));
  }
  void build() {
    const int state = pop();
    if (PickleValue* v = top(Kind::call, Kind::call, "object")) {
      // An OrderedDict's own attributes (_metadata of a state dict) must not replace its items.
      if (v->state < 0) v->state = state;
    }
  }
  void put(std::uint32_t slot) {
    if (stack_.empty()) return fail("remembers nothing");
    memo_[slot] = stack_.back();
  }
  void get(std::uint32_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) return fail("recalls what it never remembered");
    stack_.push_back(found->second);
    if (stack_.size() > most_values) fail("has a stack of more than 262,144 values");
  }
  void long_number(std::size_t n) {
    const auto b = take(n);
    if (n > 8) return fail("has an integer of more than 8 bytes");
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < b.size(); ++i) v |= static_cast<std::uint64_t>(b[i]) << (8 * i);
    if (n > 0 && n < 8 && (v >> (8 * n - 1))) v |= ~std::uint64_t{0} << (8 * n);
    push_kind(Kind::integer, static_cast<std::int64_t>(v));
  }
  void real() {
    std::uint64_t bits = 0;
    for (std::byte b : take(8)) bits = bits << 8 | static_cast<std::uint64_t>(b);
    PickleValue v;
    v.kind = Kind::real;
    std::memcpy(&v.real, &bits, 8);
    push(std::move(v));
  }
  void global_from_stack() {
    const int name = pop(), module = pop();
    if (!fault_.empty()) return;
    push_text(Kind::global, pickle_[module].text + " " + pickle_[name].text);
  }
  void step();
  void step_value(unsigned char code);

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0, instruction_ = 0;
  bool done_ = false;
  std::string fault_;
  Pickle pickle_;
  std::vector<int> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, int> memo_;
};

// What moves things about on the stack; what makes plain values is in step_value.
inline void PickleReader::step() {
  instruction_ = at_;
  const auto code = number<unsigned char>();
  if (!fault_.empty()) return;
  switch (code) {
    case 0x80: {  // PROTO
      const auto version = number<unsigned char>();
      if (version < 2 || version > 5) fail("has protocol " + std::to_string(version) + ", wanted 2 to 5");
      return;
    }
    case 0x95:
      take(8);
      return;  // FRAME
    case '.':  // STOP
      done_ = true;
      pickle_.root = pop();
      return;
    case '(':
      marks_.push_back(stack_.size());
      if (marks_.size() > most_values) fail("has more than 262,144 marks");
      return;
    case '0':
      pop();
      return;
    case '1':
      pop_to_mark();
      return;
    case '2':
      stack_.push_back(stack_.empty() ? (fail("doubles nothing"), 0) : stack_.back());
      return;
    case 'q':
      put(number<std::uint8_t>());
      return;
    case 'r':
      put(number<std::uint32_t>());
      return;
    case 0x94:
      put(static_cast<std::uint32_t>(memo_.size()));
      return;
    case 'h':
      get(number<std::uint8_t>());
      return;
    case 'j':
      get(number<std::uint32_t>());
      return;
    case 't':
      tuple(pop_to_mark());
      return;
    case 0x85:
      tuple_of(1);
      return;
    case 0x86:
      tuple_of(2);
      return;
    case 0x87:
      tuple_of(3);
      return;
    case 'a':
      append({pop()});
      return;
    case 'e':
      append(pop_to_mark());
      return;
    case 's': {
      const int value = pop(), key = pop();
      set_items({key, value});
      return;
    }
    case 'u':
      set_items(pop_to_mark());
      return;
    case 'R':
    case 0x81:
      call();
      return;  // REDUCE, NEWOBJ: recorded, never made
    case 'b':
      build();
      return;
    case 'Q': {
      PickleValue v;
      v.kind = Kind::persistent;
      v.items = {pop()};
      push(std::move(v));
      return;
    }
    default:
      step_value(code);
  }
}

inline void PickleReader::step_value(unsigned char code) {
  switch (code) {
    case 'N':
      push_kind(Kind::none);
      return;
    case 0x88:
      push_kind(Kind::boolean, 1);
      return;
    case 0x89:
      push_kind(Kind::boolean, 0);
      return;
    case 'J':
      push_kind(Kind::integer, number<std::int32_t>());
      return;
    case 'K':
      push_kind(Kind::integer, number<std::uint8_t>());
      return;
    case 'M':
      push_kind(Kind::integer, number<std::uint16_t>());
      return;
    case 0x8a:
      long_number(number<std::uint8_t>());
      return;
    case 'G':
      real();
      return;
    case 'X':
      push_text(Kind::text, text(number<std::uint32_t>()));
      return;
    case 0x8c:
      push_text(Kind::text, text(number<std::uint8_t>()));
      return;
    case 0x8d:
      push_text(Kind::text, text(number<std::uint64_t>()));
      return;
    case ')':
      tuple({});
      return;
    case ']':
      push_kind(Kind::list);
      return;
    case '}':
      push_kind(Kind::dict);
      return;
    case 'c': {
      const std::string module = line();
      push_text(Kind::global, module + " " + line());
      return;
    }
    case 0x93:
      global_from_stack();
      return;
    default:
      fail("has instruction " + std::to_string(code) + ", which no PyTorch checkpoint needs");
  }
}

}  // namespace detail

/// Takes a pickle apart. Executes nothing, whatever the pickle names; time and memory grow with the file alone.
inline Result<Pickle> read_pickle(std::span<const std::byte> bytes) { return detail::PickleReader(bytes).read(); }

}  // namespace hairline

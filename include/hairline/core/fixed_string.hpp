#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

namespace hairline {

/// A string that can be a template argument: Named<"conv1", ...>.
template <std::size_t N>
struct FixedString {
  char text[N]{};
  constexpr FixedString(const char (&s)[N]) { std::copy_n(s, N, text); }  // NOLINT: implicit on purpose
  constexpr std::string_view view() const { return {text, N - 1}; }
};

}  // namespace hairline

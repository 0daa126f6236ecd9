#pragma once
#include <string>

namespace hairline::tool {

/// The command line cannot be meant that way; exit code 2. No std::exception, so that no job swallows it.
struct WrongUse {
  std::string text;
  const char* what() const { return text.c_str(); }
};

/// A device or weights that this build or machine does not have; exit code 3.
struct NotAvailable {
  std::string text;
  const char* what() const { return text.c_str(); }
};

}  // namespace hairline::tool

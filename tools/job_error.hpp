#pragma once
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "hairline/core/result.hpp"

namespace hairline::tool {

/// One file could not be worked on. what() is the error's line without the leading "hairline: ": FILE: text.
class JobError : public std::runtime_error {
 public:
  JobError(const std::string& file, const std::string& text)
      : JobError(file == "-" ? "standard input" : file, without_file(file, text), 0) {}
  const std::string& file() const noexcept { return file_; }
  const std::string& text() const noexcept { return text_; }

 private:
  JobError(const std::string& file, const std::string& text, int)
      : std::runtime_error(file + ": " + text), file_(file), text_(text) {}
  // Readers and writers name the file themselves: cannot read 'FILE': why, or FILE: why.
  static std::string without_file(const std::string& file, const std::string& text) {
    if (text.rfind(file + ": ", 0) == 0) return text.substr(file.size() + 2);
    for (const std::string verb : {"cannot read", "cannot write"}) {
      const std::string start = verb + " '" + file + "': ";
      if (text.rfind(start, 0) == 0) return verb + ": " + text.substr(start.size());
    }
    return text;
  }
  std::string file_, text_;
};

/// The value, or a JobError that names the file.
template <class T>
T take(Result<T> result, const std::string& file) {
  if (!result) throw JobError(file, result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace hairline::tool

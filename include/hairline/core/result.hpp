#pragma once
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace hairline {

/// What kind of thing went wrong; the text of the Error says exactly what.
enum class ErrorCode {
  invalid_argument,  ///< an option or input that cannot be right (sizes, channels, ranges)
  bad_trimap,        ///< a trimap without foreground or background, or of another size
  not_found,         ///< a file, device, tensor or kernel that does not exist
  bad_file,          ///< a file that is damaged, hostile or of an unknown format
  io,                ///< the operating system refused a read or a write
  unsupported,       ///< well formed, but not something this build can do
  out_of_memory,     ///< an allocation failed or would exceed a stated limit
  kernel,            ///< a compiled kernel returned an error
};

/// An error with its full, user-readable text: which file, what was wanted, what was given.
struct Error {
  ErrorCode code = ErrorCode::invalid_argument;
  std::string message;
};

/// Thrown by Result::value() when there is no value; what() is the error text.
class BadResult : public std::runtime_error {
 public:
  explicit BadResult(Error error) : std::runtime_error(error.message), error_(std::move(error)) {}
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

/// A value or an Error, in the manner of C++23's std::expected.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value; throws BadResult with the error's text if there is none.
  T& value() & { return check(), std::get<0>(state_); }
  const T& value() const& { return check(), std::get<0>(state_); }
  T&& value() && { return check(), std::get<0>(std::move(state_)); }

  T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() noexcept { return std::get_if<0>(&state_); }
  const T* operator->() const noexcept { return std::get_if<0>(&state_); }

  /// @pre !has_value()
  const Error& error() const noexcept { return *std::get_if<1>(&state_); }

 private:
  void check() const {
    if (!has_value()) throw BadResult(error());
  }
  std::variant<T, Error> state_;
};

/// Success or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit on purpose

  bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (error_) throw BadResult(*error_);
  }
  /// @pre !has_value()
  const Error& error() const noexcept { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace hairline

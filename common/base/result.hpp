#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "common/base/ensure.hpp"

namespace faultline {

/// Every way in which something expected can go wrong. Closed on purpose: each
/// code has one HTTP status (chaosd/http/reply.cpp) and one meaning for callers.
enum class ErrorCode : std::uint8_t {
  malformed,     ///< The input cannot be read at all (JSON syntax, a flag without value).
  invalid,       ///< Readable, but a field has a value that cannot be used.
  unauthorized,  ///< No token, or a wrong one.
  forbidden,     ///< Known, but not allowed (role, Origin, Host).
  not_found,     ///< The thing named does not exist.
  conflict,      ///< It exists, and its state forbids this now.
  too_large,     ///< A limit on size was passed.
  unsupported,   ///< This machine or build cannot do it.
  unavailable,   ///< The other side refused or went away.
  timeout,       ///< No answer before the deadline.
  upstream,      ///< The other side answered with an error of its own.
  internal,      ///< Our own mistake. The detail goes to the log only.
};

/// Spelled as on the wire.
[[nodiscard]] std::string_view to_string(ErrorCode code);

/// An expected failure. `message` is one sentence for a person. `field` names the
/// flag or the JSON pointer at fault and is empty when there is none.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::string field = {};
};

/// What a function returns that has nothing to return but success.
struct Done {};
inline constexpr Done kDone{};

/// A value or the reason why there is none. Member names as in std::expected,
/// which GCC 12 has only in C++23 mode; this type goes when we move there.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return has_value(); }

  [[nodiscard]] const T& value() const& {
    FAULTLINE_ENSURE(has_value(), "the caller checks before it takes the value");
    return *std::get_if<T>(&state_);
  }
  [[nodiscard]] T& value() & {
    FAULTLINE_ENSURE(has_value(), "the caller checks before it takes the value");
    return *std::get_if<T>(&state_);
  }
  [[nodiscard]] T&& value() && {
    FAULTLINE_ENSURE(has_value(), "the caller checks before it takes the value");
    return std::move(*std::get_if<T>(&state_));
  }
  [[nodiscard]] const Error& error() const {
    FAULTLINE_ENSURE(!has_value(), "the caller checks before it takes the error");
    return *std::get_if<Error>(&state_);
  }

  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

 private:
  std::variant<T, Error> state_;
};

using Status = Result<Done>;

}  // namespace faultline

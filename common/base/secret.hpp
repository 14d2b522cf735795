#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <spdlog/fmt/fmt.h>

namespace faultline {

/// A password or a token. It prints as "[secret]" wherever it is printed, and `reveal`
/// is the one way to its value: for the wire, never for a log, an error or a page.
class Secret {
 public:
  static constexpr std::string_view kShown = "[secret]";

  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  [[nodiscard]] bool empty() const { return value_.empty(); }
  [[nodiscard]] const std::string& reveal() const { return value_; }
  /// The text without the value: what others tell us (a server's error) may repeat it.
  [[nodiscard]] std::string redact(std::string text) const;

  bool operator==(const Secret&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << kShown; }

 private:
  std::string value_;
};

}  // namespace faultline

template <>
struct fmt::formatter<faultline::Secret> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const faultline::Secret&, Context& context) const {
    return fmt::formatter<std::string_view>::format(faultline::Secret::kShown, context);
  }
};

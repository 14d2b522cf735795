#include "chaosd/runtime/limits.hpp"

#include <array>
#include <charconv>

namespace faultline::chaos {

std::string to_text(const Limits& limits) {
  std::string text;
  for (const std::int64_t value : {limits.cpu_period_us, limits.cpu_quota_us, limits.nano_cpus,
                                   limits.memory, limits.memory_swap}) {
    text += (text.empty() ? "" : "/") + std::to_string(value);
  }
  return text;
}

Result<Limits> read_limits(const std::string& text) {
  std::array<std::int64_t, 5> values{};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0 && (at == end || *at++ != '/')) break;
    const auto [read, error] = std::from_chars(at, end, values[i]);
    if (error != std::errc{}) break;
    at = read;
    if (i + 1 == values.size() && at == end) {
      return Limits{values[0], values[1], values[2], values[3], values[4]};
    }
  }
  return Error{ErrorCode::malformed, "\"" + text + "\" are no limits"};
}

}  // namespace faultline::chaos

#include "chaosd/runtime/disk_throttle.hpp"

#include <charconv>
#include <optional>

namespace faultline::chaos {

namespace {

constexpr std::string_view kThrottle = "--throttle=";

std::optional<std::int64_t> count_in(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string to_text(const IoLimits& limits) {
  std::string text;
  for (const auto value : limits.per_second)
    text += (text.empty() ? "" : "/") + std::to_string(value);
  return text;
}

std::optional<IoLimits> read_io(std::string_view text) {
  const auto parts = split(text, '/');
  IoLimits limits;
  if (parts.size() != limits.per_second.size()) return std::nullopt;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto value = count_in(parts[i]);
    if (!value) return std::nullopt;
    limits.per_second[i] = *value;
  }
  return limits;
}

Error no_limits(std::string_view text) {
  return {ErrorCode::malformed, "\"" + std::string{text} + "\" are no limits of a disk"};
}

}  // namespace

bool is_device(std::string_view text) {
  const auto parts = split(text, ':');
  return parts.size() == 2 && count_in(parts[0]).has_value() && count_in(parts[1]).has_value();
}

std::string to_text(const DiskShare& share) { return share.device + "," + to_text(share.limits); }

Result<DiskShare> read_share(std::string_view text) {
  const auto parts = split(text, ',');
  if (parts.size() != 2 || !is_device(parts[0])) return no_limits(text);
  const auto limits = read_io(parts[1]);
  if (!limits) return no_limits(text);
  return DiskShare{std::string{parts[0]}, *limits};
}

std::string to_text(const DiskThrottle& throttle) {
  return throttle.device + "," + to_text(throttle.before) + "," + to_text(throttle.ours);
}

Result<DiskThrottle> read_throttle(std::string_view text) {
  const auto parts = split(text, ',');
  if (parts.size() != 3 || !is_device(parts[0])) return no_limits(text);
  const auto before = read_io(parts[1]);
  const auto ours = read_io(parts[2]);
  if (!before || !ours) return no_limits(text);
  return DiskThrottle{std::string{parts[0]}, *before, *ours};
}

std::vector<std::string> to_arguments(const DiskThrottle& throttle) {
  return {std::string{kThrottle} + to_text(throttle)};
}

Result<DiskThrottle> read_throttle_arguments(const std::vector<std::string>& arguments) {
  const bool given = arguments.size() == 1 && arguments.front().starts_with(kThrottle);
  if (given) return read_throttle(std::string_view{arguments.front()}.substr(kThrottle.size()));
  return Error{ErrorCode::invalid, "it takes --throttle=DEVICE,BEFORE,OURS", "--throttle"};
}

}  // namespace faultline::chaos

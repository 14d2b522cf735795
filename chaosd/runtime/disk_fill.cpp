#include "chaosd/runtime/disk_fill.hpp"

#include <charconv>
#include <string_view>

namespace faultline::chaos {

namespace {

constexpr std::string_view kLeave = "--leave-mb=";

}  // namespace

std::vector<std::string> to_arguments(const DiskFill& fill) {
  return {std::string{kLeave} + std::to_string(fill.leave_mb)};
}

Result<DiskFill> read_fill_arguments(const std::vector<std::string>& arguments) {
  DiskFill fill;
  const bool given = arguments.size() == 1 && arguments.front().starts_with(kLeave);
  if (!given) return Error{ErrorCode::invalid, "a fill takes --leave-mb=N", "--leave-mb"};
  const char* const begin = arguments.front().data() + kLeave.size();
  const char* const end = arguments.front().data() + arguments.front().size();
  const auto [read, error] = std::from_chars(begin, end, fill.leave_mb);
  if (error == std::errc{} && read == end && fill.leave_mb >= 0) return fill;
  return Error{ErrorCode::invalid, "--leave-mb must be a whole number from 0 on", "--leave-mb"};
}

}  // namespace faultline::chaos

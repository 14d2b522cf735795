#include "chaosd/http/parameters.hpp"

namespace faultline::chaos {

Result<std::optional<std::int64_t>> number_parameter(const Call& call, const char* name,
                                                     std::int64_t least, std::int64_t most) {
  const auto given = call.query.find(name);
  if (given == call.query.end()) return std::optional<std::int64_t>{};
  const auto number = strict_integer(given->second);
  if (!number || *number < least || *number > most) {
    return Error{ErrorCode::invalid,
                 std::string{name} + " is \"" + given->second + "\"; use a whole number from " +
                     std::to_string(least) + " to " + std::to_string(most),
                 std::string{"/"} + name};
  }
  return number;
}

}  // namespace faultline::chaos

#pragma once

#include <cstdint>
#include <optional>

#include "chaosd/http/api.hpp"

namespace faultline::chaos {

/// A parameter of the query as a whole number in a range; nothing when it is absent.
[[nodiscard]] Result<std::optional<std::int64_t>> number_parameter(const Call& call,
                                                                   const char* name,
                                                                   std::int64_t least,
                                                                   std::int64_t most);

}  // namespace faultline::chaos

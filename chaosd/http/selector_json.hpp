#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "chaosd/service/selection.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// The `select` of a body; `path` is its JSON pointer. What is missing or mistyped is
/// refused with its pointer; an unknown field too, as a misspelt criterion would widen
/// the selection. Whether anybody matches, select_targets() says.
[[nodiscard]] Result<Selector> read_selector(const nlohmann::json& object, const std::string& path);

}  // namespace faultline::chaos

#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.hpp"

namespace faultline::chaos {

// What readers of bodies share; `path` is the JSON pointer of the object. Pure.

/// `invalid`: "<name> <what>", with its pointer.
[[nodiscard]] Error wrong_field(const std::string& path, const std::string& name,
                                const std::string& what);
/// Whether it is an object with no other members than these; else `invalid` that lists them.
[[nodiscard]] Status check_fields(const nlohmann::json& object, const std::string& path,
                                  std::initializer_list<std::string_view> known);
/// A whole number in a range; absent and null are nothing.
[[nodiscard]] Result<std::optional<std::int64_t>> number_in(const nlohmann::json& object,
                                                            const std::string& path,
                                                            const char* name, std::int64_t least,
                                                            std::int64_t most);

}  // namespace faultline::chaos

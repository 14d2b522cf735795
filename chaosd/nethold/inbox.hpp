#pragma once

#include <string>

#include "chaosd/runtime/net_rules.hpp"

namespace faultline::nethold {

// How a helper that holds rules is given others: a second process in its container, which ends
// at once, writes them to a folder that both have, and sends it SIGUSR2.

/// Puts them there as a whole, in the place of any that are there.
[[nodiscard]] Status write_rules(const std::string& folder, const chaos::NetRules& rules);
[[nodiscard]] Result<chaos::NetRules> read_rules(const std::string& folder);

}  // namespace faultline::nethold

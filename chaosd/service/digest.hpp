#pragma once

#include <string>
#include <string_view>

namespace faultline::chaos {

/// SHA-256 in lower-case hex, 64 digits. Any thread.
[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace faultline::chaos

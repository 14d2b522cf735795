#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace faultline::chaos {

// Lines of the files under --state-dir: `<checksum> <body>`, the checksum over the bytes of the
// body as they stand, so that a line which was written in part is never believed. Pure.

/// With its newline. `body` has none.
[[nodiscard]] std::string checked_line(std::string_view body);
/// The body of a line without its newline; empty: it is none, or its checksum does not fit.
[[nodiscard]] std::optional<std::string_view> body_of_line(std::string_view line);

}  // namespace faultline::chaos

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace faultline::stream {

/// Whether an Accept-Encoding header takes gzip: named, or covered by "*", and not
/// with q=0.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

/// At the fastest level: a scrape is compressed each time anew. Empty only when
/// there is no memory for it.
[[nodiscard]] std::optional<std::string> gzip(std::string_view text);

}  // namespace faultline::stream

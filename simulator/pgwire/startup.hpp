#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultline::sim::pgwire {

inline constexpr std::size_t kFirstBytes = 8;

enum class FirstMessage : std::uint8_t { startup, tls, gss, cancel, foreign };

/// What the first eight bytes of a connection announce. Another protocol version than
/// 3.0 is foreign: the real server hands it to the gRPC side of the port.
[[nodiscard]] FirstMessage classify(std::string_view first_bytes);

struct StartupParameters {
  std::string user;
  std::string database;
  std::vector<std::pair<std::string, std::string>> settings;  ///< Those of `options` last.
};

/// The payload behind length and version; nothing when it is malformed.
[[nodiscard]] std::optional<StartupParameters> parse_startup(std::string_view payload);

/// "-c name=value -cname=value --name=value"; a backslash keeps a space.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_options(
    std::string_view options);

/// An HTTP/2 SETTINGS frame and a WINDOW_UPDATE, byte for byte as recorded.
[[nodiscard]] std::string_view http2_greeting();

}  // namespace faultline::sim::pgwire

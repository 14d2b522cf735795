#pragma once

#include <compare>
#include <optional>
#include <string_view>

namespace faultline::sql {

/// A CockroachDB release; alphas and betas count as the release that they lead to.
struct ServerVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const ServerVersion&) const = default;
};

/// Out of the session's crdb_version, as "CockroachDB CCL v23.1.14 (linux amd64, …)". Empty
/// for anything else: server_version is a made-up PostgreSQL version and no help. Pure.
[[nodiscard]] std::optional<ServerVersion> parse_server_version(std::string_view text);

/// The same out of a node's build tag, as "v23.1.14" or "v22.1.0-alpha.20220214". Pure.
[[nodiscard]] std::optional<ServerVersion> parse_build_tag(std::string_view tag);

}  // namespace faultline::sql

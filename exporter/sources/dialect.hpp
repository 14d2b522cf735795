#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/sources/server_version.hpp"

namespace faultline::sql {

// All SQL that depends on the server's version; what the sources ask otherwise is made of
// columns that v22.1 to v26.x have in common. An empty version: not known. All pure.

/// The database that the probe makes for itself; all else is only read.
inline constexpr std::string_view kProbeDatabase = "faultline_probe";

/// The statement that gives `user` what `statement` needs. `message`: what the server said to it.
[[nodiscard]] std::string grant_for(const std::string& statement, const std::string& message,
                                    const std::string& user,
                                    const std::optional<ServerVersion>& version);

/// The range descriptors where crdb_internal is closed, in the columns of
/// PlacementSource::kStatement. Empty: this version has no other way.
[[nodiscard]] std::optional<std::string> placement_without_internals(
    const std::optional<ServerVersion>& version);

/// Ranges of one table with the store that has their lease, `limit` at most: what to try, in
/// order, until the server understands it. `table`: in quotes already.
[[nodiscard]] std::vector<std::string> leaseholders_of(const std::string& table, std::int64_t limit,
                                                       const std::optional<ServerVersion>& version);

/// A name as SQL wants it.
[[nodiscard]] std::string identifier(const std::string& name);
/// A name that SQL takes for nothing else, whatever it says.
[[nodiscard]] std::string quoted_identifier(const std::string& name);

}  // namespace faultline::sql

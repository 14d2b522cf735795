#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "exporter/sources/sql_session.hpp"

namespace faultline::sources {

/// Reads typed cells out of one row and remembers the first that is wrong, so that a
/// parser reads them all and checks once. `what` names the row in the complaint.
class CellReader {
 public:
  CellReader(const sql::Row& row, std::string what) : row_(row), what_(std::move(what)) {}

  [[nodiscard]] std::int64_t integer(std::size_t column, std::string_view name);
  [[nodiscard]] std::string text(std::size_t column, std::string_view name);
  [[nodiscard]] bool boolean(std::size_t column, std::string_view name);
  /// Seconds since the epoch with a fraction, as a DECIMAL or "seconds.nanos,logical".
  [[nodiscard]] WallTime seconds(std::size_t column, std::string_view name);
  // NULL and a missing column mean nothing.
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(std::size_t column,
                                                          std::string_view name);
  [[nodiscard]] std::optional<std::string> maybe_text(std::size_t column);
  [[nodiscard]] std::optional<bool> maybe_boolean(std::size_t column, std::string_view name);
  /// A TIMESTAMP in UTC, "2026-11-23 08:40:54.911714".
  [[nodiscard]] std::optional<WallTime> maybe_timestamp(std::size_t column, std::string_view name);

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  void fail(std::string_view name, const std::string& found, std::string_view expected);

 private:
  [[nodiscard]] const sql::Cell& cell(std::size_t column) const;

  const sql::Row& row_;
  std::string what_;
  std::optional<Error> error_;
};

[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);
[[nodiscard]] std::optional<WallTime> parse_seconds(std::string_view text);
[[nodiscard]] std::optional<WallTime> parse_timestamp(std::string_view text);
/// "1,2,3" as store ids; empty text is an empty list.
[[nodiscard]] std::optional<std::vector<StoreId>> parse_store_ids(std::string_view text);
/// Go's durations as CockroachDB prints settings: "5m0s", "1m15s", "1h0m0s".
[[nodiscard]] std::optional<milliseconds> parse_go_duration(std::string_view text);

}  // namespace faultline::sources

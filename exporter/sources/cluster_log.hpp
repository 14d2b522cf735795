#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/poll/source.hpp"
#include "exporter/sources/gateway_session.hpp"

namespace faultline::sources {

/// One line that the cluster wrote about itself: of system.rangelog (a range) or of
/// system.eventlog (a node).
struct LogEntry {
  std::int64_t serial = 0;  ///< Counts what was read, from 1 on; its order is that of reading.
  WallTime at;              ///< The cluster's clock.
  std::string type;         ///< As the cluster spells it, such as add_voter, node_restart.
  std::optional<std::int64_t> range;
  std::optional<std::int64_t> other_range;
  std::optional<NodeId> node;  ///< Whose replica it is, or the node itself.
  std::string reason;
};

/// The newest lines, oldest first. Each read adds to them, so that none is lost between
/// two looks of the observer; its last serial says how far it has come.
struct ClusterLogPart {
  std::deque<LogEntry> entries;
};

/// A row with what identifies it, for reading on where we were.
struct LogRow {
  LogEntry entry;
  std::string key;
};

[[nodiscard]] Result<std::vector<LogRow>> parse_range_log(const sql::Rows& rows);
[[nodiscard]] Result<std::vector<LogRow>> parse_node_log(const sql::Rows& rows);

/// Where the reading of one table stands. Rows are written with the time at which their
/// transaction began: some come late, so the last seconds are read again. Pure.
class LogCursor {
 public:
  static constexpr milliseconds kOverlap{10'000};
  static constexpr std::size_t kRowsMax = 500;  ///< Of one statement.

  explicit LogCursor(WallTime since) : since_(since) {}

  /// The literal to read from, "2026-11-23 08:40:54.911".
  [[nodiscard]] std::string from() const;
  /// Those of `rows`, which are in order of time, that are new.
  [[nodiscard]] std::vector<LogEntry> take(const std::vector<LogRow>& rows);

 private:
  WallTime since_;
  std::map<std::string, WallTime> seen_;  ///< Keys that may be read again.
};

/// Tier T6: what system.rangelog and system.eventlog say since the last read; two short
/// scans from a time on. Needs SELECT on both.
class ClusterLogSource final : public poll::Source<ClusterLogPart> {
 public:
  static constexpr std::size_t kEntriesMax = 1'000;
  static constexpr milliseconds kFirstLook{600'000};  ///< How far back the first read goes.

  /// Both outlive this.
  ClusterLogSource(GatewaySession& session, const Clock& clock);

  [[nodiscard]] Result<ClusterLogPart> read(Deadline deadline) override;
  [[nodiscard]] std::optional<std::string> gateway() const override { return session_.gateway(); }

  [[nodiscard]] static std::string range_statement(const std::string& from);
  [[nodiscard]] static std::string node_statement(const std::string& from);

 private:
  void add(std::vector<LogEntry> entries);

  GatewaySession& session_;
  LogCursor ranges_;
  LogCursor nodes_;
  ClusterLogPart part_;
  std::int64_t last_serial_ = 0;
};

}  // namespace faultline::sources

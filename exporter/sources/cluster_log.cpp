#include "exporter/sources/cluster_log.hpp"

#include <algorithm>
#include <cstdio>

#include "exporter/sources/cells.hpp"

namespace faultline::sources {

namespace {

std::optional<NodeId> node_of(std::optional<std::int64_t> id) {
  return id && *id >= 1 ? std::optional{NodeId{*id}} : std::nullopt;
}

WallTime time_of(CellReader& cells, std::size_t column) {
  const auto at = cells.maybe_timestamp(column, "timestamp");
  if (!at) cells.fail("timestamp", "NULL", "a timestamp");
  return at.value_or(WallTime{});
}

std::string limit() { return " ORDER BY timestamp LIMIT " + std::to_string(LogCursor::kRowsMax); }

}  // namespace

// Only the parts of info that are told: it holds whole range descriptors.
std::string ClusterLogSource::range_statement(const std::string& from) {
  return "SELECT timestamp, \"rangeID\", \"eventType\", \"otherRangeID\","
         " info::JSONB->>'Reason' AS reason,"
         " info::JSONB->'AddReplica'->>'node_id' AS added,"
         " info::JSONB->'RemovedReplica'->>'node_id' AS removed, \"uniqueID\""
         " FROM system.rangelog WHERE timestamp > '" +
         from + "'" + limit();
}

// The node is named in info; the column targetID means different things in different versions.
std::string ClusterLogSource::node_statement(const std::string& from) {
  return "SELECT timestamp, \"eventType\", info::JSONB->>'TargetNodeID' AS target,"
         " info::JSONB->>'NodeID' AS node, \"uniqueID\""
         " FROM system.eventlog WHERE timestamp > '" +
         from + "' AND \"eventType\" LIKE 'node_%'" + limit();
}

Result<std::vector<LogRow>> parse_range_log(const sql::Rows& rows) {
  std::vector<LogRow> found;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CellReader cells{rows[i], "rangelog row " + std::to_string(i + 1)};
    LogRow row;
    row.entry.at = time_of(cells, 0);
    row.entry.range = cells.integer(1, "rangeID");
    row.entry.type = cells.text(2, "eventType");
    row.entry.other_range = cells.maybe_integer(3, "otherRangeID");
    row.entry.reason = cells.maybe_text(4).value_or("");
    const auto added = node_of(cells.maybe_integer(5, "AddReplica.node_id"));
    const auto removed = node_of(cells.maybe_integer(6, "RemovedReplica.node_id"));
    row.entry.node = added ? added : removed;
    row.key = cells.text(7, "uniqueID");
    if (cells.error()) return *cells.error();
    found.push_back(std::move(row));
  }
  return found;
}

Result<std::vector<LogRow>> parse_node_log(const sql::Rows& rows) {
  std::vector<LogRow> found;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CellReader cells{rows[i], "eventlog row " + std::to_string(i + 1)};
    LogRow row;
    row.entry.at = time_of(cells, 0);
    row.entry.type = cells.text(1, "eventType");
    const auto target = node_of(cells.maybe_integer(2, "TargetNodeID"));
    const auto node = node_of(cells.maybe_integer(3, "NodeID"));
    row.entry.node = target ? target : node;
    row.key = cells.text(4, "uniqueID");
    if (cells.error()) return *cells.error();
    found.push_back(std::move(row));
  }
  return found;
}

std::string LogCursor::from() const {
  const auto day = std::chrono::floor<std::chrono::days>(since_);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{since_ - day};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d.%03d",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text;
}

std::vector<LogEntry> LogCursor::take(const std::vector<LogRow>& rows) {
  std::vector<LogEntry> fresh;
  for (const auto& row : rows) {
    if (seen_.emplace(row.key, row.entry.at).second) fresh.push_back(row.entry);
  }
  if (rows.empty()) return fresh;
  const auto newest = rows.back().entry.at;
  // A full answer is read on from its end: with the overlap it might never get past it.
  const bool full = rows.size() >= kRowsMax;
  since_ = std::max(since_, full ? newest : newest - kOverlap);
  std::erase_if(seen_, [&](const auto& item) { return item.second < since_; });
  return fresh;
}

ClusterLogSource::ClusterLogSource(GatewaySession& session, const Clock& clock)
    : session_(session), ranges_(clock.wall() - kFirstLook), nodes_(clock.wall() - kFirstLook) {}

Result<ClusterLogPart> ClusterLogSource::read(Deadline deadline) {
  const auto node_rows = session_.query(node_statement(nodes_.from()), deadline);
  if (!node_rows) return node_rows.error();
  const auto range_rows = session_.query(range_statement(ranges_.from()), deadline);
  if (!range_rows) return range_rows.error();
  const auto nodes = parse_node_log(*node_rows);
  if (!nodes) return nodes.error();
  const auto ranges = parse_range_log(*range_rows);
  if (!ranges) return ranges.error();
  auto entries = nodes_.take(*nodes);
  auto more = ranges_.take(*ranges);
  entries.insert(entries.end(), more.begin(), more.end());
  std::stable_sort(entries.begin(), entries.end(),
                   [](const LogEntry& a, const LogEntry& b) { return a.at < b.at; });
  add(std::move(entries));
  return part_;
}

void ClusterLogSource::add(std::vector<LogEntry> entries) {
  for (auto& entry : entries) {
    entry.serial = ++last_serial_;
    part_.entries.push_back(std::move(entry));
  }
  while (part_.entries.size() > kEntriesMax) part_.entries.pop_front();
}

}  // namespace faultline::sources

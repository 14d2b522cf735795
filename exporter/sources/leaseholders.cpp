#include "exporter/sources/leaseholders.hpp"

#include <algorithm>
#include <vector>

#include "exporter/sources/cells.hpp"
#include "exporter/sources/dialect.hpp"

namespace faultline::sources {

namespace {

constexpr std::size_t kNameMax = 256;

Error not_a_name(std::string_view why) {
  return {ErrorCode::invalid,
          "is no full name of a table: " + std::string{why} +
              "; use database.table or database.schema.table, a part with a dot in double quotes",
          "table"};
}

/// One part, taken off the front of `left`.
Result<std::string> take_part(std::string_view& left) {
  std::string part;
  if (!left.starts_with('"')) {
    part = left.substr(0, left.find('.'));
    left.remove_prefix(part.size());
    if (part.find('"') != std::string::npos) return not_a_name("a quote stands within a part");
  } else {
    left.remove_prefix(1);
    for (;; left.remove_prefix(1)) {
      if (left.empty()) return not_a_name("a quote is not closed");
      if (left.starts_with("\"\"")) {
        left.remove_prefix(1);
      } else if (left.starts_with('"')) {
        break;
      }
      part += left.front();
    }
    left.remove_prefix(1);
  }
  if (part.empty()) return not_a_name("a part is empty");
  return part;
}

}  // namespace

Result<TableName> parse_table_name(std::string_view text) {
  if (text.size() > kNameMax) return not_a_name("it is longer than 256 bytes");
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_control)) {
    return not_a_name("it has a control character");
  }
  std::vector<std::string> parts;
  std::string_view left = text;
  while (true) {
    auto part = take_part(left);
    if (!part) return part.error();
    parts.push_back(std::move(part).value());
    if (left.empty()) break;
    if (left.front() != '.') return not_a_name("something follows a closing quote");
    left.remove_prefix(1);
  }
  if (parts.size() == 2) return TableName{parts[0], "public", parts[1]};
  if (parts.size() == 3) return TableName{parts[0], parts[1], parts[2]};
  return not_a_name(parts.size() == 1 ? "the database is missing" : "it has too many parts");
}

std::string in_sql(const TableName& name) {
  return sql::quoted_identifier(name.database) + "." + sql::quoted_identifier(name.schema) + "." +
         sql::quoted_identifier(name.table);
}

std::string to_string(const TableName& name) {
  return sql::identifier(name.database) + "." + sql::identifier(name.schema) + "." +
         sql::identifier(name.table);
}

Result<LeaseholdersPart> parse_leaseholders(const sql::Rows& rows) {
  LeaseholdersPart part;
  std::int64_t untold = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CellReader cells{rows[i], "SHOW RANGES row " + std::to_string(i + 1)};
    (void)cells.integer(0, "range_id");
    const auto holder = cells.maybe_integer(1, "lease_holder");
    if (cells.error()) return *cells.error();
    // 0: nobody has it, as far as the asked replica knows.
    if (holder.value_or(0) < 1) {
      ++untold;
    } else {
      ++part.leases[StoreId{*holder}];
    }
  }
  part.ranges = static_cast<std::int64_t>(rows.size());
  if (part.ranges > LeaseholdersSource::kRangesMax) {
    return Error{ErrorCode::too_large, "the table has more than " +
                                           std::to_string(LeaseholdersSource::kRangesMax) +
                                           " ranges, and to ask each of them is too much"};
  }
  if (untold > 0) {
    return Error{ErrorCode::unavailable, std::to_string(untold) + " of " +
                                             std::to_string(part.ranges) +
                                             " ranges do not tell who has their lease"};
  }
  return part;
}

Result<LeaseholdersPart> LeaseholdersSource::read(const TableName& table, Deadline deadline) {
  if (const auto passed = gate_.pass(session_, deadline); !passed) return passed.error();
  Error refused{ErrorCode::internal, "no statement was tried"};
  for (const auto& statement :
       sql::leaseholders_of(in_sql(table), kRangesMax + 1, session_.server_version())) {
    const auto rows = session_.query(statement, deadline);
    if (rows) {
      gate_.answered();
      return parse_leaseholders(*rows);
    }
    refused = rows.error();
    // Only what the server does not understand (42601, 42703) is worth another wording.
    if (refused.code != ErrorCode::upstream || !refused.message.starts_with("42")) break;
  }
  return refused;
}

}  // namespace faultline::sources

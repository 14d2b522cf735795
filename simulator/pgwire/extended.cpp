#include <algorithm>

#include "simulator/pgwire/connection.hpp"
#include "simulator/sql/types.hpp"

// Parse, Bind, Describe, Execute, Close, Sync.

namespace faultline::sim::pgwire {
namespace {

// A session that keeps more open is a client that forgets to close.
constexpr std::size_t kNamedMax = 1000;

sql::SqlError named_error(std::string sqlstate, std::string message) {
  sql::SqlError error;
  error.sqlstate = std::move(sqlstate);
  error.message = std::move(message);
  return error;
}

sql::SqlError unknown_statement(const std::string& name) {
  sql::SqlError error = named_error("26000", "unknown prepared statement \"" + name + "\"");
  error.file = "conn_executor_prepare.go";
  error.line = 322;
  error.routine = "execBind";
  return error;
}

std::optional<sql::Format> format_of(std::uint64_t code) {
  if (code > 1) return std::nullopt;
  return static_cast<sql::Format>(code);
}

// None, one for all, or one for each; nothing when it is neither or malformed.
std::optional<std::vector<sql::Format>> read_formats(PayloadReader& reader) {
  std::vector<sql::Format> formats;
  const std::uint64_t count = reader.integer(2);
  for (std::uint64_t at = 0; at < count && reader.ok(); ++at) {
    const auto format = format_of(reader.integer(2));
    if (!format) return std::nullopt;
    formats.push_back(*format);
  }
  if (!reader.ok()) return std::nullopt;
  return formats;
}

bool spread(std::vector<sql::Format>& formats, std::size_t count) {
  if (formats.empty()) formats.assign(count, sql::Format::text);
  if (formats.size() == 1) formats.assign(count, formats.front());
  return formats.size() == count;
}

}  // namespace

void Connection::fail(const sql::SqlError& error) {
  session_->fail_transaction();
  out_.error(error);
  skips_to_sync_ = true;
}

void Connection::protocol_violation(const std::string& message) {
  sql::SqlError error = named_error("08P01", message);
  error.file = "encoding.go";
  error.line = 283;
  error.routine = "NewProtocolViolationErrorf";
  fail(error);
}

void Connection::parse(PayloadReader reader) {
  const std::string name = reader.text();
  const std::string text = reader.text();
  const std::uint64_t count = reader.integer(2);
  std::vector<std::uint32_t> oids;
  for (std::uint64_t at = 0; at < count && reader.ok(); ++at) {
    oids.push_back(static_cast<std::uint32_t>(reader.integer(4)));
  }
  if (!reader.ok()) return protocol_violation("malformed Parse message");
  if (!name.empty() && statements_.contains(name)) {
    return fail(named_error("42P05", "prepared statement \"" + name + "\" already exists"));
  }
  if (statements_.size() >= kNamedMax) {
    return fail(named_error("53200", "too many prepared statements"));
  }
  auto parsed = session_->parse(text);
  if (const auto* error = std::get_if<sql::SqlError>(&parsed)) return fail(*error);
  auto& all = std::get<std::vector<sql::Prepared>>(parsed);
  if (all.size() > 1) {
    return fail(named_error("42601", "prepared statement had " + std::to_string(all.size()) +
                                         " statements, expected 1"));
  }
  Statement made{std::move(all.front()), {}, {}};
  auto& types = made.prepared.parameter_types;
  for (const std::uint32_t oid : oids) {
    const auto type = sql::type_from_oid(oid);
    if (oid != 0 && oid != 705 && !type) {
      return fail(named_error("42704", "unknown oid type: " + std::to_string(oid)));
    }
    types.push_back(type);
  }
  auto described = session_->describe(made.prepared);
  if (const auto* error = std::get_if<sql::SqlError>(&described)) return fail(*error);
  made.description = std::move(std::get<sql::Description>(described));
  const auto needed = static_cast<std::size_t>(made.prepared.parsed->placeholders_count);
  for (std::size_t at = 0; at < std::max(needed, oids.size()); ++at) {
    if (at >= types.size() || !types[at]) {
      return fail(named_error(
          "42P18", "could not determine data type of placeholder $" + std::to_string(at + 1)));
    }
    // The client's own OID is repeated to it, though an INT4 is an INT8 here.
    const bool given = at < oids.size() && oids[at] != 0 && oids[at] != 705;
    made.parameter_oids.push_back(given ? oids[at] : sql::wire_type(*types[at]).oid);
  }
  statements_.insert_or_assign(name, std::move(made));
  out_.plain('1');
}

void Connection::bind(PayloadReader reader) {
  const std::string portal_name = reader.text();
  const std::string statement_name = reader.text();
  if (!reader.ok()) return protocol_violation("malformed Bind message");
  const auto found = statements_.find(statement_name);
  if (found == statements_.end()) return fail(unknown_statement(statement_name));
  const Statement& statement = found->second;
  if (!portal_name.empty() && portals_.contains(portal_name)) {
    return fail(named_error("42P03", "portal \"" + portal_name + "\" already exists"));
  }
  if (portals_.size() >= kNamedMax) return fail(named_error("53200", "too many portals"));
  Portal portal;
  portal.prepared = statement.prepared;
  portal.description = statement.description;
  if (!read_parameters(reader, statement, portal)) return;
  auto formats = read_formats(reader);
  if (!formats) return protocol_violation("malformed Bind message");
  const std::size_t columns = statement.description.fields.size();
  const std::size_t given = formats->size();
  if (!spread(*formats, columns) && columns > 0) {
    return protocol_violation("expected 0, 1, or " + std::to_string(columns) +
                              " for number of format codes, got " + std::to_string(given));
  }
  portal.formats = std::move(*formats);
  portals_.insert_or_assign(portal_name, std::move(portal));
  out_.plain('2');
}

// False: an error was sent.
bool Connection::read_parameters(PayloadReader& reader, const Statement& statement,
                                 Portal& portal) {
  auto formats = read_formats(reader);
  const std::uint64_t count = reader.integer(2);
  if (!formats || !reader.ok()) return protocol_violation("malformed Bind message"), false;
  const std::size_t expected = statement.parameter_oids.size();
  if (count != expected) {
    protocol_violation("expected " + std::to_string(expected) + " arguments, got " +
                       std::to_string(count));
    return false;
  }
  if (!spread(*formats, expected)) {
    return protocol_violation("wrong number of parameter formats"), false;
  }
  for (std::size_t at = 0; at < expected; ++at) {
    const auto length = static_cast<std::int32_t>(reader.integer(4));
    std::optional<std::string_view> raw;
    if (length >= 0) raw = reader.bytes(static_cast<std::size_t>(length));
    if (!reader.ok()) return protocol_violation("malformed Bind message"), false;
    auto value = sql::decode(raw, *statement.prepared.parameter_types[at], (*formats)[at], at + 1);
    if (const auto* error = std::get_if<sql::SqlError>(&value)) return fail(*error), false;
    portal.parameters.push_back(std::move(std::get<sql::Value>(value)));
  }
  return true;
}

void Connection::describe(PayloadReader reader) {
  const char kind = reader.byte();
  const std::string name = reader.text();
  if (!reader.ok()) return protocol_violation("malformed Describe message");
  if (kind == 'S') {
    const auto found = statements_.find(name);
    if (found == statements_.end()) return fail(unknown_statement(name));
    out_.parameter_description(found->second.parameter_oids);
    const sql::Description& description = found->second.description;
    if (!description.returns_rows) return out_.plain('n');
    return out_.row_description(description.fields, {});
  }
  const auto found = portals_.find(name);
  if (kind != 'P') return protocol_violation("unknown subtype of Describe");
  if (found == portals_.end()) return fail(named_error("34000", "unknown portal \"" + name + "\""));
  const Portal& portal = found->second;
  if (!portal.description.returns_rows) return out_.plain('n');
  out_.row_description(portal.description.fields, portal.formats);
}

void Connection::execute(PayloadReader reader) {
  const std::string name = reader.text();
  const auto limit = static_cast<std::size_t>(reader.integer(4));
  if (!reader.ok()) return protocol_violation("malformed Execute message");
  const auto found = portals_.find(name);
  if (found == portals_.end()) return fail(named_error("34000", "unknown portal \"" + name + "\""));
  Portal& portal = found->second;
  if (portal.prepared.parsed->statements.empty()) return out_.plain('I');
  if (!portal.outcome) {
    auto result = run(portal.prepared, portal.parameters);
    if (const auto* error = std::get_if<sql::SqlError>(&result)) return fail(*error);
    portal.outcome = std::move(std::get<sql::Outcome>(result));
    // A table may have changed since Parse; the formats belong to what was described.
    if (portal.outcome->fields.size() != portal.formats.size() && portal.outcome->returns_rows) {
      return fail(named_error("0A000", "cached plan must not change result type"));
    }
  }
  const sql::Outcome& outcome = *portal.outcome;
  const std::size_t from = portal.sent;
  const std::size_t left = outcome.rows.size() - from;
  const std::size_t count = limit == 0 ? left : std::min(limit, left);
  if (!send_rows(outcome, portal.formats, from, from + count)) {
    skips_to_sync_ = true;
    return;
  }
  portal.sent += count;
  if (limit != 0 && count == limit) return out_.plain('s');
  send_complete(outcome, count);
  after_statement(outcome);
}

void Connection::close(PayloadReader reader) {
  const char kind = reader.byte();
  const std::string name = reader.text();
  if (!reader.ok() || (kind != 'S' && kind != 'P')) {
    return protocol_violation("malformed Close message");
  }
  if (kind == 'S') {
    statements_.erase(name);
  } else {
    portals_.erase(name);
  }
  out_.plain('3');
}

void Connection::sync() {
  skips_to_sync_ = false;
  // Portals live as long as their transaction.
  if (session_->status() == sql::TransactionStatus::idle) portals_.clear();
  out_.ready(static_cast<char>(session_->status()));
}

}  // namespace faultline::sim::pgwire

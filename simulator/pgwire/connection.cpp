#include "simulator/pgwire/connection.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

// Startup, login, framing, and the simple protocol; the extended one is in extended.cpp.

namespace faultline::sim::pgwire {
namespace {

constexpr std::uint64_t kHeader = 5;

sql::SqlError server_error(std::string sqlstate, std::string message, std::string file, int line,
                           std::string routine) {
  sql::SqlError error;
  error.sqlstate = std::move(sqlstate);
  error.message = std::move(message);
  error.file = std::move(file);
  error.line = line;
  error.routine = std::move(routine);
  return error;
}

sql::SqlError no_tls_in_tls() {
  return server_error("08P01", "unexpected SSLRequest inside TLS", "", 0, "");
}

sql::SqlError login_timed_out(std::chrono::steady_clock::duration waited) {
  std::string took = std::to_string(std::chrono::duration<double>(waited).count());
  took.resize(took.find('.') + 4);
  return server_error(
      "28000",
      "internal error while retrieving user account memberships: operation \"get-user-timeout\" "
      "timed out after 10s (took " +
          took +
          "s): internal error while retrieving user account: aborted during range descriptor "
          "lookup: context deadline exceeded",
      "", 0, "GetUserSessionInitInfo");
}

}  // namespace

Connection::Connection(sql::Catalog& catalog, ConnectionFlags& flags, ConnectionOptions options)
    : catalog_(catalog), flags_(flags), options_(std::move(options)) {}

bool Connection::step() {
  switch (phase_) {
    case Phase::startup: return first_message();
    case Phase::waiting: log_in(); return phase_ != Phase::waiting;
    case Phase::password: return next_message();
    case Phase::ready: return next_message();
    case Phase::foreign:
      input_.clear();  // The real port would talk HTTP/2 now; nobody listens here.
      return false;
    case Phase::closed: return false;
  }
  return false;
}

bool Connection::first_message() {
  if (input_.size() < kFirstBytes) return false;
  const FirstMessage kind = classify(input_);
  const std::size_t length = sql::read_integer(std::string_view(input_).substr(0, 4));
  if (kind != FirstMessage::foreign && input_.size() < length) return false;
  const std::string message = kind == FirstMessage::foreign
                                  ? std::string()
                                  : input_.substr(kFirstBytes, length - kFirstBytes);
  if (kind != FirstMessage::foreign) input_.erase(0, length);
  switch (kind) {
    case FirstMessage::foreign:
      out_.raw(http2_greeting());
      phase_ = Phase::foreign;
      return true;
    case FirstMessage::tls:
      // Asked inside TLS for TLS: the server would not know what to say either.
      if (options_.tls) return refuse(no_tls_in_tls()), true;
      out_.raw(options_.secure ? "S" : "N");
      wants_tls_ = options_.secure;
      return true;
    case FirstMessage::gss:
      refuse(server_error("08P01", "GSS encryption is not yet supported", "server.go", 656,
                          "ServeConn"));
      return true;
    case FirstMessage::cancel: {
      PayloadReader reader(message);
      CancelKey key;
      key.pid = static_cast<std::uint32_t>(reader.integer(4));
      key.secret = static_cast<std::uint32_t>(reader.integer(4));
      if (options_.cancel) options_.cancel(key);
      phase_ = Phase::closed;  // Without a byte, whether the key was right or not.
      return true;
    }
    case FirstMessage::startup: break;
  }
  auto parsed = parse_startup(message);
  if (!parsed) {
    refuse(server_error("08P01", "malformed startup message", "", 0, ""));
    return true;
  }
  startup_ = std::move(*parsed);
  if (options_.secure && !options_.tls) {
    refuse(server_error("08P01", "node is running secure mode, SSL connection required",
                        "server.go", 1122, "maybeUpgradeToSecureConn"));
    return true;
  }
  phase_ = Phase::waiting;
  return true;
}

void Connection::refuse(const sql::SqlError& error) {
  out_.error(error);
  phase_ = Phase::closed;
}

void Connection::log_in() {
  if (options_.draining && options_.draining()) {
    return refuse(
        server_error("57P01", "server is not accepting clients, try another node", "", 0, ""));
  }
  if (options_.accepts_logins && !options_.accepts_logins()) return;
  std::optional<sql::Account> account;
  if (!find_account(account)) return;  // Refused.
  if (options_.secure) return authenticate(account);
  if (!account) return refuse(password_failed());
  start_session(*account);
}

sql::SqlError Connection::password_failed() const {
  return server_error("28000", "password authentication failed for user " + startup_.user,
                      "auth.go", 196, "NewErrPasswordUserAuthFailed");
}

// root is found without the cluster. Everybody else may need it, for ten seconds at most.
bool Connection::find_account(std::optional<sql::Account>& account) {
  sql::Context context;
  context.cancelled = &flags_.cancelled;
  const auto started = std::chrono::steady_clock::now();
  context.deadline = started + options_.login_timeout;
  auto found = catalog_.find_account(context, startup_.user);
  if (const auto* error = std::get_if<sql::SqlError>(&found)) {
    const auto waited = std::chrono::steady_clock::now() - started;
    refuse(error->sqlstate == "57014" ? login_timed_out(waited) : *error);
    return false;
  }
  account = std::move(std::get<std::optional<sql::Account>>(found));
  if (!account || account->may_login) return true;
  refuse(server_error("28000", startup_.user + " does not have login privilege", "", 0, ""));
  return false;
}

void Connection::start_session(const sql::Account& account) {
  sql::SessionOptions options;
  options.user = startup_.user;
  options.database = startup_.database.empty() ? "defaultdb" : startup_.database;
  options.backend_pid = options_.key.pid;
  options.cancelled = &flags_.cancelled;
  session_ = std::make_unique<sql::Session>(catalog_, options);
  for (const auto& settings : {account.variables, startup_.settings}) {
    for (const auto& [name, value] : settings) session_->settings().set_at_startup(name, value);
  }
  out_.authentication_ok();
  const auto current = [&](const char* name) {
    return session_->settings().get(name).value_or("");
  };
  for (const auto& [name, variable] :
       {std::pair{"server_version", "server_version"},
        {"server_encoding", "server_encoding"},
        {"client_encoding", "client_encoding"},
        {"application_name", "application_name"},
        {"DateStyle", "datestyle"},
        {"IntervalStyle", "intervalstyle"},
        {"is_superuser", "is_superuser"},
        {"TimeZone", "timezone"},
        {"integer_datetimes", "integer_datetimes"},
        {"standard_conforming_strings", "standard_conforming_strings"},
        {"crdb_version", "crdb_version"},
        {"session_authorization", "session_authorization"}}) {
    out_.parameter_status(name, current(variable));
  }
  out_.backend_key(options_.key.pid, options_.key.secret);
  out_.ready('I');
  phase_ = Phase::ready;
}

bool Connection::next_message() {
  if (input_.size() < kHeader) return false;
  const char type = input_[0];
  const std::size_t length = sql::read_integer(std::string_view(input_).substr(1, 4));
  if (length < 4 || length > kMessageMax) {
    refuse(server_error("08P01",
                        "message size " + std::to_string(length) + " is out of bounds, at most " +
                            std::to_string(kMessageMax),
                        "encoding.go", 283, "NewProtocolViolationErrorf"));
    return true;
  }
  if (input_.size() < length + 1) return false;
  const std::string payload = input_.substr(kHeader, length - 4);
  input_.erase(0, length + 1);
  dispatch(type, payload);
  return true;
}

void Connection::dispatch(char type, std::string_view payload) {
  if (phase_ == Phase::password) return password_message(type, payload);
  if (type == 'X') {
    phase_ = Phase::closed;
    return;
  }
  if (type == 'S') return sync();
  if (skips_to_sync_) return;
  switch (type) {
    case 'Q': return simple_query(payload);
    case 'P': return parse(PayloadReader(payload));
    case 'B': return bind(PayloadReader(payload));
    case 'D': return describe(PayloadReader(payload));
    case 'E': return execute(PayloadReader(payload));
    case 'C': return close(PayloadReader(payload));
    case 'H':  // Everything is flushed after every message anyway.
    case 'c':  // Copy messages without a COPY are ignored, as after a failed one.
    case 'd':
    case 'f': return;
    default:
      return refuse(server_error("08P01", std::string("unrecognized client message type ") + type,
                                 "encoding.go", 283, "NewProtocolViolationErrorf"));
  }
}

sql::SqlResult<sql::Outcome> Connection::run(const sql::Prepared& prepared,
                                             std::vector<sql::Value> parameters) {
  flags_.cancelled = flags_.gone.load();
  flags_.running = true;
  auto result = session_->execute(prepared, std::move(parameters));
  flags_.running = false;
  return result;
}

void Connection::simple_query(std::string_view payload) {
  PayloadReader reader(payload);
  const std::string text = reader.text();
  if (!reader.ok()) {
    protocol_violation("NUL terminator not found");
    skips_to_sync_ = false;  // No Sync follows a simple query.
    return out_.ready(static_cast<char>(session_->status()));
  }
  auto parsed = session_->parse(text);
  if (const auto* error = std::get_if<sql::SqlError>(&parsed)) {
    out_.error(*error);
    out_.ready(static_cast<char>(session_->status()));
    return;
  }
  for (const sql::Prepared& prepared : std::get<std::vector<sql::Prepared>>(parsed)) {
    if (prepared.parsed->statements.empty()) {
      out_.plain('I');
      break;
    }
    if (prepared.parsed->placeholders_count > 0) {
      sql::SqlError error;
      error.sqlstate = "42P02";
      error.message = "no value provided for placeholder: $1";
      session_->fail_transaction();
      out_.error(error);
      break;
    }
    auto result = run(prepared, {});
    if (const auto* error = std::get_if<sql::SqlError>(&result)) {
      out_.error(*error);
      break;
    }
    const auto& outcome = std::get<sql::Outcome>(result);
    if (outcome.returns_rows) out_.row_description(outcome.fields, {});
    if (!send_rows(outcome, {}, 0, outcome.rows.size())) break;
    send_complete(outcome, outcome.rows.size());
    after_statement(outcome);
  }
  portals_.clear();
  out_.ready(static_cast<char>(session_->status()));
}

bool Connection::send_rows(const sql::Outcome& outcome, const std::vector<sql::Format>& formats,
                           std::size_t from, std::size_t to) {
  for (std::size_t at = from; at < to; ++at) {
    if (const auto error = out_.data_row(outcome.rows[at], outcome.fields, formats)) {
      session_->fail_transaction();
      out_.error(*error);
      return false;
    }
  }
  return true;
}

void Connection::send_complete(const sql::Outcome& outcome, std::size_t rows_count) {
  for (const auto& [name, value] : outcome.changed_parameters) out_.parameter_status(name, value);
  out_.command_complete(outcome.tag_counts_rows ? outcome.tag + " " + std::to_string(rows_count)
                                                : outcome.tag);
}

void Connection::after_statement(const sql::Outcome& outcome) {
  if (!outcome.deallocated) return;
  if (outcome.deallocated->empty()) {
    statements_.clear();
  } else {
    statements_.erase(*outcome.deallocated);
  }
}

void Connection::shut_down() {
  if (phase_ == Phase::ready) {
    out_.error(
        server_error("57P01", "server is shutting down", "server.go", 1252, "newAdminShutdownErr"));
  }
  phase_ = Phase::closed;
}

}  // namespace faultline::sim::pgwire

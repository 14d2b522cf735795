#include "simulator/sql/session.hpp"

#include <array>
#include <chrono>
#include <exception>

#include "simulator/sql/action.hpp"
#include "simulator/sql/failure.hpp"

namespace faultline::sim::sql {
namespace {

const Statement kEmpty{};

const Statement& statement_of(const Prepared& prepared) {
  const auto& statements = prepared.parsed->statements;
  return prepared.at < statements.size() ? statements[prepared.at] : kEmpty;
}

bool is_session_verb(Verb verb) {
  switch (verb) {
    case Verb::empty:
    case Verb::set:
    case Verb::begin:
    case Verb::commit:
    case Verb::rollback:
    case Verb::savepoint:
    case Verb::release:
    case Verb::rollback_to:
    case Verb::discard:
    case Verb::deallocate: return true;
    default: return false;
  }
}

Micros wall_clock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return Micros{std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
}

Failure no_transaction() { return failure("25P01", "there is no transaction in progress"); }

// Told to the client when they change, under the names of the startup messages.
constexpr std::array<std::pair<const char*, const char*>, 5> kReported{{
    {"application_name", "application_name"},
    {"datestyle", "DateStyle"},
    {"intervalstyle", "IntervalStyle"},
    {"timezone", "TimeZone"},
    {"client_encoding", "client_encoding"},
}};

}  // namespace

Session::Session(Catalog& catalog, const SessionOptions& options)
    : catalog_(catalog),
      settings_(options.user, options.database, catalog.identity().version,
                catalog.identity().node_id),
      backend_pid_(options.backend_pid),
      cancelled_(options.cancelled) {
  const auto unsafe = catalog.identity().unsafe_internals;
  if (unsafe) settings_.add_unsafe_internals(*unsafe);
}

Runtime Session::make_runtime(const Prepared& prepared) {
  Context context;
  if (const auto timeout = settings_.statement_timeout()) {
    context.deadline = std::chrono::steady_clock::now() + *timeout;
  }
  context.cancelled = cancelled_;
  context.user = settings_.user();
  context.database = settings_.database();
  return Runtime{catalog_, settings_,    std::move(context), prepared.parameter_types,
                 {},       wall_clock(), backend_pid_};
}

// The edge of the folder: whatever is thrown inside becomes an SqlError here, and an
// open transaction is aborted by it.
template <class T, class Act>
SqlResult<T> Session::guarded(Act&& act) {
  try {
    return act();
  } catch (const Failure& thrown) {
    fail_transaction();
    return thrown.error;
  } catch (const std::exception& thrown) {
    // A cell that is not of its column's type, or memory running out: the session goes on.
    fail_transaction();
    return SqlError{"XX000", std::string("internal error: ") + thrown.what()};
  }
}

void Session::fail_transaction() {
  if (status_ == TransactionStatus::open) status_ = TransactionStatus::failed;
}

void Session::check_transaction(const Statement& statement) const {
  if (status_ != TransactionStatus::failed) return;
  const Verb verb = statement.verb;
  if (verb == Verb::commit || verb == Verb::rollback || verb == Verb::rollback_to ||
      verb == Verb::empty) {
    return;
  }
  Failure made = failure(
      "25P02", "current transaction is aborted, commands ignored until end of transaction block");
  made.error.file = "errors.go";
  made.error.line = 39;
  made.error.routine = "NewTransactionAbortedError";
  throw made;
}

SqlResult<std::vector<Prepared>> Session::parse(std::string_view text) {
  return guarded<std::vector<Prepared>>([&] {
    const auto parsed = std::make_shared<const Parsed>(sql::parse(text));
    std::vector<Prepared> all;
    for (std::size_t at = 0; at < parsed->statements.size(); ++at) all.push_back({parsed, at});
    if (all.empty()) all.push_back({parsed, 0});
    return all;
  });
}

SqlResult<Description> Session::describe(Prepared& prepared) {
  return guarded<Description>([&]() -> Description {
    const Statement& statement = statement_of(prepared);
    check_transaction(statement);
    if (is_session_verb(statement.verb)) return {};
    Runtime runtime = make_runtime(prepared);
    const Action action = plan_action(runtime, statement);
    prepared.parameter_types = std::move(runtime.parameter_types);
    const auto count = static_cast<std::size_t>(prepared.parsed->placeholders_count);
    prepared.parameter_types.resize(std::max(prepared.parameter_types.size(), count));
    return {action.returns_rows, action.fields};
  });
}

SqlResult<Outcome> Session::execute(const Prepared& prepared, std::vector<Value> parameters) {
  return guarded<Outcome>([&] {
    const Statement& statement = statement_of(prepared);
    check_transaction(statement);
    Outcome outcome;
    if (transaction_verb(statement, outcome) || session_verb(statement, outcome)) return outcome;
    Runtime runtime = make_runtime(prepared);
    runtime.parameters = std::move(parameters);
    const Action action = plan_action(runtime, statement);
    Action::Done done = action.run();
    outcome.returns_rows = action.returns_rows;
    outcome.tag_counts_rows = action.tag_counts_rows;
    outcome.fields = action.fields;
    outcome.rows = std::move(done.rows);
    outcome.tag = std::move(done.tag);
    return outcome;
  });
}

bool Session::transaction_verb(const Statement& statement, Outcome& outcome) {
  const bool in_transaction = status_ != TransactionStatus::idle;
  switch (statement.verb) {
    case Verb::begin:
      if (in_transaction) throw failure("25001", "there is already a transaction in progress");
      status_ = TransactionStatus::open;
      outcome.tag = "BEGIN";
      return true;
    case Verb::commit:
      if (!in_transaction) throw no_transaction();
      outcome.tag = status_ == TransactionStatus::failed ? "ROLLBACK" : "COMMIT";
      status_ = TransactionStatus::idle;
      return true;
    case Verb::rollback:
      if (!in_transaction) throw no_transaction();
      status_ = TransactionStatus::idle;
      outcome.tag = "ROLLBACK";
      return true;
    case Verb::savepoint:
    case Verb::release:
      if (!in_transaction) throw no_transaction();
      outcome.tag = statement.verb == Verb::savepoint ? "SAVEPOINT" : "RELEASE";
      return true;
    case Verb::rollback_to:
      if (!in_transaction) throw no_transaction();
      status_ = TransactionStatus::open;
      outcome.tag = "ROLLBACK";
      return true;
    default: return false;
  }
}

bool Session::session_verb(const Statement& statement, Outcome& outcome) {
  switch (statement.verb) {
    case Verb::empty: return true;
    case Verb::set: set_variable(statement, outcome); return true;
    case Verb::discard:
      settings_.reset_all();
      outcome.deallocated = "";
      outcome.tag = "DISCARD";
      return true;
    case Verb::deallocate:
      outcome.deallocated = statement.name;
      outcome.tag = statement.name.empty() ? "DEALLOCATE ALL" : "DEALLOCATE";
      return true;
    default: return false;
  }
}

void Session::set_variable(const Statement& statement, Outcome& outcome) {
  outcome.tag = "SET";
  if (statement.name == "transaction") {
    outcome.tag = "SET TRANSACTION";
    return;
  }
  if (statement.is_default) {
    if (statement.value.empty()) outcome.tag = "RESET";
    if (statement.name == "all") {
      settings_.reset_all();
    } else {
      settings_.reset(statement.name);
    }
  } else {
    if (statement.name == "database" && !statement.value.empty() &&
        !catalog_.has_database(statement.value)) {
      throw undefined_database(statement.value);
    }
    settings_.set(statement.name, statement.value);
  }
  for (const auto& [name, reported] : kReported) {
    if (statement.name != name) continue;
    outcome.changed_parameters.emplace_back(reported, settings_.get(name).value_or(""));
  }
}

}  // namespace faultline::sim::sql

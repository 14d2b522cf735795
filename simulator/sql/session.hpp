#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulator/sql/catalog.hpp"
#include "simulator/sql/parser.hpp"
#include "simulator/sql/plan.hpp"
#include "simulator/sql/settings.hpp"

namespace faultline::sim::sql {

/// A statement that was parsed, and what is known about its parameters.
struct Prepared {
  std::shared_ptr<const Parsed> parsed;
  std::size_t at = 0;
  std::vector<std::optional<Type>> parameter_types = {};
};

struct Description {
  bool returns_rows = false;
  Fields fields;
};

struct Outcome {
  bool returns_rows = false;
  Fields fields;
  std::vector<Row> rows;
  std::string tag;                         ///< "SELECT", "INSERT 0 1", ...
  bool tag_counts_rows = false;            ///< The number of rows sent is put behind the tag.
  std::optional<std::string> deallocated;  ///< A prepared statement; "" is all of them.
  /// Session variables that the client is told about (ParameterStatus).
  std::vector<std::pair<std::string, std::string>> changed_parameters;
};

enum class TransactionStatus : char { idle = 'I', open = 'T', failed = 'E' };

struct SessionOptions {
  std::string user = "root";
  std::string database = "defaultdb";
  std::int64_t backend_pid = 0;
  const std::atomic<bool>* cancelled = nullptr;  ///< Outlives the session.
};

/// One client's SQL session, without any transport. One thread at a time. The
/// catalog outlives it.
class Session {
 public:
  Session(Catalog& catalog, const SessionOptions& options);

  /// The statements of a text, not yet looked at further.
  [[nodiscard]] SqlResult<std::vector<Prepared>> parse(std::string_view text);
  /// Resolves names and types; fills in the types of parameters.
  [[nodiscard]] SqlResult<Description> describe(Prepared& prepared);
  [[nodiscard]] SqlResult<Outcome> execute(const Prepared& prepared,
                                           std::vector<Value> parameters = {});

  [[nodiscard]] TransactionStatus status() const { return status_; }
  /// A protocol-level failure aborts an open transaction too.
  void fail_transaction();
  [[nodiscard]] Settings& settings() { return settings_; }

 private:
  [[nodiscard]] Runtime make_runtime(const Prepared& prepared);
  template <class T, class Act>
  SqlResult<T> guarded(Act&& act);
  void check_transaction(const Statement& statement) const;
  bool transaction_verb(const Statement& statement, Outcome& outcome);
  bool session_verb(const Statement& statement, Outcome& outcome);
  void set_variable(const Statement& statement, Outcome& outcome);

  Catalog& catalog_;
  Settings settings_;
  std::int64_t backend_pid_;
  const std::atomic<bool>* cancelled_;
  TransactionStatus status_ = TransactionStatus::idle;
};

}  // namespace faultline::sim::sql

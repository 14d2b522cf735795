#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "common/base/log.hpp"
#include "common/poll/source.hpp"
#include "exporter/sources/probe_ledger.hpp"
#include "exporter/sources/roster.hpp"
#include "exporter/sources/sql_session.hpp"

namespace faultline::sources {

/// What a failed statement of the probe says about itself rather than about the cluster: empty
/// for silence, a broken connection and what a server says that cannot reach a range or is going
/// down; else why, and what to do. Pure.
[[nodiscard]] std::string hindrance_of(const Error& error);

/// What the probe knows.
struct ProbePart {
  std::map<NodeId, NodeProbe> nodes;
  LedgerCounts ledger;
  std::optional<WallTime> write_worked_at;  ///< The last, through any node.
  /// The first write since the start, or since the last hindrance, whose end tells about the
  /// cluster, whether it worked or not.
  std::optional<WallTime> telling_since;
};

struct ProbeOptions {
  milliseconds interval{250};  ///< From the begin of one round through a node to the next.
  milliseconds timeout{2000};  ///< The deadline of one statement.
  std::string writer;          ///< Names this run in the table: letters, digits and dashes.
};

/// Experiences the cluster as clients do: again and again through each node SELECT 1, an
/// UPSERT of a new number and a read of what was written, on sessions that stay open.
/// It writes, to a database of its own, so it is off unless asked for. A few threads go
/// round the nodes, so that a silent one holds up one of them for a deadline and no more.
/// `step` is one node's round and is what tests call.
class Probe {
 public:
  static constexpr std::size_t kThreadsMax = 8;
  static const std::string kDatabase;
  static const std::string kTable;

  struct Wiring {
    Roster& roster;               ///< Outlives this, as does the clock.
    sql::SessionFactory dial;     ///< With a statement timeout below `timeout`; may write.
    sql::SessionFactory patient;  ///< For CREATE, which takes longer.
    const Clock& clock;
    std::function<void()> on_change;  ///< Something works or fails that did not; hand over only.
  };
  Probe(ProbeOptions options, Wiring wiring, Logger log);

  void start();  ///< At most once.
  void request_stop();

  /// The node that has waited longest, if one is due. Returns when to come again. Any
  /// thread, several at once.
  SteadyTime step();

  [[nodiscard]] poll::Reading<ProbePart> latest() const;  ///< Never blocks long; any thread.

 private:
  /// One node; of the thread that has taken it, but for `due`, `busy` and `probe`.
  struct Lane {
    std::string address;
    std::unique_ptr<sql::Session> session;
    SteadyTime due;
    bool busy = false;
    NodeProbe probe;
  };
  struct Attempt {
    Result<sql::Rows> rows;
    std::chrono::microseconds took;
  };

  using Sessions = std::vector<std::unique_ptr<sql::Session>>;
  /// Lanes for the nodes that there are; returns what is to be hung up, after the lock.
  [[nodiscard]] Sessions admit(SteadyTime now);
  void round(NodeId id, Lane& lane);
  void write_and_read(NodeId id, Lane& lane);
  [[nodiscard]] Attempt run(Lane& lane, const std::string& statement);
  void note(Lane& lane, ProbeOperation operation, const Attempt& attempt);
  void note_unsent(Lane& lane, ProbeOperation operation);
  /// Nothing is written until there is a table: what was before is no news any more.
  void note_no_table(Lane& lane);
  /// Goes back to making the table when `error` says that the one made last is not there.
  void look_for_table(const Error& error, std::int64_t table);
  void finish(Lane& lane, SteadyTime started);
  /// Whether there is a table to write to; makes it when nobody has.
  [[nodiscard]] bool set_up(const std::string& address);
  [[nodiscard]] Status create_table(sql::Session& session);
  [[nodiscard]] NodeId next_owner();
  void read_back(Lane& lane, std::int64_t table);

  const ProbeOptions options_;
  const Wiring wiring_;
  const Logger log_;
  mutable std::mutex mutex_;  // Guards all below but threads_.
  std::map<NodeId, Lane> lanes_;
  ProbeLedger ledger_;
  enum class Table : std::uint8_t { missing, being_made, there } table_ = Table::missing;
  std::int64_t tables_made_ = 0;
  SteadyTime set_up_due_;
  std::string set_up_error_;
  NodeId last_owner_;
  std::optional<WallTime> write_worked_at_;
  std::optional<WallTime> telling_since_;
  std::int64_t rounds_ = 0;
  std::vector<std::jthread> threads_;  // Last: they end before the rest goes.
};

}  // namespace faultline::sources

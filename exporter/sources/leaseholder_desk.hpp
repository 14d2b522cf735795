#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "exporter/sources/leaseholders.hpp"

namespace faultline::sources {

/// Where questions about leaseholders are put, so that no page waits for the database: the
/// first one is answered with "is being read" and has a thread look; who asks again gets the
/// answer. One statement at a time, and none sooner than kFresh after the last of the same
/// table, however often one asks. `ask` from any thread; `step` from one.
class LeaseholderDesk {
 public:
  using Read = std::function<Result<LeaseholdersPart>(const TableName&, Deadline)>;
  struct Answer {
    Result<LeaseholdersPart> part;
    WallTime at;
  };

  static constexpr milliseconds kFresh{2000};
  static constexpr milliseconds kBudget{2500};  ///< Of one read.
  static constexpr std::size_t kTablesMax = 16;

  /// `clock` and what `read` works with outlive this.
  LeaseholderDesk(Read read, const Clock& clock) : read_(std::move(read)), clock_(clock) {}

  /// Empty: it is being read.
  [[nodiscard]] std::optional<Answer> ask(const TableName& table);
  /// Reads what was asked for longest; whether there was anything.
  bool step();

  void start();
  /// Asks the thread to end; it does after the read in hand.
  void request_stop() { thread_.request_stop(); }

 private:
  struct Entry {
    TableName table;
    std::optional<SteadyTime> asked_at;  ///< Nobody has looked since.
    std::optional<SteadyTime> read_at;
    std::optional<Answer> answer;
  };
  [[nodiscard]] Entry* next();
  void forget_one();

  const Read read_;
  const Clock& clock_;
  std::mutex mutex_;  // Guards entries_; not held while reading.
  std::condition_variable_any asked_;
  std::map<std::string, Entry> entries_;  ///< By in_sql().
  std::jthread thread_;                   // Last: ends before the rest goes.
};

}  // namespace faultline::sources

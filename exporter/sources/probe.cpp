#include "exporter/sources/probe.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "common/poll/wakeup.hpp"
#include "exporter/sources/cells.hpp"
#include "exporter/sources/dialect.hpp"

namespace faultline::sources {

namespace {

constexpr milliseconds kBreath{10};  // Between two rounds of one node at the very least.
constexpr milliseconds kIdle{250};
constexpr milliseconds kSetUpRetry{5'000};
constexpr milliseconds kSetUpTime{10'000};
constexpr std::int64_t kKeptMs = 24LL * 3600 * 1000;  // Rows of runs long gone.

std::string number(std::int64_t value) { return std::to_string(value); }

Result<std::map<std::int64_t, std::int64_t>> parse_ledger(const sql::Rows& rows) {
  std::map<std::int64_t, std::int64_t> found;
  for (const auto& row : rows) {
    CellReader cells{row, "the probe's ledger"};
    const auto slot = cells.integer(0, "slot");
    const auto seq = cells.integer(1, "seq");
    if (cells.error()) return *cells.error();
    found.insert_or_assign(slot, seq);
  }
  return found;
}

std::string_view sqlstate_of(const Error& error) {
  return error.code == ErrorCode::upstream ? std::string_view{error.message}.substr(0, 5)
                                           : std::string_view{};
}

/// The table, or the database that it is in.
bool is_gone(const Error& error) {
  const auto state = sqlstate_of(error);
  return state == "42P01" || state == "3D000";
}

void count(OperationStats& stats, std::chrono::microseconds took) {
  const auto seconds = static_cast<double>(took.count()) / 1e6;
  const auto bucket = std::lower_bound(kProbeBuckets.begin(), kProbeBuckets.end(), seconds);
  ++stats.buckets.at(static_cast<std::size_t>(bucket - kProbeBuckets.begin()));
  ++stats.worked;
  stats.seconds_sum += seconds;
  stats.took = took;
  stats.ok = true;
}

}  // namespace

std::string hindrance_of(const Error& error) {
  if (error.code == ErrorCode::timeout || error.code == ErrorCode::unavailable) return "";
  // No answer in time, an outcome that nobody knows, a range without quorum (XXUUU before it
  // had a state of its own), a node that shuts down. Recorded, all of them.
  constexpr std::array<std::string_view, 6> kTrouble{"57014", "40003", "58C00",
                                                     "XXUUU", "57P01", "57P03"};
  const auto state = sqlstate_of(error);
  if (std::find(kTrouble.begin(), kTrouble.end(), state) != kTrouble.end()) return "";
  if (is_gone(error)) return "its table " + Probe::kTable + " is gone and will be made again";
  if (state.starts_with("42")) {
    return error.message + "; is the table " + Probe::kTable +
           " the probe's own? Drop it, and it is made again";
  }
  return error.message;
}

const std::string Probe::kDatabase{sql::kProbeDatabase};
const std::string Probe::kTable = kDatabase + ".public.ledger";

Probe::Probe(ProbeOptions options, Wiring wiring, Logger log)
    : options_(std::move(options)), wiring_(std::move(wiring)), log_(std::move(log)) {}

void Probe::start() {
  log_->info("the probe writes to the cluster table={} interval_ms={} timeout_ms={}", kTable,
             options_.interval.count(), options_.timeout.count());
  for (std::size_t i = 0; i < kThreadsMax; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) {
      poll::Wakeup bell;
      while (!stop.stop_requested()) bell.wait(stop, step());
    });
  }
}

void Probe::request_stop() {
  for (auto& thread : threads_) thread.request_stop();
}

Probe::Sessions Probe::admit(SteadyTime now) {
  Sessions old;
  const auto members = wiring_.roster.members();
  const auto is_member = [&](NodeId id) {
    return std::any_of(members.begin(), members.end(),
                       [&](const Member& member) { return member.id == id; });
  };
  for (auto lane = lanes_.begin(); lane != lanes_.end();) {
    const bool stays = lane->second.busy || is_member(lane->first);
    if (!stays) old.push_back(std::move(lane->second.session));
    lane = stays ? std::next(lane) : lanes_.erase(lane);
  }
  for (const auto& member : members) {
    if (!member.id || member.sql.empty()) continue;
    auto [lane, is_new] = lanes_.try_emplace(*member.id);
    if (is_new) lane->second.due = now;
    if (!lane->second.busy && lane->second.address != member.sql) {
      lane->second.address = member.sql;
      old.push_back(std::move(lane->second.session));
    }
  }
  return old;
}

SteadyTime Probe::step() {
  const auto now = wiring_.clock.steady();
  Lane* lane = nullptr;
  NodeId id;
  Sessions old;  // Goes after the lock.
  {
    const std::lock_guard lock(mutex_);
    old = admit(now);
    auto next = now + kIdle;
    for (auto& [node, candidate] : lanes_) {
      if (candidate.busy) continue;
      next = std::min(next, candidate.due);
      if (candidate.due <= now && (lane == nullptr || candidate.due < lane->due)) {
        lane = &candidate;
        id = node;
      }
    }
    if (lane == nullptr) return next;
    lane->busy = true;  // Ours now; nodes of a map stay where they are.
  }
  round(id, *lane);
  finish(*lane, now);
  return wiring_.clock.steady();
}

void Probe::round(NodeId id, Lane& lane) {
  if (!lane.session) lane.session = wiring_.dial(lane.address);
  const auto select = run(lane, "SELECT 1");
  note(lane, ProbeOperation::select, select);
  if (!select.rows) {
    note_unsent(lane, ProbeOperation::write);
    note_unsent(lane, ProbeOperation::read);
    return;
  }
  if (!set_up(lane.address)) return note_no_table(lane);
  write_and_read(id, lane);
}

void Probe::write_and_read(NodeId id, Lane& lane) {
  ProbeWrite write;
  std::int64_t table = 0;
  const auto now_ms = to_ms(wiring_.clock.wall());
  {
    const std::lock_guard lock(mutex_);
    table = tables_made_;
    write = ledger_.begin_write(id);
  }
  const auto upsert =
      run(lane, "UPSERT INTO " + kTable + " (writer, node_id, slot, seq, at_ms)" + " VALUES ('" +
                    options_.writer + "', " + number(id.value) + ", " + number(write.slot) + ", " +
                    number(write.seq) + ", " + number(now_ms) + ")");
  const auto end = upsert.rows ? WriteEnd::acknowledged : judge_write(upsert.rows.error());
  {
    const std::lock_guard lock(mutex_);
    ledger_.end_write(write, end, wiring_.clock.wall());
    if (upsert.rows) write_worked_at_ = wiring_.clock.wall();
  }
  note(lane, ProbeOperation::write, upsert);
  if (!upsert.rows) {
    look_for_table(upsert.rows.error(), table);
    // A refused statement leaves the session as it was; otherwise a read would dial anew.
    const auto code = upsert.rows.error().code;
    if (code != ErrorCode::upstream && code != ErrorCode::forbidden) {
      return note_unsent(lane, ProbeOperation::read);
    }
  }
  read_back(lane, table);
}

/// Of each node's rows in turn, through this one: what one node wrote every other must see,
/// also when the writer is gone.
void Probe::read_back(Lane& lane, std::int64_t table) {
  ProbeLedger::Expectation expected;
  {
    const std::lock_guard lock(mutex_);
    expected = ledger_.expect(next_owner());
  }
  auto read = run(lane, "SELECT slot, seq FROM " + kTable + " WHERE writer = '" + options_.writer +
                            "' AND node_id = " + number(expected.owner.value));
  if (read.rows) {
    auto found = parse_ledger(*read.rows);
    if (found) {
      const std::lock_guard lock(mutex_);
      const auto lost = ledger_.counts().lost;
      ledger_.settle(expected, *found, wiring_.clock.wall());
      if (ledger_.counts().lost > lost) {
        log_->error(
            "acknowledged writes are not there any more written_through={} "
            "read_through={} lost={}",
            expected.owner.value, lane.address, ledger_.counts().lost - lost);
      }
    } else {
      read.rows = found.error();
    }
  } else {
    look_for_table(read.rows.error(), table);
  }
  note(lane, ProbeOperation::read, read);
}

NodeId Probe::next_owner() {
  auto next = lanes_.upper_bound(last_owner_);
  if (next == lanes_.end()) next = lanes_.begin();
  last_owner_ = next->first;
  return last_owner_;
}

Probe::Attempt Probe::run(Lane& lane, const std::string& statement) {
  const auto began = wiring_.clock.steady();
  auto rows = lane.session->query(statement, began + options_.timeout);
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(wiring_.clock.steady() - began);
  return {std::move(rows), took};
}

void Probe::note(Lane& lane, ProbeOperation operation, const Attempt& attempt) {
  const std::lock_guard lock(mutex_);
  auto& stats = lane.probe.operations.at(static_cast<std::size_t>(operation));
  if (attempt.rows) {
    if (operation == ProbeOperation::write && !telling_since_) {
      telling_since_ = wiring_.clock.wall();
    }
    return count(stats, attempt.took);
  }
  ++stats.failed;
  stats.ok = false;
  const auto& error = attempt.rows.error();
  lane.probe.reason = std::string{to_string(operation)} + ": " + error.message;
  if (operation == ProbeOperation::read) return;  // The opinion is about writes.
  lane.probe.hindrance = hindrance_of(error);
  if (!lane.probe.hindrance.empty()) {
    telling_since_.reset();
  } else if (!telling_since_) {
    telling_since_ = wiring_.clock.wall();
  }
}

void Probe::note_unsent(Lane& lane, ProbeOperation operation) {
  const std::lock_guard lock(mutex_);
  auto& stats = lane.probe.operations.at(static_cast<std::size_t>(operation));
  ++stats.failed;
  stats.ok = false;
}

void Probe::note_no_table(Lane& lane) {
  const std::lock_guard lock(mutex_);
  telling_since_.reset();
  for (const auto operation : {ProbeOperation::write, ProbeOperation::read}) {
    lane.probe.operations.at(static_cast<std::size_t>(operation)).ok.reset();
  }
}

void Probe::look_for_table(const Error& error, std::int64_t table) {
  if (!is_gone(error)) return;
  {
    const std::lock_guard lock(mutex_);
    // Who asked before it was made anew has old news.
    if (table_ != Table::there || table != tables_made_) return;
    table_ = Table::missing;
    // Not at once: another node may say yes to writes to the old one a moment longer, and the
    // new one has none of them.
    set_up_due_ = wiring_.clock.steady() + kSetUpRetry;
    ledger_.forget();
    set_up_error_ = hindrance_of(error);
  }
  log_->warn("the probe's table is gone and will be made again table={} error='{}'", kTable,
             error.message);
}

void Probe::finish(Lane& lane, SteadyTime started) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    const auto now = wiring_.clock.wall();
    auto& probe = lane.probe;
    const bool failing = std::any_of(probe.operations.begin(), probe.operations.end(),
                                     [](const OperationStats& stats) { return stats.ok == false; });
    changed = !probe.read_at || failing != probe.failing_since.has_value();
    if (!failing) {
      probe.failing_since.reset();
      probe.hindrance.clear();
      probe.reason = set_up_error_;
    } else if (!probe.failing_since) {
      probe.failing_since = now;
    }
    probe.read_at = now;
    probe.valid = true;
    ++rounds_;
    lane.due = std::max(started + options_.interval, wiring_.clock.steady() + kBreath);
    lane.busy = false;
  }
  if (changed && wiring_.on_change) wiring_.on_change();
}

bool Probe::set_up(const std::string& address) {
  {
    const std::lock_guard lock(mutex_);
    if (table_ != Table::missing) return table_ == Table::there;
    if (wiring_.clock.steady() < set_up_due_) return false;
    table_ = Table::being_made;
  }
  const auto session = wiring_.patient(address);
  const auto made = create_table(*session);
  const std::lock_guard lock(mutex_);
  table_ = made ? Table::there : Table::missing;
  if (made) ++tables_made_;
  set_up_due_ = wiring_.clock.steady() + kSetUpRetry;
  const auto error = made ? "" : "cannot make " + kTable + ": " + made.error().message;
  if (made) log_->info("the probe's table is there table={}", kTable);
  if (!made && set_up_error_ != error) log_->warn("probe failed error='{}'", error);
  set_up_error_ = error;
  return made.has_value();
}

Status Probe::create_table(sql::Session& session) {
  const auto deadline = wiring_.clock.steady() + kSetUpTime;
  // To create what is there takes privileges too, which who may write to it need not have.
  const auto there = session.query("SELECT 1 FROM " + kTable + " LIMIT 1", deadline);
  if (!there && !is_gone(there.error())) return there.error();
  if (!there) {
    const auto database = session.query("CREATE DATABASE IF NOT EXISTS " + kDatabase, deadline);
    if (!database && database.error().code != ErrorCode::forbidden) return database.error();
    const auto table = session.query(
        "CREATE TABLE IF NOT EXISTS " + kTable +
            " (writer STRING NOT NULL, node_id INT8 NOT NULL, slot INT8 NOT NULL, seq INT8 NOT "
            "NULL, at_ms INT8 NOT NULL, PRIMARY KEY (writer, node_id, slot))",
        deadline);
    // Where there is no database, the first refusal says what to do.
    if (!table) return !database && is_gone(table.error()) ? database.error() : table.error();
  }
  const auto old = number(to_ms(wiring_.clock.wall()) - kKeptMs);
  if (const auto tidied =
          session.query("DELETE FROM " + kTable + " WHERE at_ms < " + old, deadline);
      !tidied) {
    log_->debug("old rows stay error='{}'", tidied.error().message);
  }
  return kDone;
}

poll::Reading<ProbePart> Probe::latest() const {
  poll::Reading<ProbePart> reading;
  auto part = std::make_shared<ProbePart>();
  const std::lock_guard lock(mutex_);
  reading.reads = rounds_;
  for (const auto& [id, lane] : lanes_) {
    if (!lane.probe.read_at) continue;
    part->nodes.emplace(id, lane.probe);
    const auto& write = lane.probe.of(ProbeOperation::write);
    if (write.ok == true) reading.health.ok = true;
    if (write.took) {
      reading.health.took_ms = std::max(reading.health.took_ms.value_or(0),
                                        static_cast<double>(write.took->count()) / 1000.0);
    }
    if (write.ok != true) reading.health.error = lane.probe.reason;
  }
  if (reading.health.ok) reading.health.error.clear();
  if (!set_up_error_.empty()) reading.health.error = set_up_error_;
  part->ledger = ledger_.counts();
  part->write_worked_at = write_worked_at_;
  part->telling_since = telling_since_;
  reading.health.read_at = write_worked_at_;
  if (rounds_ > 0) reading.part = std::move(part);
  return reading;
}

}  // namespace faultline::sources

#include "exporter/sources/process.hpp"

namespace faultline::sources {

namespace {

/// The port says something, however little we understand of it.
bool answered(const Result<net::HttpResponse>& result) {
  return result.has_value() || result.error().code == ErrorCode::upstream ||
         result.error().code == ErrorCode::too_large;
}

bool timed_out(const Error& error) { return error.code == ErrorCode::timeout; }

std::string not_ready_reason(int status) {
  return status == 503 ? "it answers, but not ready (503): draining, or not live in its own eyes"
                       : "it answers readiness with " + std::to_string(status);
}

}  // namespace

ProcessProbe judge_process(const Member& member,
                           const std::optional<Result<milliseconds>>& connected,
                           const std::optional<Result<net::HttpResponse>>& ready,
                           const std::optional<Result<milliseconds>>& greeted) {
  ProcessProbe probe{member.sql, member.http, ProcessState::unreachable, {}, {}};
  const bool accepts = connected && connected->has_value();
  if (ready && answered(*ready)) {
    probe.state = ProcessState::reachable;
    if (ready->has_value()) {
      const int status = (*ready)->status;
      if (status == 200 || status == 503) probe.ready = status == 200;
      if (status != 200) probe.reason = not_ready_reason(status);
    } else {
      probe.reason = "HTTP port: " + ready->error().message;
    }
    if (connected && !accepts) probe.reason = "SQL port: " + connected->error().message;
    return probe;
  }
  const bool greets = greeted && greeted->has_value();
  const bool silent_http = ready && timed_out(ready->error()) && !greets;
  const bool silent_sql = greeted && !greets && timed_out(greeted->error());
  if (accepts && (silent_http || silent_sql)) {
    probe.state = ProcessState::unresponsive;
    probe.reason = "it accepts connections and says nothing";
    return probe;
  }
  if (accepts) {
    probe.state = ProcessState::reachable;
    probe.reason = ready ? "HTTP port: " + ready->error().message
                         : "its HTTP address is unknown: only the SQL port was tried";
    return probe;
  }
  if (connected) {
    probe.reason = connected->error().message;
  } else if (ready) {
    probe.reason = ready->error().message;
  } else {
    probe.state = ProcessState::unknown;
    probe.reason = "it has no known address";
  }
  return probe;
}

/// Those that accept, and of which HTTP may tell nothing.
ProcessSource::Greetings ProcessSource::greet(const std::vector<Member>& members,
                                              const std::vector<Result<milliseconds>>& connected,
                                              Deadline deadline) {
  // SSLRequest of the PostgreSQL protocol: its length, and a version that is none.
  static const std::string kSslRequest{"\0\0\0\x08\x04\xd2\x16\x2f", 8};
  std::vector<std::string> silent_so_far;
  std::size_t next = 0;
  for (const auto& member : members) {
    if (member.sql.empty()) continue;
    const bool accepts = connected[next++].has_value();
    const bool spoke = member.http && spoke_.contains(*member.http);
    if (accepts && !spoke) silent_so_far.push_back(member.sql);
  }
  Greetings greetings;
  if (silent_so_far.empty()) return greetings;
  const auto answers = http_.greet_all(silent_so_far, kSslRequest, deadline);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    greetings.emplace(silent_so_far[i], answers[i]);
  }
  return greetings;
}

Result<ProcessPart> ProcessSource::read(Deadline deadline) {
  const auto members = roster_.members();
  std::vector<std::string> sql;
  std::vector<std::string> http;
  for (const auto& member : members) {
    if (!member.sql.empty()) sql.push_back(member.sql);
    // An answer to readiness, whatever it says, proves that the process lives: asking
    // /health as well would double the work at rest.
    if (member.http) http.push_back(*member.http);
  }
  // A peer that swallows SYNs must leave time to ask the others over HTTP.
  const auto now = std::chrono::steady_clock::now();
  const auto connected = http_.connect_all(sql, now + (deadline - now) / 2);
  // Before the long wait for HTTP: who is late only because we were is not silent.
  const auto greetings = greet(members, connected, now + (deadline - now) * 7 / 10);
  auto ready = nodes_.get_all(http, "/health?ready=1", 1U << 16U, deadline);
  ProcessPart part;
  std::size_t sql_next = 0;
  std::size_t http_next = 0;
  spoke_.clear();
  for (const auto& member : members) {
    std::optional<Result<milliseconds>> connect;
    std::optional<Result<net::HttpResponse>> answer;
    if (!member.sql.empty()) connect.emplace(connected[sql_next++]);
    if (member.http) {
      answer.emplace(std::move(ready[http_next++]));
      if (answered(*answer)) spoke_.insert(*member.http);
    }
    std::optional<Result<milliseconds>> greeted;
    if (const auto found = greetings.find(member.sql); found != greetings.end()) {
      greeted.emplace(found->second);
    }
    part.probes.push_back(judge_process(member, connect, answer, greeted));
  }
  return part;
}

}  // namespace faultline::sources

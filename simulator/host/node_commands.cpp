#include "simulator/host/node_commands.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>

#include <poll.h>

#include "simulator/host/control.hpp"

namespace faultline::sim::host {
namespace {

constexpr std::chrono::minutes kPatience{30};
constexpr int kLookMs = 200;

const StatusRow* row_of(const std::vector<StatusRow>& rows, std::int64_t node) {
  const auto it = std::ranges::find(rows, node, &StatusRow::id);
  return it == rows.end() ? nullptr : &*it;
}

/// Looks at the cluster until `look` has an answer. `look` gets its rows.
Status watch(const std::string& host,
             const std::function<std::optional<Status>(const std::vector<StatusRow>&)>& look) {
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < limit) {
    const auto rows = ask_status(host);
    if (!rows) return rows.error();
    if (auto end = look(*rows)) return *end;
    (void)::poll(nullptr, 0, kLookMs);
  }
  return Error{ErrorCode::timeout, "not done within 30 minutes"};
}

// The change is refused when a heartbeat comes in between: asked until gossip shows it.
Status set_membership(const std::string& host, const std::vector<std::int64_t>& nodes,
                      const std::string& membership) {
  return watch(host, [&](const std::vector<StatusRow>& rows) -> std::optional<Status> {
    bool all = true;
    for (const std::int64_t node : nodes) {
      const StatusRow* row = row_of(rows, node);
      if (row != nullptr && row->membership == membership) continue;
      all = false;
      if (const Status begun = ask_membership(host, node, membership); !begun) return begun;
    }
    if (!all) return std::nullopt;
    return kDone;
  });
}

std::string table(const std::vector<StatusRow>& rows, const std::vector<std::int64_t>& nodes) {
  std::string out = "id\tis_live\treplicas\tis_decommissioning\tmembership\tis_draining\n";
  for (const std::int64_t node : nodes) {
    const StatusRow* row = row_of(rows, node);
    if (row == nullptr) continue;
    const auto word = [](bool value) { return value ? "true" : "false"; };
    out += std::to_string(node) + "\t" + word(row->is_live) + "\t" + std::to_string(row->ranges) +
           "\t" + word(row->membership != "active") + "\t" + row->membership + "\t" +
           word(row->is_draining) + "\n";
  }
  return out;
}

}  // namespace

Status decommission(const std::string& host, const std::vector<std::int64_t>& nodes, bool wait) {
  if (const Status begun = set_membership(host, nodes, "decommissioning"); !begun) return begun;
  if (!wait) return kDone;
  std::string shown;
  const Status emptied =
      watch(host, [&](const std::vector<StatusRow>& rows) -> std::optional<Status> {
        std::string now = table(rows, nodes);
        if (now != shown) std::fputs(now.c_str(), stdout);
        std::fflush(stdout);
        shown = std::move(now);
        const bool empty = std::ranges::all_of(nodes, [&](std::int64_t node) {
          const StatusRow* row = row_of(rows, node);
          return row == nullptr || row->ranges == 0;
        });
        if (!empty) return std::nullopt;
        return kDone;
      });
  if (!emptied) return emptied;
  if (const Status done = set_membership(host, nodes, "decommissioned"); !done) return done;
  std::puts(
      "\nNo more data reported on target nodes. Please verify cluster health before removing "
      "the nodes.");
  return kDone;
}

Status recommission(const std::string& host, const std::vector<std::int64_t>& nodes) {
  return set_membership(host, nodes, "active");
}

Status drain(const std::string& host, std::int64_t node) {
  if (const Status begun = ask_drain(host, node); !begun) return begun;
  std::int64_t shown = -1;
  return watch(host, [&](const std::vector<StatusRow>& rows) -> std::optional<Status> {
    const StatusRow* row = row_of(rows, node);
    if (row == nullptr || !row->is_draining) return std::nullopt;
    const std::int64_t left = std::max<std::int64_t>(row->leases, 0);
    if (left != shown) {
      std::fprintf(stderr, "node is draining... remaining: %lld%s\n", static_cast<long long>(left),
                   left == 0 ? " (complete)" : "");
    }
    shown = left;
    if (left > 0) return std::nullopt;
    std::puts("ok");
    return kDone;
  });
}

}  // namespace faultline::sim::host

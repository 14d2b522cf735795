#include "exporter/sources/kv_gate.hpp"

#include <algorithm>

namespace faultline::sources {

const std::string KvGate::kCanary = "SELECT node_id FROM crdb_internal.kv_node_liveness";

std::optional<Status> KvGate::known() const {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.steady();
  if (answered_at_ && now - *answered_at_ <= kGoodFor) return Status{kDone};
  if (now < retry_at_) return Status{why_};
  return std::nullopt;
}

Status KvGate::pass(GatewaySession& session, Deadline deadline) {
  if (auto status = known()) return *status;
  const auto asked = std::chrono::steady_clock::now();
  const auto rows = session.query(kCanary, std::min(deadline, asked + kBudget));
  if (rows || rows.error().code == ErrorCode::forbidden) {
    answered();
    return kDone;
  }
  const std::lock_guard lock(mutex_);
  retry_at_ = clock_.steady() + retry_;
  retry_ = std::min(retry_ * 2, kRetryMax);
  // Who does not get in at all learns nothing about the layer.
  why_ = rows.error();
  if (why_.code != ErrorCode::unauthorized) {
    why_ = {ErrorCode::unavailable,
            "off while the key-value layer does not answer: " + rows.error().message};
  }
  return why_;
}

void KvGate::answered() {
  const std::lock_guard lock(mutex_);
  answered_at_ = clock_.steady();
  retry_ = kRetry;
  retry_at_ = SteadyTime::min();
}

}  // namespace faultline::sources

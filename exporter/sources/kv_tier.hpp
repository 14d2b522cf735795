#pragma once

#include <string>

#include "common/poll/source.hpp"
#include "exporter/sources/breaker.hpp"
#include "exporter/sources/kv_gate.hpp"

namespace faultline::sources {

/// A source that reads through the key-value layer, asked only while that answers and
/// left alone for a while when it fails again and again. Its poller's thread.
template <class Part>
class KvTier final : public poll::Source<Part> {
 public:
  /// All outlive this. `session` is the one that `source` reads through.
  KvTier(poll::Source<Part>& source, GatewaySession& session, KvGate& gate, const Clock& clock)
      : source_(source), session_(session), gate_(gate), clock_(clock) {}

  [[nodiscard]] Result<Part> read(Deadline deadline) override {
    off_.clear();
    if (!breaker_.closed(clock_.steady())) return stay_off(breaker_.why());
    if (const auto passed = gate_.pass(session_, deadline); !passed) {
      if (passed.error().code == ErrorCode::unauthorized) return passed.error();
      return stay_off(passed.error().message);
    }
    auto part = source_.read(deadline);
    if (part) {
      breaker_.succeeded();
      gate_.answered();
    } else if (source_.off().empty()) {
      breaker_.failed(clock_.steady(), part.error().message);
    }
    off_ = source_.off();
    return part;
  }
  [[nodiscard]] std::optional<std::string> gateway() const override { return source_.gateway(); }
  [[nodiscard]] std::string off() const override { return off_; }
  [[nodiscard]] milliseconds pause_least() const override { return source_.pause_least(); }

 private:
  Error stay_off(std::string why) {
    off_ = std::move(why);
    return {ErrorCode::unavailable, off_};
  }

  poll::Source<Part>& source_;
  GatewaySession& session_;
  KvGate& gate_;
  const Clock& clock_;
  Breaker breaker_;
  std::string off_;
};

}  // namespace faultline::sources

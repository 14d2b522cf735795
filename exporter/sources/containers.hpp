#pragma once

#include <optional>
#include <string>

#include "common/base/secret.hpp"
#include "common/cluster/fault.hpp"
#include "common/net/http_call.hpp"
#include "common/poll/source.hpp"

namespace faultline::sources {

/// Containers and faults, from chaosd's event feed by long poll: what happens there is
/// known here within milliseconds. The poll is short, so that we can stop in time, and that a
/// chaosd that was paused is missed soon.
class ContainersSource final : public poll::Source<ChaosView> {
 public:
  static constexpr milliseconds kWait{2500};

  /// `token` may be empty; `http` outlives this.
  ContainersSource(std::string endpoint, Secret token, net::HttpClient& http)
      : endpoint_(std::move(endpoint)), token_(std::move(token)), http_(http) {}

  [[nodiscard]] Result<ChaosView> read(Deadline deadline) override;
  [[nodiscard]] std::optional<std::string> gateway() const override { return endpoint_; }

 private:
  std::string endpoint_;
  Secret token_;
  net::HttpClient& http_;
  std::string boot_;
  std::int64_t seq_ = -1;
};

}  // namespace faultline::sources

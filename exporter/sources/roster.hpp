#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.hpp"

namespace faultline::sources {

/// How a node answers, best first: whom to ask.
enum class Answering : std::uint8_t { ready, answers, unknown, silent };

/// A node, or an address that may turn out to be one.
struct Member {
  std::optional<NodeId> id;
  std::string sql;  ///< Where we dial it; empty when only its HTTP address is known.
  std::optional<std::string> http;
  Answering answering = Answering::unknown;
  bool operator==(const Member&) const = default;
};

/// Whom the sources can ask. The observer writes it from its latest picture, the
/// sources read it: what one source learnt helps the others. Any thread.
class Roster {
 public:
  /// The addresses from the configuration, until more is known.
  Roster(const std::vector<std::string>& sql, const std::vector<std::string>& http);

  /// True if addresses changed (not only how they answer).
  bool set(std::vector<Member> members);
  [[nodiscard]] std::vector<Member> members() const;

  /// Members with an SQL address, those that answer best first. With an owner,
  /// without those that other owners hold, so that two witnesses are two nodes.
  [[nodiscard]] std::vector<Member> gateways(const std::optional<std::string>& owner) const;
  /// `owner` has its session there now; empty releases.
  void hold(const std::string& owner, const std::string& address);

 private:
  mutable std::mutex mutex_;  // Guards both.
  std::vector<Member> members_;
  std::map<std::string, std::string> held_;  ///< Owner to address.
};

}  // namespace faultline::sources

#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace faultline::chaos {

/// On which host what is named without its host is: containers, as a journal of before there
/// were several hosts has them, and what is held for a fault. Filled as it is seen. Any thread.
class HostHomes {
 public:
  /// These and no others are the containers of `host`. `conflict` when another host has one of
  /// them: then both are one Engine under two names, or one a copy of the other.
  [[nodiscard]] Status list(const std::string& host, const std::vector<std::string>& ids);
  void put_hold(const std::string& fault, const std::string& host);
  void drop_hold(const std::string& fault);
  [[nodiscard]] std::optional<std::string> of_container(const std::string& id) const;
  [[nodiscard]] std::optional<std::string> of_hold(const std::string& fault) const;

 private:
  mutable std::mutex mutex_;  // Guards both.
  std::map<std::string, std::string> containers_;
  std::map<std::string, std::string> holds_;
};

}  // namespace faultline::chaos

#pragma once

#include <string>
#include <vector>

#include "chaosd/service/leaseholders.hpp"

namespace faultline::chaos {

/// Says what the test wants it to say, and records what it was asked.
class FakeLeaseholders final : public LeaseholderOracle {
 public:
  [[nodiscard]] Result<TableLeases> ask(const std::string& table) override {
    asked.push_back(table);
    return answer;
  }

  Result<TableLeases> answer = TableLeases{.table = "app.public.kv",
                                           .state = TableLeases::State::known,
                                           .ranges = 9,
                                           .holders = {{NodeId{2}, 6}, {NodeId{1}, 3}}};
  std::vector<std::string> asked;
};

}  // namespace faultline::chaos

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "chaosd/runtime/net_rules.hpp"
#include "common/base/result.hpp"

namespace faultline::nethold {

/// What a holder lays down and takes away.
class Held {
 public:
  virtual ~Held() = default;
  [[nodiscard]] virtual Status install() = 0;
  /// Other rules in the place of those that are there, in one step; what fails changes nothing.
  [[nodiscard]] virtual Status replace(chaos::NetRules /*rules*/) {
    return Error{ErrorCode::unsupported, "what is held here has no rules"};
  }
  /// The rules that are there, see to_word(NetRules); empty where there are none.
  [[nodiscard]] virtual std::string laid() const { return {}; }
  /// That there is nothing is success.
  [[nodiscard]] virtual Status remove() = 0;
  /// How many things of ours must be there: rules, or a file.
  [[nodiscard]] virtual int parts() const = 0;
  /// Whether the kernel takes them away when this process is killed.
  [[nodiscard]] virtual bool owned() const = 0;
  /// The proof that they are in the way: packets met, megabytes taken. An error when they
  /// are gone. `first`: asked right after install(), when it may take a moment to show.
  [[nodiscard]] virtual Result<std::int64_t> met(bool first) = 0;
  /// What the last met() saw instead, when it saw no proof; one sentence without quotes.
  [[nodiscard]] virtual std::string note() const { return {}; }
};

}  // namespace faultline::nethold

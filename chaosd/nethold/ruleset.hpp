#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chaosd/runtime/net_rules.hpp"

namespace faultline::nethold {

/// What is ours in a network namespace is known by the fault's id alone: the name of
/// the table, and the major number of the queueing discipline's handle.
struct Marks {
  std::string table;        ///< "faultline_f_6b042173e3f7_1", of family inet.
  std::uint32_t major = 0;  ///< 0x4000 to 0x7ffe; the kernel hands out 0x8000 and more.
};

/// `invalid` when the id has letters that a fault's id never has.
[[nodiscard]] Result<Marks> marks_of(const std::string& fault_id);

/// What every rule of ours has: it is counted by this, and known by it.
inline constexpr std::string_view kCounted = R"(counter name "met")";

/// The nftables commands that lay the rules down, in one transaction. `owned`: the
/// kernel removes the table when the process that made it is gone, however it went.
[[nodiscard]] std::string ruleset(const Marks& marks, const chaos::NetRules& rules, bool owned);
/// Lines that let the packets of these pass, one for each family; `side`: saddr or daddr.
[[nodiscard]] std::string let_through(const std::vector<std::string>& addresses,
                                      std::string_view side);
/// The chains that the rules are in.
[[nodiscard]] std::vector<std::string> chains_of(const chaos::NetRules& rules);
/// How many rules of ours the kernel must show afterwards.
[[nodiscard]] int rules_count(const chaos::NetRules& rules);
/// Counts our rules in what the kernel shows of the table.
[[nodiscard]] int count_rules(const std::string& listing);
/// Packets that met the rules, out of a listing of the table's counter; -1: not there.
[[nodiscard]] std::int64_t packets_in(const std::string& listing);

}  // namespace faultline::nethold

// ALTER RANGE and ALTER TABLE ... CONFIGURE ZONE USING.
#include <charconv>

#include "simulator/sql/failure.hpp"
#include "simulator/sql/grammar.hpp"

namespace faultline::sim::sql {
namespace {

// "[+region=eu, +zone=a]": tiers that every replica needs. Sets with a count for each, and
// what is forbidden, are for clusters bigger than those that are simulated.
std::vector<std::string> required_tiers(const std::string& text) {
  const auto bad = [&text] {
    return failure("22023", "constraints \"" + text +
                                "\": the simulated server takes a list of required tiers, as "
                                "[+region=eu, +zone=a]");
  };
  std::vector<std::string> tiers;
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') throw bad();
  std::string rest = text.substr(1, text.size() - 2);
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    std::string tier = rest.substr(0, comma);
    rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    tier.erase(0, tier.find_first_not_of(' '));
    tier.erase(tier.find_last_not_of(' ') + 1);
    if (!tier.starts_with('+') || tier.find('=') == std::string::npos) throw bad();
    tiers.push_back(tier.substr(1));
  }
  return tiers;
}

}  // namespace

void Grammar::zone_setting(ZoneChange& made) {
  std::string name;
  for (const std::string& part : dotted_name()) name += (name.empty() ? "" : ".") + part;
  need_symbol("=");
  const Token token = next();
  if (name == "num_replicas") {
    std::int64_t count = 0;
    const char* end = token.text.data() + token.text.size();
    const auto [stop, problem] = std::from_chars(token.text.data(), end, count);
    if (problem != std::errc{} || stop != end || count < 1) {
      throw failure("22023", "num_replicas must be a number of 1 or more");
    }
    made.replicas = count;
  } else if (name == "constraints" && token.kind == TokenKind::string) {
    made.constraints = required_tiers(token.text);
  } else {
    throw unsupported("CONFIGURE ZONE USING " + name);
  }
}

Statement Grammar::alter_zone() {
  ZoneChange change;
  if (take_word("range")) {
    change.range = identifier();
  } else {
    need_word("table");
    change.table = dotted_name();
  }
  if (!take_words({"configure", "zone", "using"})) throw unsupported("this ALTER");
  do {
    zone_setting(change);
  } while (take_symbol(","));
  Statement made;
  made.verb = Verb::configure_zone;
  made.zone = std::move(change);
  return made;
}

}  // namespace faultline::sim::sql

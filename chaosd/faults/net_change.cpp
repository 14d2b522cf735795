#include "chaosd/faults/net_change.hpp"

#include <algorithm>

namespace faultline::chaos {

namespace {

using Addresses = std::vector<std::string>;

template <class Item>
bool has(const std::vector<Item>& list, const Item& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// Those of `list` that are not in `other`, each once.
template <class Item>
std::vector<Item> without(const std::vector<Item>& list, const std::vector<Item>& other) {
  std::vector<Item> rest;
  for (const auto& item : list) {
    if (!has(other, item) && !has(rest, item)) rest.push_back(item);
  }
  return rest;
}

template <class Item>
void add(std::vector<Item>& list, const std::vector<Item>& more) {
  const auto rest = without(more, list);
  list.insert(list.end(), rest.begin(), rest.end());
}

bool is_about_everybody(const NetRules& rules) { return rules.peers.empty() && !rules.nobody; }

std::string joined(const Addresses& addresses, const std::map<std::string, std::string>& names) {
  std::string text;
  for (const auto& address : addresses) {
    const auto name = names.find(address);
    text += (text.empty() ? "" : ", ") + address;
    if (name != names.end()) text += " (" + name->second + ")";
  }
  return text;
}

std::string words_of(const NetRules& before, const NetRules& now, const NetPicture& picture) {
  std::string text;
  const auto say = [&](const std::string& what, const Addresses& addresses) {
    if (addresses.empty()) return;
    text += (text.empty() ? "" : "; ") + what + joined(addresses, picture.names);
  };
  say("now about ", without(now.peers, before.peers));
  say("no longer about ", without(before.peers, now.peers));
  say("now sparing ", without(now.exempt, before.exempt));
  say("no longer sparing ", without(before.exempt, now.exempt));
  Addresses ports;
  for (const auto port : without(now.ports, before.ports)) ports.push_back(std::to_string(port));
  say("now at port ", ports);
  if (now.nobody && !before.nobody) text += ", and no peer has an address";
  return text.empty() ? text : "its rules follow: " + text;
}

}  // namespace

std::vector<std::string> doubtful(const NetRules& before, const NetPicture& now) {
  if (is_about_everybody(before)) return without(before.exempt, now.rules.exempt);
  if (now.away.empty()) return {};
  Addresses known = before.peers;
  for (const auto& peer : now.away) add(known, peer.addresses);
  return without(known, now.rules.peers);
}

NetChange change_of(const NetRules& before, const NetPicture& now, const Addresses& in_use) {
  NetChange change{now.rules, !now.rules.witnesses.empty(), ""};
  NetRules& rules = change.rules;
  const auto stays = without(doubtful(before, now), in_use);
  // Of a host that does not answer just now nothing is listed: what was met stays met.
  add(rules.ports, before.ports);
  if (is_about_everybody(before)) {
    add(rules.exempt, stays);
  } else {
    add(rules.peers, stays);
    rules.witnesses = rules.peers;
    rules.nobody = rules.peers.empty();
  }
  change.words = words_of(before, rules, now);
  return change;
}

}  // namespace faultline::chaos

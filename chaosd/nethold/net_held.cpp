#include "chaosd/nethold/net_held.hpp"

#include <algorithm>
#include <ctime>

#include "chaosd/nethold/witness.hpp"

namespace faultline::nethold {

namespace {

bool is_shaped(const chaos::NetRules& rules) {
  return rules.effect == chaos::NetEffect::rate || rules.effect == chaos::NetEffect::delay;
}

}  // namespace

Result<std::unique_ptr<Held>> NetHeld::create(const std::string& fault_id, chaos::NetRules rules) {
  const auto marks = marks_of(fault_id);
  if (!marks) return marks.error();
  auto table = NftTable::create(*marks);
  if (!table) return table.error();
  std::optional<Shaper> shaper;
  if (is_shaped(rules)) {
    auto made = Shaper::create(*marks, Shaper::Devices::all_but_loopback);
    if (!made) return made.error();
    shaper = std::move(made).value();
  }
  return std::unique_ptr<Held>{
      new NetHeld{std::move(rules), std::move(table).value(), std::move(shaper)}};
}

Status NetHeld::install() {
  // The queue first: a packet that is given the priority of no class is not slowed down.
  if (shaper_) {
    if (auto shaped = shaper_->install(rules_); !shaped) return shaped;
  }
  return table_.install(rules_);
}

Status NetHeld::replace(chaos::NetRules rules) {
  if (shaper_) {
    if (auto extended = shaper_->extend(rules); !extended) return extended;
    const auto shaped = shaper_->packets();
    if (!shaped) return shaped.error();
    shaped_before_ = *shaped;
  }
  if (auto replaced = table_.replace(rules); !replaced) return replaced;
  rules_ = std::move(rules);
  return kDone;
}

Status NetHeld::remove() {
  auto removed = table_.remove();
  return removed && shaper_ ? shaper_->remove() : removed;
}

Result<std::int64_t> NetHeld::packets() {
  const auto packets = table_.packets();
  if (!packets || !shaper_) return packets;
  const auto shaped = shaper_->packets();
  if (!shaped) return shaped;
  return std::min(*packets, *shaped - shaped_before_);
}

Result<std::int64_t> NetHeld::met(bool first) {
  constexpr int kLooks = 30;
  constexpr timespec kBetween{0, 5'000'000};
  if (shaper_) {
    if (auto extended = shaper_->extend(rules_); !extended) return extended.error();
  }
  const Witnesses witnesses{rules_.witnesses, static_cast<int>(rules_.ports.front())};
  // What the target receives is met only when the other side answers.
  const int looks = first && rules_.direction == chaos::NetDirection::in ? kLooks : 1;
  auto seen = packets();
  for (int look = 1; look < looks && seen && *seen == 0; ++look) {
    nanosleep(&kBetween, nullptr);
    seen = packets();
  }
  return seen;
}

Status clean(const std::string& fault_id) {
  const auto marks = marks_of(fault_id);
  if (!marks) return marks.error();
  auto table = NftTable::create(*marks);
  if (!table) return table.error();
  if (auto removed = table->remove(); !removed) return removed;
  auto shaper = Shaper::create(*marks, Shaper::Devices::all_but_loopback);
  if (!shaper) return shaper.error();
  return shaper->remove();
}

}  // namespace faultline::nethold

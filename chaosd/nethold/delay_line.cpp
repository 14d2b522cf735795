#include "chaosd/nethold/delay_line.hpp"

#include <algorithm>

namespace faultline::nethold {

namespace {

// What a piece costs beside its bytes, so that many small ones count as what they are.
constexpr std::size_t kPieceCost = 96;

std::size_t beyond_enough(std::size_t held) {
  return held > DelayLine::kEnough ? held - DelayLine::kEnough : 0;
}

}  // namespace

DelayLine::~DelayLine() { count(0); }

bool DelayLine::has_room() const {
  if (ended()) return false;
  if (held_ < kEnough) return true;
  return held_ < kMost && pool_.used < RelayPool::kMost;
}

void DelayLine::push(RelayTime now, std::string_view bytes) {
  pieces_.push_back({arrival(now), std::string{bytes}});
  count(held_ + bytes.size() + kPieceCost);
}

void DelayLine::end(RelayTime now) {
  if (!ended()) end_ = arrival(now);
}

std::string_view DelayLine::due(RelayTime now) const {
  if (pieces_.empty() || pieces_.front().due > now) return {};
  return std::string_view{pieces_.front().bytes}.substr(gone_);
}

void DelayLine::take(std::size_t bytes) {
  gone_ += bytes;
  if (gone_ < pieces_.front().bytes.size()) return;
  count(held_ - pieces_.front().bytes.size() - kPieceCost);
  pieces_.pop_front();
  gone_ = 0;
}

bool DelayLine::over(RelayTime now) const { return pieces_.empty() && end_ && *end_ <= now; }

std::optional<RelayTime> DelayLine::next() const {
  if (!pieces_.empty()) return pieces_.front().due;
  return end_;
}

RelayTime DelayLine::arrival(RelayTime now) {
  auto late = late_.delay;
  if (late_.jitter.count() > 0) {
    std::uniform_int_distribution<std::int64_t> spread{-late_.jitter.count(), late_.jitter.count()};
    late += std::chrono::microseconds{spread(random_)};
  }
  last_ = std::max(last_, now + std::max(late, std::chrono::microseconds{0}));
  return last_;
}

void DelayLine::count(std::size_t held) {
  pool_.used = pool_.used + beyond_enough(held) - beyond_enough(held_);
  held_ = held;
}

}  // namespace faultline::nethold

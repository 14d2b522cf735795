#include "exporter/stream/outbox.hpp"

#include <algorithm>
#include <utility>

#include "common/base/ensure.hpp"

namespace faultline::stream {

bool Outbox::offer(const Publication& publication) {
  if (closing_) return true;
  if (protocol_ == Protocol::bare) {
    if (publication.seq() != seq_) put_picture(publication.bare(), publication.seq());
    return true;
  }
  for (const Frame& event : publication.events()) {
    if (!offer_news(event)) return false;
  }
  if (publication.seq() == seq_) return true;  // It asked again while this was going round.
  const bool delta_fits = publication.delta() && !picture_waiting();
  put_picture(delta_fits ? publication.delta() : publication.whole(), publication.seq());
  return true;
}

void Outbox::offer_whole(const Publication& publication) {
  if (closing_) return;
  const bool bare = protocol_ == Protocol::bare;
  put_picture(bare ? publication.bare() : publication.whole(), publication.seq());
}

bool Outbox::offer_news(Frame frame) {
  if (closing_) return true;
  const auto news = std::count_if(items_.begin(), items_.end(),
                                  [](const Item& item) { return item.kind == Kind::news; });
  if (static_cast<std::size_t>(news) >= events_max_) return false;
  items_.push_back({std::move(frame), Kind::news});
  return true;
}

void Outbox::close_with(Frame last) {
  const std::size_t begun = offset_ > 0 ? 1 : 0;
  items_.resize(std::min(items_.size(), begun));
  items_.push_back({std::move(last), Kind::news});
  closing_ = true;
}

std::string_view Outbox::unsent() const {
  FAULTLINE_ENSURE(!items_.empty(), "the caller asks empty() first");
  return std::string_view{*items_.front().frame}.substr(offset_);
}

bool Outbox::sent(std::size_t bytes) {
  FAULTLINE_ENSURE(bytes <= unsent().size(), "the kernel takes no more than it was given");
  offset_ += bytes;
  if (offset_ < items_.front().frame->size()) return false;
  items_.erase(items_.begin());
  offset_ = 0;
  stalled_since_.reset();
  return true;
}

void Outbox::stalled(SteadyTime now) {
  if (!stalled_since_) stalled_since_ = now;
}

bool Outbox::picture_waiting() const {
  const auto begun = static_cast<std::ptrdiff_t>(offset_ > 0 ? 1 : 0);
  return std::any_of(items_.begin() + begun, items_.end(),
                     [](const Item& item) { return item.kind == Kind::picture; });
}

void Outbox::put_picture(const Frame& frame, std::int64_t seq) {
  const auto begun = static_cast<std::ptrdiff_t>(offset_ > 0 ? 1 : 0);
  const auto stale = std::remove_if(items_.begin() + begun, items_.end(),
                                    [](const Item& item) { return item.kind == Kind::picture; });
  items_.erase(stale, items_.end());
  items_.push_back({frame, Kind::picture});
  seq_ = seq;
}

}  // namespace faultline::stream

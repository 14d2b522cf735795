#include "exporter/stream/publication.hpp"

#include <utility>

#include "common/wire/frame_json.hpp"
#include "common/wire/json_write.hpp"
#include "common/wire/snapshot_diff.hpp"
#include "common/wire/snapshot_json.hpp"

namespace faultline::stream {

Publication::Publication(SnapshotPtr snapshot, const std::vector<ClusterEvent>& events,
                         const Publication* before)
    : snapshot_(std::move(snapshot)) {
  const wire::FrameHead head{snapshot_->boot, seq()};
  for (const ClusterEvent& event : events) {
    events_.push_back(encode(Opcode::text, wire::event_frame(head, event)));
  }
  if (before == nullptr || before->snapshot_->boot != snapshot_->boot) return;
  const std::string delta =
      wire::delta_frame(head, before->seq(), wire::diff_snapshots(before->json(), json()));
  if (delta.size() <= text().size() / 2) delta_ = encode(Opcode::text, delta);
}

const Frame& Publication::whole() const {
  if (!whole_) {
    whole_ = encode(Opcode::text, wire::snapshot_frame({snapshot_->boot, seq()}, text()));
  }
  return whole_;
}

const Frame& Publication::bare() const {
  if (!bare_) bare_ = encode(Opcode::text, text());
  return bare_;
}

const nlohmann::json& Publication::json() const {
  if (!json_) json_ = wire::to_json(*snapshot_);
  return *json_;
}

const std::string& Publication::text() const {
  if (text_.empty()) text_ = wire::dump(json());
  return text_;
}

}  // namespace faultline::stream

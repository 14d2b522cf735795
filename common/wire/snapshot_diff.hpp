#pragma once

#include <nlohmann/json_fwd.hpp>

namespace faultline::wire {

// The arithmetic of DeltaFrame in schema/stream.schema.json, on Snapshot JSON. A
// snapshot's objects have a fixed set of fields in which null means unknown, so a
// null in a patch sets its field to null; no field is ever taken away. (A reader
// that applies RFC 7396 to the letter misses the field instead: also unknown.)

/// {set, nodes, removed_nodes}: turns `before` into `after`. Pure.
[[nodiscard]] nlohmann::json diff_snapshots(const nlohmann::json& before,
                                            const nlohmann::json& after);

/// What a client does with it: apply_delta(before, diff_snapshots(before, after)) == after.
[[nodiscard]] nlohmann::json apply_delta(nlohmann::json before, const nlohmann::json& delta);

}  // namespace faultline::wire

#include "common/wire/timeline_json.hpp"

#include <nlohmann/json.hpp>

#include "common/wire/json_write.hpp"
#include "common/wire/snapshot_json.hpp"

namespace faultline::wire {

using nlohmann::json;

std::string timeline_text(std::string_view boot, const TimelinePage& page) {
  json events = json::array();
  for (const auto& event : page.events) events.push_back(to_json(event));
  return dump({{"v", 1},
               {"boot", boot},
               {"events", std::move(events)},
               {"next", page.next},
               {"gap", page.gap},
               {"oldest", or_null(page.oldest)}});
}

}  // namespace faultline::wire

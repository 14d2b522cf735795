#include "exporter/sources/containers.hpp"

#include "common/wire/chaos_json.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::sources {

Result<ChaosView> ContainersSource::read(Deadline deadline) {
  net::HttpRequest request{.endpoint = endpoint_, .target = "/api/chaos/v1/events"};
  // The first time, and after a failure, we want to know what is, not wait for news.
  request.target += seq_ < 0 ? std::string{"?wait_ms=0"}
                             : "?after=" + std::to_string(seq_) + "&boot=" + boot_ +
                                   "&wait_ms=" + std::to_string(kWait.count());
  if (!token_.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_.reveal());
  const auto answer = http_.call(request, deadline);
  seq_ = -1;
  if (!answer) return answer.error();
  if (answer->status != 200) {
    const bool refused = answer->status == 401 || answer->status == 403;
    return Error{ErrorCode::upstream, "chaosd answers " + std::to_string(answer->status) +
                                          (refused ? "; check --chaosd.token-file" : "")};
  }
  const auto document = wire::parse_json(answer->body);
  if (!document) return Error{ErrorCode::upstream, "chaosd: " + document.error().message};
  auto view = wire::read_chaos_view(*document);
  if (!view) return Error{ErrorCode::upstream, "chaosd: " + view.error().message};
  boot_ = view->boot;
  seq_ = view->seq;
  return view;
}

}  // namespace faultline::sources

#include "chaosd/service/impact.hpp"

#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

std::string list(const std::vector<NodeId>& nodes) {
  std::string text;
  for (const auto node : nodes) text += (text.empty() ? "" : ",") + std::to_string(node.value);
  return text;
}

std::string target_of(const ImpactQuestion& question) {
  return "/api/v1/impact?nodes=" + list(question.nodes) +
         "&fault=" + std::string{to_string(question.fault)} +
         (question.from.empty() ? "" : "&from=" + list(question.from));
}

}  // namespace

Result<Impact> read_impact(std::string_view body) {
  const Error no_impact{ErrorCode::upstream, "the exporter's answer is no impact"};
  const auto document = wire::parse_json(body);
  if (!document || !document->is_object()) return no_impact;
  wire::ObjectReader reader{*document, ""};
  Impact impact;
  impact.valid = reader.boolean("valid");
  impact.reason = reader.text_or("reason", "");
  if (reader.error()) return Error{ErrorCode::upstream, reader.error()->message};
  if (!impact.valid) return impact;
  impact.ranges_total = reader.integer("ranges_total");
  impact.lease_lost = reader.maybe_integer("lease_lost");
  impact.quorum_lost = reader.integer("quorum_lost");
  impact.quorum_lost_already = reader.integer("quorum_lost_already");
  impact.under_replicated = reader.integer("under_replicated");
  impact.system_ranges = reader.texts_or_empty("system_ranges");
  impact.can_lose_nodes_after = reader.maybe_integer("can_lose_nodes_after");
  impact.sentence = reader.text_or("sentence", "");
  if (reader.error()) return Error{ErrorCode::upstream, reader.error()->message};
  return impact;
}

std::optional<Error> ExporterImpact::resting() const {
  const std::lock_guard lock(mutex_);
  if (!silent_until_ || clock_.now().steady >= *silent_until_) return std::nullopt;
  return Error{ErrorCode::timeout, "the exporter did not answer a moment ago"};
}

Result<Impact> ExporterImpact::ask(const ImpactQuestion& question) {
  if (const auto rest = resting()) return *rest;
  const auto answer =
      client_.call({exporter_, "GET", target_of(question), {{"Accept", "application/json"}}},
                   clock_.now().steady + kLimit);
  {
    const std::lock_guard lock(mutex_);
    silent_until_.reset();
    if (!answer && answer.error().code == ErrorCode::timeout) {
      silent_until_ = clock_.now().steady + kRestAfterTimeout;
    }
  }
  if (!answer) {
    return Error{answer.error().code, "the exporter does not answer: " + answer.error().message};
  }
  if (answer->status == 404) {
    return Error{ErrorCode::unsupported, "this exporter has no /api/v1/impact; use a newer one"};
  }
  if (answer->status != 200) {
    return Error{ErrorCode::upstream,
                 "the exporter answered " + std::to_string(answer->status) + " to /api/v1/impact"};
  }
  return read_impact(answer->body);
}

}  // namespace faultline::chaos

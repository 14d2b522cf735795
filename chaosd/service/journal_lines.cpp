#include <algorithm>
#include <unordered_map>

#include "chaosd/service/checked_line.hpp"
#include "chaosd/service/journal.hpp"
#include "common/wire/chaos_json.hpp"
#include "common/wire/json_read.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

json to_json(const std::optional<PlanNote>& plan) {
  if (!plan) return nullptr;
  return {{"hash", plan->hash},
          {"verdict", plan->verdict},
          {"accepted", plan->accepted},
          {"lease_lost", wire::or_null(plan->lease_lost)},
          {"quorum_lost", wire::or_null(plan->quorum_lost)},
          {"under_replicated", wire::or_null(plan->under_replicated)},
          {"sentence", plan->sentence},
          {"quorum_lost_already", wire::or_null(plan->quorum_lost_already)},
          {"can_lose_nodes_after", wire::or_null(plan->can_lose_nodes_after)}};
}

/// A plan that cannot be read costs the forecast, not the record that undoing needs.
std::optional<PlanNote> plan_of(const json& object) {
  const auto plan = object.find("plan");
  if (plan == object.end() || !plan->is_object()) return std::nullopt;
  wire::ObjectReader reader{*plan, "/plan"};
  PlanNote note{reader.text("hash"),
                reader.text("verdict"),
                reader.boolean("accepted"),
                reader.maybe_integer("lease_lost"),
                reader.maybe_integer("quorum_lost"),
                reader.maybe_integer("under_replicated"),
                reader.text("sentence"),
                reader.maybe_integer("quorum_lost_already"),
                reader.maybe_integer("can_lose_nodes_after")};
  if (reader.error()) return std::nullopt;
  return note;
}

json to_json(const std::optional<Outcome>& outcome) {
  if (!outcome) return nullptr;
  json verdicts = json::array();
  for (const auto verdict : outcome->verdicts) verdicts.push_back(to_string(verdict));
  json together = json::array();
  for (const auto& id : outcome->together_with) together.push_back(id.value);
  return {{"ranges_unavailable", wire::or_null(outcome->ranges_unavailable)},
          {"under_replicated", wire::or_null(outcome->under_replicated)},
          {"can_lose_nodes", wire::or_null(outcome->can_lose_nodes)},
          {"verdicts", verdicts},
          {"watched_ms", outcome->watched.count()},
          {"blind", outcome->blind},
          {"together_with", together},
          {"complete", outcome->complete}};
}

/// One that cannot be read costs itself, not the record that undoing needs.
std::optional<Outcome> outcome_of(const json& object) {
  const auto found = object.find("outcome");
  if (found == object.end() || !found->is_object()) return std::nullopt;
  wire::ObjectReader reader{*found, "/outcome"};
  Outcome outcome;
  outcome.ranges_unavailable = reader.maybe_integer("ranges_unavailable");
  outcome.under_replicated = reader.maybe_integer("under_replicated");
  outcome.can_lose_nodes = reader.maybe_integer("can_lose_nodes");
  for (const auto& word : reader.texts_or_empty("verdicts")) {
    if (const auto verdict = parse_enum<VerdictState>(word)) outcome.verdicts.push_back(*verdict);
  }
  outcome.watched = milliseconds{reader.integer("watched_ms")};
  outcome.blind = reader.text("blind");
  for (auto& id : reader.texts_or_empty("together_with")) outcome.together_with.push_back({id});
  outcome.complete = reader.boolean("complete");
  if (reader.error()) return std::nullopt;
  return outcome;
}

json to_json(const FaultParams& params) {
  json peers = json::array();
  for (const auto& peer : params.peers) peers.push_back({{"name", peer.name}, {"id", peer.id}});
  return {{"peers", peers},
          {"direction", to_string(params.direction)},
          {"on_restart", to_string(params.on_restart)},
          {"path", to_string(params.path)},
          {"numbers", params.numbers}};
}

/// A record of a run that knew no parameters has none.
Result<FaultParams> read_params(const json& object) {
  FaultParams params;
  if (!object.contains("params")) return params;
  const json& given = object["params"];
  wire::ObjectReader reader{given, "/params"};
  params.direction =
      reader.choice<NetDirection>("direction", parse_param<NetDirection>, "both, in or out");
  params.on_restart =
      reader.choice<OnRestart>("on_restart", parse_param<OnRestart>, "end, reapply or ignore");
  const std::string path = reader.text_or("path", "all");  // Earlier runs knew one path.
  params.path = parse_param<NetPath>(path).value_or(NetPath::all);
  if (reader.error()) return *reader.error();
  const json peers = given.value("peers", json::array());
  for (const auto& peer : peers) {
    wire::ObjectReader one{peer, "/params/peers"};
    params.peers.push_back({one.text("name"), one.text("id")});
    if (one.error()) return *one.error();
  }
  const json numbers = given.value("numbers", json::object());
  for (const auto& [name, value] : numbers.items()) {
    if (!value.is_number_integer()) {
      return Error{ErrorCode::invalid, name + " is not a whole number", "/params/numbers"};
    }
    params.numbers[name] = value.get<std::int64_t>();
  }
  return params;
}

json to_json(const FaultRecord& record) {
  return {{"fault", wire::to_json(record.view)},
          {"plan", to_json(record.plan)},
          {"outcome", to_json(record.outcome)},
          {"target_id", record.target_id},
          {"instance", record.instance},
          {"touched_instance", record.touched_instance},
          {"grace_s", record.grace.count()},
          {"params", to_json(record.params)},
          {"saved", record.saved},
          {"boot_id", record.deadline.boot_id},
          {"deadline_since_boot_ms", record.deadline.since_boot.count()}};
}

Result<FaultRecord> from_json(const json& object) {
  if (!object.is_object() || !object.contains("fault")) {
    return Error{ErrorCode::invalid, "a record without a fault", "/fault"};
  }
  auto view = wire::read_fault(object["fault"]);
  if (!view) return view.error();
  wire::ObjectReader reader{object, ""};
  FaultRecord record;
  record.view = std::move(view).value();
  record.target_id = reader.text("target_id");
  record.instance = reader.text("instance");
  record.touched_instance = reader.text("touched_instance");
  record.grace = std::chrono::seconds{reader.integer("grace_s")};
  record.deadline.boot_id = reader.text("boot_id");
  record.deadline.since_boot = milliseconds{reader.integer("deadline_since_boot_ms")};
  record.saved = reader.text_or("saved", "");
  if (reader.error()) return *reader.error();
  record.plan = plan_of(object);
  record.outcome = outcome_of(object);
  auto params = read_params(object);
  if (!params) return params.error();
  record.params = std::move(params).value();
  return record;
}

Result<FaultRecord> read_line(std::string_view line) {
  const auto body = body_of_line(line);
  if (!body) return Error{ErrorCode::malformed, "unreadable line"};
  auto document = wire::parse_json(*body);
  if (!document) return document.error();
  return from_json(*document);
}

}  // namespace

std::string journal_line(const FaultRecord& record) {
  return checked_line(wire::dump(to_json(record)));
}

JournalContents read_journal(std::string_view text) {
  JournalContents contents;
  std::unordered_map<std::string, std::size_t> places;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) {
      contents.torn_tail = true;  // Its append never returned, so nobody acted on it.
      break;
    }
    auto record = read_line(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (!record) {
      contents.corrupt_lines += 1;
      continue;
    }
    const auto [place, is_new] = places.try_emplace(record->view.id.value, contents.records.size());
    if (is_new) {
      contents.records.push_back(std::move(record).value());
    } else {
      contents.records[place->second] = std::move(record).value();
    }
  }
  return contents;
}

}  // namespace faultline::chaos

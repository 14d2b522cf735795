// What network faults need of an Engine beside a helper: whose addresses there are, and how a
// helper is given other rules.
#include "chaosd/docker/docker_holds.hpp"
#include "chaosd/docker/docker_json.hpp"
#include "chaosd/runtime/fault_point.hpp"

namespace faultline::chaos {

Result<std::vector<std::string>> DockerHolds::exempt(const std::string& target_id,
                                                     Deadline deadline) {
  const auto target = engine_.read_container_page(target_id, "json", deadline);
  if (!target) return target.error();
  auto addresses = read_gateways(*target);
  if (!addresses) return unreadable(addresses.error());
  const auto ours = own_addresses(deadline);
  if (!ours) return ours.error();
  addresses->insert(addresses->end(), ours->begin(), ours->end());
  return addresses;
}

Result<std::vector<std::string>> DockerHolds::own_addresses(Deadline deadline) {
  return addresses_of("?filters=" + role_filter(), deadline);
}

Result<std::vector<std::string>> DockerHolds::addresses_in_use(const std::string& /*target_id*/,
                                                               Deadline deadline) {
  return addresses_of("", deadline);
}

Result<std::vector<std::string>> DockerHolds::addresses_of(const std::string& filter,
                                                           Deadline deadline) {
  const auto listed = engine_.call("GET", "/containers/json" + filter, deadline);
  if (!listed) return listed.error();
  if (listed->status != 200) return upstream(*listed);
  auto addresses = read_list_addresses(listed->body);
  if (!addresses) return unreadable(addresses.error());
  return addresses;
}

Result<HoldReport> DockerHolds::replace(const HoldOrder& order, Deadline deadline) {
  const auto* const rules = std::get_if<NetRules>(&order.what);
  if (rules == nullptr) return Error{ErrorCode::unsupported, "only rules can be replaced"};
  const auto holder = running_helper(order.fault, deadline);
  if (!holder) return holder.error();
  const auto last = last_number(holder->id, deadline);
  if (!last) return last.error();
  auto command = to_arguments(*rules);
  command.insert(command.begin(), {holder->program, "replace"});
  const auto said = exec(holder->id, command, deadline);
  if (!said) return said.error();
  if (!said->empty()) {
    return Error{ErrorCode::upstream, "the helper said: " + said->back().substr(0, 200)};
  }
  fault_point("hold:replaced");
  return await_report(holder->id, *last, deadline, rules);
}

Result<std::vector<std::string>> DockerHolds::exec(const std::string& id,
                                                   const std::vector<std::string>& command,
                                                   Deadline deadline) {
  const auto created = engine_.post("/containers/" + id + "/exec", exec_body(command), deadline);
  if (!created) return created.error();
  if (created->status == 404 || created->status == 409) {
    return Error{ErrorCode::not_found, "the helper ended just now"};
  }
  if (created->status != 201) return upstream(*created);
  const auto process = read_created(created->body);
  if (!process) return unreadable(process.error());
  if (!is_container_id(*process)) {
    return Error{ErrorCode::upstream, "the Docker Engine gave a process an id that is none"};
  }
  const auto ran = engine_.post("/exec/" + *process + "/start", exec_start_body(), deadline);
  if (!ran) return ran.error();
  if (ran->status != 200) return upstream(*ran);
  return read_log(ran->body);
}

}  // namespace faultline::chaos

#include "chaosd/docker/docker_runtime.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "chaosd/docker/docker_host.hpp"

namespace faultline::chaos {

namespace {

constexpr auto kOpenLimit = std::chrono::seconds{5};
// Of a watch whose Engine is away, which is listed at each of them as well.
constexpr milliseconds kRetryFirst{250};
constexpr milliseconds kRetryMost{4000};

bool is_down(ContainerState state) {
  return state == ContainerState::exited || state == ContainerState::created ||
         state == ContainerState::removed;
}
bool is_running(ContainerState state) { return state == ContainerState::running; }
bool is_paused(ContainerState state) { return state == ContainerState::paused; }
bool is_not_paused(ContainerState state) { return state != ContainerState::paused; }

/// Asked before anything ends a run, whoever asks for it.
Status may_go_down(const TargetInfo& target) {
  if (!target.removed_when_down || is_down(target.state)) return kDone;
  return Error{ErrorCode::conflict, target.name +
                                        " was made with --rm: the Docker Engine would remove it "
                                        "and its data when it goes down"};
}

void pause_watch(milliseconds pause, Deadline deadline, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  const auto until = std::min<Deadline>(deadline, std::chrono::steady_clock::now() + pause);
  never.wait_until(lock, stop, until, [] { return false; });
}

}  // namespace

Result<std::unique_ptr<DockerRuntime>> DockerRuntime::create(const DockerOptions& options,
                                                             net::AddressBook& book) {
  std::string endpoint = options.host;
  if (endpoint.starts_with(kTcp)) endpoint.erase(0, kTcp.size());
  if (const auto parsed = net::parse_endpoint(endpoint); !parsed) {
    return Error{ErrorCode::invalid,
                 "\"" + options.host +
                     "\" is not where a Docker Engine listens; use unix:///var/run/docker.sock or "
                     "tcp://host:port",
                 "--docker.host"};
  }
  if (options.label.empty() || options.label.find_first_of("=\", ") != std::string::npos) {
    return Error{ErrorCode::invalid,
                 "\"" + options.label + "\" is not the name of a label; use io.faultline.target",
                 "--docker.label"};
  }
  return std::unique_ptr<DockerRuntime>{new DockerRuntime(endpoint, options, book)};
}

DockerRuntime::DockerRuntime(const std::string& endpoint, const DockerOptions& options,
                             net::AddressBook& book)
    : label_(options.label),
      book_(book),
      engine_(endpoint, book, options.tls),
      holds_(engine_, options.helper_image, options.label),
      limits_(engine_),
      marks_(engine_, options.label),
      retry_pause_(kRetryFirst) {}

Status DockerRuntime::meet(Deadline deadline) {
  const auto pinged = engine_.call("GET", "/_ping", deadline);
  if (!pinged) return pinged.error();
  if (pinged->status != 200) return upstream(*pinged);
  const auto said = [&](const char* name) {
    const auto found = pinged->headers.find(name);
    return found == pinged->headers.end() ? std::string{} : found->second;
  };
  if (!said("api-version").empty()) return check_engine(said("api-version"), said("ostype"));
  // An Engine as old as API 1.24 need not name it there.
  const auto answer = engine_.call("GET", "/version", deadline);
  if (!answer) return answer.error();
  if (answer->status != 200) return upstream(*answer);
  const auto version = read_version(answer->body);
  if (!version) return unreadable(version.error());
  return check_engine(version->api, version->os);
}

Result<std::string> DockerRuntime::describe(Deadline deadline) {
  const auto answer = engine_.call("GET", "/version", deadline);
  if (!answer) return answer.error();
  if (answer->status != 200) return upstream(*answer);
  const auto version = read_version(answer->body);
  if (!version) return unreadable(version.error());
  if (auto will_do = check_engine(version->api, version->os); !will_do) return will_do.error();
  return version->name + ", API " + version->api;
}

Result<std::vector<TargetInfo>> DockerRuntime::list(Deadline deadline) {
  if (!met_) {
    if (auto met = meet(deadline); !met) return met.error();
    met_ = true;
  }
  auto targets = list_all(deadline);
  if (!targets) {
    met_ = false;     // It may be another one when it is back,
    events_.reset();  // and its feed may be one that nobody speaks into any more.
  }
  return targets;
}

Result<std::vector<TargetInfo>> DockerRuntime::list_all(Deadline deadline) {
  const auto answer =
      engine_.call("GET", "/containers/json?all=1&filters=" + list_filter(label_), deadline);
  if (!answer) return answer.error();
  if (answer->status != 200) return upstream(*answer);
  const auto ids = read_ids(answer->body);
  if (!ids) return unreadable(ids.error());

  std::vector<net::HttpRequest> requests;
  for (const auto& id : *ids)
    requests.push_back(engine_.request("GET", "/containers/" + id + "/json"));
  std::vector<TargetInfo> targets;
  for (const auto& inspected : engine_.call_all(requests, deadline)) {
    if (!inspected) {
      return Error{inspected.error().code, "Docker Engine: " + inspected.error().message};
    }
    if (inspected->status == 404) continue;  // Removed since it was listed.
    if (inspected->status != 200) return upstream(*inspected);
    auto container = read_container(inspected->body);
    if (!container) return unreadable(container.error());
    if (is_target(*container, label_)) targets.push_back(std::move(container->target));
  }
  std::sort(targets.begin(), targets.end(),
            [](const TargetInfo& a, const TargetInfo& b) { return a.name < b.name; });
  return targets;
}

Result<TargetInfo> DockerRuntime::inspect(const std::string& id, Deadline deadline) {
  const auto page = engine_.read_container_page(id, "json", deadline);
  if (!page) return page.error();
  auto container = read_container(*page);
  if (!container) return unreadable(container.error());
  if (!is_target(*container, label_)) {
    return Error{ErrorCode::not_found, "container " + container->target.name +
                                           " has not opted in with the label " + label_ + "=true"};
  }
  return std::move(container->target);
}

Status DockerRuntime::act(const TargetInfo& target, const std::string& verb,
                          bool (*is_wanted)(ContainerState), Deadline deadline) {
  if (is_wanted(target.state)) return kDone;
  const auto answer = engine_.call("POST", "/containers/" + target.id + "/" + verb, deadline);
  if (!answer) return answer.error();
  if (answer->status == 204 || answer->status == 304) return kDone;
  if (answer->status == 404) return no_container(target.id);
  const auto now = inspect(target.id, deadline);
  if (now && is_wanted(now->state)) return kDone;
  if (answer->status == 409) {
    return Error{ErrorCode::conflict,
                 "the Docker Engine refuses it: " + read_message(answer->body)};
  }
  return upstream(*answer);
}

Status DockerRuntime::stop(const std::string& id, std::chrono::seconds grace, Deadline deadline) {
  const auto target = inspect(id, deadline);
  if (!target) return target.error();
  if (auto may = may_go_down(*target); !may) return may;
  return act(*target, "stop?t=" + std::to_string(grace.count()), is_down, deadline);
}

Status DockerRuntime::kill(const std::string& id, Deadline deadline) {
  const auto target = inspect(id, deadline);
  if (!target) return target.error();
  if (auto may = may_go_down(*target); !may) return may;
  return act(*target, "kill?signal=SIGKILL", is_down, deadline);
}

Status DockerRuntime::pause(const std::string& id, Deadline deadline) {
  const auto target = inspect(id, deadline);
  if (!target) return target.error();
  return act(*target, "pause", is_paused, deadline);
}

Status DockerRuntime::unpause(const std::string& id, Deadline deadline) {
  const auto target = inspect(id, deadline);
  if (!target) return target.error();
  return act(*target, "unpause", is_not_paused, deadline);
}

Status DockerRuntime::start(const std::string& id, Deadline deadline) {
  const auto target = inspect(id, deadline);
  if (!target) return target.error();
  if (is_paused(target->state)) {
    return Error{ErrorCode::conflict, target->name + " is paused; unpause it instead"};
  }
  return act(*target, "start", is_running, deadline);
}

std::vector<FaultSupport> DockerRuntime::probe(Deadline deadline) {
  std::vector<FaultSupport> all = holds_.probe(deadline);
  for (auto& support : limits_.probe(deadline)) all.push_back(std::move(support));
  return all;
}

Status DockerRuntime::wait_for_change(Deadline deadline, const std::stop_token& stop) {
  if (!events_) {
    const auto limit = std::min<Deadline>(deadline, std::chrono::steady_clock::now() + kOpenLimit);
    auto opened = net::HttpLineStream::open(
        book_, engine_.request("GET", "/events?filters=" + event_filter(label_)), limit, stop);
    if (stop.stop_requested()) return kDone;
    if (!opened) {
      pause_watch(retry_pause_, deadline, stop);
      retry_pause_ = std::min(2 * retry_pause_, kRetryMost);
      return Error{opened.error().code, "Docker Engine: " + opened.error().message};
    }
    events_ = std::move(*opened);
    retry_pause_ = kRetryFirst;
    return kDone;
  }
  auto line = events_->next(deadline, stop);
  // One act is several events: those that are there already are one change.
  while (line && line->has_value()) {
    line = events_->next(std::chrono::steady_clock::now(), stop);
  }
  if (!line) {
    events_.reset();
    met_ = false;
    return Error{line.error().code, "Docker Engine: " + line.error().message};
  }
  return kDone;
}

}  // namespace faultline::chaos

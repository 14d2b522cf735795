#include "chaosd/docker/docker_engine.hpp"

#include <algorithm>
#include <utility>

#include "chaosd/docker/docker_json.hpp"

namespace faultline::chaos {

net::HttpRequest DockerEngine::request(std::string method, std::string target) const {
  return {
      .endpoint = endpoint_, .method = std::move(method), .target = std::move(target), .tls = tls_};
}

Result<net::HttpResponse> DockerEngine::send(const net::HttpRequest& request, Deadline deadline) {
  auto answer = http_.call(request, deadline);
  if (!answer) return Error{answer.error().code, "Docker Engine: " + answer.error().message};
  return answer;
}

Result<net::HttpResponse> DockerEngine::call(std::string method, std::string target,
                                             Deadline deadline) {
  return send(request(std::move(method), std::move(target)), deadline);
}

Result<std::string> DockerEngine::read_container_page(const std::string& id,
                                                      const std::string& what, Deadline deadline) {
  if (!is_container_id(id)) return no_container(id);
  auto answer = call("GET", "/containers/" + id + "/" + what, deadline);
  if (!answer) return answer.error();
  if (answer->status == 404) return no_container(id);
  if (answer->status != 200) return upstream(*answer);
  return std::move(answer->body);
}

Result<net::HttpResponse> DockerEngine::post(std::string target, std::string json,
                                             Deadline deadline) {
  auto message = request("POST", std::move(target));
  message.headers.emplace_back("Content-Type", "application/json");
  message.body = std::move(json);
  return send(message, deadline);
}

std::vector<Result<net::HttpResponse>> DockerEngine::call_all(
    const std::vector<net::HttpRequest>& requests, Deadline deadline) {
  return http_.call_all(requests, deadline);
}

Error upstream(const net::HttpResponse& answer) {
  return {ErrorCode::upstream, "the Docker Engine answered " + std::to_string(answer.status) +
                                   ": " + read_message(answer.body)};
}

Error unreadable(const Error& error) {
  return {ErrorCode::upstream, "cannot read the Docker Engine's answer: " + error.message};
}

Error no_container(const std::string& id) {
  return {ErrorCode::not_found, "there is no container " + id.substr(0, 12)};
}

bool is_container_id(const std::string& text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

}  // namespace faultline::chaos

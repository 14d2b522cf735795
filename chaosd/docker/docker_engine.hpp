#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/net/http_call.hpp"

namespace faultline::chaos {

/// Requests to one Docker Engine. Paths carry no API version: the Engine then speaks
/// its own, and neither an old nor a new one refuses us. One caller at a time.
class DockerEngine {
 public:
  /// `book` outlives this. `tls`: null in clear.
  DockerEngine(std::string endpoint, net::AddressBook& book,
               std::shared_ptr<const net::TlsTrust> tls = {})
      : endpoint_(std::move(endpoint)), tls_(std::move(tls)), http_(book) {}

  [[nodiscard]] net::HttpRequest request(std::string method, std::string target) const;
  /// Any status is an answer; an error is the Engine's absence, and says so.
  [[nodiscard]] Result<net::HttpResponse> call(std::string method, std::string target,
                                               Deadline deadline);
  /// The body of GET /containers/{id}/{what}. `not_found`: there is none, or `id` is no id.
  [[nodiscard]] Result<std::string> read_container_page(const std::string& id,
                                                        const std::string& what, Deadline deadline);
  [[nodiscard]] Result<net::HttpResponse> post(std::string target, std::string json,
                                               Deadline deadline);
  [[nodiscard]] std::vector<Result<net::HttpResponse>> call_all(
      const std::vector<net::HttpRequest>& requests, Deadline deadline);

 private:
  [[nodiscard]] Result<net::HttpResponse> send(const net::HttpRequest& request, Deadline deadline);

  std::string endpoint_;
  std::shared_ptr<const net::TlsTrust> tls_;
  net::HttpClient http_;
};

/// What an answer of the Engine means that is not the one that was hoped for.
[[nodiscard]] Error upstream(const net::HttpResponse& answer);
[[nodiscard]] Error unreadable(const Error& error);
[[nodiscard]] Error no_container(const std::string& id);
/// Ids come back from the journal: nothing else than an id may become part of a path.
[[nodiscard]] bool is_container_id(const std::string& text);

}  // namespace faultline::chaos

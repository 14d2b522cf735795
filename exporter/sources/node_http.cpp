#include "exporter/sources/node_http.hpp"

#include <filesystem>

namespace faultline::sources {

std::vector<Result<net::HttpResponse>> NodeHttp::get_all(const std::vector<std::string>& addresses,
                                                         const std::string& target,
                                                         std::size_t response_limit,
                                                         Deadline deadline) {
  const auto believed = is_secure() ? trust() : std::shared_ptr<const net::TlsTrust>{};
  std::vector<net::HttpRequest> requests;
  std::vector<bool> asked;
  for (const auto& address : addresses) {
    const bool tls = over_tls(address);
    asked.push_back(!tls || believed.has_value());
    if (!asked.back()) continue;
    requests.push_back({.endpoint = address,
                        .target = target,
                        .response_limit = response_limit,
                        .tls = tls ? *believed : nullptr});
  }
  auto answers = client_.call_all(requests, deadline);
  if (believed) return answers;
  std::vector<Result<net::HttpResponse>> all;
  std::size_t next = 0;
  for (const bool was_asked : asked) {
    if (was_asked) {
      all.push_back(std::move(answers[next++]));
    } else {
      all.emplace_back(believed.error());
    }
  }
  return all;
}

bool NodeHttp::over_tls(const std::string& address) const {
  const std::lock_guard lock(mutex_);
  return is_secure() && !in_clear_.contains(address);
}

void NodeHttp::expect_clear(const std::string& address) {
  const std::lock_guard lock(mutex_);
  in_clear_.insert(address);
}

void NodeHttp::expect_tls(const std::string& address) {
  const std::lock_guard lock(mutex_);
  in_clear_.erase(address);
}

Result<std::shared_ptr<const net::TlsTrust>> NodeHttp::trust() {
  const std::lock_guard lock(mutex_);
  if (clock_.steady() < read_due_) return trust_;
  read_due_ = clock_.steady() + kReadCaEvery;
  std::error_code ignored;
  const auto of_pages = certs_dir_ + "/ca-ui.crt";
  trust_ = net::TlsTrust::from_file(
      std::filesystem::exists(of_pages, ignored) ? of_pages : certs_dir_ + "/ca.crt");
  return trust_;
}

}  // namespace faultline::sources

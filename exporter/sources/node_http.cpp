#include "exporter/sources/node_http.hpp"

#include <algorithm>
#include <filesystem>

namespace faultline::sources {

std::vector<Result<net::HttpResponse>> NodeHttp::get_all(const std::vector<std::string>& addresses,
                                                         const std::string& target,
                                                         std::size_t response_limit,
                                                         Deadline deadline) {
  std::vector<std::size_t> asked;
  std::optional<Error> why_not;
  auto answers =
      client_.call_all(requests(addresses, target, response_limit, asked, why_not), deadline);
  if (!why_not) return answers;
  std::vector<Result<net::HttpResponse>> all(addresses.size(), *why_not);
  for (std::size_t i = 0; i < asked.size(); ++i) all[asked[i]] = std::move(answers[i]);
  return all;
}

void NodeHttp::get_each(
    const std::vector<std::string>& addresses, const std::string& target,
    std::size_t response_limit, net::Pace pace, Deadline deadline,
    const std::function<void(std::size_t, Result<net::HttpResponse>)>& on_answer) {
  std::vector<std::size_t> asked;
  std::optional<Error> why_not;
  const auto all = requests(addresses, target, response_limit, asked, why_not);
  if (why_not) {
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      if (!std::binary_search(asked.begin(), asked.end(), i)) on_answer(i, *why_not);
    }
  }
  client_.call_each(all, pace, deadline, [&](std::size_t i, Result<net::HttpResponse> answer) {
    on_answer(asked[i], std::move(answer));
  });
}

std::vector<net::HttpRequest> NodeHttp::requests(const std::vector<std::string>& addresses,
                                                 const std::string& target,
                                                 std::size_t response_limit,
                                                 std::vector<std::size_t>& asked,
                                                 std::optional<Error>& why_not) {
  const auto believed = is_secure() ? trust() : std::shared_ptr<const net::TlsTrust>{};
  std::vector<net::HttpRequest> found;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const bool tls = over_tls(addresses[i]);
    if (tls && !believed) {
      why_not = believed.error();
      continue;
    }
    asked.push_back(i);
    found.push_back({.endpoint = addresses[i],
                     .target = target,
                     .response_limit = response_limit,
                     .tls = tls ? *believed : nullptr});
  }
  return found;
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

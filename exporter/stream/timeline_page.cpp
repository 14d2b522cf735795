#include "exporter/stream/timeline_page.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "common/wire/timeline_json.hpp"

namespace faultline::stream {

namespace {

/// The whole number that the query gives for `name`, or `fallback`. Anything but one number
/// within the limits is a sentence with the field. Other names are somebody else's.
Result<std::int64_t> query_number(std::string_view query, std::string_view name,
                                  std::int64_t fallback, std::int64_t least, std::int64_t most) {
  const std::string field{name};
  std::optional<std::string_view> found;
  while (!query.empty()) {
    const auto item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(item.size() + 1, query.size()));
    const auto equals = std::min(item.find('='), item.size());
    if (item.substr(0, equals) != name) continue;
    if (found) return Error{ErrorCode::invalid, field + " is given twice; give it once", field};
    found = item.substr(std::min(equals + 1, item.size()));
  }
  if (!found) return fallback;
  std::int64_t number = 0;
  const auto* end = found->data() + found->size();
  const auto [stopped, error] = std::from_chars(found->data(), end, number);
  if (error == std::errc{} && stopped == end && number >= least && number <= most) return number;
  constexpr std::size_t kShown = 40;
  return Error{ErrorCode::invalid,
               field + " is \"" + std::string{found->substr(0, kShown)} +
                   "\"; use a whole number from " + std::to_string(least) + " to " +
                   std::to_string(most),
               field};
}

}  // namespace

Reply timeline_page(const observe::SnapshotBoard& board, std::string_view boot,
                    std::string_view query) {
  constexpr std::int64_t kLimit = 100;
  constexpr std::int64_t kLimitMax = 1'000;
  const auto since = query_number(query, "since", 0, 0, INT64_MAX);
  const auto limit = query_number(query, "limit", kLimit, 1, kLimitMax);
  for (const auto* number : {&since, &limit}) {
    if (!*number) return problem(400, "invalid", number->error().message);
  }
  const auto page = board.timeline(*since, static_cast<std::size_t>(*limit));
  return {.content_type = "application/json", .body = wire::timeline_text(boot, page)};
}

}  // namespace faultline::stream

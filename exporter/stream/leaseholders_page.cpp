#include "exporter/stream/leaseholders_page.hpp"

#include <nlohmann/json.hpp>

#include "common/wire/json_write.hpp"
#include "common/wire/table_leases_json.hpp"
#include "exporter/stream/query.hpp"

namespace faultline::stream {

Reply leaseholders_page(const Clusters::AskLeaseholders& ask, std::string_view text) {
  const auto refuse = [](const Error& error) {
    return problem(400, "invalid",
                   error.field.empty() ? error.message : error.field + " " + error.message);
  };
  const auto query = Query::parse(text);
  if (!query) return refuse(query.error());
  const auto table = query->one("table");
  if (!table) return refuse(table.error());
  if (!*table || (*table)->empty()) {
    return refuse(
        {ErrorCode::invalid, "is missing; say which, as table=database.schema.table", "table"});
  }
  if (!ask || !query->all("target").empty()) {
    return problem(404, "not_found",
                   "leaseholders are asked of the main cluster only, and over SQL "
                   "(--cockroach.sql)");
  }
  const auto answer = ask(**table);
  if (!answer) return refuse(answer.error());
  Reply reply{.content_type = "application/json", .body = wire::dump(wire::to_json(*answer))};
  if (answer->state == TableLeases::State::reading) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

}  // namespace faultline::stream

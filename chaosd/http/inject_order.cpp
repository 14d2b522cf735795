#include <utility>

#include "chaosd/http/fault_request.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

constexpr std::size_t kFaultsMax = 16;

Status read_list(const nlohmann::json& list, InjectOrder& order) {
  if (!list.is_array() || list.empty() || list.size() > kFaultsMax) {
    return Error{ErrorCode::invalid,
                 "faults is no list of 1 to " + std::to_string(kFaultsMax) + " faults", "/faults"};
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string at = "/faults/" + std::to_string(i);
    if (!list[i].is_object()) return Error{ErrorCode::invalid, "a fault is not an object", at};
    auto fault = read_fault_request(list[i], at);
    if (!fault) return fault.error();
    order.faults.push_back(std::move(fault).value());
  }
  order.as_list = true;
  return kDone;
}

}  // namespace

Result<InjectOrder> read_inject_order(std::string_view body) {
  if (body.empty()) {
    return Error{ErrorCode::malformed,
                 R"(the body is empty; send {"kind": …, "target": …, "duration_s": …})"};
  }
  const auto document = wire::parse_json(body);
  if (!document) return document.error();
  InjectOrder order;
  wire::ObjectReader reader{*document, ""};
  order.accept_plan = reader.maybe_text("accept_plan");
  if (reader.error()) return *reader.error();
  if (const auto list = document->find("faults"); list != document->end() && !list->is_null()) {
    if (auto read = read_list(*list, order); !read) return read.error();
    return order;
  }
  auto fault = read_fault_request(*document, "");
  if (!fault) return fault.error();
  order.faults.push_back(std::move(fault).value());
  return order;
}

}  // namespace faultline::chaos

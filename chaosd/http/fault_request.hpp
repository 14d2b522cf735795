#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "chaosd/service/chaos_service.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// The body of POST /faults: what is missing or mistyped is refused with its pointer,
/// what is unknown is ignored. Whether the values make sense, the service says.
[[nodiscard]] Result<FaultRequest> read_fault_request(std::string_view body);
/// The same for an object inside a body; `path` is its pointer.
[[nodiscard]] Result<FaultRequest> read_fault_request(const nlohmann::json& object,
                                                      const std::string& path);
/// The body of POST /plans and POST /faults: one fault, or a list under "faults".
[[nodiscard]] Result<InjectOrder> read_inject_order(std::string_view body);

/// The parameters of the original call POST /api/chaos/node/stop, percent-decoded.
[[nodiscard]] Result<FaultRequest> read_original_stop(
    const std::map<std::string, std::string>& query, std::chrono::seconds default_duration);

}  // namespace faultline::chaos

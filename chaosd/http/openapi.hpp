#pragma once

#include <string_view>

namespace faultline::chaos {

/// schema/chaos-api.yaml as it was when this was built.
[[nodiscard]] std::string_view openapi_document();

}  // namespace faultline::chaos

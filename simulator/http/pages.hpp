#pragma once

#include <string>
#include <string_view>

#include "simulator/cluster/engine.hpp"

namespace faultline::sim::http {

struct Page {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

/// What a node answers to GET `target`: /health, /health?ready=1, /_admin/v1/health,
/// /_status/vars; anything else is 404. Any thread.
[[nodiscard]] Page page(cluster::Engine& engine, std::string_view target);

}  // namespace faultline::sim::http

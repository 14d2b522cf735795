#pragma once

#include <memory>
#include <string>

#include <spdlog/logger.h>
#include <spdlog/spdlog.h>

#include "common/base/result.hpp"

namespace faultline {

using Logger = std::shared_ptr<spdlog::logger>;

struct LogOptions {
  std::string level = "info";     ///< debug, info, warn, error
  std::string format = "logfmt";  ///< logfmt or json
};

/// Sets level and format for every logger made afterwards; call once, first
/// thing in main. Lines go to stderr, so that stdout stays for output.
Status configure_logging(const LogOptions& options);

/// A logger named after its component, such as "exporter.sql". Any thread.
[[nodiscard]] Logger make_logger(const std::string& name);

}  // namespace faultline

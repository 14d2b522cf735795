#include "common/base/log.hpp"

#include <mutex>
#include <string_view>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace faultline {

namespace {

constexpr auto kLogfmt = R"(ts=%Y-%m-%dT%H:%M:%S.%e%z level=%l logger=%n msg="%*")";
constexpr auto kJson = R"({"ts":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","logger":"%n","msg":"%*"})";

struct Settings {
  std::mutex mutex;  // Guards the two below.
  spdlog::level::level_enum level = spdlog::level::info;
  std::string pattern = kLogfmt;
};

// The one piece of process-wide state: loggers are made in many places and must
// all look the same. Written once, before the first thread.
Settings& settings() {
  static Settings instance;
  return instance;
}

/// The message as the inside of a quoted text: both formats put it between quotes, and
/// what it tells may hold quotes and line ends of its own.
class EscapedMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& to) override {
    constexpr std::string_view kHex = "0123456789abcdef";
    for (const char c : message.payload) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        to.push_back('\\');
        to.push_back(c);
      } else if (c == '\n') {
        append(to, "\\n");
      } else if (byte < 0x20) {
        append(to, "\\u00");
        to.push_back(kHex[byte >> 4U]);
        to.push_back(kHex[byte & 0xFU]);
      } else {
        to.push_back(c);
      }
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<EscapedMessage>();
  }

 private:
  static void append(spdlog::memory_buf_t& to, std::string_view text) {
    to.append(text.data(), text.data() + text.size());
  }
};

std::unique_ptr<spdlog::formatter> make_formatter(const std::string& pattern) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<EscapedMessage>('*').set_pattern(pattern);
  return formatter;
}

}  // namespace

Status configure_logging(const LogOptions& options) {
  auto& current = settings();
  const std::lock_guard lock(current.mutex);
  if (options.level == "debug") {
    current.level = spdlog::level::debug;
  } else if (options.level == "info") {
    current.level = spdlog::level::info;
  } else if (options.level == "warn") {
    current.level = spdlog::level::warn;
  } else if (options.level == "error") {
    current.level = spdlog::level::err;
  } else {
    return Error{ErrorCode::invalid,
                 "--log.level is \"" + options.level + "\"; use debug, info, warn or error",
                 "--log.level"};
  }
  if (options.format == "json") {
    current.pattern = kJson;
  } else if (options.format == "logfmt") {
    current.pattern = kLogfmt;
  } else {
    return Error{ErrorCode::invalid,
                 "--log.format is \"" + options.format + "\"; use logfmt or json", "--log.format"};
  }
  return kDone;
}

Logger make_logger(const std::string& name) {
  auto& current = settings();
  const std::lock_guard lock(current.mutex);
  auto logger =
      std::make_shared<spdlog::logger>(name, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(current.level);
  logger->set_formatter(make_formatter(current.pattern));
  logger->flush_on(spdlog::level::info);
  return logger;
}

}  // namespace faultline

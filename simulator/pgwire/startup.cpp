#include "simulator/pgwire/startup.hpp"

#include "simulator/pgwire/message.hpp"

namespace faultline::sim::pgwire {
namespace {

constexpr std::uint32_t kVersion3 = 196608;
constexpr std::uint32_t kCancelCode = 80877102;
constexpr std::uint32_t kTlsCode = 80877103;
constexpr std::uint32_t kGssCode = 80877104;

std::string variable_name(std::string name) {
  // Flags spell underscores as dashes.
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

}  // namespace

FirstMessage classify(std::string_view first_bytes) {
  const std::uint64_t length = sql::read_integer(first_bytes.substr(0, 4));
  const std::uint64_t code = sql::read_integer(first_bytes.substr(4, 4));
  if (code == kTlsCode && length == 8) return FirstMessage::tls;
  if (code == kGssCode && length == 8) return FirstMessage::gss;
  if (code == kCancelCode && length == 16) return FirstMessage::cancel;
  const bool sane = length >= kFirstBytes && length <= kStartupMax;
  return code == kVersion3 && sane ? FirstMessage::startup : FirstMessage::foreign;
}

std::vector<std::pair<std::string, std::string>> parse_options(std::string_view options) {
  std::vector<std::string> words;
  bool in_word = false;
  for (std::size_t at = 0; at < options.size(); ++at) {
    char c = options[at];
    if (c == ' ' || c == '\t') {
      in_word = false;
      continue;
    }
    if (c == '\\' && at + 1 < options.size()) c = options[++at];
    if (!in_word) words.emplace_back();
    in_word = true;
    words.back() += c;
  }
  std::vector<std::pair<std::string, std::string>> found;
  for (std::size_t at = 0; at < words.size(); ++at) {
    std::string word = words[at];
    if (word == "-c" && at + 1 < words.size()) {
      word = words[++at];
    } else if (word.starts_with("-c") || word.starts_with("--")) {
      word.erase(0, 2);
    } else {
      continue;
    }
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) continue;
    found.emplace_back(variable_name(word.substr(0, equals)), word.substr(equals + 1));
  }
  return found;
}

std::optional<StartupParameters> parse_startup(std::string_view payload) {
  PayloadReader reader(payload);
  StartupParameters made;
  std::string options;
  while (reader.left() > 0) {
    const std::string name = reader.text();
    if (reader.ok() && name.empty()) break;
    std::string value = reader.text();
    if (!reader.ok()) return std::nullopt;
    if (name == "user") {
      made.user = std::move(value);
    } else if (name == "database") {
      made.database = std::move(value);
    } else if (name == "options") {
      options = std::move(value);
    } else {
      made.settings.emplace_back(name, std::move(value));
    }
  }
  for (auto& setting : parse_options(options)) made.settings.push_back(std::move(setting));
  return made;
}

std::string_view http2_greeting() {
  using namespace std::string_view_literals;
  return "\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00@\x00\x00\x03\x7f\xff\xff\xff\x00"
         "\x04\x00\x1f\xff\xe0\x00\x00\x04\x08\x00\x00\x00\x00\x00\x01\xfe\xfe\x01"sv;
}

}  // namespace faultline::sim::pgwire

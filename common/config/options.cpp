#include "common/config/options.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include <CLI/CLI.hpp>

#include "common/net/address_book.hpp"

namespace faultline::config {

namespace {

struct Entry {
  std::string flag;
  CLI::Option* option = nullptr;
  bool is_switch = false;
  bool is_list = false;
  /// Takes the given texts; returns the rest of the sentence when they will not do.
  std::function<std::string(const std::vector<std::string>&)> take;
};

std::vector<std::string> split_commas(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const auto& text : texts) {
    for (std::size_t begin = 0; begin <= text.size();) {
      const auto comma = std::min(text.find(',', begin), text.size());
      if (comma > begin) items.push_back(text.substr(begin, comma - begin));
      begin = comma + 1;
    }
  }
  return items;
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::optional<bool> read_bool(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  return std::nullopt;
}

std::string duration_text(milliseconds value) {
  if (value.count() % 60000 == 0) return std::to_string(value.count() / 60000) + "m";
  if (value.count() % 1000 == 0) return std::to_string(value.count() / 1000) + "s";
  return std::to_string(value.count()) + "ms";
}

}  // namespace

struct Options::Impl {
  Impl(std::string name, std::string purpose) : program(std::move(name)), app(purpose, program) {
    app.set_help_flag("-h,--help", "Print this and exit");
    // CLI11 takes a description without a variable only as a named constant.
    const std::string help = "Print the version and exit";
    version = app.add_flag("--version", help);
  }

  CLI::Option* add_option(const std::string& flag, const std::string& help,
                          const std::string& fallback) {
    const std::string text = help + " [" + environment_name(flag) + "]";
    auto* option = app.add_option("--" + flag, text);
    option->type_name("VALUE");
    if (!fallback.empty()) option->default_str(fallback);
    return option;
  }

  std::string program;
  CLI::App app;
  CLI::Option* version = nullptr;
  std::vector<Entry> entries;
  std::set<std::string, std::less<>> given;
};

Options::Options(std::string program, std::string purpose)
    : impl_(std::make_unique<Impl>(std::move(program), std::move(purpose))) {}
Options::~Options() = default;

void Options::add(const std::string& flag, std::string& value, const std::string& help,
                  Check check) {
  auto* option = impl_->add_option(flag, help, value);
  option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  impl_->entries.push_back(
      {flag, option, false, false, [&value, check](const std::vector<std::string>& texts) {
         const auto& text = texts.back();
         if (check) {
           if (auto wrong = check(text); !wrong.empty()) return quoted(text) + "; " + wrong;
         }
         value = text;
         return std::string{};
       }});
}

void Options::add_list(const std::string& flag, std::vector<std::string>& values,
                       const std::string& help, Check check) {
  std::string fallback;
  for (const auto& value : values) fallback += (fallback.empty() ? "" : ",") + value;
  auto* option = impl_->add_option(flag, help + "; repeatable or a comma list", fallback);
  option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  impl_->entries.push_back(
      {flag, option, false, true, [&values, check](const std::vector<std::string>& texts) {
         auto items = split_commas(texts);
         for (const auto& item : items) {
           if (!check) continue;
           if (auto wrong = check(item); !wrong.empty()) return quoted(item) + "; " + wrong;
         }
         values = std::move(items);
         return std::string{};
       }});
}

void Options::add_switch(const std::string& flag, bool& value, const std::string& help) {
  const std::string text =
      help + (value ? " (default on)" : " (default off)") + " [" + environment_name(flag) + "]";
  auto* option = impl_->app.add_flag("--" + flag + ",!--no-" + flag, text);
  impl_->entries.push_back(
      {flag, option, true, false, [&value](const std::vector<std::string>& texts) {
         const auto read = read_bool(texts.back());
         if (!read) return quoted(texts.back()) + "; use true or false";
         value = *read;
         return std::string{};
       }});
}

void Options::add_duration(const std::string& flag, milliseconds& value, const std::string& help,
                           milliseconds least, milliseconds most) {
  auto* option = impl_->add_option(flag, help, duration_text(value));
  option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  impl_->entries.push_back(
      {flag, option, false, false, [&value, least, most](const std::vector<std::string>& texts) {
         const auto read = parse_duration(texts.back());
         if (!read) return quoted(texts.back()) + "; " + read.error().message;
         if (*read < least || *read > most) {
           return quoted(texts.back()) + "; use " + duration_text(least) + " to " +
                  duration_text(most);
         }
         value = *read;
         return std::string{};
       }});
}

Outcome Options::read(const std::vector<std::string>& arguments, const Environment& environment) {
  const auto complain = [&](const std::string& sentence) {
    return Outcome{2, impl_->program + ": " + sentence + "\n"};
  };
  try {
    // CLI11 takes the arguments last first.
    std::vector<std::string> reversed{arguments.rbegin(), arguments.rend()};
    impl_->app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return {0, impl_->app.help()};
  } catch (const CLI::ExtrasError&) {
    const auto left = impl_->app.remaining();
    return complain("there is no flag " + (left.empty() ? std::string{"of that name"} : left[0]) +
                    "; --help lists them");
  } catch (const CLI::ParseError& error) {
    return complain(std::string{error.what()} + "; --help tells more");
  }
  if (impl_->version->count() > 0) {
    return {0, impl_->program + " " + std::string{program_version()} + "\n"};
  }
  for (const auto& entry : impl_->entries) {
    std::string given_by = "--" + entry.flag;
    std::vector<std::string> texts = entry.option->results();
    if (texts.empty()) {
      const auto name = environment_name(entry.flag);
      const auto text = environment(name);
      if (!text || text->empty()) continue;
      texts = {*text};
      given_by = name + " (for --" + entry.flag + ")";
    }
    impl_->given.insert(entry.flag);
    if (const auto wrong = entry.take(texts); !wrong.empty()) {
      return complain(given_by + " is " + wrong);
    }
  }
  return {};
}

bool Options::given(std::string_view flag) const { return impl_->given.contains(flag); }

std::optional<int> Options::parse(int argc, const char* const* argv) {
  const auto outcome =
      read({argv + 1, argv + argc}, [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>{value};
      });
  if (outcome.exit_code) {
    std::fputs(outcome.text.c_str(), *outcome.exit_code == 0 ? stdout : stderr);
  }
  return outcome.exit_code;
}

std::string Options::environment_name(std::string_view flag) {
  std::string name = "FAULTLINE_";
  for (const char c : flag) {
    name +=
        c == '.' || c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

std::string_view program_version() { return "0.1.0"; }

Check is_endpoint() {
  return [](const std::string& text) -> std::string {
    return net::parse_endpoint(text) ? "" : "use host:port, as 127.0.0.1:26257";
  };
}

Check is_one_of(std::vector<std::string> words) {
  return [words = std::move(words)](const std::string& text) -> std::string {
    if (std::find(words.begin(), words.end(), text) != words.end()) return "";
    std::string sentence = "use ";
    for (std::size_t i = 0; i < words.size(); ++i) {
      sentence += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
    }
    return sentence;
  };
}

Check is_http_path() {
  return [](const std::string& text) -> std::string {
    return text.starts_with('/') ? "" : "use a path that begins with /, as /metrics";
  };
}

Check is_readable_file() {
  return [](const std::string& text) -> std::string {
    std::error_code ignored;
    const bool file = std::filesystem::is_regular_file(text, ignored);
    return file && std::ifstream{text}.good() ? "" : "use a file that exists and can be read";
  };
}

Check is_directory() {
  return [](const std::string& text) -> std::string {
    std::error_code ignored;
    return std::filesystem::is_directory(text, ignored) ? "" : "use a directory that exists";
  };
}

Result<milliseconds> parse_duration(std::string_view text) {
  const Error wrong{ErrorCode::invalid, "use a duration with its unit, as 250ms, 30s, 5m or 1h30m"};
  std::int64_t total = 0;
  if (text.empty()) return wrong;
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0) return wrong;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    std::int64_t unit = 0;
    for (const auto& [name, ms] : {std::pair<std::string_view, std::int64_t>{"ms", 1},
                                   {"s", 1000},
                                   {"m", 60000},
                                   {"h", 3600000}}) {
      if (!text.starts_with(name)) continue;
      unit = ms;
      text.remove_prefix(name.size());
      break;
    }
    constexpr std::int64_t kMost = 1000LL * 3600 * 24 * 365 * 100;  // A century: no overflow.
    if (unit == 0 || number > kMost / unit) return wrong;
    total += number * unit;
    if (total > kMost) return wrong;
  }
  return milliseconds{total};
}

Result<std::string> read_secret(const std::string& flag, const std::string& path) {
  std::ifstream file{path};
  std::string line;
  if (!file || !std::getline(file, line)) {
    return Error{ErrorCode::invalid,
                 "--" + flag + ": cannot read a first line from " + path +
                     "; use a file that holds the secret",
                 "--" + flag};
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty()) {
    return Error{ErrorCode::invalid, "--" + flag + ": the first line of " + path + " is empty",
                 "--" + flag};
  }
  return line;
}

}  // namespace faultline::config

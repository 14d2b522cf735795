#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace faultline::config {

/// Empty if the text will do, else what would: the end of a sentence, such as
/// "use host:port, as 127.0.0.1:26257".
using Check = std::function<std::string(const std::string&)>;

/// host:port or unix:/path, as net::parse_endpoint.
[[nodiscard]] Check is_endpoint();
/// One of these words.
[[nodiscard]] Check is_one_of(std::vector<std::string> words);
/// Begins with a slash.
[[nodiscard]] Check is_http_path();
/// A file that can be read now.
[[nodiscard]] Check is_readable_file();
/// A directory that exists.
[[nodiscard]] Check is_directory();

/// "30s", "5m", "1h30m", "250ms"; a bare number is refused, as nobody can tell its unit.
[[nodiscard]] Result<milliseconds> parse_duration(std::string_view text);

/// The first line of a secrets file without its line end; names `flag` when it fails.
[[nodiscard]] Result<std::string> read_secret(const std::string& flag, const std::string& path);

/// What main does after reading its flags.
struct Outcome {
  std::optional<int> exit_code;  ///< Empty: go on.
  std::string text;              ///< For stdout when the code is 0 (help, version), else stderr.
};

/// The flags of one program: flag, else FAULTLINE_<FLAG> from the environment, else
/// the value that the variable already has. A wrong value is exit code 2 and one
/// sentence that names the flag and what would do. Variables outlive this.
///
///   Options options{"faultline-chaosd", "Breaks nodes on purpose and undoes it."};
///   options.add("web.listen-address", config.listen, "Where to listen", is_endpoint());
///   options.add_switch("collector.gossip", config.gossip, "Read gossip");
///   if (const auto code = options.parse(argc, argv)) return *code;
class Options {
 public:
  Options(std::string program, std::string purpose);
  ~Options();
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  // Names are without dashes, as "web.listen-address". An empty value is checked
  // only if it was given.
  void add(const std::string& flag, std::string& value, const std::string& help, Check check = {});
  /// Repeatable, and each one may be a comma list. Giving any replaces the default.
  void add_list(const std::string& flag, std::vector<std::string>& values, const std::string& help,
                Check check = {});
  /// --flag and --no-flag; in the environment true or false.
  void add_switch(const std::string& flag, bool& value, const std::string& help);
  void add_duration(const std::string& flag, milliseconds& value, const std::string& help,
                    milliseconds least, milliseconds most);

  /// Whether the flag or its variable was given to the last `read` or `parse`.
  [[nodiscard]] bool given(std::string_view flag) const;

  /// Reads, checks, and prints help, version or the complaint. Empty: go on.
  [[nodiscard]] std::optional<int> parse(int argc, const char* const* argv);

  /// The same without printing, and with the environment passed in, for tests.
  using Environment = std::function<std::optional<std::string>(const std::string& name)>;
  [[nodiscard]] Outcome read(const std::vector<std::string>& arguments,
                             const Environment& environment);

  /// FAULTLINE_WEB_LISTEN_ADDRESS for web.listen-address.
  [[nodiscard]] static std::string environment_name(std::string_view flag);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "0.1.0", what --version prints after the program's name.
[[nodiscard]] std::string_view program_version();

}  // namespace faultline::config

#include "simulator/client/sql_shell.hpp"

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace faultline::sim::client {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMessageMax = std::size_t{64} * 1024 * 1024;

std::string number(std::size_t value) {
  std::string bytes(4, '\0');
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(value >> (24 - 8 * i) & 0xff);
  return bytes;
}

/// Reads fields off a message; what is not there reads as nothing.
class Fields {
 public:
  explicit Fields(std::string_view rest) : rest_(rest) {}

  std::string_view bytes(std::size_t count) {
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::uint32_t integer(std::size_t count) {
    std::uint32_t value = 0;
    for (const char each : bytes(count)) value = value << 8 | static_cast<unsigned char>(each);
    return value;
  }
  std::string text() {
    const auto end = rest_.find('\0');
    const std::string taken(bytes(end == std::string_view::npos ? rest_.size() : end));
    bytes(1);
    return taken;
  }

 private:
  std::string_view rest_;
};

class Link {
 public:
  explicit Link(Clock::time_point deadline) : deadline_(deadline) {}
  ~Link() { close(); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  bool open(const SqlOptions& options) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int code = ::getaddrinfo(options.host.c_str(), options.port.c_str(), &hints, &found);
        code != 0) {
      problem_ = ::gai_strerror(code);
      return false;
    }
    bool up = false;
    for (const addrinfo* each = found; each != nullptr && !up; each = each->ai_next) {
      up = connect(*each);
    }
    ::freeaddrinfo(found);
    return up;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      if (!wait(POLLOUT)) return false;
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return fail(errno);
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// One message: its kind and its payload.
  std::optional<std::pair<char, std::string>> receive() {
    if (!fill(5)) return std::nullopt;
    const std::size_t size = Fields(std::string_view(in_).substr(1)).integer(4);
    if (size < 4 || size > kMessageMax) {
      problem_ = "the answer is not PostgreSQL's protocol";
      return std::nullopt;
    }
    if (!fill(1 + size)) return std::nullopt;
    std::pair<char, std::string> message{in_[0], in_.substr(5, size - 4)};
    in_.erase(0, 1 + size);
    return message;
  }

  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  bool fail(int code) {
    problem_ = std::strerror(code);
    return false;
  }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  bool connect(const addrinfo& to) {
    close();
    socket_ = ::socket(to.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return fail(errno);
    if (::connect(socket_, to.ai_addr, to.ai_addrlen) == 0) return true;
    if (errno != EINPROGRESS) return fail(errno);
    if (!wait(POLLOUT)) return false;
    int code = 0;
    socklen_t size = sizeof code;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &code, &size);
    return code == 0 || fail(code);
  }
  bool wait(short events) {
    while (true) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
      if (left <= 0) return fail(ETIMEDOUT);
      pollfd watched{socket_, events, 0};
      const int ready = ::poll(&watched, 1, static_cast<int>(left));
      if (ready > 0) return true;
      if (ready < 0 && errno != EINTR) return fail(errno);
    }
  }
  bool fill(std::size_t size) {
    char piece[16384];
    while (in_.size() < size) {
      if (!wait(POLLIN)) return false;
      const auto got = ::recv(socket_, piece, sizeof piece, 0);
      if (got == 0) {
        problem_ = "the server closed the connection";
        return false;
      }
      if (got < 0 && errno != EAGAIN && errno != EINTR) return fail(errno);
      if (got > 0) in_.append(piece, static_cast<std::size_t>(got));
    }
    return true;
  }

  Clock::time_point deadline_;
  int socket_ = -1;
  std::string in_, problem_;
};

// Cells with a separator in them are quoted, as cockroach's tsv format does.
std::string cell(std::string_view text) {
  if (text.find_first_of("\t\n\"") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char each : text) quoted += each == '"' ? "\"\"" : std::string(1, each);
  return quoted + "\"";
}

std::string header(std::string_view payload) {
  Fields fields(payload);
  std::string line;
  const auto count = fields.integer(2);
  for (std::uint32_t i = 0; i < count; ++i) {
    line += (i == 0 ? "" : "\t") + cell(fields.text());
    fields.bytes(18);
  }
  return line + "\n";
}

std::string row(std::string_view payload) {
  Fields fields(payload);
  std::string line;
  const auto count = fields.integer(2);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t size = fields.integer(4);
    line += (i == 0 ? "" : "\t") + (size == 0xffffffff ? "NULL" : cell(fields.bytes(size)));
  }
  return line + "\n";
}

std::string refusal(std::string_view payload) {
  Fields fields(payload);
  std::string message, code;
  for (auto kind = fields.bytes(1); !kind.empty() && kind[0] != '\0'; kind = fields.bytes(1)) {
    const std::string text = fields.text();
    if (kind[0] == 'M') message = text;
    if (kind[0] == 'C') code = text;
  }
  return "ERROR: " + message + (code.empty() ? "" : "\nSQLSTATE: " + code);
}

// Reads until the server waits for the next statement. False: nothing more will come of it.
bool take_answers(Link& link, SqlOutcome& outcome) {
  bool rows = false;
  while (const auto message = link.receive()) {
    const auto& [kind, payload] = *message;
    if (kind == 'T') rows = true;
    if (kind == 'T') outcome.out += header(payload);
    if (kind == 'D') outcome.out += row(payload);
    if (kind == 'C' && !std::exchange(rows, false)) outcome.out += Fields(payload).text() + "\n";
    if (kind == 'E') outcome.error = refusal(payload);
    if (kind == 'R' && Fields(payload).integer(4) != 0) {
      outcome.error = "ERROR: the server asks for a password; only --insecure ones are served";
    }
    if (!outcome.error.empty()) return false;
    if (kind == 'Z') return true;
  }
  outcome.error = "ERROR: " + link.problem();
  return false;
}

Error wrong(const std::string& flag, const std::string& what) {
  return {ErrorCode::invalid, what, flag};
}

}  // namespace

Result<SqlOptions> parse_sql(const std::vector<std::string>& arguments) {
  SqlOptions options;
  bool insecure = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto equals = arguments[i].starts_with("--") ? arguments[i].find('=') : std::string::npos;
    const std::string flag = arguments[i].substr(0, equals);
    if (flag == "--insecure") {
      insecure = true;
      continue;
    }
    const bool execute = flag == "-e" || flag == "--execute";
    const bool database = flag == "-d" || flag == "--database";
    if (!execute && !database && flag != "--host") {
      return wrong(flag, "unknown flag; there are --insecure, --host, --database, --execute");
    }
    if (equals == std::string::npos && i + 1 == arguments.size())
      return wrong(flag, "needs a value");
    const std::string value =
        equals == std::string::npos ? arguments[++i] : arguments[i].substr(equals + 1);
    if (execute) options.statements.push_back(value);
    if (database) options.database = value;
    if (flag == "--host") {
      const auto colon = value.rfind(':');
      options.host = value.substr(0, colon);
      if (colon != std::string::npos) options.port = value.substr(colon + 1);
    }
  }
  if (!insecure) return wrong("--insecure", "the simulated node has no certificates; give it");
  if (options.statements.empty()) return wrong("-e", "give at least one statement to run");
  return options;
}

SqlOutcome run_sql(const SqlOptions& options) {
  SqlOutcome outcome;
  Link link(Clock::now() + options.deadline);
  if (!link.open(options)) {
    outcome.error =
        "ERROR: cannot reach " + options.host + ":" + options.port + ": " + link.problem();
    return outcome;
  }
  std::string hello = number(196608);
  for (const std::string& each :
       {std::string("user"), std::string("root"), std::string("database"), options.database}) {
    hello += each + '\0';
  }
  hello += '\0';
  if (!link.send(number(hello.size() + 4) + hello)) {
    outcome.error = "ERROR: " + link.problem();
    return outcome;
  }
  if (!take_answers(link, outcome)) return outcome;
  for (const std::string& each : options.statements) {
    if (!link.send("Q" + number(each.size() + 5) + each + '\0')) {
      outcome.error = "ERROR: " + link.problem();
      return outcome;
    }
    if (!take_answers(link, outcome)) return outcome;
  }
  link.send("X" + number(4));
  return outcome;
}

}  // namespace faultline::sim::client

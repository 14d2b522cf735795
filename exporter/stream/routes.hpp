#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/log.hpp"
#include "exporter/observe/snapshot_board.hpp"
#include "exporter/stream/stream_server.hpp"

namespace faultline::stream {

inline constexpr std::string_view kStreamPath = "/ws";

/// What the routes look at; HEAD is a GET whose body is left out later.
struct Request {
  std::string_view method;
  std::string_view path;  ///< Without the query.
  std::string_view accept_encoding;
  std::string_view if_none_match;
  std::string_view query = {};  ///< What follows "?", still encoded.
  std::string_view host = {};   ///< By which name we were asked.
};

struct Reply {
  int status = 200;
  std::string content_type = {};
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// RFC 9457. `detail` is a sentence that says what would do.
[[nodiscard]] Reply problem(int status, std::string_view code, std::string_view detail);

/// Every page but the stream, answered from memory. No I/O; one thread.
class Routes {
 public:
  using Stats = std::function<StreamStats()>;
  using Reload = std::function<Status()>;

  /// `options` and `board` outlive this.
  Routes(const StreamOptions& options, observe::SnapshotBoard& board, RenderMetrics render_metrics,
         Stats stats, Logger log, Reload reload = {}, Clusters clusters = {});

  [[nodiscard]] Reply answer(const Request& request);
  /// Whether there is a main cluster, which the stream is about.
  [[nodiscard]] bool has_main() const { return clusters_.main; }

 private:
  /// The cluster that a page is about.
  struct Subject {
    std::shared_ptr<const observe::SnapshotBoard> board;
    std::string boot;
    std::function<bool(const std::string&)> over_tls;
  };

  /// The one that ?target= names, or the page that says what is wrong.
  [[nodiscard]] std::variant<Target, Reply> target_of(const Request& request) const;
  /// The same, but without a name the main one, if there is one.
  [[nodiscard]] std::variant<Subject, Reply> subject_of(const Request& request) const;
  [[nodiscard]] std::shared_ptr<const TargetMap> targets() const;
  [[nodiscard]] Reply about(const Request& request);
  [[nodiscard]] bool exists(std::string_view path) const;
  [[nodiscard]] Reply page(const Request& request);
  [[nodiscard]] Reply metrics(const Request& request) const;
  [[nodiscard]] Reply probe(const Request& request) const;
  [[nodiscard]] Reply state(const Subject& subject, const Request& request);
  [[nodiscard]] Reply nodes(const Subject& subject) const;
  [[nodiscard]] Reply target_list(const Request& request) const;
  [[nodiscard]] Reply reload(const Request& request) const;
  [[nodiscard]] Reply ready() const;
  [[nodiscard]] Reply landing() const;

  const StreamOptions& options_;
  observe::SnapshotBoard& board_;
  RenderMetrics render_metrics_;
  Stats stats_;
  Logger log_;
  Reload reload_;
  Clusters clusters_;
  SnapshotPtr state_of_;  // What state_text_ was written from.
  std::string state_text_;
};

/// Whether pages can be served under this path: absolute, plain, and not taken.
[[nodiscard]] Status check_telemetry_path(std::string_view path);

}  // namespace faultline::stream

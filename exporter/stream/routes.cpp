#include "exporter/stream/routes.hpp"

#include <algorithm>
#include <array>
#include <exception>

#include <nlohmann/json.hpp>

#include "common/wire/json_write.hpp"
#include "common/wire/snapshot_json.hpp"
#include "exporter/stream/gzip.hpp"
#include "exporter/stream/impact_page.hpp"
#include "exporter/stream/query.hpp"
#include "exporter/stream/sd_page.hpp"
#include "exporter/stream/timeline_page.hpp"

namespace faultline::stream {

namespace {

constexpr std::string_view kStatePath = "/api/v1/state";
constexpr std::string_view kHealthyPath = "/-/healthy";
constexpr std::string_view kReadyPath = "/-/ready";
constexpr std::string_view kReloadPath = "/-/reload";
constexpr std::string_view kTargetsPath = "/sd";
constexpr std::size_t kGzipMin = 1024;  // Less fits one packet anyway.

constexpr const char* kText = "text/plain; charset=utf-8";

std::string_view title_of(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 426: return "Upgrade Required";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Error";
  }
}

void compress(Reply& reply, const Request& request) {
  reply.headers.emplace_back("Vary", "Accept-Encoding");
  if (reply.body.size() < kGzipMin || !accepts_gzip(request.accept_encoding)) return;
  auto small = gzip(reply.body);
  if (!small) return;
  reply.body = std::move(*small);
  reply.headers.emplace_back("Content-Encoding", "gzip");
}

std::string link_to(std::string_view path, std::string_view what) {
  std::string item = "<li><a href=\"";
  item.append(path).append("\">").append(path).append("</a> ").append(what).append("</li>\n");
  return item;
}

/// Empty, or which collectors there are. Before the first snapshot nobody knows.
std::string unknown_collector(const Collect& collect, const ClusterSnapshot* snapshot) {
  if (snapshot == nullptr) return "";
  std::string names;
  for (const auto& source : snapshot->sources) names += (names.empty() ? "" : ", ") + source.name;
  for (const auto& name : collect) {
    const bool known = std::any_of(snapshot->sources.begin(), snapshot->sources.end(),
                                   [&](const SourceHealth& source) { return source.name == name; });
    if (!known) {
      return "collect[] has \"" + name + "\", a collector that is not on; use " + names;
    }
  }
  return "";
}

}  // namespace

Reply problem(int status, std::string_view code, std::string_view detail) {
  const nlohmann::json body{{"type", "about:blank"},
                            {"title", title_of(status)},
                            {"status", status},
                            {"code", code},
                            {"detail", detail}};
  return {.status = status, .content_type = "application/problem+json", .body = wire::dump(body)};
}

Routes::Routes(const StreamOptions& options, observe::SnapshotBoard& board,
               RenderMetrics render_metrics, Stats stats, Logger log, Reload reload)
    : options_(options),
      board_(board),
      render_metrics_(std::move(render_metrics)),
      stats_(std::move(stats)),
      log_(std::move(log)),
      reload_(std::move(reload)) {}

Reply Routes::answer(const Request& request) {
  try {
    if (request.path == kReloadPath) return reload(request);
    const bool readable = request.method == "GET" || request.method == "HEAD";
    if (readable || !exists(request.path)) return page(request);
    Reply reply = problem(405, "method_not_allowed", "this page is for GET and HEAD");
    reply.headers.emplace_back("Allow", "GET, HEAD");
    return reply;
  } catch (const std::exception& error) {
    log_->error("page failed path={} error={}", request.path, error.what());
    return problem(500, "internal", "internal error, see the log");
  }
}

bool Routes::exists(std::string_view path) const {
  constexpr std::array pages{kStreamPath,  kStatePath,   kImpactPath, kTimelinePath,
                             kTargetsPath, kHealthyPath, kReadyPath,  std::string_view{"/"}};
  return path == options_.telemetry_path ||
         std::find(pages.begin(), pages.end(), path) != pages.end();
}

Reply Routes::page(const Request& request) {
  if (request.path == options_.telemetry_path) return metrics(request);
  if (request.path == kStatePath) return state(request);
  if (request.path == kTargetsPath) return targets(request);
  if (request.path == kImpactPath) {
    Reply reply = impact_page(board_.basis().get(), request.query, SystemClock{}.wall());
    compress(reply, request);
    return reply;
  }
  if (request.path == kTimelinePath) {
    Reply reply = timeline_page(board_, options_.boot, request.query);
    compress(reply, request);
    return reply;
  }
  if (request.path == kHealthyPath) return {.content_type = kText, .body = "Healthy.\n"};
  if (request.path == kReadyPath) return ready();
  if (request.path == "/") return landing();
  if (request.path == kStreamPath) {
    Reply reply = problem(426, "upgrade_required", "this is a WebSocket: connect with one");
    reply.headers.emplace_back("Upgrade", "websocket");
    return reply;
  }
  return problem(404, "not_found", "there is no such page; / lists those that are");
}

Reply Routes::metrics(const Request& request) const {
  const auto query = Query::parse(request.query);
  if (!query) return problem(400, to_string(query.error().code), query.error().message);
  const auto collect = query->all("collect[]");
  if (auto wrong = unknown_collector(collect, board_.latest().get()); !wrong.empty()) {
    return problem(400, "invalid", wrong);
  }
  Reply reply{.content_type = "text/plain; version=0.0.4; charset=utf-8",
              .body = render_metrics_(stats_(), collect)};
  compress(reply, request);
  return reply;
}

Reply Routes::state(const Request& request) {
  const SnapshotPtr latest = board_.latest();
  if (!latest) {
    Reply reply = problem(503, "no_snapshot_yet", "nothing was read from the cluster yet");
    reply.headers.emplace_back("Retry-After", "1");
    return reply;
  }
  Reply reply{.content_type = "application/json"};
  // Weak: the same state, compressed or not.
  const std::string tag = "W/\"" + latest->boot + "-" + std::to_string(latest->seq) + "\"";
  reply.headers.emplace_back("ETag", tag);
  if (request.if_none_match == tag) {
    reply.status = 304;
    return reply;
  }
  if (state_of_ != latest) {
    state_text_ = wire::dump(wire::to_json(*latest));
    state_of_ = latest;
  }
  reply.body = state_text_;
  compress(reply, request);
  return reply;
}

Reply Routes::targets(const Request& request) const {
  const SnapshotPtr latest = board_.latest();
  if (!latest || latest->nodes.empty()) {
    // An empty list would take the targets away; after a failure Prometheus keeps them.
    Reply reply = problem(503, "no_snapshot_yet", "no node of the cluster is known yet");
    reply.headers.emplace_back("Retry-After", "1");
    return reply;
  }
  Reply reply{.content_type = "application/json", .body = service_discovery(*latest)};
  compress(reply, request);
  return reply;
}

Reply Routes::reload(const Request& request) const {
  if (request.method != "POST" && request.method != "PUT") {
    Reply reply = problem(405, "method_not_allowed", "to reload is for POST and PUT");
    reply.headers.emplace_back("Allow", "POST, PUT");
    return reply;
  }
  if (!options_.enable_lifecycle || !reload_) {
    return problem(403, "forbidden",
                   "to reload over HTTP needs --web.enable-lifecycle; SIGHUP always does");
  }
  if (const auto status = reload_(); !status) {
    log_->error("reload failed error='{}'", status.error().message);
    return problem(500, to_string(status.error().code), status.error().message);
  }
  log_->info("reloaded file={}", options_.web_config_file);
  return {.content_type = kText, .body = "Reloaded.\n"};
}

Reply Routes::ready() const {
  const SnapshotPtr latest = board_.latest();
  if (!latest) return {.status = 503, .content_type = kText, .body = "No snapshot yet.\n"};
  const auto read = [](const SourceHealth& source) { return source.read_at.has_value(); };
  if (std::none_of(latest->sources.begin(), latest->sources.end(), read)) {
    return {.status = 503,
            .content_type = kText,
            .body = "No source has been read yet: the cluster does not answer.\n"};
  }
  return {.content_type = kText, .body = "Ready.\n"};
}

Reply Routes::landing() const {
  Reply reply{.content_type = "text/html; charset=utf-8",
              .body =
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<title>Faultline exporter</title>\n"
                  "<h1>Faultline exporter</h1>\n<p>What is true about a CockroachDB cluster, "
                  "for Prometheus and for people.</p>\n<ul>\n"};
  reply.body += link_to(options_.telemetry_path, "the metrics");
  reply.body += link_to(kStatePath, "the newest snapshot as JSON");
  reply.body += link_to("/api/v1/impact?nodes=1", "what would become of the ranges without node 1");
  reply.body +=
      link_to(kTargetsPath, "the nodes' own metrics pages, for Prometheus' http_sd_configs");
  reply.body +=
      link_to(kTimelinePath, "what happened, as JSON: <code>?since=ID&amp;limit=N</code>");
  reply.body += link_to(kHealthyPath, "whether the exporter runs");
  reply.body += link_to(kReadyPath, "whether it has read anything");
  reply.body +=
      "<li><code>/ws</code> the stream: a WebSocket, whole snapshots without "
      "subprotocol, deltas and events with <code>faultline.v1</code></li>\n</ul>\n";
  reply.headers.emplace_back("Content-Security-Policy",
                             "default-src 'none'; base-uri 'none'; form-action 'none'; "
                             "frame-ancestors 'none'");
  reply.headers.emplace_back("Referrer-Policy", "no-referrer");
  return reply;
}

Status check_telemetry_path(std::string_view path) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"/-._~"}.find(c) != std::string_view::npos;
  };
  constexpr std::array taken{kStreamPath,  kStatePath,   kImpactPath, kTimelinePath,
                             kTargetsPath, kHealthyPath, kReadyPath,  kReloadPath};
  const bool usable = path.size() > 1 && path.front() == '/' &&
                      std::all_of(path.begin(), path.end(), plain) &&
                      std::find(taken.begin(), taken.end(), path) == taken.end();
  if (usable) return kDone;
  return Error{ErrorCode::invalid,
               "--web.telemetry-path must be a path such as /metrics that no other page has, of "
               "letters, digits and -._~/ only",
               "--web.telemetry-path"};
}

}  // namespace faultline::stream

#include "exporter/stream/routes.hpp"

#include <algorithm>
#include <array>
#include <exception>

#include <nlohmann/json.hpp>

#include "common/wire/json_write.hpp"
#include "common/wire/snapshot_json.hpp"
#include "exporter/stream/gzip.hpp"
#include "exporter/stream/impact_page.hpp"
#include "exporter/stream/leaseholders_page.hpp"
#include "exporter/stream/query.hpp"
#include "exporter/stream/sd_page.hpp"
#include "exporter/stream/timeline_page.hpp"

namespace faultline::stream {

namespace {

constexpr std::string_view kStatePath = "/api/v1/state";
constexpr std::string_view kHealthyPath = "/-/healthy";
constexpr std::string_view kReadyPath = "/-/ready";
constexpr std::string_view kReloadPath = "/-/reload";
constexpr std::string_view kNodesPath = "/sd";
constexpr std::string_view kTargetsPath = "/sd/targets";
constexpr std::string_view kProbePath = "/probe";
constexpr std::size_t kGzipMin = 1024;  // Less fits one packet anyway.

constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kMetrics = "text/plain; version=0.0.4; charset=utf-8";

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

Reply not_yet(std::string_view what) {
  Reply reply = problem(503, "no_snapshot_yet", what);
  reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

std::string names_of(const TargetMap& targets) {
  std::string names;
  for (const auto& [name, target] : targets) names += (names.empty() ? "" : ", ") + name;
  return names;
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
               RenderMetrics render_metrics, Stats stats, Logger log, Reload reload,
               Clusters clusters)
    : options_(options),
      board_(board),
      render_metrics_(std::move(render_metrics)),
      stats_(std::move(stats)),
      log_(std::move(log)),
      reload_(std::move(reload)),
      clusters_(std::move(clusters)) {}

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
  constexpr std::array pages{kStreamPath,       kStatePath, kImpactPath,          kTimelinePath,
                             kLeaseholdersPath, kNodesPath, kTargetsPath,         kProbePath,
                             kHealthyPath,      kReadyPath, std::string_view{"/"}};
  return path == options_.telemetry_path ||
         std::find(pages.begin(), pages.end(), path) != pages.end();
}

Reply Routes::page(const Request& request) {
  const auto& path = request.path;
  if (path == options_.telemetry_path) return metrics(request);
  if (path == kProbePath) return probe(request);
  if (path == kStatePath || path == kNodesPath || path == kImpactPath || path == kTimelinePath) {
    return about(request);
  }
  if (path == kLeaseholdersPath) return leaseholders_page(clusters_.leaseholders, request.query);
  if (path == kTargetsPath) return target_list(request);
  if (path == kHealthyPath) return {.content_type = kText, .body = "Healthy.\n"};
  if (path == kReadyPath) return ready();
  if (path == "/") return landing();
  if (path == kStreamPath && !has_main()) {
    return problem(404, "not_found",
                   "the stream is about the main cluster, and none is watched; it needs "
                   "--cockroach.sql");
  }
  if (path == kStreamPath) {
    Reply reply = problem(426, "upgrade_required", "this is a WebSocket: connect with one");
    reply.headers.emplace_back("Upgrade", "websocket");
    return reply;
  }
  return problem(404, "not_found", "there is no such page; / lists those that are");
}

std::shared_ptr<const TargetMap> Routes::targets() const {
  return clusters_.targets ? clusters_.targets() : std::make_shared<const TargetMap>();
}

std::variant<Target, Reply> Routes::target_of(const Request& request) const {
  const auto query = Query::parse(request.query);
  if (!query) return problem(400, to_string(query.error().code), query.error().message);
  const auto name = query->one("target");
  if (!name) return problem(400, "invalid", name.error().field + " " + name.error().message);
  const auto all = targets();
  if (all->empty()) {
    return problem(404, "not_found", "there are no targets; name clusters in --targets.file");
  }
  const auto names = names_of(*all);
  if (!*name || (*name)->empty()) {
    return problem(400, "invalid",
                   "target is missing; say which, as " + std::string{request.path} +
                       "?target=" + all->begin()->first + "; there are " + names);
  }
  const auto found = all->find(**name);
  if (found != all->end()) return found->second;
  return problem(404, "not_found", "there is no target \"" + **name + "\"; use " + names);
}

std::variant<Routes::Subject, Reply> Routes::subject_of(const Request& request) const {
  const auto query = Query::parse(request.query);
  if (query && query->all("target").empty() && has_main()) {
    // The main board is not ours: it outlives us.
    return Subject{{std::shared_ptr<const void>{}, &board_}, options_.boot, clusters_.over_tls};
  }
  auto found = target_of(request);
  if (auto* wrong = std::get_if<Reply>(&found)) return std::move(*wrong);
  auto& target = std::get<Target>(found);
  return Subject{std::move(target.board), std::move(target.boot), std::move(target.over_tls)};
}

/// The pages that are about one cluster.
Reply Routes::about(const Request& request) {
  const auto found = subject_of(request);
  if (const auto* wrong = std::get_if<Reply>(&found)) return *wrong;
  const auto& subject = std::get<Subject>(found);
  if (request.path == kStatePath) return state(subject, request);
  Reply reply =
      request.path == kNodesPath
          ? nodes(subject)
          : (request.path == kImpactPath
                 ? impact_page(subject.board->basis().get(), request.query, SystemClock{}.wall())
                 : timeline_page(*subject.board, subject.boot, request.query));
  compress(reply, request);
  return reply;
}

Reply Routes::metrics(const Request& request) const {
  const auto query = Query::parse(request.query);
  if (!query) return problem(400, to_string(query.error().code), query.error().message);
  if (!query->all("target").empty()) {
    return problem(400, "invalid",
                   "this page is about the exporter and its main cluster; use " +
                       std::string{kProbePath} + " for a target");
  }
  const auto collect = query->all("collect[]");
  if (auto wrong = unknown_collector(collect, board_.latest().get()); !wrong.empty()) {
    return problem(400, "invalid", wrong);
  }
  Reply reply{.content_type = kMetrics, .body = render_metrics_(stats_(), collect)};
  compress(reply, request);
  return reply;
}

Reply Routes::probe(const Request& request) const {
  const auto found = target_of(request);
  if (const auto* wrong = std::get_if<Reply>(&found)) return *wrong;
  const auto& target = std::get<Target>(found);
  const auto collect = Query::parse(request.query)->all("collect[]");
  if (auto wrong = unknown_collector(collect, target.board->latest().get()); !wrong.empty()) {
    return problem(400, "invalid", wrong);
  }
  Reply reply{.content_type = kMetrics, .body = target.render_metrics(collect)};
  compress(reply, request);
  return reply;
}

Reply Routes::state(const Subject& subject, const Request& request) {
  const SnapshotPtr latest = subject.board->latest();
  if (!latest) return not_yet("nothing was read from the cluster yet");
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

Reply Routes::nodes(const Subject& subject) const {
  const SnapshotPtr latest = subject.board->latest();
  // An empty list would take the nodes away; after a failure Prometheus keeps them.
  if (!latest || latest->nodes.empty()) return not_yet("no node of the cluster is known yet");
  return {.content_type = "application/json", .body = service_discovery(*latest, subject.over_tls)};
}

Reply Routes::target_list(const Request& request) const {
  if (request.host.empty()) {
    return problem(400, "invalid", "there must be a Host header: it is what the list sends to");
  }
  return {.content_type = "application/json",
          .body = target_discovery(*targets(), request.host, kProbePath)};
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
  log_->info("reloaded");
  return {.content_type = kText, .body = "Reloaded.\n"};
}

Reply Routes::ready() const {
  const auto was_read = [](const SnapshotPtr& latest) {
    return latest && std::any_of(latest->sources.begin(), latest->sources.end(),
                                 [](const SourceHealth& source) { return source.read_at; });
  };
  const SnapshotPtr latest = board_.latest();
  const auto all = targets();
  // Without a main cluster any target will do: one that is away must not hide the others.
  const bool ready =
      has_main() ? was_read(latest) : std::any_of(all->begin(), all->end(), [&](const auto& item) {
        return was_read(item.second.board->latest());
      });
  if (!ready && has_main() && !latest) {
    return {.status = 503, .content_type = kText, .body = "No snapshot yet.\n"};
  }
  if (!ready) {
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
  reply.body += link_to(options_.telemetry_path,
                        has_main() ? "the metrics" : "the metrics of the exporter itself");
  if (has_main()) {
    reply.body += link_to(kStatePath, "the newest snapshot as JSON");
    reply.body +=
        link_to("/api/v1/impact?nodes=1", "what would become of the ranges without node 1");
    reply.body +=
        link_to("/api/v1/leaseholders?table=system.public.users", "who has the leases of a table");
    reply.body +=
        link_to(kNodesPath, "the nodes' own metrics pages, for Prometheus' http_sd_configs");
    reply.body +=
        link_to(kTimelinePath, "what happened, as JSON: <code>?since=ID&amp;limit=N</code>");
  }
  const auto all = targets();  // Held: a reload may put others in their place.
  for (const auto& [name, target] : *all) {
    // Names are of letters, digits, dots, dashes and underscores: nothing to escape.
    const auto link = [&, &name = name](std::string_view path, const std::string& what) {
      return link_to(std::string{path} + "?target=" + name, what);
    };
    reply.body += link(kProbePath, "the metrics of " + name);
    reply.body += link(kStatePath, "its newest snapshot");
  }
  reply.body += link_to(kTargetsPath, "the targets, for Prometheus' http_sd_configs");
  reply.body += link_to(kHealthyPath, "whether the exporter runs");
  reply.body += link_to(kReadyPath, "whether it has read anything");
  if (has_main()) {
    reply.body +=
        "<li><code>/ws</code> the stream: a WebSocket, whole snapshots without "
        "subprotocol, deltas and events with <code>faultline.v1</code></li>\n";
  }
  reply.body += "</ul>\n";
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
  constexpr std::array taken{kLeaseholdersPath, kStreamPath, kStatePath,   kImpactPath,
                             kTimelinePath,     kNodesPath,  kTargetsPath, kProbePath,
                             kHealthyPath,      kReadyPath,  kReloadPath};
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

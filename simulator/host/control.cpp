#include "simulator/host/control.hpp"

#include <array>
#include <ctime>
#include <random>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include "simulator/cluster/layout.hpp"
#include "simulator/cluster/report.hpp"
#include "simulator/host/peer_net.hpp"

namespace faultline::sim::host {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using nlohmann::json;

namespace {

constexpr std::chrono::seconds kControlDeadline{10};
constexpr std::size_t kAnswerBytesMax = 4U << 20U;

json status_rows(cluster::Node& node) {
  json rows = json::array();
  for (const cluster::NodeDescriptor& each : node.nodes()) {
    const auto record = node.liveness(each.node);
    const cluster::StoreDescriptor stores = node.gossiped_sum(each.node, node.now());
    rows.push_back({{"id", each.node},
                    {"ranges", stores.ranges},
                    {"leases", stores.leases},
                    {"membership", record ? record->membership : "active"},
                    {"is_draining", record && record->draining},
                    {"address", each.address},
                    {"sql_address", each.sql_address},
                    {"started_at", each.started_at},
                    {"locality", each.locality},
                    {"is_available", node.live(each.node)},
                    {"build", each.build_tag},
                    {"is_live", cluster::shown_live(node, each.node, cluster::wall_now())}});
  }
  return rows;
}

// A small blocking exchange, with a deadline that closes the socket.
Result<json> exchange(const std::string& host, const json& request) {
  const auto colon = host.rfind(':');
  if (colon == std::string::npos) {
    return Error{ErrorCode::invalid, "give it as HOST:PORT", "--host"};
  }
  asio::io_context io;
  tcp::resolver resolver(io);
  tcp::socket socket(io);
  std::string out = std::string(kControlMagic) + request.dump() + "\n";
  std::string in;
  error_code result = asio::error::timed_out;
  asio::steady_timer timer(io, kControlDeadline);
  timer.async_wait([&](const error_code& cancelled) {
    if (cancelled) return;
    result = asio::error::timed_out;
    io.stop();
  });
  const auto end = [&](const error_code& failed) {
    result = failed;
    io.stop();
  };
  resolver.async_resolve(
      host.substr(0, colon), host.substr(colon + 1),
      [&](const error_code& failed, const tcp::resolver::results_type& found) {
        if (failed) return end(failed);
        asio::async_connect(socket, found, [&](const error_code& refused, const tcp::endpoint&) {
          if (refused) return end(refused);
          asio::async_write(socket, asio::buffer(out), [&](const error_code& broken, std::size_t) {
            if (broken) return end(broken);
            asio::async_read_until(socket, asio::dynamic_buffer(in, kAnswerBytesMax), '\n',
                                   [&](const error_code& ended, std::size_t) { end(ended); });
          });
        });
      });
  io.run();
  if (result)
    return Error{ErrorCode::unavailable, "cannot reach " + host + ": " + result.message()};
  json answer = json::parse(in, nullptr, false);
  if (answer.is_discarded() || !answer.is_object()) {
    return Error{ErrorCode::upstream, host + " did not answer like a crdbsim node"};
  }
  return answer;
}

Status asked(const Result<json>& answer) {
  if (!answer) return answer.error();
  if (answer->value("ok", false)) return kDone;
  return Error{ErrorCode::conflict, answer->value("error", "refused")};
}

}  // namespace

std::string answer_control(cluster::Engine& engine, const std::string& request) {
  const json asked = json::parse(request, nullptr, false);
  const std::string verb =
      asked.is_object() && asked.contains("verb") && asked["verb"].is_string() ? asked["verb"] : "";
  json answer = {{"ok", true}};
  if (verb == "init") {
    const bool fresh = engine.with(
        [](cluster::Node& node) { return node.bootstrap(new_cluster_id(), cluster::wall_now()); });
    if (!fresh) answer = {{"ok", false}, {"error", "cluster has already been initialized"}};
  } else if (verb == "status") {
    engine.with([&](cluster::Node& node) {
      const bool ready = node.phase() != cluster::Phase::uninitialised;
      if (ready) answer["rows"] = status_rows(node);
      if (!ready) answer = {{"ok", false}, {"error", "cluster has not been initialized"}};
    });
  } else if (verb == "membership" || verb == "drain") {
    const std::int64_t target = asked.value("node", std::int64_t{0});
    engine.with([&](cluster::Node& node) {
      if (!node.liveness(target)) {
        answer = {{"ok", false}, {"error", "node " + std::to_string(target) + " does not exist"}};
      } else if (verb == "drain") {
        node.drain_node(target);
      } else {
        node.change_membership(target, asked.value("membership", ""));
      }
    });
  } else {
    answer = {{"ok", false}, {"error", "unknown request"}};
  }
  return answer.dump();
}

Status ask_init(const std::string& host) { return asked(exchange(host, {{"verb", "init"}})); }

Status ask_membership(const std::string& host, std::int64_t node, const std::string& membership) {
  return asked(
      exchange(host, {{"verb", "membership"}, {"node", node}, {"membership", membership}}));
}

Status ask_drain(const std::string& host, std::int64_t node) {
  return asked(exchange(host, {{"verb", "drain"}, {"node", node}}));
}

Result<std::vector<StatusRow>> ask_status(const std::string& host) {
  const auto answer = exchange(host, {{"verb", "status"}});
  if (!answer) return answer.error();
  if (!answer->value("ok", false)) {
    return Error{ErrorCode::conflict, answer->value("error", "refused")};
  }
  std::vector<StatusRow> rows;
  const cluster::Time now = cluster::wall_now();
  for (const json& row : answer->value("rows", json::array())) {
    rows.push_back(
        {row.value("id", std::int64_t{0}), row.value("address", ""), row.value("sql_address", ""),
         row.value("build", ""), time_text(row.value("started_at", std::int64_t{0})),
         time_text(now), row.value("locality", ""), row.value("is_available", false),
         row.value("is_live", false), row.value("is_draining", false), row.value("membership", ""),
         row.value("ranges", std::int64_t{0}), row.value("leases", std::int64_t{0})});
  }
  return rows;
}

std::string time_text(cluster::Time time) {
  const std::time_t seconds = time / cluster::kSecond;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  const std::string micros = std::to_string(1'000'000 + time % cluster::kSecond / 1000).substr(1);
  return std::string(text.data()) + "." + micros + " +0000 UTC";
}

std::string new_cluster_id() {
  std::random_device device;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string id = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
  for (char& digit : id) {
    if (digit == 'x') digit = kHex[device() % 16];
  }
  return id;
}

}  // namespace faultline::sim::host

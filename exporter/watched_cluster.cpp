#include "exporter/watched_cluster.hpp"

#include <cstdio>
#include <random>

#include "exporter/observe/table_leases.hpp"

namespace faultline::exporter {

namespace {

std::string make_boot() {
  std::random_device random;
  char text[16];
  std::snprintf(text, sizeof text, "b-%08x", static_cast<unsigned>(random()));
  return text;
}

/// How the names of its loggers begin: a line about a target says which.
std::string logs_of(const std::string& name) {
  return name.empty() ? "exporter" : "exporter." + name;
}

}  // namespace

WatchedCluster::WatchedCluster(const std::string& name, ClusterConfig config, const Shared& shared)
    : config_(std::move(config)),
      boot_(make_boot()),
      roster_(config_.sql, config_.http),
      collectors_(config_, shared.collect, {shared.book, roster_, shared.clock, news_}, boot_,
                  logs_of(name)),
      observer_(boot_, {config_.sql, config_.http}, collectors_.wiring(), news_, roster_, board_,
                shared.clock, make_logger(logs_of(name) + ".observer")) {}

WatchedCluster::~WatchedCluster() { stop(); }

Result<TableLeases> WatchedCluster::leaseholders(const std::string& table) {
  const auto name = sources::parse_table_name(table);
  if (!name) return name.error();
  return observe::table_leases(*name, collectors_.leaseholders(*name), board_.basis().get());
}

void WatchedCluster::start() {
  observer_.start();
  collectors_.start();
}

void WatchedCluster::stop() {
  collectors_.request_stop();
  observer_.stop();
}

}  // namespace faultline::exporter

#include "simulator/host/file_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "simulator/cluster/codec.hpp"

namespace faultline::sim::host {
namespace {

using cluster::Change;
using cluster::Copy;
using cluster::RangeNumber;
using nlohmann::json;

constexpr std::size_t kGrowthBeforeRewrite = 8U << 20U;

std::string dump(const json& line) {
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

json identity_line(const cluster::SavedStore& saved) {
  return {{"t", "identity"},
          {"node", saved.node},
          {"store", saved.store},
          {"cluster", saved.cluster_id}};
}

void apply(cluster::RangeState& state, const Change& change) {
  if (change.sets_lease) state.lease = change.lease;
  if (change.sets_descriptor) state.descriptor = change.descriptor;
  for (const auto& [key, value] : change.puts) state.rows[key] = value;
  for (const std::string& key : change.erases) state.rows.erase(key);
}

void write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    // A node that cannot keep its promises must not make any.
    FAULTLINE_ENSURE(written > 0, "the store's disk takes what a node promises");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

Result<std::unique_ptr<FileStore>> FileStore::open(const std::string& directory) {
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed) {
    return Error{ErrorCode::invalid, "cannot make " + directory + ": " + failed.message(),
                 "--store"};
  }
  const std::string lock_path = directory + "/LOCK";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || ::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (lock >= 0) ::close(lock);
    return Error{ErrorCode::conflict, directory + " is in use by another process or not writable",
                 "--store"};
  }
  std::unique_ptr<FileStore> store(new FileStore(directory + "/crdbsim.ndjson", lock));
  store->read();
  if (const Status done = store->rewrite(); !done) return done.error();
  return store;
}

FileStore::~FileStore() {
  if (file_ >= 0) ::close(file_);
  ::close(lock_);
}

void FileStore::read() {
  std::ifstream in(path_);
  std::string line;
  while (std::getline(in, line)) {
    try {
      apply_line(line);
    } catch (const json::exception&) {
      break;
    }
  }
  saved_ = mirror_;
}

void FileStore::apply_line(const std::string& line) {
  const json value = json::parse(line);
  const auto type = value.at("t").get<std::string>();
  if (type == "identity") {
    mirror_.node = value.at("node").get<std::int64_t>();
    mirror_.store = value.at("store").get<std::int64_t>();
    mirror_.cluster_id = value.at("cluster").get<std::string>();
  } else if (type == "addresses") {
    mirror_.addresses = value.at("all").get<std::vector<std::string>>();
  } else if (type == "copy") {
    const auto copy = value.at("copy").get<Copy>();
    mirror_.copies[copy.state.descriptor.range] = copy;
  } else if (type == "drop") {
    mirror_.copies.erase(value.at("range").get<RangeNumber>());
  } else if (type == "change") {
    Copy& copy = mirror_.copies[value.at("range").get<RangeNumber>()];
    copy.promised = value.at("promised").get<cluster::Ballot>();
    copy.accepted = value.at("accepted").get<cluster::Ballot>();
    copy.index = value.at("index").get<std::uint64_t>();
    apply(copy.state, value.at("change").get<Change>());
  }
}

Status FileStore::rewrite() {
  std::string text;
  if (mirror_.node != 0) text += dump(identity_line(mirror_));
  text += dump({{"t", "addresses"}, {"all", mirror_.addresses}});
  for (const auto& [range, copy] : mirror_.copies) text += dump({{"t", "copy"}, {"copy", copy}});
  const std::string fresh = path_ + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) {
    return Error{ErrorCode::invalid, "cannot write " + fresh + ": " + std::strerror(errno),
                 "--store"};
  }
  write_all(file, text);
  std::error_code failed;
  std::filesystem::rename(fresh, path_, failed);
  FAULTLINE_ENSURE(!failed, "a file beside the old one can replace it");
  if (file_ >= 0) ::close(file_);
  file_ = file;
  bytes_ = bytes_after_rewrite_ = text.size();
  return kDone;
}

void FileStore::append(const std::string& line) {
  write_all(file_, line);
  bytes_ += line.size();
  if (bytes_ - bytes_after_rewrite_ < kGrowthBeforeRewrite) return;
  const Status done = rewrite();
  FAULTLINE_ENSURE(done.has_value(), "a store that was writable stays so");
}

void FileStore::save_identity(cluster::NodeNumber node, cluster::StoreNumber store,
                              const std::string& cluster_id) {
  mirror_.node = node;
  mirror_.store = store;
  mirror_.cluster_id = cluster_id;
  append(dump(identity_line(mirror_)));
}

void FileStore::save_copy(const Copy& copy) {
  mirror_.copies[copy.state.descriptor.range] = copy;
  append(dump({{"t", "copy"}, {"copy", copy}}));
}

void FileStore::save_change(const Copy& copy, const Change& change) {
  const RangeNumber range = copy.state.descriptor.range;
  Copy& kept = mirror_.copies[range];
  kept.promised = copy.promised;
  kept.accepted = copy.accepted;
  kept.index = copy.index;
  // The descriptor by which the line is found may itself be what changes.
  kept.state.descriptor = copy.state.descriptor;
  apply(kept.state, change);
  append(dump({{"t", "change"},
               {"range", range},
               {"promised", copy.promised},
               {"accepted", copy.accepted},
               {"index", copy.index},
               {"change", change}}));
}

void FileStore::drop_copy(RangeNumber range) {
  mirror_.copies.erase(range);
  append(dump({{"t", "drop"}, {"range", range}}));
}

void FileStore::save_addresses(const std::vector<std::string>& addresses) {
  mirror_.addresses = addresses;
  append(dump({{"t", "addresses"}, {"all", addresses}}));
}

}  // namespace faultline::sim::host

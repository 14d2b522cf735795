#include "chaosd/docker/store_volume.hpp"

#include <vector>

#include <nlohmann/json.hpp>

#include "chaosd/docker/json_parts.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

struct Mounted {
  StoreVolume volume;
  std::string at;
};

std::vector<Mounted> read_mounts(const json& document) {
  std::vector<Mounted> all;
  for (const auto& mount : member(document, "Mounts")) {
    const std::string type = text_of(member(mount, "Type"));
    const json& writable = member(mount, "RW");
    if (!writable.is_boolean() || !writable.get<bool>()) continue;
    if (type != "volume" && type != "bind") continue;
    all.push_back({{type, text_of(member(mount, type == "volume" ? "Name" : "Source"))},
                   text_of(member(mount, "Destination"))});
  }
  return all;
}

/// "path" of "path", "path=/x" and "size=1GiB,path=/x"; empty for a store in memory.
std::string path_in(const std::string& store) {
  if (store.find('=') == std::string::npos) return store;
  const std::string fields = "," + store;
  const auto at = fields.find(",path=");
  if (at == std::string::npos) return {};
  const auto begin = at + 6;
  return fields.substr(begin, fields.find(',', begin) - begin);
}

/// The first `--store`; a node with several has one of them filled.
std::string store_path(const json& document) {
  std::vector<std::string> words;
  for (const auto& argument : member(document, "Args")) words.push_back(text_of(argument));
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (const std::string flag : {"--store", "-s"}) {
      if (words[i] == flag && i + 1 < words.size()) return path_in(words[i + 1]);
      if (words[i].starts_with(flag + "=")) return path_in(words[i].substr(flag.size() + 1));
    }
  }
  return {};
}

bool is_under(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder.ends_with('/') ? folder : folder + "/");
}

}  // namespace

Result<StoreVolume> read_store_volume(std::string_view inspected) {
  const auto document = wire::parse_json(inspected);
  if (!document) return document.error();
  const auto mounts = read_mounts(*document);
  const std::string path = store_path(*document);
  const Mounted* best = nullptr;
  for (const auto& mount : mounts) {
    if (!is_under(path, mount.at)) continue;
    if (best == nullptr || mount.at.size() > best->at.size()) best = &mount;
  }
  if (best == nullptr && mounts.size() == 1) best = &mounts.front();
  if (best != nullptr && !best->volume.source.empty()) return best->volume;
  return Error{ErrorCode::unsupported,
               mounts.empty()
                   ? "its store is on no volume, but on the Engine's own disk; give it a volume"
                   : "none of its volumes is where its --store is; mount one there"};
}

}  // namespace faultline::chaos

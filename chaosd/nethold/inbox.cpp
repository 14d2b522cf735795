#include "chaosd/nethold/inbox.hpp"

#include <cstdio>
#include <fstream>

namespace faultline::nethold {

namespace {

std::string file_in(const std::string& folder) { return folder + "/rules"; }

}  // namespace

Status write_rules(const std::string& folder, const chaos::NetRules& rules) {
  const std::string path = file_in(folder);
  const std::string unfinished = path + ".new";
  std::ofstream file{unfinished, std::ios::trunc};
  file << chaos::to_word(rules) << '\n';
  file.close();
  if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0) {
    return Error{ErrorCode::upstream, "the rules cannot be written to " + folder};
  }
  return kDone;
}

Result<chaos::NetRules> read_rules(const std::string& folder) {
  std::ifstream file{file_in(folder)};
  std::string word;
  if (!std::getline(file, word)) {
    return Error{ErrorCode::upstream, "there are no rules in " + folder};
  }
  return chaos::read_word(word);
}

}  // namespace faultline::nethold
